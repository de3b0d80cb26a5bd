"""One transfer told by several complaints (D4, H1): one hop, each complaint's statement, and every difference."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from activities.case.desk import add_hop, correct_hop
from activities.case.transaction import lock_case
from activities.recovery import withdrawals
from domain.errors.case import HopExists, HopWithdrawn
from schemas.recovery.officer_steps import NewWithdrawal, WithdrawalKind
from tests.activities.bench import Bench
from tests.activities.complaint_statements import as_transfer, statement, told
from tests.activities.desk_words import OFFICER, correction, new_hop
from tests.factories import complaint, moved, rrn, transfer

NOWHERE = "Bank of Nowhere"
OTHER_PAYER = {"institution": "PUNB", "account": "40000000009"}
OTHER_ACCOUNT = {"institution": "HDFC", "account": "50100000000077"}
LAST_WEEK = (datetime.now(UTC) - timedelta(days=7)).isoformat()


async def notes(bench: Bench, case_no: str) -> list[tuple[int, str, list[str]]]:
    """Hop, complaint and differences of each open work item about another complaint."""
    found = await bench.rows(
        "SELECT hop_no, facts FROM desk_task WHERE case_no = $1 AND state = 'open' AND cause = 'told_otherwise'"
        " ORDER BY task_id",
        case_no,
    )
    return [(hop_no, facts["ack_no"], facts["differing"]) for hop_no, facts in found]


# -- one transfer (D4) ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field", "code", "differing"),
    [
        ({"amount_paise": 9_000_00}, "amount_paise", "other_amount", "amount"),
        ({"payee_bank": "ICIC"}, "payee.institution", "other_bank", "bank"),
        ({"payer": OTHER_PAYER}, "payer", "other_payer", "payer"),
        ({"payee": OTHER_ACCOUNT}, "payee", "other_account", "account"),
        ({"transferred_at": LAST_WEEK}, "transferred_at", "other_date", "date"),
    ],
)
async def test_d4_a_known_transfer_told_otherwise_is_no_second_hop_and_the_difference_is_flagged_and_a_task(
    bench: Bench, change: dict[str, Any], field: str, code: str, differing: str
) -> None:
    first: dict[str, Any] = {"amount_paise": 10_000_00, "reference": rrn()}
    case_no = await bench.complain(transfer(**first))
    again = (await bench.take(complaint(transfer(**(first | change))))).receipt
    assert (again.case_ack_no, again.joined) == (case_no, True)
    assert [(flag.field, flag.code) for flag in again.flags] == [(f"transfers[0].{field}", code)]
    assert case_no in again.flags[0].message
    assert await bench.buckets(case_no) == {"lost": -10_000_00, "in_play": 10_000_00}
    assert await notes(bench, case_no) == [(1, again.ack_no, [differing])]
    joined = await bench.value("SELECT data FROM case_event WHERE case_no = $1 AND kind = 'complaint_joined'", case_no)
    assert joined["told_otherwise"] == [{"case_no": case_no, "hop_no": 1, "differing": [differing]}]
    await bench.check(case_no)


async def test_d4_a_transfer_told_alike_is_no_task(bench: Bench) -> None:
    one = transfer()
    case_no = await bench.complain(one)
    later = transfer(**{**one, "reference": one["rrn"], "transferred_at": datetime.now(UTC).isoformat()})
    assert (await bench.take(complaint(later))).receipt.flags == ()
    assert await bench.tasks(case_no) == []


async def test_d4_one_complaint_that_lists_a_transfer_twice_with_two_amounts_loses_it_once(bench: Bench) -> None:
    reference = rrn()
    receipt = (
        await bench.take(complaint(transfer(700_00, reference=reference), transfer(900_00, reference=reference)))
    ).receipt
    assert [(flag.field, flag.code) for flag in receipt.flags] == [("transfers[1].amount_paise", "other_amount")]
    assert (await bench.buckets(receipt.ack_no))["lost"] == -700_00
    assert await notes(bench, receipt.ack_no) == [(1, receipt.ack_no, ["amount"])]


async def test_d4_one_reference_of_another_amount_at_another_bank_is_its_own_and_flagged(
    bench: Bench,
) -> None:
    reference = rrn()
    case_no = await bench.complain(transfer(700_00, reference=reference))
    receipt = (await bench.take(complaint(transfer(900_00, reference=reference, payee_bank="ICIC")))).receipt
    assert receipt.case_ack_no != case_no
    assert [flag.code for flag in receipt.flags] == ["reference_twice"]


async def test_d4_payer_and_payee_alike_are_flagged(bench: Bench) -> None:
    same = {"institution": "SBIN", "account": "0030000000001"}
    receipt = (await bench.take(complaint(transfer(payee=same)))).receipt
    assert [(flag.field, flag.code) for flag in receipt.flags] == [("transfers[0].payee", "self_transfer")]


async def test_d4_the_task_is_in_the_case_that_has_the_transfer(bench: Bench) -> None:
    one, other = transfer(), transfer()
    first, second = await bench.complain(one), await bench.complain(other)
    receipt = (await bench.take(complaint(one, other | {"payer": OTHER_PAYER}))).receipt
    assert receipt.case_ack_no == first
    assert [flag.code for flag in receipt.flags] == ["other_payer", "known_in_another_case"]
    assert (await notes(bench, first), await notes(bench, second)) == ([], [(1, receipt.ack_no, ["payer"])])
    for case_no in (first, second):
        await bench.check(case_no)


async def test_d4_the_desk_adds_no_second_hop_of_another_amount(bench: Bench) -> None:
    root, onward = rrn(), rrn()
    case_no = await bench.complain(transfer(5000_00, reference=root))
    await bench.answer("HDFC", case_no, moved(root, "2000.00", "ICIC", "777", rrn_transaction_id=onward))
    with pytest.raises(HopExists, match="Hop 2"):
        await add_hop(bench.ctx, case_no, new_hop(paise=1000_00, reference=onward), OFFICER)


async def test_d4_a_hop_that_a_bank_raises_is_still_the_same_transfer(bench: Bench) -> None:
    root, onward = rrn(), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=root))
    nowhere = {"institution": NOWHERE, "account": "999"}
    await add_hop(bench.ctx, case_no, new_hop(paise=400_00, reference=onward, payee=nowhere), OFFICER)
    await bench.answer("HDFC", case_no, moved(root, "700.00", NOWHERE, "111", rrn_transaction_id=onward))
    (flags,) = (await bench.hops(case_no, "flags"))[1:]
    assert [flag["code"] for flag in flags] == ["bank_names_another_account"]
    assert await bench.complain(transfer(700_00, payee_bank=NOWHERE, reference=onward)) == case_no
    await bench.check(case_no)


# -- what every complaint states (H1) -------------------------------------------------------------------------------


async def test_h1_the_own_statement_of_every_complaint_is_kept(bench: Bench) -> None:
    reference = rrn()
    first = complaint(transfer(700_00, reference=reference), transfer(300_00, payee_bank=NOWHERE))
    case_no = (await bench.take(first)).receipt.ack_no
    vpa = {"institution": "SBIN", "vpa": "victim@oksbin", "ifsc": "SBIN0001234"}
    second = complaint(
        transfer(800_00, reference=reference, payer=vpa, utr="HDFCN12345678901", transferred_at="2026-11-20"),
        transfer(5_00, payee={"institution": "Wallets", "wallet": "W-1"}),
    )
    taken = (await bench.take(second)).receipt
    kept = await told(bench, case_no)
    by_complaint = {
        ack_no: [as_transfer(one) for one in kept if one.ack_no == ack_no] for ack_no in (case_no, taken.ack_no)
    }
    assert by_complaint == {case_no: statement(first), taken.ack_no: statement(second)}
    assert [(one.ack_no, one.row_no, one.hop_no, [*one.differing]) for one in kept] == [
        (case_no, 1, 1, []),
        (case_no, 2, 2, []),
        (taken.ack_no, 1, 1, ["payer", "amount", "date"]),
        (taken.ack_no, 2, 3, []),
    ]


async def test_h1_a_complaints_statement_is_never_changed(bench: Bench, subtests: pytest.Subtests) -> None:
    await bench.complain(transfer())
    for table in ("complaint_transfer", "hop_correction"):
        for change in ("UPDATE {} SET hop_no = hop_no", "DELETE FROM {}", "TRUNCATE {}"):
            with (
                subtests.test(table, change=change),
                pytest.raises(asyncpg.RestrictViolationError, match="append-only"),
            ):
                await bench.pool.execute(change.format(table))


async def test_h1_a_correction_leaves_the_statement_and_keeps_what_stood_before(bench: Bench) -> None:
    first = complaint(transfer(1000_00))
    case_no = (await bench.take(first)).receipt.ack_no
    right = rrn()
    await correct_hop(bench.ctx, case_no, 1, correction(rrn=right, amount_paise=900_00), OFFICER)
    assert [as_transfer(one) for one in await told(bench, case_no)] == statement(first)
    kept = await bench.rows(
        "SELECT revision, corrected_by, ack_no, before, after FROM hop_correction WHERE case_no = $1", case_no
    )
    before = {"reference": first.transfers[0].reference, "amount_paise": 1000_00, "disputed_paise": 1000_00}
    after = {"reference": right, "amount_paise": 900_00, "disputed_paise": 900_00}
    assert kept == [(1, OFFICER, None, before, after)]
    said = await bench.value("SELECT data::text FROM case_event WHERE case_no = $1 AND kind = 'hop_corrected'", case_no)
    assert first.transfers[0].reference not in said


# -- a withdrawn hop ------------------------------------------------------------------------------------------------


async def withdraw(bench: Bench, case_no: str) -> None:
    wanted = NewWithdrawal(kind=WithdrawalKind.FALSE, hop_no=None, reason="invented")
    withdrawal_id = (await withdrawals.propose(bench.ctx, case_no, wanted, "officer:clerk")).withdrawal_id
    await withdrawals.agree(bench.ctx, case_no, withdrawal_id, "invented", "officer:chief")


async def test_h1_a_complaint_joins_no_hop_that_is_withdrawn_while_it_waits(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = transfer()
    case_no = await bench.complain(one)
    waited: list[bool] = []

    async def withdrawn_first(*arguments: Any) -> Any:
        if not waited:
            waited.append(True)
            await withdraw(bench, case_no)
        return await lock_case(*arguments)

    monkeypatch.setattr("activities.case.intake.lock_case", withdrawn_first)
    taken = await bench.take(complaint(one | {"payer": OTHER_PAYER}))
    assert (taken.receipt.joined, waited) == (False, [True])
    assert await bench.hops(taken.receipt.ack_no) == ["asked"]


async def test_h1_the_desk_raises_no_withdrawn_hop(bench: Bench) -> None:
    case_no = await bench.complain(transfer(1_00))
    await withdraw(bench, case_no)
    with pytest.raises(HopWithdrawn):
        await correct_hop(bench.ctx, case_no, 1, correction(amount_paise=5_000_00), OFFICER)


# -- a hop without a reference -------------------------------------------------------------------------------------


async def without_reference(bench: Bench) -> tuple[str, dict[str, Any]]:
    """A case whose second hop waits for a reference, and that transfer as its payer can tell it."""
    root, account = rrn(), f"7{rrn()}"
    case_no = await bench.complain(transfer(1000_00, reference=root))
    await bench.answer("HDFC", case_no, moved(root, "600.00", "ICIC", account, rrn_transaction_id=""))
    assert await bench.hops(case_no) == ["asked", "correction"]
    told: dict[str, Any] = {
        "payer": {"institution": "HDFC", "account": "50100000000001"},
        "payee": {"institution": "ICIC", "account": account},
        "transferred_at": "2026-11-24T12:00:00+05:30",
    }
    return case_no, transfer(600_00, **told)


async def test_h1_a_hop_without_a_reference_is_asked_with_that_of_a_later_complaint(bench: Bench) -> None:
    case_no, told_again = await without_reference(bench)
    taken = await bench.take(complaint(told_again))
    assert (taken.receipt.case_ack_no, [flag.code for flag in taken.receipt.flags]) == (case_no, ["reference_added"])
    assert (await bench.hops(case_no, "state, revision, reference"))[1:] == [("asked", 1, told_again["rrn"])]
    assert await bench.tasks(case_no) == []
    assert (await bench.buckets(case_no))["lost"] == -1000_00
    assert (await bench.take(complaint(told_again))).receipt.flags == ()
    assert [one.hop_no for one in await told(bench, case_no)] == [1, 2, 2]
    await bench.check(case_no)


@pytest.mark.parametrize(
    "change",
    [
        {"amount_paise": 601_00},
        {"payer": {"institution": "HDFC", "account": "50100000000002"}},
        {"payee": {"institution": "ICIC", "account": "778"}},
        {"transferred_at": "2026-11-25T12:00:00+05:30"},
    ],
)
async def test_h1_another_transfer_leaves_a_hop_without_a_reference_alone(bench: Bench, change: dict[str, Any]) -> None:
    case_no, told_again = await without_reference(bench)
    assert await bench.complain(told_again | change) != case_no
    assert (await bench.hops(case_no))[1:] == ["correction"]


async def test_h1_of_two_like_transfers_only_one_gives_its_reference(bench: Bench) -> None:
    case_no, told_again = await without_reference(bench)
    taken = await bench.take(complaint(told_again, told_again | {"rrn": rrn()}))
    assert taken.receipt.case_ack_no == case_no
    assert await bench.hops(case_no) == ["asked", "asked", "asked"]
    await bench.check(case_no)


async def test_h1_a_hop_without_a_reference_in_another_case_stays_as_it_is(bench: Bench) -> None:
    older = transfer(100_00)
    first = await bench.complain(older)
    case_no, told_again = await without_reference(bench)
    taken = await bench.take(complaint(older, told_again))
    assert taken.receipt.case_ack_no == first
    assert (await bench.hops(case_no))[1:] == ["correction"]
    assert await bench.hops(first) == ["asked", "asked"]
    for number in (first, case_no):
        await bench.check(number)


# -- a VPA beside an account ---------------------------------------------------------------------------------------

BOTH = {"institution": "HDFC", "account": "50100000000001", "vpa": "mule@okhdfc"}


async def test_a_vpa_beside_an_account_is_kept_and_the_account_is_used(bench: Bench) -> None:
    told_both = complaint(transfer(payee=BOTH))
    case_no = (await bench.take(told_both)).receipt.ack_no
    (kept,) = await told(bench, case_no)
    assert (kept.payee.kind, kept.payee.holder, kept.payee.vpa) == ("account", "50100000000001", "mule@okhdfc")
    assert [as_transfer(kept)] == statement(told_both)
    assert await bench.hops(case_no, "payee_holder") == ["50100000000001"]


@pytest.mark.parametrize(
    ("payee", "codes"),
    [
        ({"account": "50100000000001"}, []),
        ({"vpa": "MULE@okhdfc"}, []),
        ({"vpa": "another@okhdfc"}, ["other_account"]),
        ({"account": "50100000000077", "vpa": "mule@okhdfc"}, ["other_account"]),
    ],
)
@pytest.mark.parametrize("both_first", [True, False])
async def test_a_vpa_is_compared_only_where_one_states_no_account(
    bench: Bench, payee: dict[str, str], codes: list[str], *, both_first: bool
) -> None:
    reference = rrn()
    one, other = BOTH, {"institution": "HDFC"} | payee
    first, second = (one, other) if both_first else (other, one)
    await bench.complain(transfer(reference=reference, payee=first))
    again = (await bench.take(complaint(transfer(reference=reference, payee=second)))).receipt
    assert [flag.code for flag in again.flags] == codes
