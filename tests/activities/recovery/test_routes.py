"""Above the threshold no money goes home without a court, in however many rounds and by whatever it grows."""

from uuid import UUID

import pytest

from activities.recovery.orders import cancel_order
from db.recovery import restorations
from domain.errors.restoration import RouteChanged
from schemas.restoration_enums import RestorationVerb, Step
from tests.activities.restoration_bench import DESK, Home
from tests.factories import row, rrn, transfer


async def test_a_share_above_the_threshold_needs_a_court(home: Home) -> None:
    """₹1,000 of it was on hold for the victim until the account was divided."""
    account = f"5{rrn()}"
    case_no = await home.hold(1000, 99_000, account=account)
    await home.hold(100_000, account=account)
    restoration = await home.of(case_no)
    await home.to_approval(restoration)
    assert await home.at(restoration) == ("open", "approval", "no_court")
    assert await home.tick(restoration) == ["allocate", "route"]
    assert await home.at(restoration) == ("open", "lok_adalat_award", "lok_adalat")
    routed = (await home.events(case_no, "restoration_routed"))[-1]
    assert (routed["instead_of"], routed["held_paise"]) == ("no_court", 50_500_00)
    await home.take_order(restoration, await home.court_order(case_no, "lok_adalat"))
    assert await home.tick(restoration) == ["allocate"], "the division stands"
    await home.prepare(restoration)
    await home.approve(restoration)
    assert await home.orders(case_no) == [("restore", "restoration", "HDFC", 50_500_00)]


async def test_low_the_sum_of_a_victim_is_over_all_complaints_of_the_same_name_and_mobile(home: Home) -> None:
    """Three complaints of ₹40,000, one transfer each, are ₹120,000 of one victim, which need a court."""
    mine = {"name": "R. Das", "mobile": "9811122233", "district": "LUCKNOW"}
    cases = []
    for victim in (mine, mine | {"name": "r. das"}, mine | {"name": "Another Das"}):
        root, payee = rrn(), {"institution": "HDFC", "account": f"5{rrn()}"}
        case_no = await home.bench.complain(transfer(40_000_00, reference=root, payee=payee), victim=victim)
        await home.bench.answer("HDFC", case_no, row(1, root, "40000.00"))
        await home.open_for_new_holds(case_no)
        cases.append(case_no)
    first, second, other = cases
    async with home.ctx.pool.acquire() as connection:
        sums = []
        for case_no in (first, second, other):
            told = await home.ctx.persons.victim_of(connection, case_no)
            same = home.ctx.persons.same_person(told)
            sums.append(await restorations.of_victim(connection, case_no, same))
    assert sums == [80_000_00, 80_000_00, 40_000_00]
    restoration = await home.of(first)
    await home.tick(restoration, 3)
    assert (await home.at(restoration))[2] == "lok_adalat"


