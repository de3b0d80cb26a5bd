"""Orders of courts: checked, taken in once, given their effect, withdrawn while no bank goes by them."""

import asyncio
from base64 import b64encode
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import asyncpg
import pytest

from activities.context import Context
from activities.recovery import hold_lifecycle
from activities.recovery.court_orders import (
    confirm_court_order,
    confirm_withdrawal,
    put_order_copy,
    take_court_order,
    take_wide_order,
    withdraw_court_order,
)
from db.recovery import court_orders, restoration_facts
from domain.errors import NotFound, NotNow
from domain.errors.restoration import (
    CourtOrderAboveFree,
    CourtOrderCarriedOut,
    CourtOrderDiffers,
    CourtOrderHasDocument,
    CourtOrderLacksDocument,
    CourtOrderNeedsSecondOfficer,
    CourtOrderPartsRefused,
    CourtOrderWithdrawalNeedsSecondOfficer,
    CourtOrderWithdrawalNotAsked,
    CourtOrderWithdrawn,
)
from schemas.recovery.court_orders import CourtOrder, CourtOrderCopy, CourtOrderHead, NewCourtOrder, WideCourtOrder
from schemas.text import IST
from simulator.people.police import Court, one_page_pdf
from tests.activities.restoration_bench import Home
from tests.desk_tasks import notes
from tests.factories import row, rrn, transfer

BY = "officer:io"
PDF = one_page_pdf("order")
OPEN_OF_CASE = "case_no = $1 AND state = 'open'"


class Bailiff(Home):
    """Cases with money on hold, and orders about them."""

    def order(self, **changes: Any) -> NewCourtOrder:
        told = {
            "kind": "bnss_503",
            "effect": "keep_hold",
            "court": "CJM Lucknow",
            "order_no": "12/2026",
            "made_on": self.clock.at.astimezone(IST).date(),
            "document": b64encode(PDF),
        }
        return NewCourtOrder.model_validate(told | changes)

    async def take(self, case_no: str, **changes: Any) -> CourtOrder:
        return await take_court_order(self.ctx, case_no, self.order(**changes), BY)

    async def take_wide(self, about: list[dict[str, Any]]) -> list[CourtOrder]:
        told = self.order(kind="bnss_107", effect="restore").model_dump(include=set(CourtOrderHead.model_fields))
        wide = WideCourtOrder.model_validate(told | {"document": b64encode(PDF), "about": about})
        return await take_wide_order(self.ctx, wide, BY)

    async def read(self, case_no: str, order: CourtOrder, by: str = "officer:sp") -> CourtOrder:
        """A second officer confirms it."""
        return await confirm_court_order(self.ctx, case_no, order.court_order_id, "it is genuine", by)

    async def release(self, case_no: str, **changes: Any) -> CourtOrder:
        return await self.read(case_no, await self.take(case_no, kind="writ", effect="release", **changes))

    async def withdraw_by_two(self, case_no: str, order: CourtOrder) -> CourtOrder:
        asked = await self.withdraw(case_no, order)
        assert asked.withdrawn_at is None
        return await confirm_withdrawal(self.ctx, case_no, order.court_order_id, "so it is", "officer:sp")

    async def withdraw(self, case_no: str, order: CourtOrder) -> CourtOrder:
        return await withdraw_court_order(self.ctx, case_no, order.court_order_id, "taken for another case", BY)

    async def kept_by(self, case_no: str) -> list[str | None]:
        rows = await self.bench.rows(
            "SELECT retained_by_kind || ' ' || retained_by_id FROM account_hold WHERE case_no = $1"
            " ORDER BY institution",
            case_no,
        )
        return [row[0] for row in rows]

    async def court_keeps(self, case_no: str) -> list[int | None]:
        """What courts keep of each hold, in paise; None for all of it."""
        rows = await self.bench.rows(
            "SELECT court_keeps(hold_id) FROM account_hold WHERE case_no = $1 ORDER BY institution", case_no
        )
        return [row[0] for row in rows]

    async def two_banks(self) -> tuple[str, list[str]]:
        """₹5,000 on hold at HDFC and ₹3,000 at ICIC; the case, and the accounts."""
        roots, accounts = [rrn(), rrn()], [f"5{rrn()}", f"6{rrn()}"]
        case_no = await self.bench.complain(
            transfer(5_000_00, reference=roots[0], payee={"institution": "HDFC", "account": accounts[0]}),
            transfer(3_000_00, reference=roots[1], payee={"institution": "ICIC", "account": accounts[1]}),
        )
        await self.bench.answer("HDFC", case_no, row(1, roots[0], "5000.00"))
        await self.bench.answer("ICIC", case_no, row(1, roots[1], "3000.00"))
        await self.open_for_new_holds(case_no)
        return case_no, accounts

    async def open_for_new_holds(self, case_no: str) -> None:
        await hold_lifecycle.open_for_new_holds(self.ctx, case_no)

    async def told(self, case_no: str) -> Iterable[str]:
        rows = await self.bench.rows(
            "SELECT DISTINCT p.kind FROM procedure_news n JOIN procedure p USING (workflow_id) WHERE p.case_no = $1"
            " AND p.kind <> 'duties' ORDER BY 1",
            case_no,
        )
        return [row[0] for row in rows]

    async def releases_by_court(self, case_no: str) -> list[tuple[str, int, int]]:
        return await self.bench.rows(
            "SELECT o.institution, l.hop_no, l.amount_paise FROM bank_order o JOIN bank_order_line l USING (order_id)"
            " WHERE o.case_no = $1 AND o.reason = 'court' ORDER BY o.institution, l.hop_no",
            case_no,
        )


