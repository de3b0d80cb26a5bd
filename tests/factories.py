"""Small makers of models for tests: valid by default, one thing changed at a time."""

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import orjson
from pydantic import SecretStr

from activities.banks.directory import DirectoryCache, load_directory
from activities.context import Context
from activities.privacy.person_keys import PersonKeys
from activities.secrets import SecretBox
from adapters.banks.answers import StatusUpdate
from adapters.banks.i4c.decode import decode_status_update
from adapters.banks.protocol import BankWire
from db.pool import Pool, open_pool
from domain.case.complaints import OUR_FIRST_SERIAL
from domain.policy.model import Policy, load_policy
from schemas.banks.institutions import InstitutionEntry, Iso20022Entry
from schemas.case.intake import Complaint
from workers.embedded.postgres import EmbeddedPostgres

SECRET = SecretStr("a-secret-key-for-tests-of-at-least-32-chars")
BANKS = ("SBIN", "HDFC", "ICIC", "PUNB")
SERIALS_A_DATABASE = 10_000
_serial = itertools.count(1)
_databases = itertools.count(1)


def rrn() -> str:
    """Return an unused twelve-digit RRN."""
    return f"{400_000_000_000 + next(_serial)}"


def institution(code: str, answer_class: str = "api", base_url: str = "http://127.0.0.1:9/bank") -> InstitutionEntry:
    """A bank with a wire that speaks plain JSON."""
    return InstitutionEntry.model_validate(
        {
            "code": code,
            "name": f"{code} Bank",
            "ifsc_prefixes": [code],
            "vpa_handles": [f"ok{code.lower()}"],
            "answer_class": answer_class,
            "wire": {"base_url": base_url, "email": "police@up.example", "password": "wire-pass", "envelope": "none"},
            "inbound": {"email": f"{code.lower()}@banks.example", "password": f"{code}-inbound-pass"},
            "desk_email": f"desk@{code.lower()}.example",
            "nodal_officers": [
                {"name": "N. Officer", "email": f"nodal@{code.lower()}.example", "mobile": "9000000001"},
            ],
        }
    )


def by_files(code: str) -> InstitutionEntry:
    """A bank that takes files of ISO 20022 messages and nothing else."""
    known = institution(code)
    entry = Iso20022Entry(bic=f"{code}INBB")
    return known.model_copy(update={"wire": None, "iso20022": entry, "desk_email": "", "channels": ()})


async def number_apart(pool: Pool) -> None:
    """Give a database case numbers of its own: every database begins with the same, and one Temporal server has all."""
    await pool.execute("SELECT setval('ack_serial', $1)", OUR_FIRST_SERIAL + next(_databases) * SERIALS_A_DATABASE)


async def make_context(
    pool: Pool, entries: Sequence[InstitutionEntry] | None = None, clock_factor: float = 1.0
) -> Context:
    """Context on a fresh database with four banks (or the given ones) in its directory."""
    secret_box = SecretBox(SECRET)
    await load_directory(pool, secret_box, entries or [institution(code) for code in BANKS])
    directory = DirectoryCache(pool, secret_box)
    await directory.refresh()
    return Context(pool, directory, prompt_policy(), clock_factor, person_keys=PersonKeys(secret_box))


@cache
def prompt_policy() -> Policy:
    """Return the packaged policy without background priority, because a test asks for what follows at once.

    Automatic releases have no limit, because many tests share a database.
    """
    policy = load_policy()
    unlimited = policy.automatic_release.model_copy(update={"releases_max": 2**31 - 1, "paise_max": 2**53})
    at_once = dict.fromkeys(
        ("open_for_new_holds_after_seconds", "documents_after_seconds", "quiet_seconds", "defer_max_seconds"), 0
    )
    deferred = policy.background_priority.model_copy(update=at_once)
    return policy.model_copy(update={"background_priority": deferred, "automatic_release": unlimited})


def of_another_policy(ctx: Context) -> Context:
    """Return the same context under another policy: every wait of a restoration is half as long again."""
    told = load_policy().model_dump()
    changed = {name: _longer(told[name]) for name in ("restoration", "hold", "order", "grievance")}
    rules = Policy.model_validate(told | changed)
    policy = ctx.policy.model_copy(update={name: getattr(rules, name) for name in changed} | {"version": "another"})
    return replace(ctx, policy=policy)


def _longer(told: Any, name: str = "") -> Any:
    if isinstance(told, dict):
        return {key: _longer(value, name if name.endswith("_seconds") else key) for key, value in told.items()}
    if isinstance(told, tuple):
        return tuple(_longer(value, name) for value in told)
    return told * 1.5 if name.endswith("_seconds") else told


@asynccontextmanager
async def shared_context(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Context]:
    """A context on one database for many tests, each with a case of its own: a database a test costs more time."""
    name = f"shared_{next(_serial)}"
    pool = await open_pool(await postgres.create_database(name, template), min_size=1, max_size=30)
    yield await make_context(pool)
    await pool.close()
    await postgres.drop_database(name)


def transfer(
    amount_paise: int = 10_000_00, *, payee_bank: str = "HDFC", reference: str | None = None, **changes: Any
) -> dict[str, Any]:
    """One disputed transfer of a complaint."""
    return {
        "payer": {"institution": "SBIN", "account": "30000000001"},
        "payee": {"institution": payee_bank, "account": "50100000000001"},
        "amount_paise": amount_paise,
        "rrn": reference or rrn(),
        "mode": "imps",
        "transferred_at": (datetime.now(UTC) - timedelta(minutes=5)).isoformat(),
    } | changes


def complaint(*transfers: dict[str, Any], **changes: Any) -> Complaint:
    """A complaint over these transfers (one by default)."""
    return Complaint.model_validate(
        {
            "channel": "helpline_1930",
            "category": "upi_fraud",
            "victim": {"name": "A. Victim", "mobile": "9876543210", "district": "LUCKNOW"},
            "transfers": list(transfers) or [transfer()],
        }
        | changes
    )


def status_update(
    ack_no: str, rows: Sequence[dict[str, Any]], job_id: str | None = None, *, free: bool = False
) -> StatusUpdate:
    """A bank's answer, read from the wire's own JSON. `free`: of a bank whose balances leave out what is on hold."""
    body = orjson.dumps({"acknowledgement_no": ack_no, "job_id": job_id, "transactions": list(rows)})
    plain = BankWire(
        code="ANY", base_url="http://127.0.0.1", email="", password="", envelope="none", balance_includes_liens=not free
    )
    return decode_status_update(body, {}, plain)


def row(txn_type_id: int, root_rrn: str, rupees: str, **changes: Any) -> dict[str, Any]:
    """A line of an answer: 1 hold, 3 transfer, 5 ATM, 6 AEPS, 11 POS, 14 cheque."""
    return {
        "txn_type_id": txn_type_id,
        "amount": rupees,
        "disputed_amount": rupees,
        # Without a date a hold begins when the answer comes.
        "transaction_datetime": "" if txn_type_id == 1 else "2026-11-24 10:00:00",
        "rrn_transaction_id": "" if txn_type_id == 1 else rrn(),
        "root_rrn_transaction_id": root_rrn,
        "status_code": "00",
    } | changes


def moved(root_rrn: str, rupees: str, payee_bank: str, payee_account: str, **changes: Any) -> dict[str, Any]:
    """A line that says where money went on to."""
    return (
        row(3, root_rrn, rupees, payee_bank=payee_bank, payee_bank_code=payee_bank, payee_account_number=payee_account)
        | changes
    )
