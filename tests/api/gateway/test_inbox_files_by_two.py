"""Files of answers that one person of a bank uploads, and another one checks."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from activities.case.reply_links import ReplyNotTaken
from activities.context import Context
from activities.gateway import inbox
from db.banks import bank_reply_checks
from tests.api.answer_post import read
from tests.api.conftest import Doors, transfer
from tests.api.gateway.test_inbox import Browser, browser
from tests.api.gateway.test_inbox_people import by_two, confirm, person_of, waiting_of
from tests.factories import rrn

__all__ = ["browser"]


async def test_a_file_of_which_nothing_goes_out_waits_on_and_files_have_a_limit(
    doors: Doors, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx, pool = doors.services.ctx, doors.services.ctx.pool
    await by_two(ctx, is_so=True)
    maker, checker = [await person_of(doors, name) for name in ("A. Maker", "B. Checker")]
    await confirm(doors)
    root = rrn()
    await doors.complain(transfers=[transfer(rrn=root)])
    (row,) = [row for row in await maker.waiting() if row["rrn"] == root]
    table = f"request,rrn,what,rupees\n{row['request']},{root},01,\n"
    asked = {"table": table, "step": "send", "made": "2026-11-28T10:00:00.000+00:00"}
    assert "It waits for a colleague" in read(await maker.client.post("/inbox/table", data=asked)).words
    (waits,) = waiting_of(await checker.page("/inbox/checks"))

    async def changed(ctx: Context, institution: str, request_id: UUID, form: Any) -> Any:
        view = await inbox.look(ctx, institution, request_id)
        assert view is not None
        return ReplyNotTaken(view)

    monkeypatch.setattr(inbox, "answer", changed)
    nothing = read(await checker.client.post(waits, data={"step": "send"}), 409)
    assert "Nothing is sent yet" in nothing.words
    assert "Give it back unsent" in nothing.words
    assert waiting_of(await checker.page("/inbox/checks")) == [waits], "it is not sent"
    monkeypatch.undo()
    assert transfer()["payee"]["account"] in (await checker.page(waits)).words
    returned = {"step": "return", "note": "The case is another one"}
    assert (await checker.client.post(waits, data=returned)).status_code == 303
    listed = (await maker.page("/inbox/checks")).words
    assert "B. Checker gave it back unsent" in listed
    assert "The case is another one" in listed
    assert "It waits for a colleague" in read(await maker.client.post("/inbox/table", data=asked)).words
    (waits,) = waiting_of(await checker.page("/inbox/checks"))
    assert (await checker.client.post(waits, data={"step": "send"})).status_code == 200
    assert waiting_of(await checker.page("/inbox/checks")) == []

    monkeypatch.setattr(bank_reply_checks, "TABLES_MAX", 2)
    kept = "SELECT count(*) FROM bank_evidence WHERE path = '/inbox/table'"
    other = rrn()
    await doors.complain(transfers=[transfer(rrn=other)])
    (row,) = [row for row in await maker.waiting() if row["rrn"] == other]
    asked |= {"table": f"request,rrn,what,rupees\n{row['request']},{other},01,\n"}
    for _ in range(2):
        assert "It waits for a colleague" in read(await maker.client.post("/inbox/table", data=asked)).words
    before = await pool.fetchval(kept)
    third = read(await maker.client.post("/inbox/table", data=asked), 409)
    assert "2 files of your bank wait for a second person" in third.words
    assert await pool.fetchval(kept) == before, "what is refused is not stored"
    with pytest.raises(asyncpg.CheckViolationError, match="at most 20 tables"):
        await pool.execute(
            "INSERT INTO bank_reply_check (check_id, institution, kind, evidence_id, made_by, made_at)"
            " SELECT gen_random_uuid(), institution, kind, evidence_id, made_by, made_at"
            " FROM bank_reply_check, generate_series(1, 20) WHERE kind = 'table'"
        )
    await by_two(ctx, is_so=False)


async def test_a_file_holds_nothing_again_that_was_held_while_it_waited(doors: Doors, browser: Browser) -> None:
    """The hold is sent alone, because seconds count. The file that waits states the same money once more."""
    ctx, root = doors.services.ctx, rrn()
    await by_two(ctx, is_so=True)
    maker, checker = [await person_of(doors, name) for name in ("A. Maker", "B. Checker")]
    await confirm(doors)
    await doors.complain(transfers=[transfer(rrn=root)])
    (row,) = [row for row in await maker.waiting() if row["rrn"] == root]
    table = f"request,rrn,what,rupees\n{row['request']},{root},held,3000\n"
    asked = {"table": table, "step": "send", "made": f"{ctx.now().isoformat(timespec='milliseconds')}"}
    assert "It waits for a colleague" in read(await maker.client.post("/inbox/table", data=asked)).words
    (waits,) = waiting_of(await checker.page("/inbox/checks"))
    path = f"/inbox/holds/{row['request']}"
    form = (await maker.page(path)).fields
    number = next(name for name in form if name.endswith(".seen")).removesuffix("seen")
    held = form | {f"{number}held": "3000", "step": "hold"}
    assert "The hold is sent" in read(await maker.client.post(path, data=held)).words
    for step in ("check", "send"):
        shown = read(await checker.client.post(waits, data={"step": step}), 422)
        assert "Your bank has told something about this request since" in shown.words
    told = "SELECT sum(balance_paise) FROM ledger_balance WHERE bucket = 'held' AND case_no = $1"
    assert await ctx.pool.fetchval(told, row["case"]) == 3_000_00
    await by_two(ctx, is_so=False)