@pytest.fixture
def home(ctx: Context) -> Bailiff:
    return Bailiff(ctx)


async def test_an_order_keeps_the_holds_it_is_about(home: Bailiff) -> None:
    case_no, (account, _) = await home.two_banks()
    await home.bench.pool.execute(
        "UPDATE account_hold SET retained_by_kind = NULL, retained_by_id = NULL WHERE case_no = $1", case_no
    )
    order = await home.take(case_no, institution="HDFC", account=f"00{account}")
    assert await home.kept_by(case_no) == [f"court_order {order.court_order_id}", None]
    assert await home.told(case_no) == ["hold", "restoration"]
    assert order.document_digest is not None
    async with home.ctx.pool.acquire() as connection:
        assert await court_orders.document(connection, case_no, order.court_order_id, home.ctx.opens) == PDF
    logged = await home.bench.value(
        "SELECT data FROM case_event WHERE case_no = $1 AND kind = 'court_order_taken'", case_no
    )
    assert account not in str(logged)
    assert (await home.bench.events(case_no))[-2:] == ["court_order_taken", "hold_kept"]


async def test_the_same_order_is_one_however_often_it_is_handed_in(home: Bailiff) -> None:
    case_no, _ = await home.two_banks()
    both = await asyncio.gather(home.take(case_no), home.take(case_no))
    assert both[0] == both[1]
    assert (await home.bench.events(case_no)).count("court_order_taken") == 1
    with pytest.raises(CourtOrderDiffers):
        await home.take(case_no, amount_paise=1_000_00)
    other = await home.take(case_no, effect="refuse")
    assert other.court_order_id != both[0].court_order_id


async def test_orders_that_cannot_be(home: Bailiff) -> None:
    case_no, (account, _) = await home.two_banks()
    tomorrow = home.clock.at.astimezone(IST).date() + timedelta(days=1)
    for changes, why in (
        ({"made_on": tomorrow}, "future"),
        ({"amount_paise": 8_000_01}, "800000"),
        ({"amount_paise": 5_000_01, "institution": "HDFC", "account": account}, "500000"),
        ({"institution": "HDFC", "account": "1"}, "Nothing is on hold"),
    ):
        with pytest.raises(NotNow, match=why):
            await home.take(case_no, **changes)
    with pytest.raises(NotFound):
        await home.take("29999999999999")
    assert "court_order_taken" not in await home.bench.events(case_no)
    await home.take(case_no, amount_paise=8_000_00)


async def test_an_order_of_release_is_an_order_to_each_bank(home: Bailiff) -> None:
    case_no, _ = await home.two_banks()
    order = await home.release(case_no)
    assert await home.releases_by_court(case_no) == [("HDFC", 1, 5_000_00), ("ICIC", 2, 3_000_00)]
    assert await home.kept_by(case_no) != [f"court_order {order.court_order_id}"] * 2
    with pytest.raises(CourtOrderCarriedOut):
        await home.withdraw(case_no, order)
    with pytest.raises(CourtOrderAboveFree, match="only 0 paise"):
        await home.release(case_no, order_no="13/2026")


