"""Money that only an imported workbook confirms: the view says who imported it, and he decides nothing about it."""

import asyncpg
import pytest

from db.recovery import restoration_views
from domain.errors.restoration import ImporterDecides
from domain.workbook.columns import Sheet
from schemas.enums import Role
from schemas.restoration_enums import ConfirmedBy
from tests.activities.restoration_bench import SP, Home, officer
from tests.activities.workbooks import TRANSFER, ack, take
from tests.domain.trail_books import moved, read, said, sheet
from tests.factories import row, rrn

READER = officer("Reader", Role.IO)


async def imported(home: Home, by: str = "import:reader") -> tuple[str, str]:
    """A case of which a workbook says that ₹10,000 are on hold; its number and reference."""
    number, root, account = ack(), rrn(), f"6{rrn()}"
    reading = read(
        sheet(TRANSFER, moved(1, root, root, 10_000, ack_no=number, payee_account=account)),
        sheet(Sheet.HOLD, said(root, 10_000, ack_no=number, account=account)),
    )
    await take(home.bench, reading, by)
    await home.open_for_new_holds(number)
    return number, root


async def claim(home: Home, number: str) -> tuple[ConfirmedBy, tuple[str, ...]]:
    async with home.bench.pool.acquire() as connection:
        opens = home.ctx.persons.open_stored
        view = await restoration_views.get(connection, await home.of(number), home.clock.at, (), opens)
    (one,) = view.claims
    assert one.confirmed_paise == 10_000_00
    return one.confirmed_by, one.imported_by


async def test_the_view_says_that_only_a_workbook_confirms_a_claim_and_who_imported_it(home: Home) -> None:
    number, root = await imported(home)
    assert await claim(home, number) == (ConfirmedBy.WORKBOOK, ("import:reader",))
    await home.bench.answer("HDFC", number, row(1, root, "10000.00"))
    assert await claim(home, number) == (ConfirmedBy.RECEIVING_BANK, ())


async def test_who_imported_the_workbook_neither_prepares_nor_approves(home: Home) -> None:
    number, _ = await imported(home)
    restoration_id = await home.of(number)
    await home.to_approval(restoration_id)
    await home.tick(restoration_id)
    with pytest.raises(ImporterDecides, match="Reader"):
        await home.prepare(restoration_id, READER)
    await home.prepare(restoration_id)
    for by in ("reader", "READER"):
        with pytest.raises(ImporterDecides):
            await home.approve(restoration_id, officer(by, Role.SP))
        with pytest.raises(asyncpg.RestrictViolationError, match="workbook"):
            await home.bench.pool.execute(
                "UPDATE restoration SET approved_by = $2 WHERE restoration_id = $1", restoration_id, by
            )
    await home.approve(restoration_id, SP)
    await home.check(number)


async def test_a_bank_that_says_the_same_lets_the_importer_decide(home: Home) -> None:
    number, root = await imported(home)
    await home.bench.answer("HDFC", number, row(1, root, "10000.00"))
    restoration_id = await home.of(number)
    await home.to_approval(restoration_id)
    await home.tick(restoration_id)
    await home.prepare(restoration_id, READER)
