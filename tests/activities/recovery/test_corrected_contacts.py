"""A corrected contact of a victim: links that went to the old one are void, and the new one gets its own."""

import re
from datetime import timedelta

import asyncpg
import pytest

from activities.people import victims
from activities.recovery.credit_accounts import confirm, look, object_to, propose
from domain.errors.restoration import CreditAccountObjectable
from schemas.privacy.personal_data import NewVictimCorrection
from schemas.recovery.credit_accounts import CreditAccount
from tests.activities.recovery.test_credit_accounts import END, HOUR, NEW, PAGE, SEEN, apply_anew, at_approval
from tests.activities.restoration_bench import DAY, Home

RIGHT = "9111111111"
TO_OBJECT = timedelta(hours=48)


async def correct(home: Home, case_no: str, **fields: str) -> None:
    """Two officers correct the victim over the API, which knows the page."""
    new = NewVictimCorrection(**fields, reason="the number is a stranger's")
    proposed = await victims.propose(home.ctx, case_no, new, "officer:desk")
    await victims.agree(home.ctx, case_no, proposed.correction_id, "officer:boss", page=PAGE)


async def links(home: Home, case_no: str) -> dict[str, set[str]]:
    """The tokens of the links that went to each address, in messages about another account to be credited."""
    found: dict[str, set[str]] = {}
    for kind in ("credit_account_told", "credit_account_confirmed"):
        for one in await home.bench.said(kind, case_no):
            found.setdefault(one.address[-10:], set()).update(re.findall(rf"{PAGE}/(\S{{12}})", one.body))
    return found


async def told_and_confirmed(home: Home, case_no: str) -> CreditAccount:
    told = await propose(home.ctx, case_no, NEW, "officer:desk", page=PAGE)
    return await confirm(home.ctx, case_no, told.account_id, SEEN, "officer:boss", page=PAGE)


async def test_low_a_link_at_a_wrong_number_is_void_and_the_right_number_gets_another_and_all_the_time(
    home: Home,
) -> None:
    case_no = await home.hold(400)
    restoration_id = await at_approval(home, case_no)
    account = await told_and_confirmed(home, case_no)
    await apply_anew(home, restoration_id)
    assert account.object_until is not None
    (wrong,) = (await links(home, case_no)).values()
    assert len(wrong) == 2
    await correct(home, case_no, name="Asha Rani")
    assert all([await look(home.ctx, token) for token in wrong]), "the contact is as it was"

    home.clock.at += 47 * HOUR
    await correct(home, case_no, mobile=RIGHT)
    assert not any([await look(home.ctx, token) for token in wrong])
    (own,) = (await links(home, case_no))[RIGHT]
    shown = await look(home.ctx, own)
    assert shown is not None
    assert (shown.account_id, shown.object_until) == (account.account_id, home.clock.at + TO_OBJECT)

    home.clock.at += 47 * HOUR
    with pytest.raises(CreditAccountObjectable):
        await home.approve(restoration_id, account_end=END)
    refusals = {
        f"UPDATE restoration SET approved_by = 'sp' WHERE restoration_id = '{restoration_id}'": "may still object",
        "UPDATE credit_account SET object_again_until = object_until WHERE ended_at IS NULL": "only made longer",
    }
    for change, refusal in refusals.items():
        with pytest.raises(asyncpg.RestrictViolationError, match=refusal):
            await home.bench.pool.execute(change)
    home.clock.at += 2 * HOUR
    await home.approve(restoration_id, account_end=END)


async def test_low_of_an_account_that_is_not_confirmed_the_right_number_hears_too(home: Home) -> None:
    case_no = await home.hold(400)
    told = await propose(home.ctx, case_no, NEW, "officer:desk", page=PAGE)
    await correct(home, case_no, mobile=RIGHT)
    (own,) = (await links(home, case_no))[RIGHT]
    shown = await look(home.ctx, own)
    assert shown is not None
    assert (shown.account_id, shown.object_until) == (told.account_id, None)
    await object_to(home.ctx, case_no, told.account_id, "not mine", "victim")
    await correct(home, case_no, mobile="9222222222")
    assert "9222222222" not in await links(home, case_no), "the account is over"


async def test_low_once_a_bank_is_ordered_no_number_gets_another_link(home: Home) -> None:
    case_no = await home.hold(400)
    await told_and_confirmed(home, case_no)
    home.clock.at += 3 * DAY
    await home.to_credit(await home.of(case_no), END)
    (wrong,) = (await links(home, case_no)).values()
    await correct(home, case_no, mobile=RIGHT)
    assert not any([await look(home.ctx, token) for token in wrong])
    assert RIGHT not in await links(home, case_no)