async def test_an_order_may_let_a_part_go(home: Bailiff) -> None:
    case_no, (_, account) = await home.two_banks()
    await home.release(case_no, amount_paise=6_000_00)
    assert await home.releases_by_court(case_no) == [("HDFC", 1, 5_000_00), ("ICIC", 2, 1_000_00)]
    rest = {"institution": "ICIC", "account": account, "order_no": "14/2026"}
    with pytest.raises(CourtOrderAboveFree, match="only 200000 paise"):
        await home.release(case_no, amount_paise=2_000_01, **rest)
    await home.release(case_no, **rest | {"order_no": "15/2026"})
    assert (await home.releases_by_court(case_no))[-1] == ("ICIC", 2, 2_000_00)


async def test_no_bank_releases_for_one_officer_nor_without_the_order_itself(home: Bailiff) -> None:
    case_no, _ = await home.two_banks()
    order = await home.take(case_no, kind="writ", effect="release", document=None)
    asked = await notes(home.bench.pool, "case_no = $1 AND kind = 'supervise'", case_no)
    assert len(asked) == 2, "for the second officer, and for the document"
    assert all(f"court order {order.court_order_id}" in note for note in asked)
    with pytest.raises(CourtOrderNeedsSecondOfficer):
        await home.read(case_no, order, BY)
    with pytest.raises(CourtOrderLacksDocument):
        await home.read(case_no, order)
    with pytest.raises(Exception, match="court_order_four_eyes"):
        await home.bench.pool.execute(
            "UPDATE court_order SET confirmed_by = taken_by, confirmed_at = now() WHERE court_order_id = $1",
            order.court_order_id,
        )
    assert await home.releases_by_court(case_no) == []
    # The same order again, now with its document, is the same order.
    again = await home.take(case_no, kind="writ", effect="release")
    assert (again.court_order_id, again.document_digest) == (order.court_order_id, sha256(PDF).hexdigest())
    confirmed = await home.read(case_no, again)
    assert (confirmed.confirmed_by, len(await home.releases_by_court(case_no))) == ("officer:sp", 2)
    assert await home.read(case_no, again, "officer:dy_sp") == confirmed, "twice is once"
    assert len(await home.releases_by_court(case_no)) == 2
    assert "court_order_confirmed" in await home.bench.events(case_no)
    open_tasks = "SELECT count(*) FROM desk_task WHERE case_no = $1 AND kind = 'supervise' AND state = 'open'"
    assert await home.bench.value(open_tasks, case_no) == 0


async def test_an_order_to_release_changes_nothing_until_it_is_confirmed(home: Bailiff) -> None:
    case_no, _ = await home.two_banks()
    await home.take(case_no)
    order = await home.take(case_no, kind="writ", effect="release")
    hold_id = await home.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1 LIMIT 1", case_no)
    async with home.ctx.pool.acquire() as connection, connection.transaction():
        assert await court_orders.keep_hold(connection, hold_id) is not None
    await home.withdraw(case_no, order)
    with pytest.raises(CourtOrderWithdrawn):
        await home.read(case_no, order)


async def test_the_document_may_come_later_and_stays(home: Bailiff) -> None:
    case_no, _ = await home.two_banks()
    order = await home.take(case_no, document=None)
    copy = CourtOrderCopy.model_validate({"document": b64encode(PDF)})
    put = await put_order_copy(home.ctx, case_no, order.court_order_id, copy, BY)
    assert put.document_digest == sha256(PDF).hexdigest()
    assert await put_order_copy(home.ctx, case_no, order.court_order_id, copy, BY) == put
    assert (await home.bench.events(case_no)).count("court_order_copied") == 1
    other = CourtOrderCopy.model_validate({"document": b64encode(one_page_pdf("another"))})
    with pytest.raises(CourtOrderHasDocument):
        await put_order_copy(home.ctx, case_no, order.court_order_id, other, BY)
    with pytest.raises(CourtOrderHasDocument):
        await home.take(case_no, document=b64encode(one_page_pdf("another")))


