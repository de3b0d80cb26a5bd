"""Digest of the simulated world: two runs of a benchmark compare only if their worlds are equal."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from simulator.config import SimulatorConfig
from simulator.institutions import build_institutions
from simulator.world.cases import CasePlan, plan_cases
from simulator.world.truth import perfect_truth

NOT_OF_THE_WORLD: Final = frozenset(
    {"host", "port", "smtp_port", "police_key", "sms_token", "sms_entity_id", "sms_templates"}
    | {"iso_spool", "authority_file"}
)
DIGEST_LETTERS: Final = 16


def world_digest(config: Mapping[str, Any]) -> str:
    """Return the digest of the world that this configuration plays: knobs, seed, banks, money and complaints.

    It includes what a perfect engine holds in that world, and so the behaviour of the banks. A knob of 0 changes
    nothing.
    """
    checked = SimulatorConfig.model_validate(config)
    institutions = build_institutions(checked)
    plans = plan_cases(checked, institutions)
    truth = perfect_truth(checked, institutions, plans)
    digest = hashlib.sha256(orjson.dumps(_chosen(checked), option=orjson.OPT_SORT_KEYS))
    for bank in institutions:
        digest.update(repr((bank.code, bank.answer_class, bank.channel, bank.weight)).encode())
    for plan in plans:
        for line in _lines(plan):
            digest.update(repr(line).encode())
    held = sorted((case_no, sorted(by_class.items())) for case_no, by_class in truth.held_by_case.items())
    digest.update(repr((truth.hops, held)).encode())
    return digest.hexdigest()[:DIGEST_LETTERS]


def _chosen(config: SimulatorConfig) -> dict[str, Any]:
    """Return the values of the configuration that shape the world."""
    values = config.model_dump(mode="json", exclude=set(NOT_OF_THE_WORLD))
    values["knobs"] = {name: rate for name, rate in values["knobs"].items() if rate}
    return values


def _lines(plan: CasePlan) -> Iterator[tuple[object, ...]]:
    """Yield the accounts, moves and complaints of a case."""
    for account in plan.accounts:
        yield (*account.key, account.holder, account.opening_paise)
    for move in plan.moves:
        yield (move.rrn, move.at, move.kind.value, tuple(move.source), move.amount_paise, move.layer, move.mode)
    for complaint in plan.complaints:
        yield (complaint.key, complaint.at, complaint.first, complaint.posts, complaint.channel, complaint.category)
        for told in complaint.transfers:
            yield (told.reference, told.bank, told.vpa, told.move.rrn, tuple(told.payee.key))
