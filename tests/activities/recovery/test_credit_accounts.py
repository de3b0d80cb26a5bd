"""Where a victim is credited: the account that paid, or another that two officers have put in its place."""

from uuid import UUID

import asyncpg
import pytest

from activities.people import victims
from activities.recovery import signatures
from activities.recovery.credit_accounts import NoSuchAccount, confirm, look, object_to, propose, withdraw
from activities.recovery.orders import cancel_order
from db.recovery import restoration_views
from domain.errors import NotFound, NotNow, SameEyes
from domain.errors.restoration import (
    ApplicationNamesOtherAccount,
    BeneficiaryDiffers,
    CreditAccountDiffers,
    CreditAccountNeedsSecondOfficer,
    CreditAccountObjectable,
    CreditAccountOrdered,
    CreditAccountOver,
)
from schemas.enums import Role
from schemas.privacy.personal_data import NewVictimCorrection
from schemas.recovery.credit_accounts import CreditAccount, NewCreditAccount, SeenAccount
from schemas.recovery.orders import Beneficiary, NewOrder, NewOrderLine, beneficiaries_digest
from schemas.restoration_enums import OrderKind, OrderReason
from tests.activities.restoration_bench import DAY, Home, officer
from tests.desk_tasks import notes
from tests.opened_bodies import opened_rows
from tests.said import said

PAYER = {"institution": "SBIN", "account": "30000000777", "ifsc": "sbin0001234"}
NEW = NewCreditAccount(
    holder_name="a victim",
    account="50100000000042",
    ifsc="ICIC0000042",
    institution="ICICI Bank",
    reason="the account that paid is closed",
    proof="passbook, letter of the bank of 12-11-2026",
)
SEEN = SeenAccount(account=NEW.account, ifsc=NEW.ifsc)
END = NEW.account[-4:]


async def in_own_name(home: Home, case_no: str) -> NewCreditAccount:
    """The new account in the victim's name, in other letters."""
    async with home.ctx.pool.acquire() as connection:
        name = (await home.ctx.persons.victim_of(connection, case_no)).name
    return NEW.model_copy(update={"holder_name": name.lower().replace(".", "")})


async def credited(home: Home, case_no: str) -> list[tuple[str, ...]]:
    return await home.bench.rows(
        "SELECT beneficiary_institution, beneficiary_holder, beneficiary_ifsc FROM bank_order_line l"
        " JOIN bank_order o USING (order_id) WHERE l.case_no = $1 ORDER BY o.planned_at DESC LIMIT 1",
        case_no,
    )


async def test_an_order_names_the_ifsc_that_the_victim_named(home: Home) -> None:
    """The officer who approves reads the same account before, by the code of the bank in the directory."""
    case_no = await home.hold(400, payer=PAYER | {"institution": "State Bank of India"})
    restoration = await home.of(case_no)
    (shown,) = (await signatures.credited(home.ctx, restoration)).items
    assert (shown.institution, shown.account, shown.ifsc) == ("SBIN", "30000000777", "SBIN0001234")
    await home.to_credit(restoration)
    assert await credited(home, case_no) == [("SBIN", "30000000777", "SBIN0001234")]


async def test_another_account_is_credited_once_two_officers_have_put_it_in_place(home: Home) -> None:
    case_no = await home.hold(400, payer=PAYER)
    restoration_id = await home.of(case_no)
    told = await propose(home.ctx, case_no, await in_own_name(home, case_no), "officer:desk")
    assert (told.institution, told.same_name, told.confirmed_at) == ("ICIC", True, None)
    with pytest.raises(SameEyes):
        await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:desk")
    with pytest.raises(asyncpg.CheckViolationError) as error:
        await home.bench.pool.execute("UPDATE credit_account SET confirmed_by = told_by, confirmed_at = now()")
    assert error.value.constraint_name == "credit_account_four_eyes"
    other = SEEN.model_copy(update={"account": "50100000000043"})
    with pytest.raises(CreditAccountDiffers):
        await confirm(home.ctx, case_no, told.account_id, other, "officer:boss")
    first = await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:boss")
    assert await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:boss") == first
    with pytest.raises(asyncpg.RestrictViolationError):
        await home.bench.pool.execute("UPDATE credit_account SET account = '123456789'")
    await home.to_credit(restoration_id, END)
    assert await credited(home, case_no) == [("ICIC", NEW.account, "ICIC0000042")]
    log = await home.bench.events(case_no)
    assert [kind for kind in log if kind.startswith("credit_account")] == [
        "credit_account_told",
        "credit_account_confirmed",
    ]
    text = str(await home.bench.rows("SELECT data FROM case_event WHERE case_no = $1", case_no))
    assert NEW.account not in text