async def test_one_order_may_name_several_accounts_each_with_its_sum(home: Bailiff) -> None:
    case_no, (hdfc, icic) = await home.two_banks()
    one = await home.take(case_no, institution="HDFC", account=hdfc, amount_paise=4_000_00, effect="restore")
    two = await home.take(case_no, institution="ICIC", account=icic, amount_paise=1_000_00, effect="restore")
    assert one.order_no == two.order_no
    assert await home.kept_by(case_no) == [f"court_order {order.court_order_id}" for order in (one, two)]
    for changes in ({}, {"institution": "ICIC", "account": icic, "amount_paise": 2_000_00}):
        with pytest.raises(CourtOrderDiffers):
            await home.take(case_no, effect="restore", **changes)
    await home.read(case_no, two)
    async with home.ctx.pool.acquire() as connection:
        covered = await restoration_facts.covered(connection, two.court_order_id)
    assert [(of.institution, of.left_paise) for of in covered] == [("ICIC", 1_000_00)], "HDFC is not confirmed"
    await home.read(case_no, one)
    async with home.ctx.pool.acquire() as connection:
        covered = await restoration_facts.covered(connection, two.court_order_id)
    assert [(of.institution, of.left_paise) for of in covered] == [("HDFC", 4_000_00), ("ICIC", 1_000_00)]


async def test_one_order_is_taken_in_for_all_its_cases_or_for_none(home: Bailiff) -> None:
    (first, (hdfc, icic)), (second, _) = await home.two_banks(), await home.two_banks()
    above = {"amount_paise": 9_000_00, "held_paise": 8_000_00}
    about: list[dict[str, Any]] = [
        {"ack_no": first, "institution": "HDFC", "account": hdfc, "amount_paise": 4_000_00},
        {"ack_no": first, "institution": "ICIC", "account": icic},
        {"ack_no": second, "amount_paise": 9_000_00},
        {"ack_no": second, "institution": "NOBANK", "account": "1"},
    ]
    with pytest.raises(CourtOrderPartsRefused, match="No part of the court order is recorded") as refused:
        await home.take_wide(about)
    assert refused.value.params["refused"] == [
        {"field": "about[2]", "ack_no": second, "code": "court_order_above_hold", "params": above},
        {"field": "about[3]", "ack_no": second, "code": "institution_not_found", "params": {"institution": "NOBANK"}},
    ]
    assert not await home.bench.rows("SELECT 1 FROM court_order WHERE case_no = ANY($1)", [first, second])
    taken = await home.take_wide([*about[:2], {"ack_no": second}])
    assert [(one.institution, one.amount_paise) for one in taken] == [("HDFC", 4_000_00), ("ICIC", None), (None, None)]
    assert {one.document_digest for one in taken} == {sha256(PDF).hexdigest()}
    assert await home.take_wide([*about[:2], {"ack_no": second}]) == taken, "twice is once"
    assert await home.kept_by(second) == [f"court_order {taken[2].court_order_id}"] * 2
    with pytest.raises(NotFound):
        await home.take_wide([{"ack_no": "29999999999999"}])


async def test_what_was_taken_in_by_mistake_is_withdrawn_and_may_come_again(home: Bailiff) -> None:
    case_no, _ = await home.two_banks()
    order = await home.take(case_no, effect="restore")
    withdrawn = await home.withdraw(case_no, order)
    assert (withdrawn.withdrawn_by, withdrawn.withdrawn_reason) == (BY, "taken for another case")
    assert await home.withdraw(case_no, order) == withdrawn
    assert await home.kept_by(case_no) == [None, None]
    assert "court_order_withdrawn" in await home.bench.events(case_no)
    again = await home.take(case_no, effect="restore")
    assert again.court_order_id > order.court_order_id
    with pytest.raises(NotFound):
        await withdraw_court_order(home.ctx, case_no, order.court_order_id + 1_000_000, "why", BY)


