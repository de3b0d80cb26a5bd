"""Complaints of the public page: what an unconfirmed one freezes ends by itself, and a confirmed one stays."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from activities.context import Context
from activities.outgoing import Routes, Ways, send_due
from activities.people import draft_saving, public_complaints
from activities.people.public_complaints import take_missed_call, tell_desk
from activities.recovery.message_outbox import use_of_message
from activities.recovery.message_sending import COMPLAINANT_MESSAGES
from adapters.messages.sms import SmsUnreachable
from db.people import drafts
from db.people.public_drafts import PublicDraft
from domain.errors.people import ComplaintUnconfirmed, TooManyPublicDrafts
from schemas.case.case_workflow import FollowUp
from schemas.enums import Language
from schemas.notifications import SmsIds
from schemas.people.drafts import DraftContent, MissedCall
from tests.activities.hold_world import Holds
from tests.activities.people.draft_bench import to_hdfc
from tests.factories import row, rrn, transfer

MOBILE = "9876543210"


@pytest.fixture
def holds(ctx: Context) -> Holds:
    return Holds(ctx)


async def opened(ctx: Context, code: str) -> PublicDraft:
    draft = await public_complaints.of_code(ctx, code)
    assert draft is not None
    return draft


async def complain(holds: Holds, reference: str, **changes: object) -> str:
    """A complaint on the page, sent before its mobile is confirmed; the code of its draft."""
    told = DraftContent.model_validate({"caller_mobile": MOBILE, "transfers": [to_hdfc(reference, **changes)]})
    begun = await public_complaints.begin(holds.ctx, told)
    notified: list[FollowUp] = []
    await public_complaints.send(holds.ctx, await opened(holds.ctx, begun.code), notified.append)
    for follow_up in notified:
        await holds.bench.note(follow_up)
    return begun.code


async def held(holds: Holds, reference: str, code: str) -> tuple[str, UUID]:
    """The bank holds the money; the case, and its hold."""
    case_no = (await opened(holds.ctx, code)).ack_no
    assert case_no is not None
    await holds.bench.answer("HDFC", case_no, row(1, reference, "500.00"))
    await holds.open_for_new_holds(case_no)
    return case_no, await holds.hold_of(case_no)


async def confirm(holds: Holds, code: str) -> bool:
    """The complainant enters the code of the newest short message."""
    ctx, draft = holds.ctx, await opened(holds.ctx, code)
    holds.clock.at += timedelta(seconds=1)
    await public_complaints.send_code(ctx, draft.draft_id, MOBILE, Language.EN)
    (newest,) = await holds.bench.rows(
        "SELECT message_id, encode(sealed, 'hex') FROM complainant_message WHERE draft_id = $1"
        " ORDER BY written_at DESC LIMIT 1",
        draft.draft_id,
    )
    async with ctx.pool.acquire() as connection:
        key = (await drafts.get(connection, draft.draft_id)).key
    number, _, text = ctx.persons.open_text(key, newest[1], use_of_message(newest[0])).partition("\n")
    assert number == MOBILE
    return await public_complaints.confirm(ctx, draft, MOBILE, text[: public_complaints.CODE_DIGITS])


async def test_the_holds_of_an_unconfirmed_complaint_end_after_a_day(holds: Holds) -> None:
    reference = rrn()
    case_no, hold_id = await held(holds, reference, await complain(holds, reference))
    await holds.tick(hold_id, 0.9)
    assert await holds.orders(case_no) == []
    assert [due.what for due in (await holds.look(hold_id)).dues] == ["lapse"], "no warning speaks of days"
    await holds.tick(hold_id, 0.2)
    assert await holds.orders(case_no) == [("lapsed", "planned", 500_00)]


@pytest.mark.parametrize("by", ["code", "officer"])
async def test_a_code_or_an_officers_complaint_keeps_the_hold(holds: Holds, by: str) -> None:
    reference = rrn()
    code = await complain(holds, reference)
    case_no, hold_id = await held(holds, reference, code)
    await holds.look(hold_id)
    if by == "code":
        assert not await public_complaints.confirm(holds.ctx, await opened(holds.ctx, code), MOBILE, "00000000")
        assert await confirm(holds, code)
    else:
        payee = {"institution": "HDFC", "vpa": "ravi@okhdfc"}
        await holds.bench.complain(transfer(500_00, reference=reference, payee=payee))
    await holds.tick(hold_id, 40)
    assert await holds.orders(case_no) == []
    assert [due.what for due in (await holds.look(hold_id)).dues][-1] == "lapse"


async def test_the_desk_is_told_once_and_only_of_what_is_still_unconfirmed(holds: Holds) -> None:
    alone, joined, confirmed = rrn(), rrn(), rrn()
    codes = {reference: await complain(holds, reference) for reference in (alone, joined, confirmed)}
    payee = {"institution": "HDFC", "vpa": "ravi@okhdfc"}
    await holds.bench.complain(transfer(500_00, reference=joined, payee=payee))
    assert await confirm(holds, codes[confirmed])
    holds.clock.at += timedelta(hours=1)
    for _ in range(2):
        await tell_desk(holds.ctx)
    for reference, tasks in ((alone, 1), (joined, 0), (confirmed, 0)):
        case_no = (await opened(holds.ctx, codes[reference])).ack_no
        found = await holds.bench.value(
            "SELECT count(*) FROM desk_task WHERE case_no = $1 AND cause = 'complaint_unconfirmed'", case_no
        )
        assert found == tasks, reference


async def test_a_sum_above_the_policys_is_not_asked_for(holds: Holds) -> None:
    most = holds.ctx.policy.public_form.unconfirmed_max_paise
    told = DraftContent.model_validate(
        {"caller_mobile": MOBILE, "transfers": [to_hdfc(amount_paise=most), to_hdfc(amount_paise=1)]}
    )
    begun = await public_complaints.begin(holds.ctx, told)
    with pytest.raises(ComplaintUnconfirmed):
        await public_complaints.send(holds.ctx, await opened(holds.ctx, begun.code), lambda _: None)
    assert (await opened(holds.ctx, begun.code)).ack_no is None
    assert await confirm(holds, begun.code)
    await public_complaints.send(holds.ctx, await opened(holds.ctx, begun.code), lambda _: None)
    assert (await opened(holds.ctx, begun.code)).ack_no is not None


async def test_what_is_sent_in_parts_stays_below_the_sum_and_a_better_statement_counts_once(holds: Holds) -> None:
    """The page lets the first transfer be told again with another reference. The database holds the sum as well."""
    ctx, most, reference = holds.ctx, holds.ctx.policy.public_form.unconfirmed_max_paise, rrn()
    code = await complain(holds, reference, amount_paise=most - 1)
    draft = await opened(ctx, code)

    async def send_instead(reference: str, **changes: object) -> None:
        told = {"caller_mobile": MOBILE, "transfers": [to_hdfc(reference, amount_paise=most - 1, **changes)]}
        await public_complaints.save(ctx, draft.draft_id, lambda _: DraftContent.model_validate(told))
        await public_complaints.send(ctx, await opened(ctx, code), lambda _: None)

    await send_instead(reference, payer={"institution": "SBIN Bank", "account": "30000000009"})
    with pytest.raises(ComplaintUnconfirmed):
        await send_instead(rrn())
    assert await public_complaints.asks_more(ctx, await opened(ctx, code))
    stated = "SELECT count(*), count(DISTINCT hop_no), max(amount_paise) FROM complaint_transfer WHERE ack_no = $1"
    assert await holds.bench.rows(stated, draft.ack_no) == [(2, 1, most - 1)]
    copied = await ctx.pool.fetchval(
        "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute"
        " WHERE attrelid = 'complaint_transfer'::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attname NOT IN ('row_no', 'hop_no', 'case_no')"
    )
    with pytest.raises(asyncpg.RestrictViolationError, match="states more than its draft"):
        await ctx.pool.execute(
            f"INSERT INTO complaint_transfer (row_no, {copied}) SELECT 9, {copied} FROM complaint_transfer"
            " WHERE ack_no = $1 AND row_no = 1",
            draft.ack_no,
        )
    assert await confirm(holds, code)
    await send_instead(rrn())
    assert await holds.bench.rows(stated, draft.ack_no) == [(3, 2, most - 1)]


async def test_a_code_is_good_once_for_its_number_and_has_a_few_tries(holds: Holds) -> None:
    begun = await public_complaints.begin(holds.ctx, DraftContent(caller_mobile=MOBILE))
    draft, ctx = await opened(holds.ctx, begun.code), holds.ctx
    await public_complaints.send_code(ctx, draft.draft_id, MOBILE, Language.HI)
    assert await public_complaints.has_live_code(ctx, draft.draft_id, f"+91 {MOBILE}")
    assert not await public_complaints.has_live_code(ctx, draft.draft_id, "9876543211")
    for _ in range(ctx.policy.public_form.code_tries):
        assert not await public_complaints.confirm(ctx, draft, MOBILE, "12345678")
    assert await confirm(holds, begun.code), "a new code has its own tries"
    confirmed = await opened(ctx, begun.code)
    assert confirmed.is_confirmed
    assert not await public_complaints.has_live_code(ctx, draft.draft_id, MOBILE), "a used code is over"


async def test_a_forgotten_draft_takes_its_messages_with_it_and_the_page_has_limits(holds: Holds) -> None:
    begun = await public_complaints.begin(holds.ctx, DraftContent())
    draft = await opened(holds.ctx, begun.code)
    token = await public_complaints.begin_visit(holds.ctx, draft.draft_id)
    assert await public_complaints.visit(holds.ctx, token) is not None
    await public_complaints.send_code(holds.ctx, draft.draft_id, MOBILE, Language.EN)
    holds.clock.at += timedelta(days=2)
    await draft_saving.forget_old(holds.ctx)
    assert await public_complaints.of_code(holds.ctx, begun.code) is None
    assert await public_complaints.visit(holds.ctx, token) is None
    left = await holds.bench.rows("SELECT sealed FROM complainant_message WHERE draft_id = $1", draft.draft_id)
    assert left == [(None,)]
    assert await send_due(holds.ctx, Routes(Ways(sms=Gateway())), COMPLAINANT_MESSAGES) == 0
    rules = holds.ctx.policy.public_form.model_copy(update={"open_max": 1})
    strict = replace(holds.ctx, policy=holds.ctx.policy.model_copy(update={"public_form": rules}))
    await public_complaints.begin(holds.ctx, DraftContent())
    with pytest.raises(TooManyPublicDrafts):
        await public_complaints.begin(strict, DraftContent())
    # What no complainant sends or confirms goes after an hour. A missed call has its link all the same.
    call = MissedCall(phone="9876500078", called_at=holds.ctx.now())
    waiting = await take_missed_call(strict, call, "script:ivr", "https://my.police.example/complain")
    holds.clock.at += timedelta(hours=1, seconds=1)
    await draft_saving.forget_old(holds.ctx)
    await public_complaints.begin(strict, DraftContent())
    linked = "SELECT d.ended_at FROM public_draft p JOIN draft d USING (draft_id) WHERE p.call_id = $1"
    assert await holds.bench.rows(linked, waiting.draft_id) == [(None,)]


async def test_n5_the_fullest_network_makes_room_and_the_honest_are_not_refused(holds: Holds) -> None:
    rules = holds.ctx.policy.public_form.model_copy(update={"open_max": 10})
    strict = replace(holds.ctx, policy=holds.ctx.policy.model_copy(update={"public_form": rules}))
    holds.clock.at += timedelta(days=9)
    await draft_saving.forget_old(holds.ctx)
    stranger, few, honest = (bytes([number]) * 32 for number in range(3))

    async def begin(network: bytes) -> str:
        holds.clock.at += timedelta(seconds=1)
        return (await public_complaints.begin(strict, DraftContent(), network)).code

    first = [await begin(network) for network in (honest, few, few)]
    of_stranger = [await begin(stranger) for _ in range(20)]
    last = await begin(bytes([9]) * 32)
    kept = [await public_complaints.of_code(strict, code) is not None for code in [*first, *of_stranger, last]]
    assert kept == [True] * 3 + [False] * 15 + [True] * 5 + [True]


class Gateway:
    """A gateway that refuses the first message."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.is_down = True

    async def send(self, to: str, body_text: str, key: str, ids: SmsIds | None = None) -> str:
        if self.is_down:
            raise SmsUnreachable("busy")
        self.sent.append((to, body_text))
        return key


async def test_a_message_is_sent_with_retries_and_its_text_is_taken_away(holds: Holds) -> None:
    begun = await public_complaints.begin(holds.ctx, DraftContent())
    draft, gateway = await opened(holds.ctx, begun.code), Gateway()
    routes = Routes(Ways(sms=gateway))
    await public_complaints.send_code(holds.ctx, draft.draft_id, "9876500077", Language.EN)
    await send_due(holds.ctx, routes, COMPLAINANT_MESSAGES)
    gateway.is_down = False
    holds.clock.at += timedelta(seconds=120)
    await send_due(holds.ctx, routes, COMPLAINANT_MESSAGES)
    ours = [text for to, text in gateway.sent if to == "9876500077"]
    assert len(ours) == 1
    assert "is your code, valid until" in ours[0]
    (kept,) = await holds.bench.rows(
        "SELECT m.sealed, m.sent_at IS NOT NULL, o.attempts FROM complainant_message m"
        " JOIN outgoing o ON o.subject = m.message_id::text WHERE m.draft_id = $1",
        draft.draft_id,
    )
    assert kept == (None, True, 2)