async def test_c2_the_name_of_the_first_officer_in_other_letters_is_no_second_officer(home: Home) -> None:
    case_no = await home.hold(400, payer=PAYER)
    told = await propose(home.ctx, case_no, NEW, "officer:ravi")
    with pytest.raises(CreditAccountNeedsSecondOfficer):
        await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:Ravi")
    with pytest.raises(asyncpg.CheckViolationError) as error:
        await home.bench.pool.execute(
            "UPDATE credit_account SET confirmed_by = 'officer:Ravi', confirmed_at = now() WHERE account_id = $1",
            told.account_id,
        )
    assert error.value.constraint_name == "credit_account_four_eyes"
    await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:boss")
    restoration_id = await home.of(case_no)
    await home.to_approval(restoration_id)
    await home.tick(restoration_id)
    await home.prepare(restoration_id)
    with pytest.raises(CreditAccountNeedsSecondOfficer):
        await home.approve(restoration_id, officer("RAVI", Role.SP), END)


async def test_the_second_officer_has_a_task_that_names_the_account_until_it_is_confirmed(home: Home) -> None:
    case_no = await home.hold(400, payer=PAYER)
    told = await propose(home.ctx, case_no, NEW, "officer:desk")
    other = await propose(home.ctx, case_no, NEW.model_copy(update={"account": "50100000000044"}), "officer:desk")
    pool, tasks = home.bench.pool, "case_no = $1 AND kind = 'supervise' AND state = 'open'"
    asked = [f"account {one.account_id} to be credited: a second officer is needed" for one in (told, other)]
    assert await notes(pool, tasks, case_no) == asked
    await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:boss")
    assert await notes(pool, tasks, case_no) == asked[1:]


async def test_what_is_not_confirmed_is_not_credited(home: Home) -> None:
    case_no = await home.hold(400, payer=PAYER)
    await propose(home.ctx, case_no, NEW, "officer:desk")
    await home.to_credit(await home.of(case_no))
    assert await credited(home, case_no) == [("SBIN", "30000000777", "SBIN0001234")]


async def test_what_was_made_ready_is_made_ready_again(home: Home) -> None:
    case_no = await home.hold(400)
    restoration_id = await home.of(case_no)
    await home.to_approval(restoration_id)
    await home.tick(restoration_id)
    await home.prepare(restoration_id)
    told = await propose(home.ctx, case_no, NEW, "officer:desk")
    await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:boss")
    query = "SELECT prepared_by FROM restoration WHERE restoration_id = $1"
    assert await home.bench.value(query, restoration_id) is None