@pytest.mark.parametrize("effect", ["keep_hold", "restore"])
async def test_one_officer_alone_withdraws_no_order_that_retains_holds(home: Bailiff, effect: str) -> None:
    case_no, _ = await home.two_banks()
    order = await home.read(case_no, await home.take(case_no, effect=effect))
    kept = [f"court_order {order.court_order_id}"] * 2
    with pytest.raises(CourtOrderWithdrawalNotAsked):
        await confirm_withdrawal(home.ctx, case_no, order.court_order_id, "so it is", "officer:sp")
    asked = await home.withdraw(case_no, order)
    assert (asked.withdrawn_at, asked.withdrawal_asked_by) == (None, BY)
    assert await home.withdraw(case_no, order) == asked
    assert await home.kept_by(case_no) == kept
    assert [note for note in await notes(home.bench.pool, OPEN_OF_CASE, case_no) if "withdrawn" in note] == [
        f"confirm that court order {order.court_order_id} is withdrawn: "
        "it counts no more, and holds that it retains may lapse"
    ]
    with pytest.raises(CourtOrderWithdrawalNeedsSecondOfficer):
        await confirm_withdrawal(home.ctx, case_no, order.court_order_id, "so it is", BY)
    assert await home.kept_by(case_no) == kept
    withdrawn = await confirm_withdrawal(home.ctx, case_no, order.court_order_id, "so it is", "officer:sp")
    assert (withdrawn.withdrawn_by, withdrawn.withdrawn_reason) == ("officer:sp", "so it is")
    assert await home.kept_by(case_no) == [None, None]
    assert not [note for note in await notes(home.bench.pool, OPEN_OF_CASE, case_no) if "withdrawn" in note]


@pytest.mark.parametrize("effect", ["refuse", "release"])
async def test_h4_a_confirmed_order_that_retains_nothing_is_withdrawn_by_two(home: Bailiff, effect: str) -> None:
    case_no, _ = await home.two_banks()
    order = await home.take(case_no, kind="writ", effect=effect)
    await home.bench.pool.execute(
        "UPDATE court_order SET confirmed_by = 'officer:sp', confirmed_at = now() WHERE court_order_id = $1",
        order.court_order_id,
    )
    with pytest.raises(asyncpg.CheckViolationError, match="two people withdraw"):
        await home.bench.pool.execute(
            "UPDATE court_order SET withdrawn_at = now(), withdrawn_by = $2 WHERE court_order_id = $1",
            order.court_order_id,
            BY,
        )
    await home.withdraw_by_two(case_no, order)


async def test_another_officers_keep_is_not_withdrawn_by_one_before_it_is_confirmed(home: Bailiff) -> None:
    case_no, _ = await home.two_banks()
    order = await home.take(case_no)
    asked = await withdraw_court_order(home.ctx, case_no, order.court_order_id, "a wrong case", "officer:desk")
    assert (asked.withdrawn_at, asked.withdrawal_asked_by) == (None, "officer:desk")
    assert await home.kept_by(case_no) == [f"court_order {order.court_order_id}"] * 2
    assert (await home.withdraw(case_no, order)).withdrawn_by == BY, "the officer who recorded it"


async def test_the_database_lets_no_one_person_withdraw_a_keep(home: Bailiff) -> None:
    case_no, _ = await home.two_banks()
    order = await home.read(case_no, await home.take(case_no))
    withdraws = (
        "UPDATE court_order SET withdrawn_at = now(), withdrawn_by = $2, withdrawn_reason = 'why'"
        " WHERE court_order_id = $1"
    )
    for by in (BY, "officer:sp"):
        with pytest.raises(asyncpg.CheckViolationError, match="two people withdraw"):
            await home.bench.pool.execute(withdraws, order.court_order_id, by)


async def test_an_order_that_a_restoration_went_by_stays(home: Bailiff) -> None:
    case_no = await home.hold(5_000)
    order = await home.take(case_no, effect="restore")
    home.clock.at += timedelta(hours=1)
    await home.bench.pool.execute(
        "INSERT INTO bank_order (order_id, kind, reason, case_no, institution, restoration_id, state, ordered_by,"
        " planned_at, due_at, policy) VALUES (gen_random_uuid(), 'restore', 'restoration', $1, 'HDFC', $2, 'planned',"
        " 'officer:sp', $3, $3, '{}')",
        case_no,
        await home.of(case_no),
        home.clock.at,
    )
    with pytest.raises(CourtOrderCarriedOut):
        await home.withdraw(case_no, order)


async def test_a_simulated_court_is_understood(home: Bailiff) -> None:
    case_no = await home.hold(5_000)
    told = Court().order(case_no, "lok_adalat", on=home.clock.at.astimezone(IST).date())
    order = await take_court_order(home.ctx, case_no, NewCourtOrder.model_validate(told), BY)
    assert (order.kind, order.effect) == ("lok_adalat", "restore")


