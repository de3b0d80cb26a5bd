"""A bank's ISO 20022 messages: an answer as over every wire; returned money is kept and the desk told."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from activities.gateway.iso import MessageRefused, MessageTaken, take_message
from adapters.banks.iso20022.bank_side import Return, TransferStatus, encode_resolution, encode_return
from adapters.banks.iso20022.document import Message
from adapters.banks.iso20022.encode import encode_reminder
from adapters.banks.iso20022.values import case_id
from tests.activities.bench import Bench
from tests.adapters.iso_messages import document
from tests.desk_tasks import notes
from tests.factories import rrn, transfer
from tests.opened_bodies import opened_rows

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Asked:
    """A case of ₹1,000 at HDFC that was asked about."""

    def __init__(self, bench: Bench, case_no: str, reference: str, request_id: UUID) -> None:
        self.bench, self.case_no, self.reference = bench, case_no, reference
        self.case = case_id(case_no, request_id)

    def resolution(self, held_paise: int = 600_00, **changes: Any) -> bytes:
        told: dict[str, Any] = {"status": "ACCR", "held_paise": held_paise, "transfer_paise": 1000_00} | changes
        status = TransferStatus(reference=self.reference, **told)
        return encode_resolution("HDFC", uuid4(), self.case, [status], created_at=NOW)

    def returned(self, *paise: int, case: str | None = None, **changes: Any) -> bytes:
        told: dict[str, Any] = {"reference": self.reference, "transfer_paise": 1000_00} | changes
        lines = [Return(returned_paise=each, **told) for each in paise]
        return encode_return("HDFC", uuid4(), self.case if case is None else case, lines, created_at=NOW)

    async def take(self, body: bytes, bank: str = "HDFC") -> MessageTaken:
        taken = await take_message(self.bench.ctx, bank, body)
        await self.bench.note(taken.follow_up)
        return taken

    async def kept(self) -> list[tuple[Any, ...]]:
        return await self.bench.rows(
            "SELECT line_no, hop_no, returned_paise FROM returned_funds WHERE case_no = $1 ORDER BY returned_id",
            self.case_no,
        )


@pytest.fixture(autouse=True)
async def read_so_far(bench: Bench) -> None:
    """What other tests have asked is done."""
    await bench.pool.execute("UPDATE desk_task SET state = 'closed', closed_at = now() WHERE state = 'open'")


async def asked_of_a_person(bench: Bench) -> list[str]:
    """The note of every open task about HDFC's folder."""
    about = "institution = 'HDFC' AND case_no IS NULL AND state = 'open' AND kind = 'read_answer'"
    return await notes(bench.pool, about)


@pytest.fixture
async def asked(bench: Bench) -> Asked:
    reference = rrn()
    case_no = await bench.complain(transfer(1000_00, reference=reference))
    sent = await bench.ask_one(case_no)
    await bench.pool.execute(
        "INSERT INTO request_job (institution, job_id, request_id) VALUES ('HDFC', $1, $2::text::uuid)",
        case_id(case_no, UUID(sent.request_id)),
        sent.request_id,
    )
    return Asked(bench, case_no, reference, UUID(sent.request_id))


async def test_an_answer_holds_money_as_over_every_wire(asked: Asked) -> None:
    taken = await asked.take(asked.resolution())
    assert not taken.repeated
    assert "1 lines taken" in taken.said
    assert (await asked.bench.buckets(asked.case_no))["held"] == 600_00
    assert await asked.bench.discrepancies(asked.case_no) == []
    await asked.bench.check(asked.case_no)


async def test_an_answer_about_all_of_it_is_told_to_the_case(asked: Asked) -> None:
    taken = await asked.take(asked.resolution(1000_00))
    assert taken.follow_up is not None
    assert taken.follow_up.case_no == asked.case_no
    assert await asked.bench.hops(asked.case_no) == ["closed"]


