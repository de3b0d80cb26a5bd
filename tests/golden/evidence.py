"""Return the evidence of two fixed cases, with the same times, ids and numbers in every run."""

import hashlib
import itertools
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

from activities.case.answer_links import AnswerForm, AnswerLinks, AskedTransfer
from activities.case.reply_links import LetterLinks
from activities.context import Context
from activities.gateway import feed, inbox
from activities.gateway.iso import take_message
from activities.secrets import SecretBox
from adapters.banks.iso20022.bank_side import TransferStatus, encode_resolution
from adapters.banks.iso20022.values import case_id
from api.gateway.answer_pages import read_form
from domain.evidence_binding import MANIFEST, SIGNATURE, Edition
from domain.workbook.columns import Sheet
from schemas.banks.keys import About
from schemas.case.answers import BankAnswer
from simulator.wires.letters import signed_headers
from tests.activities.case import telephone
from tests.activities.evidence_case import packed, rich_case, with_secrets
from tests.activities.evidence_forging import unzipped
from tests.activities.restoration_bench import Home
from tests.activities.workbooks import take
from tests.clock import Clock, at_clock
from tests.domain.trail_books import read, said, sheet
from tests.factories import SECRET, row, rrn, shared_context, transfer
from workers.embedded.postgres import EmbeddedPostgres

AT: Final = datetime(2090, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
"""later than every clock of a machine, because the moments of a case are never before the present one"""
FIRST_SERIAL: Final = 6_000_000
_NOT_PINNED: Final = (MANIFEST, SIGNATURE)
"""files that repeat the digests of the others"""
_MADE_UP: Final = (
    "SELECT fir_id::text FROM fir WHERE case_no = $1",
    "SELECT proof_id::text FROM proof JOIN account_hold USING (hold_id) WHERE case_no = $1",
    "SELECT to_json(assigned_at AT TIME ZONE 'UTC')#>>'{}' FROM case_officer WHERE case_no = $1",
    "SELECT DISTINCT to_json(waiting_since AT TIME ZONE 'UTC')#>>'{}' FROM hop WHERE case_no = $1"
    " AND waiting_since IS NOT NULL ORDER BY 1",
)
"""what the database makes up: ids of rows that tests write themselves, and the moments of its own clock"""


@contextmanager
def fixed() -> Iterator[None]:
    """Count ids, numbers and secrets from one, and let signatures and exchanges have one time."""
    ids, secrets = itertools.count(1), itertools.count(1)
    case = "tests.activities.evidence_case"
    at_first = partial(transfer, transferred_at=(AT - timedelta(minutes=5)).isoformat())
    with (
        patch("uuid.os", SimpleNamespace(urandom=lambda size: next(ids).to_bytes(size, "big"))),
        patch("secrets.choice", lambda letters: letters[next(secrets) % len(letters)]),
        patch("secrets.token_bytes", lambda size: next(secrets).to_bytes(size, "big")),
        patch("adapters.clock.datetime", SimpleNamespace(now=lambda _: AT)),
        patch("tests.factories._serial", itertools.count(1)),
        patch(f"{case}.transfer", at_first),
        patch(f"{case}.signed_headers", partial(signed_headers, created=AT, nonce="a-nonce")),
    ):
        yield


@asynccontextmanager
async def fixed_context(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Context]:
    """Yield a context at one time, on a database whose numbers begin at one."""
    async with shared_context(postgres, template) as ctx:
        await ctx.pool.execute("SELECT setval('ack_serial', $1)", FIRST_SERIAL)
        with fixed():
            yield at_clock(ctx, Clock(AT))


async def all_evidence(ctx: Context) -> dict[str, bytes]:
    """Return the packs of both cases, and the keys by which their rows are known again."""
    home, case_no = await rich_case(ctx)
    await with_secrets(home, case_no)
    answered, answered_no = await answered_case(ctx)
    return {
        "evidence/court.txt": readable(await _files(home, case_no, Edition.COURT)),
        "evidence/accused.txt": digests(await _files(home, case_no, Edition.ACCUSED)),
        "evidence/answers.txt": readable(await _files(answered, answered_no, Edition.COURT)),
        "evidence/keys.txt": await _keys(home, case_no) + await _keys(answered, answered_no),
    }


# -- packs -------------------------------------------------------------------------------------------------------------


async def _files(home: Home, case_no: str, edition: Edition) -> dict[str, bytes]:
    files = unzipped(await packed(home.ctx, case_no, edition))
    made_up = [found for query in _MADE_UP for (found,) in await home.bench.rows(query, case_no)]
    for number, found in enumerate(made_up):
        files = {name: content.replace(found.encode(), b"<made up %d>" % number) for name, content in files.items()}
    return {name: files[name] for name in sorted(files) if name not in _NOT_PINNED}


def digests(files: Mapping[str, bytes]) -> bytes:
    """Return a line for each file with its SHA-256."""
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()).encode()


def readable(files: Mapping[str, bytes]) -> bytes:
    """Return the digest of each file of a pack, and after it the text of each that people read in a difference."""
    shown = [name for name, content in files.items() if name.endswith((".jsonl", ".json", "events.txt")) and content]
    return digests(files) + b"".join(f"\n== {name}\n".encode() + files[name] for name in shown)