async def test_while_a_bank_is_ordered_to_credit_the_other_account_it_is_not_the_time(home: Home) -> None:
    case_no = await home.hold(400)
    told = await propose(home.ctx, case_no, NEW, "officer:desk")
    await home.to_credit(await home.of(case_no))
    with pytest.raises(NotNow):
        await propose(home.ctx, case_no, NEW, "officer:desk")
    with pytest.raises(NotNow):
        await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:boss")
    order_id = await home.bench.value("SELECT order_id FROM bank_order WHERE case_no = $1", case_no)
    await home.bench.pool.execute("UPDATE bank_order SET state = 'refused' WHERE order_id = $1", order_id)
    assert (await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:boss")).confirmed_at
    await cancel_order(home.ctx, order_id, "the account is closed", "officer:sp")


@pytest.mark.parametrize(
    "changes",
    [{"institution": "HDFC Bank"}, {"ifsc": "ZZZZ0000001"}, {"institution": "no bank", "ifsc": "ZZZZ0000001"}],
)
async def test_bank_and_ifsc_fit_together(home: Home, changes: dict[str, str]) -> None:
    case_no = await home.hold(400)
    with pytest.raises(NoSuchAccount):
        await propose(home.ctx, case_no, NEW.model_copy(update=changes), "officer:desk")
    with pytest.raises(NotFound):
        await propose(home.ctx, "29999999999999", NEW, "officer:desk")


# -- diverted credits --------------------------------------------------------------------------------------------------

PAGE = "https://up.example/c"
HOUR = DAY / 24


async def put_in_place(home: Home, case_no: str) -> CreditAccount:
    """Another account that two officers have put in place, with messages that have a link."""
    told = await propose(home.ctx, case_no, await in_own_name(home, case_no), "officer:desk", page=PAGE)
    return await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:boss", page=PAGE)


async def told_victim(home: Home, case_no: str, kind: str) -> list[str]:
    """The short messages of one kind to the victim."""
    found = await home.bench.said(kind, case_no, medium="sms")
    (victim,) = await home.bench.victims(case_no)
    assert all(one.address.endswith(victim.mobile[-10:]) for one in found), "at the number of the complaint"
    return [one.body for one in found]


async def test_h2_a_corrected_number_hides_no_other_account_from_the_number_first_told(home: Home) -> None:
    """Two officers who change the number first could else name an account that the victim never hears of."""
    case_no = await home.hold(400, payer=PAYER)
    (victim,) = await home.bench.victims(case_no)
    for mobile in ("9111111111", "9222222222"):
        new = NewVictimCorrection(mobile=mobile, reason="by telephone")
        correction = await victims.propose(home.ctx, case_no, new, "officer:desk")
        await victims.agree(home.ctx, case_no, correction.correction_id, "officer:boss")
    await propose(home.ctx, case_no, NEW, "officer:desk", page=PAGE)
    sent = await home.bench.said("credit_account_told", case_no, medium="sms")
    assert sorted(one.address[-10:] for one in sent) == sorted([victim.mobile, "9222222222"])


async def corrected(home: Home, *, marked: bool) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """What the number first told and the corrected one hear of an account that is told, confirmed and ended."""
    case_no = await home.hold(400, payer=PAYER)
    if marked:
        await home.bench.pool.execute("UPDATE complaint SET marked = true WHERE case_no = $1", case_no)
    (victim,) = await home.bench.victims(case_no)
    new = NewVictimCorrection(mobile="9111111111", reason="the number is a stranger's")
    correction = await victims.propose(home.ctx, case_no, new, "officer:desk")
    await victims.agree(home.ctx, case_no, correction.correction_id, "officer:boss")
    before = {one.message_id for one in await said(home.ctx, case_no=case_no)}
    told = await put_in_place(home, case_no)
    await object_to(home.ctx, case_no, told.account_id, "not mine", "officer:desk")
    heard: dict[str, dict[str, list[str]]] = {victim.mobile: {}, "9111111111": {}}
    for one in await said(home.ctx, case_no=case_no):
        if one.message_id not in before and one.address[-10:] in heard:
            heard[one.address[-10:]].setdefault(one.kind, []).append(one.body)
    return heard[victim.mobile], heard["9111111111"]


async def test_h2_a_stranger_at_a_corrected_number_gets_no_link_to_the_victims_page(home: Home) -> None:
    first, now = await corrected(home, marked=False)
    assert first.keys() == now.keys() == {f"credit_account_{what}" for what in ("told", "confirmed", "ended")}
    assert PAGE not in str(first)
    assert all(PAGE in now[f"credit_account_{what}"][0] for what in ("told", "confirmed"))


async def test_h2_a_stranger_at_a_corrected_number_reads_nothing_of_a_marked_matter(home: Home) -> None:
    first, now = await corrected(home, marked=True)
    assert len(now) == 3
    assert {kind: len(texts) for kind, texts in first.items()} == {"victim_corrected": 3}
    for private in (PAGE, f"..{END}", "ICIC", "account", "money", "खाता", "पैसा"):
        assert private not in str(first)


async def at_approval(home: Home, case_no: str) -> UUID:
    """A restoration that another account is credited by, prepared for approval."""
    restoration_id = await home.of(case_no)
    await home.to_approval(restoration_id)
    await home.tick(restoration_id)
    await home.prepare(restoration_id)
    return restoration_id


async def apply_anew(home: Home, restoration_id: UUID) -> None:
    """Sign and verify the new application, and prepare again."""
    await home.apply(restoration_id)
    await home.verify(restoration_id)
    await home.tick(restoration_id)
    await home.prepare(restoration_id)


async def test_h2_the_victim_hears_of_another_account_when_it_is_told_and_when_it_is_confirmed(home: Home) -> None:
    case_no = await home.hold(400, payer=PAYER)
    confirmed = await put_in_place(home, case_no)
    (told,), (sure,) = [await told_victim(home, case_no, f"credit_account_{what}") for what in ("told", "confirmed")]
    assert f"..{END}, ICIC Bank" in told
    assert f"..{END}, ICIC Bank" in sure
    assert NEW.account not in told + sure
    links = [body.partition(f"{PAGE}/")[2].partition("?")[0] for body in (told, sure)]
    shown = [await look(home.ctx, token) for token in links]
    assert [one.account_id for one in shown if one] == [confirmed.account_id] * 2
    assert await look(home.ctx, "0123456789ab") is None


async def test_h2_nothing_is_approved_before_the_victims_time_to_object_is_over(home: Home) -> None:
    case_no = await home.hold(400, payer=PAYER)
    restoration_id = await at_approval(home, case_no)
    confirmed = await put_in_place(home, case_no)
    await apply_anew(home, restoration_id)
    home.clock.at += 47 * HOUR
    with pytest.raises(CreditAccountObjectable):
        await home.approve(restoration_id, account_end=END)
    with pytest.raises(asyncpg.RestrictViolationError):
        async with home.ctx.pool.acquire() as connection:
            await connection.execute(
                "UPDATE restoration SET approved_by = 'sp' WHERE restoration_id = $1", restoration_id
            )
    home.clock.at += HOUR
    assert confirmed.object_until is not None
    assert confirmed.object_until <= home.clock.at
    await home.approve(restoration_id, account_end=END)
    assert await credited(home, case_no) == [("ICIC", NEW.account, "ICIC0000042")]


async def test_h2_the_victims_objection_ends_the_account_and_opens_a_task(home: Home) -> None:
    case_no = await home.hold(400, payer=PAYER)
    confirmed = await put_in_place(home, case_no)
    for _ in range(2):
        ended = await object_to(home.ctx, case_no, confirmed.account_id, "I never asked for this", "victim")
        assert (ended.ended_as, ended.ended_by) == ("objected", "victim")
    pool, tasks = home.bench.pool, "case_no = $1 AND cause = 'credit_account_objected' AND state = 'open'"
    (note,) = await notes(pool, tasks, case_no)
    assert note.startswith(f"account {confirmed.account_id} to be credited: the victim objects")
    with pytest.raises(CreditAccountOver):
        await withdraw(home.ctx, case_no, confirmed.account_id, "wrong", "officer:boss")
    with pytest.raises(CreditAccountOver):
        await confirm(home.ctx, case_no, confirmed.account_id, SEEN, "officer:boss")
    with pytest.raises(asyncpg.RestrictViolationError):
        await pool.execute("UPDATE credit_account SET ended_as = NULL, ended_by = NULL, ended_at = NULL")
    await home.to_credit(await home.of(case_no))
    assert await credited(home, case_no) == [("SBIN", "30000000777", "SBIN0001234")]


async def test_h2_an_objection_while_a_bank_is_ordered_names_the_order(home: Home) -> None:
    case_no = await home.hold(400, payer=PAYER)
    confirmed = await put_in_place(home, case_no)
    await home.to_credit(await home.of(case_no), END)
    await object_to(home.ctx, case_no, confirmed.account_id, "not mine", "officer:desk")
    order_id = await home.bench.value("SELECT order_id FROM bank_order WHERE case_no = $1", case_no)
    (note,) = await notes(home.bench.pool, "case_no = $1 AND cause = 'credit_account_objected'", case_no)
    assert f"order {order_id} credits it" in note


async def test_h2_a_new_application_is_signed_for_the_account(home: Home) -> None:
    case_no = await home.hold(400, payer=PAYER)
    await home.assign(case_no, "io")
    restoration_id = await at_approval(home, case_no)
    await put_in_place(home, case_no)
    assert (await home.at(restoration_id))[1] == "application"
    await home.engine.write_application(home.asked(restoration_id))
    newest = "WHERE kind = 'restoration_application' AND subject = $1 ORDER BY revision DESC LIMIT 1"
    (application,) = await opened_rows(home.ctx, "document", newest, str(restoration_id))
    assert application["facts"]["beneficiary"]["account"] == NEW.account
    await apply_anew(home, restoration_id)
    await home.bench.pool.execute("UPDATE restoration SET credit_account_id = NULL")
    home.clock.at += 3 * DAY
    with pytest.raises(ApplicationNamesOtherAccount):
        await home.approve(restoration_id, account_end=END)
    with pytest.raises(asyncpg.RestrictViolationError):
        async with home.ctx.pool.acquire() as connection:
            await connection.execute(
                "UPDATE restoration SET approved_by = 'sp' WHERE restoration_id = $1", restoration_id
            )


async def test_h2_the_approver_sees_the_account_and_repeats_its_last_digits(home: Home) -> None:
    case_no = await home.hold(400, payer=PAYER)
    restoration_id = await at_approval(home, case_no)
    async with home.ctx.pool.acquire() as connection:
        opens = home.ctx.persons.open_stored
        before = await restoration_views.get(connection, restoration_id, home.clock.at, (), opens)
    assert [(one.account_end, one.credit_account_id) for one in before.beneficiaries] == [("0777", None)]
    confirmed = await put_in_place(home, case_no)
    await apply_anew(home, restoration_id)
    async with home.ctx.pool.acquire() as connection:
        opens = home.ctx.persons.open_stored
        view = await restoration_views.get(connection, restoration_id, home.clock.at, (), opens)
    (seen,) = view.beneficiaries
    assert (seen.institution, seen.account_end, seen.same_name, seen.in_application) == ("ICIC", END, True, True)
    assert (seen.told_by, seen.confirmed_by) == ("officer:desk", "officer:boss")
    assert seen.object_until == confirmed.object_until
    assert NEW.account not in view.model_dump_json()
    home.clock.at += 3 * DAY
    for wrong in (None, "9999"):
        with pytest.raises(BeneficiaryDiffers):
            await home.approve(restoration_id, account_end=wrong)
    with pytest.raises(CreditAccountNeedsSecondOfficer):
        await home.approve(restoration_id, officer("desk", Role.SP), END)
    await home.approve(restoration_id, account_end=END)
    (approved,) = await told_victim(home, case_no, "approved")
    assert f"..{END}, ICIC" in approved
    await home.confirm(restoration_id)
    (credited_to,) = await told_victim(home, case_no, "credited")
    assert f"..{END}, ICIC" in credited_to


async def test_h2_what_a_bank_is_ordered_to_credit_never_changes(home: Home) -> None:
    case_no = await home.hold(400, payer=PAYER)
    await home.to_credit(await home.of(case_no))
    for change in ("beneficiary_holder = '1'", "beneficiary_institution = 'HDFC'", "beneficiary_ifsc = ''"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await home.bench.pool.execute(f"UPDATE bank_order_line SET {change}")
    with pytest.raises(asyncpg.RestrictViolationError) as error:
        await home.bench.pool.execute("UPDATE hop SET payer_holder = '30000000778' WHERE case_no = $1", case_no)
    assert error.value.constraint_name == "hop_payer_kept"
    (planned,) = await home.events(case_no, "order_planned")
    (line,) = await home.bench.rows(
        "SELECT hop_no, hold_id, amount_paise, ack_no, order_id FROM bank_order_line WHERE case_no = $1", case_no
    )
    to = Beneficiary(institution="SBIN", holder="30000000777", ifsc="SBIN0001234")
    order = NewOrder(
        kind=OrderKind.RESTORE,
        reason=OrderReason.RESTORATION,
        case_no=case_no,
        institution="HDFC",
        ordered_by="officer:sp",
        lines=(NewOrderLine(hop_no=line[0], hold_id=line[1], amount_paise=line[2], ack_no=line[3], beneficiary=to),),
    )
    assert planned["beneficiaries_digest"] == beneficiaries_digest(line[4], order)


async def test_low_a_confirmed_account_is_withdrawn_and_the_victim_is_told(home: Home) -> None:
    case_no = await home.hold(400, payer=PAYER)
    first = await put_in_place(home, case_no)
    ended = await withdraw(home.ctx, case_no, first.account_id, "another branch", "officer:boss")
    assert (ended.ended_as, ended.ended_reason) == ("withdrawn", "another branch")
    assert await withdraw(home.ctx, case_no, first.account_id, "again", "officer:boss") == ended
    assert len(await told_victim(home, case_no, "credit_account_ended")) == 1
    assert (await home.bench.events(case_no)).count("credit_account_ended") == 1
    second = await put_in_place(home, case_no)
    await home.to_credit(await home.of(case_no), END)
    with pytest.raises(CreditAccountOrdered):
        await withdraw(home.ctx, case_no, second.account_id, "too late", "officer:boss")