async def test_officers_who_are_quicker_than_the_engine_are_told(home: Home) -> None:
    case_no = await _part(home, 1000)
    restoration = await home.of(case_no)
    await home.to_approval(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    await _more(home, case_no, 60_000)
    with pytest.raises(RouteChanged, match=r"goes by lok_adalat now \(at_or_above_threshold, no_fir\)"):
        await home.approve(restoration)
    assert await home.tick(restoration) == ["route"]
    assert await home.at(restoration) == ("open", "lok_adalat_award", "lok_adalat")
    assert await home.bench.value("SELECT prepared_by FROM restoration WHERE restoration_id = $1", restoration) is None


async def test_what_comes_on_hold_after_the_notice_is_the_next_round(home: Home) -> None:
    """The holder was heard about ₹1,000, and ₹9,000 more of the same transfer are put on hold."""
    case_no = await _part(home, 1000)
    restoration = await home.of(case_no)
    await home.to_approval(restoration)
    await home.tick(restoration)
    await _more(home, case_no, 9_000)
    assert await home.tick(restoration) == ["allocate"]
    await home.prepare(restoration)
    await home.approve(restoration)
    assert await home.orders(case_no) == [("restore", "restoration", "HDFC", 1000_00)]
    await home.confirm(restoration)
    await home.tick(restoration)
    await home.do(restoration, RestorationVerb.RECEIVE_BOND, DESK)
    await home.open_for_new_holds(case_no)
    rest = await home.of(case_no, 2)
    await home.to_credit(rest)
    assert (await home.orders(case_no))[-1] == ("restore", "restoration", "HDFC", 9_000_00)
    await home.check(case_no)


async def test_what_comes_on_hold_before_the_notice_is_heard_with_it(home: Home) -> None:
    case_no = await _part(home, 1000)
    restoration = await home.of(case_no)
    await home.tick(restoration, 3)
    await home.apply(restoration)
    await _more(home, case_no, 9_000)
    await home.verify(restoration)
    await home.waive(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    assert await home.orders(case_no) == [("restore", "restoration", "HDFC", 10_000_00)]


async def test_a_holder_who_is_heard_again_is_heard_about_all_of_it(home: Home) -> None:
    case_no = await _part(home, 1000)
    restoration = await home.of(case_no)
    await home.to_approval(restoration)
    await _more(home, case_no, 9_000)
    await home.send_back(restoration, Step.HOLDER_NOTICE)
    await home.waive(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    assert await home.orders(case_no) == [("restore", "restoration", "HDFC", 10_000_00)]


async def test_a_holder_who_is_heard_again_after_some_of_it_went_home_is_heard_about_that_too(home: Home) -> None:
    """₹150 of ₹400 were restored before the order was cancelled: the rest follows after a new notice to the holder."""
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await home.to_credit(restoration)
    await home.confirm(restoration, part=150_00)
    order_id = await home.bench.value("SELECT order_id FROM bank_order WHERE case_no = $1", case_no)
    await cancel_order(home.ctx, order_id, "the victim's account is closed", "officer:sp")
    assert await home.tick(restoration) == ["end_step", "allocate"]
    await home.send_back(restoration, Step.HOLDER_NOTICE)
    await home.waive(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    assert sorted(paise for *_, paise in await home.orders(case_no)) == [250_00, 400_00]
    await home.check(case_no)


async def test_a_holder_is_heard_about_what_was_on_hold_with_the_notice_not_when_the_others_time_is_over(
    home: Home,
) -> None:
    case_no, restoration, (hold, _) = await home.two_accounts()

    async def hear(hold_id: UUID | None = None) -> list[int | None]:
        async with home.bench.pool.acquire() as connection:
            await restorations.note_noticed(connection, restoration, hold_id)
        lines = "SELECT noticed_paise FROM restoration_line WHERE restoration_id = $1 ORDER BY hop_no"
        return [paise for (paise,) in await home.bench.rows(lines, restoration)]

    assert await hear(hold) == [100_00, None]
    await _more(home, case_no, 50)
    assert await hear() == [100_00, 200_00]
    assert await hear(hold) == [150_00, 200_00], "another notice says what is on hold by then"


async def test_an_account_whose_holder_was_not_heard_joins_no_round_that_has_heard(home: Home) -> None:
    roots = [rrn(), rrn()]
    payees = [{"institution": bank, "account": f"5{rrn()}"} for bank in ("HDFC", "ICIC")]
    told = [transfer(1000_00, reference=root, payee=payee) for root, payee in zip(roots, payees, strict=True)]
    case_no = await home.bench.complain(*told)
    await home.bench.answer("HDFC", case_no, row(1, roots[0], "100.00"))
    await home.open_for_new_holds(case_no)
    restoration = await home.of(case_no)
    await home.to_approval(restoration)
    await home.send_back(restoration)
    await home.bench.answer("ICIC", case_no, row(1, roots[1], "200.00"))
    await home.open_for_new_holds(case_no)
    assert await home.at(await home.of(case_no, 2)) == ("open", "collecting", "")


async def test_the_rest_of_what_a_court_gave_in_part_is_no_small_sum(home: Home) -> None:
    """₹20,000 of ₹60,000 went home by a court's order: the other ₹40,000 are part of the same sum."""
    case_no = await home.hold(60_000)
    restoration = await home.of(case_no)
    await home.court_order(case_no, "bnss_503", paise=20_000_00)
    await home.to_credit(restoration)
    await home.confirm(restoration)
    await home.tick(restoration)
    await home.do(restoration, RestorationVerb.RECEIVE_BOND, DESK)
    await home.open_for_new_holds(case_no)
    rest = await home.of(case_no, 2)
    await home.tick(rest, 3)
    assert await home.at(rest) == ("open", "application", "lok_adalat")
    assert (await home.events(case_no, "restoration_routed"))[-1]["held_paise"] == 60_000_00


async def test_two_rounds_at_once_are_one_sum(home: Home) -> None:
    case_no = await _part(home, 30_000)
    restoration = await home.of(case_no)
    await home.to_approval(restoration)
    await home.tick(restoration)
    news = "SELECT count(*) FROM procedure_news WHERE workflow_id = 'restoration-' || $1::uuid"
    before = await home.bench.value(news, restoration)
    await _more(home, case_no, 30_000)
    assert await home.bench.value(news, restoration) > before
    assert await home.tick(restoration) == ["allocate", "route"]
    assert (await home.at(restoration))[2] == "lok_adalat"


async def _part(home: Home, rupees: int, account: str | None = None) -> str:
    """A case of ₹1,00,000, of which so much is on hold; the bank says more later."""
    root = rrn()
    payee = {"institution": "HDFC", "account": account or f"5{rrn()}"}
    case_no = await home.bench.complain(transfer(100_000_00, reference=root, payee=payee))
    await home.bench.answer("HDFC", case_no, row(1, root, f"{rupees}.00"))
    await home.open_for_new_holds(case_no)
    return case_no


async def _more(home: Home, case_no: str, rupees: int) -> None:
    root = await home.bench.value("SELECT reference FROM hop WHERE case_no = $1 AND hop_no = 1", case_no)
    await home.bench.answer("HDFC", case_no, row(1, root, f"{rupees}.00", rrn_transaction_id=rrn()))
    await home.open_for_new_holds(case_no)