async def _keys(home: Home, case_no: str) -> bytes:
    """Return what makes two answers, confirmations and messages the same, with who told it under which job."""
    queries = {
        "update": "SELECT institution, job_id, encode(body_digest, 'hex'), said_again, reply FROM status_update"
        " WHERE case_no = $1 ORDER BY update_id",
        "answer": "SELECT line_no, natural_key, kind, disposition, hop_nos, reference_key, root_reference_key,"
        " within_paise, flags, imported_by, balance_on_wire FROM answer WHERE case_no = $1 ORDER BY answer_id",
        "confirmation": "SELECT c.natural_key, c.disposition FROM bank_confirmation c JOIN bank_order USING (order_id)"
        " WHERE case_no = $1 ORDER BY confirmation_id",
        "message": "SELECT natural_key FROM message WHERE case_no = $1 ORDER BY natural_key",
    }
    lines = [
        f"{name} {' | '.join(map(str, found))}\n"
        for name, query in queries.items()
        for found in await home.bench.rows(query, case_no)
    ]
    return "".join([f"== {case_no}\n", *lines]).encode()


# -- a case that every way has answered --------------------------------------------------------------------------------


async def answered_case(ctx: Context) -> tuple[Home, str]:
    """Return a case of seven transfers at three banks, of which each is answered in another way."""
    home = Home(ctx)
    roots = [rrn() for _ in range(7)]
    banks = ("HDFC", "HDFC", "HDFC", "ICIC", "ICIC", "PUNB", "PUNB")
    case_no = await home.bench.complain(
        *(
            transfer(
                500_00,
                reference=root,
                payee={"institution": code, "account": f"5{rrn()}"},
                transferred_at=(AT - timedelta(minutes=5)).isoformat(),
            )
            for root, code in zip(roots, banks, strict=True)
        )
    )
    await home.bench.ask(case_no)
    await _over_wires(home, case_no, roots)
    await _over_pages(home, case_no)
    for root in (roots[0], roots[6]):
        reading = read(sheet(Sheet.HOLD.value, said(root, 200, ack_no=case_no, action_by="PUNB")))
        await take(home.bench, reading)
    return home, case_no


async def _over_wires(home: Home, case_no: str, roots: list[str]) -> None:
    hdfc, punb = [await telephone.request_of(home.bench, case_no, code) for code in ("HDFC", "PUNB")]
    for job_id in (None, "JOB-OF-NOBODY", f"BANKS-{hdfc}"):
        lines = [row(1, roots[0], "100.00"), row(5, roots[0], "50.00"), row(1, roots[0], "", status_code="02")]
        await home.bench.answer("HDFC", case_no, *lines, job_id=job_id)
    payee = {"institution": "ICIC", "account": "1234567890"}
    answer = BankAnswer.model_validate(
        {
            "lines": [
                {"hop": 2, "kind": "held", "amount_paise": 100_00, "at": AT, "holder_phone": "9876500000"},
                {"hop": 2, "kind": "moved", "amount_paise": 50_00, "at": AT, "reference": rrn(), "payee": payee},
                {"hop": 2, "kind": "spent", "amount_paise": 20_00, "at": AT, "merchant": "Shop"},
                {"hop": 3, "kind": "refused", "code": "05"},
            ]
        }
    )
    await feed.take_answer(home.ctx, "HDFC", hdfc, answer, "a-key")
    await telephone.said(home.bench, case_no, telephone.held(100, hop=3), telephone.withdrawn(20, hop=3), key="call-1")
    statuses = [TransferStatus(reference=roots[5], status="ACCR", held_paise=100_00, transfer_paise=500_00)]
    statuses.append(TransferStatus(reference=roots[6], status="RJCR", reason="AM04"))
    case = case_id(case_no, punb)
    await take_message(home.ctx, "PUNB", encode_resolution("PUNB", UUID(int=1), case, statuses, created_at=AT))


async def _over_pages(home: Home, case_no: str) -> None:
    ctx, icic = home.ctx, await telephone.request_of(home.bench, case_no, "ICIC")
    link = await LetterLinks(ctx, SecretBox(SECRET), "https://police.example").issue(
        About.HOLD_REQUEST, icic, "ICIC", "desk@icic.example"
    )
    doors = AnswerLinks(ctx, SecretBox(SECRET))
    digest = doors.digest(link.token)
    assert digest is not None
    view = await doors.look(digest)
    assert view is not None
    await doors.reply(digest, _form(home, view.items, 4))
    left = await inbox.look(ctx, "ICIC", icic)
    assert left is not None
    await inbox.answer(ctx, "ICIC", icic, _form(home, left.items, 5))


def _form(home: Home, items: Any, number: int) -> AnswerForm:
    asked: AskedTransfer = items[number]
    fields = {
        "name": "Asha Rao",
        "designation": "Manager",
        "made": home.clock.at.isoformat(),
        f"t{number}.seen": str(asked.disputed_paise),
        f"t{number}.held": "100",
        f"t{number}.phone": "9876500001",
        f"t{number}.o1.how": "atm",
        f"t{number}.o1.amount": "20",
        f"t{number}.o1.when": "01-01-2090 14:30",
        f"t{number}.o1.place": "लखनऊ",
    }
    reading = read_form(fields, items, home.clock.at)
    assert reading.form is not None, reading.errors
    return reading.form
