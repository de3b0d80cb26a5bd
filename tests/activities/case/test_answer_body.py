"""The body of an answer is stored with the answer, and by itself if the answer is not taken."""

import asyncio
from datetime import UTC, datetime

import orjson
import pytest

from activities.banks.received import kept_if_refused
from activities.case.answers import AnswerReceipt, take_status_update
from db.banks.bank_exchanges import ReceivedBody
from domain.errors.case import CaseNotFound
from schemas.enums import ChannelKind
from tests.activities.bench import Bench
from tests.activities.told import a_case, dispositions
from tests.factories import row, status_update
from tests.opened_bodies import opened_rows


async def post(bench: Bench, bank: str, case_no: str, root: str) -> tuple[AnswerReceipt, bytes]:
    """Take an answer as the route of the I4C wire does; return its receipt and body."""
    rows = [row(1, root, "1000.00")]
    body = orjson.dumps([case_no, bank, rows])
    received = ReceivedBody(
        channel=ChannelKind.I4C, received_at=datetime.now(UTC), headers=(("host", "here"),), body=body
    )
    async with kept_if_refused(bench.ctx, bank, received):
        update = status_update(case_no, rows)
        receipt = await take_status_update(bench.ctx, bank, update, received.digest, received=received)
    return receipt, body


async def kept(bench: Bench, case_no: str) -> list[tuple[str, bytes]]:
    """The bodies that name this case, with their banks."""
    rows = await opened_rows(bench.ctx, "bank_body")
    return [(row["institution"], row["body"]) for row in rows if case_no.encode() in row["body"]]


async def test_it_is_stored_once_with_its_answer_and_the_log_binds_it(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    receipt, body = await post(bench, "HDFC", case_no, root)
    assert not receipt.repeated
    assert (await post(bench, "HDFC", case_no, root))[0].repeated
    assert await kept(bench, case_no) == [("HDFC", body)]
    same = (
        "SELECT b.digest = u.body_digest FROM bank_body b JOIN status_update u USING (institution)"
        " WHERE u.case_no = $1 AND b.digest = sha256($2)"
    )
    assert await bench.rows(same, case_no, body) == [(True,)]
    bound = "SELECT data->'bound'->>-1 FROM case_event WHERE case_no = $1 AND kind = 'answer_received'"
    assert "/bodies/" in f"/{await bench.value(bound, case_no)}"
    await bench.check(case_no)


async def test_it_is_stored_of_a_repeated_answer_whose_first_body_was_not(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    rows = [row(1, root, "1000.00")]
    received = ReceivedBody(channel=ChannelKind.I4C, received_at=datetime.now(UTC), body=case_no.encode())
    update = status_update(case_no, rows)
    await take_status_update(bench.ctx, "HDFC", update, received.digest)
    assert await kept(bench, case_no) == []
    assert (await take_status_update(bench.ctx, "HDFC", update, received.digest, received=received)).repeated
    assert await kept(bench, case_no) == [("HDFC", case_no.encode())]


async def test_it_is_stored_of_a_bank_without_a_part_in_the_case(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    with pytest.raises(CaseNotFound):
        await post(bench, "PUNB", case_no, root)
    assert [bank for bank, _ in await kept(bench, case_no)] == ["PUNB"]


@pytest.mark.parametrize("error", [ConnectionError, asyncio.CancelledError])
async def test_it_alone_is_stored_of_an_answer_that_fails_halfway(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    case_no, root = await a_case(bench)

    async def broken(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("activities.case.answer_effects.notify_with_events", broken)
        with pytest.raises(error):
            await post(bench, "HDFC", case_no, root)
    assert len(await kept(bench, case_no)) == 1
    assert await dispositions(bench, case_no) == []
    receipt, body = await post(bench, "HDFC", case_no, root)
    assert not receipt.repeated
    assert await kept(bench, case_no) == [("HDFC", body)]
    await bench.check(case_no)
