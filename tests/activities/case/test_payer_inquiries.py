"""The victim's bank is asked too: what it confirms, what it states otherwise, and what else left the account."""

from collections import deque
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from activities.banks.delivery import BankDelivery
from activities.case import payer_inquiries
from activities.case.desk import correct_hop
from activities.case.payer_inquiries import PayerInquirySender
from activities.context import Context
from adapters.banks.protocol import BankRefused, BankUnreachable, BankWire, Delivery, HoldTicket
from domain.errors.case import FoundTransferDecided, FoundTransferNotFound, TransferKnown
from schemas.case.discrepancies import HopCorrection
from schemas.case.payer_inquiries import FoundTransferDecision
from schemas.enums import ChannelKind, FoundDecision
from schemas.parties import Party
from schemas.text import IST
from tests.activities.bench import Bench, ToldBank
from tests.activities.payers_bank import PAYEE, PAYER, asking_context, debit
from tests.activities.told import a_case, dispositions, paused, planned
from tests.factories import row, rrn, transfer

TAKE = FoundTransferDecision(decision=FoundDecision.TAKEN, reason="the victim says it is fraud too")
DISMISS = FoundTransferDecision(decision=FoundDecision.DISMISSED, reason="rent, says the victim")


class AskedBank(ToldBank):
    """A bank that can be asked as the victim's bank."""

    def __init__(self) -> None:
        super().__init__(outcomes=deque())
        self.inquiries: list[tuple[str, HoldTicket]] = []

    async def ask_payers_bank(self, bank: BankWire, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        self.inquiries.append((bank.code, ticket))
        return await self.send_hold_request(bank, ticket, timeout_seconds=timeout_seconds)


class Asking:
    """A bench whose policy asks victims' banks."""

    def __init__(self, ctx: Context, **rules: Any) -> None:
        self.bench = Bench(asking_context(ctx, **rules))
        self.bank = AskedBank()
        self.sender = PayerInquirySender(self.bench.ctx, BankDelivery(self.bench.ctx, {ChannelKind.I4C: self.bank}))

    async def case(self, paise: int = 1000_00, **changes: Any) -> tuple[str, str]:
        """A case whose inquiry the victim's bank has; returns its number and the reference."""
        case_no, root = await a_case(self.bench, paise, **changes)
        await self.sender.send_due()
        assert await self.state(case_no) == "delivered"
        return case_no, root

    async def state(self, case_no: str) -> Any:
        return await self.bench.value("SELECT state FROM payer_inquiry WHERE case_no = $1", case_no)

    async def found_id(self, case_no: str) -> int:
        (inquiry,) = (await payer_inquiries.of_case(self.bench.ctx, case_no)).inquiries
        (found,) = inquiry.found
        return found.found_id

    async def statements(self, case_no: str) -> list[tuple[Any, ...]]:
        return await self.bench.rows(
            "SELECT s.kind, s.differing, s.amount_paise FROM payer_statement s JOIN payer_inquiry i USING (inquiry_id)"
            " WHERE i.case_no = $1 ORDER BY s.statement_id",
            case_no,
        )


@pytest.fixture
def asking(ctx: Context) -> Asking:
    return Asking(ctx)


def at(moment: datetime) -> str:
    return f"{moment.astimezone(IST):%Y-%m-%d %H:%M:%S}"


# -- planning and sending ------------------------------------------------------------------------------------------


async def test_without_the_switch_no_inquiry_is_planned_and_such_a_line_is_a_stray(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    assert await bench.value("SELECT count(*) FROM payer_inquiry WHERE case_no = $1", case_no) == 0
    with pytest.raises(Exception, match="case"):
        await bench.answer("SBIN", case_no, debit(root))


async def test_the_victims_bank_gets_the_report_of_a_hold_request_under_a_key_of_its_own(asking: Asking) -> None:
    case_no, root = await asking.case()
    await asking.bench.ask(case_no)
    ((bank, inquiry),) = [one for one in asking.bank.inquiries if one[1].ack_no == case_no]
    ((_, request),) = asking.bench.bank.tickets
    assert bank == "SBIN"
    assert inquiry.request_id != request.request_id
    assert (inquiry.instrument, inquiry.incidents) == (request.instrument, request.incidents)
    assert inquiry.incidents[0].rrn == root
    told = await asking.bench.value(
        "SELECT data FROM case_event WHERE case_no = $1 AND kind = 'payer_bank_asked'", case_no
    )
    assert told["bound"], "what passed on the wire is evidence"
    await asking.bench.check(case_no)


async def test_a_bank_that_has_both_accounts_or_is_unknown_is_not_asked(asking: Asking) -> None:
    for payer in ({"institution": "HDFC", "account": "501"}, {"institution": "Bank of Nowhere", "account": "501"}):
        case_no, _ = await a_case(asking.bench, payer=payer)
        await asking.sender.send_due()
        assert await asking.state(case_no) == "skipped"


async def test_an_inquiry_that_cannot_be_delivered_is_tried_again_and_ends(ctx: Context) -> None:
    asking = Asking(ctx, tries=2)
    case_no, _ = await a_case(asking.bench)
    asking.bank.outcomes.extend([BankUnreachable("SBIN", "reset")] * 2)
    await asking.sender.send_due()
    assert await asking.state(case_no) == "planned"
    assert await asking.bench.value("SELECT pg_sleep(0.01) IS NOT NULL")
    await asking.sender.send_due()
    assert await asking.state(case_no) == "failed"
    assert (await asking.bench.events(case_no))[-1] == "payer_bank_not_asked"
    assert len({ticket.request_id for _, ticket in asking.bank.inquiries}) == 1, "one key for all attempts"
    await asking.bench.check(case_no)


async def test_a_refused_inquiry_ends_at_once(asking: Asking) -> None:
    case_no, _ = await a_case(asking.bench)
    asking.bank.outcomes.append(BankRefused("SBIN", "42"))
    await asking.sender.send_due()
    assert await asking.state(case_no) == "failed"


async def test_an_inquiry_without_an_answer_ends_and_a_late_answer_still_counts(ctx: Context) -> None:
    asking = Asking(ctx, answer_within_seconds=0.001)
    case_no, root = await asking.case()
    assert await asking.bench.value("SELECT pg_sleep(0.01) IS NOT NULL")
    await asking.sender.send_due()
    assert await asking.state(case_no) == "failed"
    await asking.bench.answer("SBIN", case_no, debit(root))
    assert await asking.state(case_no) == "answered"
    await asking.bench.check(case_no)


async def test_m8_an_inquiry_that_fails_delays_no_other(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    asking = Asking(ctx, answer_within_seconds=0.001)
    silent, _ = await asking.case()
    fresh, _ = await a_case(asking.bench)
    assert await asking.bench.value("SELECT pg_sleep(0.01) IS NOT NULL")

    async def failing(*_: object) -> None:
        raise ValueError("this one cannot end")

    monkeypatch.setattr("db.case.payer_inquiries.fail", failing)
    await asking.sender.send_due()
    assert (await asking.state(silent), await asking.state(fresh)) == ("delivered", "delivered")


# -- what the bank says of the told transfer -----------------------------------------------------------------------


async def test_a_row_with_the_told_reference_confirms_the_debit_and_moves_no_money(asking: Asking) -> None:
    case_no, root = await asking.case()
    done = await asking.bench.answer("SBIN", case_no, debit(root))
    assert (done.accepted, done.discrepancies) == (1, 0)
    assert await asking.statements(case_no) == [("confirmed", [], 1000_00)]
    assert await dispositions(asking.bench, case_no) == ["payers_bank"]
    assert await asking.bench.buckets(case_no) == {"lost": -1000_00, "in_play": 1000_00}
    assert await asking.bench.tasks(case_no) == []
    first = await asking.bench.value("SELECT first_answered_at FROM case_file WHERE case_no = $1", case_no)
    assert first is None, "no hold request is answered"
    await asking.bench.check(case_no)
    again = await asking.bench.answer("SBIN", case_no, debit(root), job_id="ANOTHER")
    assert again.duplicates == 1


@pytest.mark.parametrize(
    ("changes", "differing"),
    [
        ({"root_account_number": "30000000009"}, ["payer"]),
        ({"payee_account_number": "50100000000002"}, ["account"]),
        ({"payee_bank": "ICIC", "payee_bank_code": "ICIC"}, ["bank"]),
        ({"amount": "900.00", "disputed_amount": "900.00"}, ["amount"]),
    ],
)
async def test_what_the_bank_states_otherwise_is_a_flag_and_a_task(
    asking: Asking, changes: dict[str, Any], differing: list[str]
) -> None:
    case_no, root = await asking.case()
    await asking.bench.answer("SBIN", case_no, debit(root, **changes))
    ((kind, stated, _),) = await asking.statements(case_no)
    assert (kind, stated) == ("differs", differing)
    assert await asking.bench.tasks(case_no) == [("payer_bank", 1)]
    ((flag,),) = await asking.bench.hops(case_no, "flags")
    assert flag["code"] == "payers_bank_differs"
    await asking.bench.check(case_no)


async def test_zeros_before_an_account_and_a_payment_address_are_no_difference(asking: Asking) -> None:
    case_no, root = await asking.case(payer={"institution": "SBIN", "vpa": "victim@sbi"})
    await asking.bench.answer("SBIN", case_no, debit(root, payee_account_number=f"000{PAYEE}"))
    assert await asking.statements(case_no) == [("confirmed", [], 1000_00)]


async def test_a_bank_that_does_not_know_the_debit_leaves_the_trail_alone(asking: Asking) -> None:
    case_no, root = await asking.case()
    await asking.bench.answer("SBIN", case_no, row(1, root, "1000.00", status_code="01"))
    assert await asking.statements(case_no) == [("denied", [], 0)]
    assert await asking.bench.tasks(case_no) == [("payer_bank", 1)]
    assert await asking.bench.buckets(case_no) == {"lost": -1000_00, "in_play": 1000_00}
    await asking.bench.check(case_no)


async def test_a_hold_of_the_victims_bank_stays_a_discrepancy(asking: Asking) -> None:
    case_no, root = await asking.case()
    await asking.bench.answer("SBIN", case_no, row(1, root, "1000.00", root_account_number=PAYER))
    assert await asking.bench.discrepancies(case_no) == [("another_banks_hop", 1000_00, 0)]
    assert await asking.statements(case_no) == []
    await asking.bench.check(case_no)


# -- what else left the account ------------------------------------------------------------------------------------


async def test_another_transfer_near_the_told_one_is_proposed_and_the_loss_waits_for_a_person(asking: Asking) -> None:
    case_no, root = await asking.case()
    told_at = await asking.bench.value("SELECT transferred_at FROM hop WHERE case_no = $1", case_no)
    near, far = rrn(), rrn()
    await asking.bench.answer(
        "SBIN",
        case_no,
        debit(root),
        debit(root, "300.00", reference=near, transaction_datetime=at(told_at + timedelta(minutes=9))),
        debit(root, "200.00", reference=far, transaction_datetime=at(told_at - timedelta(hours=9))),
    )
    assert await asking.bench.tasks(case_no) == [("payer_bank", 1)]
    assert await asking.bench.buckets(case_no) == {"lost": -1000_00, "in_play": 1000_00}
    (inquiry,) = (await payer_inquiries.of_case(asking.bench.ctx, case_no)).inquiries
    assert [(one.reference, one.amount_paise, one.is_near) for one in inquiry.found] == [
        (near, 300_00, True),
        (far, 200_00, False),
    ]
    await asking.bench.check(case_no)


async def _found(asking: Asking, reference: str | None = None) -> tuple[str, int]:
    case_no, root = await asking.case()
    told_at = await asking.bench.value("SELECT transferred_at FROM hop WHERE case_no = $1", case_no)
    line = debit(root, "300.00", reference=reference or rrn(), transaction_datetime=at(told_at))
    await asking.bench.answer("SBIN", case_no, line)
    return case_no, await asking.found_id(case_no)


async def test_an_officer_takes_a_found_transfer_into_the_case_and_its_bank_is_asked(asking: Asking) -> None:
    case_no, found_id = await _found(asking)
    done = await payer_inquiries.decide(asking.bench.ctx, case_no, found_id, TAKE, "officer:desk")
    assert done.hop_no == 2
    assert await asking.bench.hops(case_no, "layer, source, state, disputed_paise, payer_holder") == [
        (1, "complaint", "asked", 1000_00, PAYER),
        (1, "complaint", "asked", 300_00, PAYER),
    ]
    assert await asking.bench.buckets(case_no) == {"lost": -1300_00, "in_play": 1300_00}
    assert await asking.bench.tasks(case_no) == []
    assert done.follow_up is not None
    assert planned(done.follow_up.news) == [("HDFC", [(2, 0)], 300_00)]
    await asking.bench.ask(case_no)
    await asking.bench.check(case_no)
    with pytest.raises(FoundTransferDecided):
        await payer_inquiries.decide(asking.bench.ctx, case_no, found_id, DISMISS, "officer:desk")


async def test_a_dismissed_transfer_moves_nothing(asking: Asking) -> None:
    case_no, found_id = await _found(asking)
    await payer_inquiries.decide(asking.bench.ctx, case_no, found_id, DISMISS, "officer:desk")
    assert await asking.bench.buckets(case_no) == {"lost": -1000_00, "in_play": 1000_00}
    assert await asking.bench.tasks(case_no) == []
    with pytest.raises(FoundTransferNotFound):
        await payer_inquiries.decide(asking.bench.ctx, case_no, found_id + 10_000, DISMISS, "officer:desk")
    await asking.bench.check(case_no)


async def test_a_found_transfer_that_another_case_has_is_not_taken_twice(asking: Asking) -> None:
    reference = rrn()
    case_no, found_id = await _found(asking, reference)
    await asking.bench.complain(transfer(300_00, reference=reference))
    with pytest.raises(TransferKnown):
        await payer_inquiries.decide(asking.bench.ctx, case_no, found_id, TAKE, "officer:desk")
    await asking.bench.check(case_no)


async def test_a_transfer_that_the_victim_told_is_confirmed_and_not_found(asking: Asking) -> None:
    first, second = rrn(), rrn()
    case_no = await asking.bench.complain(transfer(1000_00, reference=first), transfer(300_00, reference=second))
    await asking.sender.send_due()
    await asking.bench.answer("SBIN", case_no, debit(first), debit(first, "300.00", reference=second))
    assert [kind for kind, _, _ in await asking.statements(case_no)] == ["confirmed", "confirmed"]
    assert (
        await asking.bench.value(
            "SELECT count(*) FROM payer_inquiry WHERE case_no = $1 AND state = 'answered'", case_no
        )
        == 2
    )
    assert await asking.bench.tasks(case_no) == []
    await asking.bench.check(case_no)


# -- after a correction --------------------------------------------------------------------------------------------


async def inquiries(asking: Asking, case_no: str) -> list[tuple[Any, ...]]:
    return await asking.bench.rows(
        "SELECT state, reason, replaced_at IS NOT NULL FROM payer_inquiry WHERE case_no = $1"
        " ORDER BY planned_at, replaced_at",
        case_no,
    )


async def test_after_a_corrected_reference_the_old_inquiry_ends_and_a_new_one_is_sent(asking: Asking) -> None:
    case_no, root = await asking.case()
    corrected = rrn()
    change = HopCorrection(rrn=corrected, reason="the victim read it wrongly")
    await correct_hop(asking.bench.ctx, case_no, 1, change, "officer:desk")
    assert await inquiries(asking, case_no) == [
        ("failed", "the transfer was corrected", True),
        ("planned", "", False),
    ]
    await asking.sender.send_due()
    told = [ticket for _, ticket in asking.bank.inquiries if ticket.ack_no == case_no]
    assert [ticket.incidents[0].rrn for ticket in told] == [root, corrected]
    assert told[0].request_id != told[1].request_id
    await asking.bench.answer("SBIN", case_no, debit(root))
    assert await asking.statements(case_no) == [], "the old transfer is not the hop's any more"
    await asking.bench.answer("SBIN", case_no, debit(corrected))
    assert await asking.statements(case_no) == [("confirmed", [], 1000_00)]
    assert [state for state, _, _ in await inquiries(asking, case_no)] == ["failed", "answered"]
    await asking.bench.check(case_no)


async def test_an_answered_inquiry_is_asked_again_after_a_correction_and_its_answer_counts_no_more(
    asking: Asking,
) -> None:
    case_no, root = await asking.case()
    await asking.bench.answer("SBIN", case_no, debit(root, root_account_number="30000000009"))
    await correct_hop(asking.bench.ctx, case_no, 1, HopCorrection(rrn=rrn(), reason="wrong"), "officer:desk")
    assert await inquiries(asking, case_no) == [("answered", "", True), ("planned", "", False)]
    (contested,) = await asking.bench.rows(
        "SELECT count(*) FROM payer_inquiry WHERE case_no = $1 AND replaced_at IS NULL", case_no
    )
    assert contested == (1,)


async def test_a_transfer_without_a_reference_is_asked_about_once_it_has_one(asking: Asking) -> None:
    case_no = await asking.bench.complain(transfer(), ack_no=await paused(asking.bench))
    await asking.bench.value(
        "UPDATE hop SET reference = '', reference_key = '', state = 'correction' WHERE case_no = $1 RETURNING 1",
        case_no,
    )
    await asking.sender.send_due()
    assert (await inquiries(asking, case_no))[1:] == [("skipped", "the transfer has no reference", False)]
    await correct_hop(asking.bench.ctx, case_no, 1, HopCorrection(rrn=rrn(), reason="found"), "officer:desk")
    await asking.sender.send_due()
    assert [state for state, _, _ in await inquiries(asking, case_no)] == ["failed", "skipped", "delivered"]


async def test_a_corrected_bank_that_has_both_accounts_is_not_asked(asking: Asking) -> None:
    case_no, _ = await asking.case()
    payee = Party(institution="SBIN", account="30000000077")
    await correct_hop(asking.bench.ctx, case_no, 1, HopCorrection(payee=payee, reason="own bank"), "officer:desk")
    assert await inquiries(asking, case_no) == [
        ("failed", "the transfer was corrected", True),
        ("skipped", "the bank has both accounts", False),
    ]


async def test_the_database_refuses_a_second_live_inquiry_about_a_hop(asking: Asking) -> None:
    case_no, _ = await asking.case()
    with pytest.raises(asyncpg.UniqueViolationError):
        await asking.bench.value(
            "INSERT INTO payer_inquiry (inquiry_id, case_no, hop_no, institution, state, near_seconds, planned_at,"
            " due_at) SELECT gen_random_uuid(), case_no, hop_no, institution, 'planned', 1, now(), now()"
            " FROM payer_inquiry WHERE case_no = $1 RETURNING 1",
            case_no,
        )