def test_orders_that_are_none(home: Bailiff, subtests: pytest.Subtests) -> None:
    for changes, why in (
        ({"document": b64encode(b"MZ not a pdf")}, "a document is a PDF"),
        ({"document": b64encode(b"%PDF-" + b"0" * (2 * 1024 * 1024))}, r"at most 2097152|too_long|at most"),
        ({"document": "***"}, "a document is a PDF"),
        ({"institution": "HDFC"}, "both institution and account"),
        ({"amount_paise": 0}, "greater than 0"),
        ({"court": " "}, "at least 1"),
        ({"kind": "decree"}, "bnss_497"),
    ):
        with subtests.test(changes=changes), pytest.raises(ValueError, match=why):
            home.order(**changes)


async def test_a_hold_is_kept_by_the_order_that_stands_when_a_later_one_is_withdrawn(home: Bailiff) -> None:
    case_no, _ = await home.two_banks()
    first = await home.read(case_no, await home.take(case_no))
    second = await home.take(case_no, order_no="13/2026")
    assert await home.kept_by(case_no) == [f"court_order {second.court_order_id}"] * 2
    await home.withdraw(case_no, second)
    assert await home.kept_by(case_no) == [f"court_order {first.court_order_id}"] * 2
    await home.withdraw_by_two(case_no, first)
    assert await home.kept_by(case_no) == [None, None]


async def test_what_comes_on_hold_later_is_kept_by_the_order_about_every_account(home: Bailiff) -> None:
    root, account = rrn(), f"7{rrn()}"
    case_no = await home.bench.complain(
        transfer(900_00, reference=rrn(), payee={"institution": "HDFC", "account": f"5{rrn()}"}),
        transfer(900_00, reference=root, payee={"institution": "ICIC", "account": account}),
    )
    first = await home.bench.value("SELECT reference FROM hop WHERE case_no = $1 AND hop_no = 1", case_no)
    await home.bench.answer("HDFC", case_no, row(1, first, "900.00"))
    await home.open_for_new_holds(case_no)
    whole = await home.take(case_no)
    await home.bench.answer("ICIC", case_no, row(1, root, "900.00"))
    await home.open_for_new_holds(case_no)
    assert await home.kept_by(case_no) == [f"court_order {whole.court_order_id}"] * 2


async def test_what_a_court_keeps_is_released_by_a_confirmed_order_alone(home: Bailiff) -> None:
    case_no, _ = await home.two_banks()
    await home.take(case_no)
    later = await home.take(case_no, kind="writ", effect="release", order_no="13/2026")
    assert await home.court_keeps(case_no) == [None, None], "one officer alone changes nothing"
    await home.read(case_no, later)
    assert await home.court_keeps(case_no) == [0, 0]


async def test_what_went_home_from_one_account_frees_nothing_at_another(home: Bailiff) -> None:
    case_no, (hdfc, icic) = await home.two_banks()
    await home.take(case_no, institution="HDFC", account=hdfc, amount_paise=4_000_00, effect="restore")
    two = await home.take(case_no, institution="ICIC", account=icic, amount_paise=1_000_00, effect="restore")
    assert await home.court_keeps(case_no) == [4_000_00, 1_000_00]
    await home.read(case_no, two)
    # A restoration goes by one row of the order, whatever accounts it is about.
    await home.bench.pool.execute(
        "WITH o AS (INSERT INTO bank_order (order_id, kind, reason, case_no, institution, court_order_id,"
        " restoration_id, state, ordered_by, planned_at, due_at, policy) SELECT gen_random_uuid(), 'restore',"
        " 'restoration', $1, 'HDFC', $2, restoration_id, 'planned', 'officer:sp', now(), now() + interval '15 days',"
        " policy FROM restoration WHERE case_no = $1 RETURNING order_id)"
        " INSERT INTO bank_order_line (order_id, line_no, case_no, hop_no, hold_id, amount_paise,"
        " beneficiary_institution, beneficiary_holder)"
        " SELECT order_id, 1, $1, h.hop_no, a.hold_id, 400000, 'SBIN', '30000000777' FROM o, account_hold a"
        " JOIN hop h USING (case_no, institution, account_key) WHERE a.case_no = $1 AND a.institution = 'HDFC'",
        case_no,
        two.court_order_id,
    )
    assert await home.court_keeps(case_no) == [0, 1_000_00]