async def test_the_same_message_twice_is_the_same_answer(asked: Asked) -> None:
    body = asked.resolution()
    first, again = await asked.take(body), await asked.take(body)
    assert (first.repeated, again.repeated) == (False, True)
    assert again.said == first.said
    assert (await asked.bench.buckets(asked.case_no))["held"] == 600_00


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not well-formed XML"),
        (b"<x/>", "Document"),
        (b"<!DOCTYPE x><x/>", "DOCTYPE"),
        (document(Message.RESOLUTION, "<RsltnOfInvstgtn></RsltnOfInvstgtn>"), "RslvdCase/Id: is missing"),
        (encode_reminder("HDFC", UUID(int=1), ["1"], created_at=NOW), "a message that only we send"),
    ],
    ids=["nothing", "other", "doctype", "caseless", "ours"],
)
async def test_what_is_no_answer_is_refused_with_a_reason(bench: Bench, body: bytes, said: str) -> None:
    for _ in range(2):
        with pytest.raises(MessageRefused, match=said):
            await take_message(bench.ctx, "HDFC", body)
    (note,) = await asked_of_a_person(bench)
    assert "refused/" in note
    assert said in note


async def test_another_banks_case_is_as_unknown_as_none(asked: Asked) -> None:
    with pytest.raises(MessageRefused, match="no case of this bank"):
        await asked.take(asked.resolution(), "PUNB")
    asked.case = case_id("99999999999999", uuid4())
    with pytest.raises(MessageRefused, match="no case of this bank"):
        await asked.take(asked.resolution())
    with pytest.raises(MessageRefused, match="not in the directory"):
        await asked.take(asked.resolution(), "NOBODY")


async def test_returned_money_is_kept_and_the_desk_is_told_once(asked: Asked) -> None:
    body = asked.returned(400_00, 200_00)
    taken = await asked.take(body)
    assert (taken.repeated, taken.doubts) == (False, ())
    assert await asked_of_a_person(asked.bench) == []
    assert await asked.kept() == [(1, 1, 400_00), (2, 1, 200_00)]
    assert (await asked.take(body)).repeated
    assert await asked.kept() == [(1, 1, 400_00), (2, 1, 200_00)]
    assert await asked.bench.tasks(asked.case_no) == [("read_answer", None)]
    told = await asked.bench.value(
        "SELECT data->'returned' FROM case_event WHERE case_no = $1 AND kind = 'task_opened'", asked.case_no
    )
    assert told == [{"hop_no": 1, "returned_paise": 400_00}, {"hop_no": 1, "returned_paise": 200_00}]
    assert await asked.bench.buckets(asked.case_no) == {"lost": -1000_00, "in_play": 1000_00}, "no figure has moved"
    await asked.bench.check(asked.case_no)


async def test_returned_money_without_a_case_is_known_by_its_transfer(asked: Asked) -> None:
    await asked.take(asked.returned(400_00, case=""))
    assert await asked.kept() == [(1, 1, 400_00)]


async def test_returned_money_of_an_unknown_transfer_is_refused_whole(asked: Asked, subtests: pytest.Subtests) -> None:
    for changes in (
        {"reference": "1"},
        {"transfer_paise": None},
        {"transfer_paise": 999_00},
    ):
        with subtests.test(changes=changes):
            with pytest.raises(MessageRefused, match="no transfer or case"):
                await asked.take(asked.returned(400_00, case="", **changes))
            with pytest.raises(MessageRefused, match="no transfer or case"):
                await asked.take(asked.returned(400_00), "PUNB")
            assert await asked.kept() == []


async def test_an_unreadable_line_costs_the_others_nothing(asked: Asked) -> None:
    body = asked.returned(400_00, 200_00).replace(b"200.00", b"200.001")
    taken = await asked.take(body)
    assert taken.doubts == ("TxInf[2]/RtrdIntrBkSttlmAmt: has a part of a paisa",)
    (note,) = await asked_of_a_person(asked.bench)
    assert note.endswith(taken.doubts[0])
    assert await asked.kept() == [(1, 1, 400_00)]
    line = "WHERE line_no = 2 AND message_id = (SELECT message_id FROM returned_funds WHERE case_no = $1)"
    (unreadable,) = await opened_rows(asked.bench.ctx, "returned_funds", line, asked.case_no)
    assert "200.001" in str(unreadable["unreadable"]["TxInf"])


async def test_what_was_returned_stays_written(asked: Asked, subtests: pytest.Subtests) -> None:
    await asked.take(asked.returned(400_00))
    for change in (
        "UPDATE returned_funds SET remarks = ''",
        "DELETE FROM returned_funds",
        "TRUNCATE returned_funds",
    ):
        with subtests.test(change=change), pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await asked.bench.pool.execute(change)
