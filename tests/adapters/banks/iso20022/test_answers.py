"""What a bank says by camt.029 and pacs.004: every status, every reason, every oddity, and nothing lost."""

import json
from datetime import UTC, date, datetime
from functools import partial
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.case.claims import to_claims
from adapters.banks.answers import AnswerLine, LineFlag, StatusUpdate, UnreadableLine
from adapters.banks.iso20022.arrivals import ReturnedFunds, ReturnedTransfer
from adapters.banks.iso20022.bank_side import Return, TransferStatus, encode_resolution, encode_return
from adapters.banks.iso20022.document import IncompleteMessage, Message
from adapters.banks.iso20022.orders import decode
from adapters.banks.iso20022.resolution import LINES_MAX, TEXT_MAX_CHARS
from adapters.banks.iso20022.values import REASONS, status_code
from domain.banks.directory import Directory
from domain.policy.model import CodeMeaning, load_policy
from schemas.base import MAX_AMOUNT_PAISE
from schemas.case.answers import Claim
from schemas.enums import Bucket, ClaimKind, Disposition, TaskKind
from tests.adapters.iso_messages import CASE, answered, document, only, resolution, status
from tests.adapters.wires import ACK_NO, REQUEST_ID, TRANSFERRED_AT
from tests.desk_tasks import hop_of
from tests.domain.trail_model import CaseModel
from tests.each import each

RULES = load_policy().trail
NOWHERE = Directory([])


def claims(*transactions: str, conf: str = "PECR", case: str = CASE) -> list[Claim]:
    update = answered(*transactions, conf=conf, case=case)
    return to_claims(update.lines, update.job_id or "", NOWHERE, RULES)


def claim(transaction: str, conf: str = "PECR") -> Claim:
    (found,) = claims(transaction, conf=conf)
    return found


def of_kind(kind: ClaimKind, transaction: str, conf: str = "PECR") -> AnswerLine:
    line = only(transaction, conf=conf)
    assert isinstance(line, AnswerLine)
    assert line.kind is kind
    return line


hold, unknown = partial(of_kind, ClaimKind.HELD), partial(of_kind, ClaimKind.UNKNOWN)


def unreadable(transaction: str, conf: str = "PECR") -> UnreadableLine:
    line = only(transaction, conf=conf)
    assert isinstance(line, UnreadableLine)
    return line


# -- held ----------------------------------------------------------------------------------------------------------


def test_accepted_is_held() -> None:
    update = answered(status(held="1500.50", whole="5000.00"))
    assert (update.ack_no, update.job_id) == (ACK_NO, CASE)
    line = hold(status(held="1500.50", whole="5000.00"))
    assert (line.amount_paise, line.disputed_paise, line.status_code) == (150_050, 150_050, "00")
    assert (line.root_reference, line.reference, line.type_code) == ("610212345678", "", "1")
    assert line.flags == ()
    found = claim(status(held="1500.50", whole="5000.00"))
    assert (found.kind, found.claim_paise) == (ClaimKind.HELD, 150_050)


def test_accepted_whole_holds_the_transfer_and_says_so() -> None:
    line = hold(status(whole="5000.00"), conf="CNCL")
    assert line.amount_paise == 500_000
    assert [flag.code for flag in line.flags] == [LineFlag.AMOUNT_FROM_TRANSFER]


@each(("whole", "conf"), [("5000.00", "PECR"), ("", "CNCL")])
def test_accepted_without_an_amount_is_not_guessed(whole: str, conf: str) -> None:
    line = unreadable(status(whole=whole), conf=conf)
    assert line.field_name == "RsltnRltdInf/IntrBkSttlmAmt"
    assert "amount on hold" in line.reason
    assert claim(status(whole=whole), conf=conf).kind is ClaimKind.UNREADABLE


def test_the_same_statement_again_is_the_same_and_a_second_hold_is_not() -> None:
    once, again = claims(status(held="10.00"), status(held="10.00"))
    assert once.natural_key == again.natural_key
    one, other = claims(
        status(held="10.00", own="<TxId>LIEN1</TxId>"),
        status(held="10.00", own="<TxId>LIEN2</TxId>"),
    )
    assert one.natural_key != other.natural_key


def test_the_day_of_the_hold_is_indian_and_flagged() -> None:
    dated = status(held="1.00").replace("</RsltnRltdInf>", "<IntrBkSttlmDt>2026-04-12</IntrBkSttlmDt></RsltnRltdInf>")
    line = hold(dated)
    assert line.occurred_at == datetime(2026, 4, 11, 18, 30, tzinfo=UTC)
    assert [flag.code for flag in line.flags] == [LineFlag.TIME_ODD]
    for odd in ("12/04/2026", "0001-01-01", "2026-02-30"):
        line = hold(dated.replace("2026-04-12", odd))
        assert (line.occurred_at, line.time_text) == (None, odd)
        assert [flag.code for flag in line.flags] == [LineFlag.TIME_UNREADABLE]


def test_the_account_where_the_bank_names_it() -> None:
    named = status(
        held="1.00",
        more="<OrgnlTxRef><CdtrAgt><FinInstnId><ClrSysMmbId><MmbId>DEMO0000001</MmbId></ClrSysMmbId></FinInstnId>"
        "</CdtrAgt><CdtrAcct><Id><Othr><Id>00055566677788</Id></Othr></Id></CdtrAcct></OrgnlTxRef>",
    )
    line = hold(named)
    assert line.root_account == "00055566677788"
    assert "00055566677788" not in repr(line)


@each(
    ("text", "paise"),
    [("0.01", 1), ("5000", 500_000), ("5000.5", 500_050), ("1.10000", 110), ("100000000000.00", MAX_AMOUNT_PAISE)],
)
def test_amounts_are_exact(text: str, paise: int) -> None:
    assert hold(status(held=text)).amount_paise == paise


@each("text", ["-1.00", "1,000.00", "1.001", "1e3", "NaN", "١", "100000000000.01", "1" * 19, "INR 5", "1.000000"])
def test_no_amount_is_rounded_or_guessed(text: str) -> None:
    line = unreadable(status(held=text))
    assert line.field_name == "RsltnRltdInf/IntrBkSttlmAmt"
    assert text not in line.reason


def test_another_currency_is_no_hold() -> None:
    assert "not in INR" in unreadable(status(held="1.00").replace("INR", "USD")).reason


def test_a_hold_of_nothing_is_flagged() -> None:
    assert [flag.code for flag in hold(status(held="0.00")).flags] == [LineFlag.ZERO_AMOUNT]


# -- not held ------------------------------------------------------------------------------------------------------


@each("code", REASONS)
def test_every_reason_of_the_table(code: str) -> None:
    reason = REASONS[code]
    assert reason.source
    line = unknown(status("RJCR", reasons=(code,)))
    assert (line.status_code, line.amount_paise) == (reason.status_code, None)
    assert line.remarks.startswith(f"{code} (")
    found = claim(status("RJCR", reasons=(code,)))
    refused = RULES.meaning(reason.status_code) is CodeMeaning.REFUSED
    assert found.kind is (ClaimKind.REFUSED if refused else ClaimKind.UNKNOWN)
    assert found.claim_paise == 0


def test_only_who_says_that_there_is_no_such_money_ends_the_trail() -> None:
    refusing = {code for code, reason in REASONS.items() if RULES.meaning(reason.status_code) is CodeMeaning.REFUSED}
    assert refusing == {"NOOR", "AC04"}
    assert {reason.status_code for reason in REASONS.values()} <= set(RULES.status_codes)


@each("code", ["XYZ1", "????", "noor", "अ"])
def test_an_unknown_reason_is_kept_and_shown(code: str) -> None:
    line = unknown(status("RJCR", reasons=(code,)))
    assert line.status_code == code
    assert code in line.remarks
    assert claim(status("RJCR", reasons=(code,))).kind is ClaimKind.UNKNOWN


def test_a_reason_of_the_banks_own_may_be_a_code_of_the_policy_but_never_a_hold() -> None:
    own = status("RJCR", reasons=("01",)).replace("Cd>", "Prtry>")
    assert claim(own).kind is ClaimKind.REFUSED
    assert claim(own.replace("Prtry>01", "Prtry>00")).kind is ClaimKind.UNKNOWN
    assert claim(status("RJCR", reasons=("00",))).kind is ClaimKind.UNKNOWN


def test_several_reasons() -> None:
    assert status_code(["NOAS", "CUST"]) == "99"
    assert status_code(["NOOR", "CUST"]) == "99"
    assert status_code(["NOOR", "XYZ1"]) == "XYZ1"
    assert status_code([]) == ""
    assert unknown(status("RJCR", reasons=("NOOR", "XYZ1"))).status_code == "XYZ1"


def test_no_reason_is_for_a_person() -> None:
    line = unknown(status("RJCR"))
    assert line.status_code == "RJCR"
    assert [flag.code for flag in line.flags] == [LineFlag.STATUS_MISSING]
    assert claim(status("RJCR")).kind is ClaimKind.UNKNOWN


@each("code", ["PDCR", "NEW1", "00"])
def test_pending_and_unknown_statuses_are_kept(code: str) -> None:
    assert unknown(status(code)).status_code == code
    found = claim(status(code))
    assert (found.kind, found.claim_paise) == (ClaimKind.UNKNOWN, 0)


def test_a_refusal_of_another_request_is_news() -> None:
    refusal = status("RJCR", reasons=("NOOR",))
    (first,) = claims(refusal)
    (again,) = claims(refusal)
    (other,) = claims(refusal, case=CASE[:-1] + "A")
    assert first.natural_key == again.natural_key != other.natural_key


@each(
    ("conf", "kind"),
    [
        ("CNCL", ClaimKind.HELD),
        ("RJCR", ClaimKind.REFUSED),
        ("PDCR", ClaimKind.UNKNOWN),
        ("PECR", ClaimKind.UNKNOWN),
        ("", ClaimKind.UNKNOWN),
    ],
)
def test_the_messages_status_stands_for_a_missing_one(conf: str, kind: ClaimKind) -> None:
    assert claim(status("", reasons=("NOOR",), whole="5.00"), conf=conf).kind is kind


def test_the_banks_own_text_is_kept_and_cut() -> None:
    said = "".join(f"<AddtlInf>{'x' * 100}</AddtlInf>" for _ in range(6))
    line = unknown(status("RJCR", reasons=("LEGL",)).replace("</CxlStsRsnInf>", f"{said}</CxlStsRsnInf>"))
    assert len(line.remarks) == TEXT_MAX_CHARS
    assert [flag.code for flag in line.flags] == [LineFlag.TEXT_CUT]
    assert json.dumps(line.raw).count("x" * 100) == 6


# -- which transfer, which case ------------------------------------------------------------------------------------


def test_a_missing_reference_is_flagged() -> None:
    line = hold(status(held="1.00", reference="NOTPROVIDED"))
    assert line.root_reference == ""
    assert [flag.code for flag in line.flags] == [LineFlag.REFERENCE_MISSING]


@each("name", ["OrgnlEndToEndId", "OrgnlClrSysRef", "OrgnlInstrId"])
def test_the_reference_may_stand_elsewhere(name: str) -> None:
    moved = status(held="1.00").replace("OrgnlEndToEndId", "Gone").replace("OrgnlTxId", name)
    assert hold(moved).root_reference == "610212345678"


@each(
    ("transaction", "where"),
    [
        (status(held="1.00", reference="7" * 65), "OrgnlTxId"),
        (status("X" * 65), "TxCxlSts"),
        (status("RJCR", reasons=("X" * 65,)), "CxlStsRsnInf/Rsn"),
        (status(held="1.00", own=f"<TxId>{'7' * 65}</TxId>"), "RsltnRltdInf/TxId"),
        (
            status(
                held="1.00",
                more=f"<OrgnlTxRef><CdtrAcct><Id><IBAN>{'7' * 65}</IBAN></Id></CdtrAcct></OrgnlTxRef>",
            ),
            "OrgnlTxRef/CdtrAcct",
        ),
        (
            status(
                held="1.00",
                more=f"<OrgnlTxRef><CdtrAgt><FinInstnId><BICFI>{'A' * 65}</BICFI></FinInstnId></CdtrAgt></OrgnlTxRef>",
            ),
            "OrgnlTxRef/CdtrAgt",
        ),
    ],
)
def test_half_an_identifier_is_another_one(transaction: str, where: str) -> None:
    assert unreadable(transaction).field_name == where


def test_one_bad_line_does_not_cost_the_others() -> None:
    lines = answered(status(held="x"), status(held="2.00"), status("RJCR", reasons=("NOOR",))).lines
    assert [type(line) for line in lines] == [UnreadableLine, AnswerLine, AnswerLine]
    assert [line.line_no for line in lines] == [1, 2, 3]
    assert isinstance(lines[0], UnreadableLine)
    assert lines[0].raw["RslvdCase"] == CASE


def test_transfers_below_a_payment_instruction_are_read_too() -> None:
    below = (
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>P</OrgnlPmtInfId>{status('RJCR', reasons=('NOOR',))}</OrgnlPmtInfAndSts>"
    )
    assert unknown(below).status_code == "01"


def test_a_statement_about_the_whole_request_is_for_a_person() -> None:
    group = (
        "<OrgnlGrpInfAndSts><OrgnlMsgId>M</OrgnlMsgId><OrgnlMsgNmId>camt.056.001.08</OrgnlMsgNmId>"
        "<GrpCxlSts>RJCR</GrpCxlSts></OrgnlGrpInfAndSts>"
    )
    line = unreadable(group, conf="RJCR")
    assert line.reason == "no transfer is named"
    assert "RJCR" in json.dumps(line.raw)


def test_the_case_may_stand_with_the_transfer() -> None:
    told = f"<RslvdCase><Id>{CASE}</Id></RslvdCase>"
    update = answered(status(held="1.00", more=told), case=None)
    assert (update.ack_no, update.job_id) == (ACK_NO, CASE)


def test_a_case_id_that_is_the_number_alone() -> None:
    update = answered(status(held="1.00"), case=ACK_NO)
    assert (update.ack_no, update.job_id) == (ACK_NO, None)


@each(
    ("body", "reason"),
    [
        (resolution(status(held="1.00"), case=None), "is missing"),
        (resolution(status(held="1.00"), case=" "), "is missing"),
        (resolution(status(held="1.00", more="<RslvdCase><Id>7</Id></RslvdCase>")), "several cases"),
        (resolution(status(held="1.00"), case="7" * 65), "longer than 64"),
    ],
)
def test_an_answer_without_its_case_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(IncompleteMessage, match=f"RslvdCase/Id: .*{reason}"):
        decode(body)


def test_too_many_transactions() -> None:
    assert len(answered(*[status(held="1.00")] * LINES_MAX).lines) == LINES_MAX
    with pytest.raises(IncompleteMessage, match="more than 500"):
        decode(resolution(*[status(held="1.00")] * (LINES_MAX + 1)))


# -- what the engine makes of it -----------------------------------------------------------------------------------


def test_an_answer_is_judged_like_that_of_any_wire() -> None:
    case = CaseModel()
    for last in "12345":
        case.lose("DEMO", f"61021234567{last}", 450_050)
    outcome = case.answer(
        "DEMO",
        *claims(
            status(held="1500.50", reference="610212345671"),
            status("RJCR", reasons=("NOOR",), reference="610212345672"),
            status("RJCR", reasons=("AGNT",), reference="610212345673"),
            status("PDCR", reference="610212345674"),
            status(whole="5000.00", reference="610212345675"),
            conf="CNCL",
        ),
    )
    assert [judged.disposition for judged in outcome.judgements] == [
        Disposition.APPLIED,
        Disposition.REFUSAL,
        Disposition.REVIEW,
        Disposition.REVIEW,
        # Of the whole transfer, more is said to be held than is disputed: all that is ours is held, a person looks.
        Disposition.DISCREPANCY,
    ]
    assert case.total(Bucket.HELD) == 150_050 + 450_050
    assert case.total(Bucket.REFUSED) == 450_050
    assert case.total(Bucket.IN_PLAY) == 300_000 + 2 * 450_050
    assert [(task.kind, hop_of(task)) for task in outcome.tasks] == [
        (TaskKind.READ_ANSWER, 3),
        (TaskKind.READ_ANSWER, 4),
        (TaskKind.RESOLVE_DISCREPANCY, 5),
    ]


# -- round trips ---------------------------------------------------------------------------------------------------

PAISE = st.integers(0, MAX_AMOUNT_PAISE)
REFERENCES = st.text("ABC0123456789/-", min_size=1, max_size=35)


@given(st.lists(st.tuples(REFERENCES, PAISE, PAISE), min_size=1, max_size=4))
def test_any_hold_comes_out_as_it_went_in(holds: list[tuple[str, int, int]]) -> None:
    statuses = [
        TransferStatus(reference=reference, status="ACCR", held_paise=held, transfer_paise=whole)
        for reference, held, whole in holds
    ]
    update = decode(encode_resolution("DEMO", REQUEST_ID, CASE, statuses, created_at=TRANSFERRED_AT))
    assert isinstance(update, StatusUpdate)
    found = to_claims(update.lines, CASE, NOWHERE, RULES)
    assert [(each.kind, each.claim_paise) for each in found] == [(ClaimKind.HELD, held) for _, held, _ in holds]


@each(
    ("statuses", "confirmation"),
    [
        ([("ACCR", 5, 5)], "CNCL"),
        ([("ACCR", None, 5)], "CNCL"),
        ([("ACCR", 4, 5)], "PECR"),
        ([("RJCR", None, 5)], "RJCR"),
        ([("PDCR", None, 5)], "PDCR"),
        ([("ACCR", 5, 5), ("RJCR", None, 5)], "PECR"),
    ],
)
def test_the_banks_side_confirms_what_it_says(statuses: list[tuple[str, int | None, int]], confirmation: str) -> None:
    told = [
        TransferStatus(reference="6", status=each, held_paise=held, transfer_paise=whole, reason="NOOR", note="seen")
        for each, held, whole in statuses
    ]
    body = encode_resolution("DEMO", REQUEST_ID, CASE, told, created_at=TRANSFERRED_AT)
    assert f"<Conf>{confirmation}</Conf>".encode() in body


# -- money returned ------------------------------------------------------------------------------------------------


def returned(*returns: Return, case: str = CASE) -> ReturnedFunds:
    found = decode(encode_return("DEMO", UUID(int=5), case, returns, created_at=TRANSFERRED_AT))
    assert isinstance(found, ReturnedFunds)
    return found


@given(st.lists(st.tuples(REFERENCES, PAISE, st.none() | PAISE), min_size=1, max_size=4))
def test_any_return_comes_out_as_it_went_in(returns: list[tuple[str, int, int | None]]) -> None:
    found = returned(*(Return(reference=r, returned_paise=p, transfer_paise=w) for r, p, w in returns))
    read = [each for each in found.lines if isinstance(each, ReturnedTransfer)]
    assert [(each.reference, each.returned_paise, each.transfer_paise) for each in read] == returns


def test_what_a_return_tells() -> None:
    found = returned(Return(reference="6", returned_paise=7, settled_on=TRANSFERRED_AT, return_id="R9"))
    assert (found.message_id, found.created_at) == (UUID(int=5).hex, TRANSFERRED_AT)
    (line,) = found.lines
    assert isinstance(line, ReturnedTransfer)
    assert (line.settled_on, line.return_id, line.reason_code) == (date(2026, 4, 12), "R9", "FOCR")
    assert (line.ack_no, line.job_id, line.remarks) == (ACK_NO, CASE, "")
    (line,) = returned(Return(reference="6", returned_paise=7), case="").lines
    assert isinstance(line, ReturnedTransfer)
    assert (line.ack_no, line.job_id, line.settled_on) == ("", None, None)


GOOD = '<OrgnlTxId>6</OrgnlTxId><RtrdIntrBkSttlmAmt Ccy="INR">1.00</RtrdIntrBkSttlmAmt>'


def returning(*transactions: str, header: str = "<GrpHdr><MsgId>1</MsgId></GrpHdr>") -> bytes:
    inside = "".join(f"<TxInf>{each}</TxInf>" for each in transactions)
    return document(Message.FUNDS_RETURNED, f"<PmtRtr>{header}{inside}</PmtRtr>")


@each(
    ("transaction", "where"),
    [
        (GOOD.replace("OrgnlTxId", "Gone"), "OrgnlTxId"),
        (GOOD.replace("RtrdIntrBkSttlmAmt", "Gone"), "RtrdIntrBkSttlmAmt"),
        (GOOD.replace("INR", "USD"), "RtrdIntrBkSttlmAmt"),
        (GOOD.replace("1.00", "1.005"), "RtrdIntrBkSttlmAmt"),
        (GOOD + '<OrgnlIntrBkSttlmAmt Ccy="INR">x</OrgnlIntrBkSttlmAmt>', "OrgnlIntrBkSttlmAmt"),
    ],
)
def test_an_unreadable_return_does_not_cost_the_others(transaction: str, where: str) -> None:
    found = decode(returning(transaction, GOOD))
    assert isinstance(found, ReturnedFunds)
    bad, good = found.lines
    assert isinstance(bad, UnreadableLine)
    assert bad.field_name == where
    assert isinstance(good, ReturnedTransfer)
    assert good.returned_paise == 100


@each(
    ("body", "where"),
    [
        (returning(), "TxInf"),
        (returning(*[GOOD] * 501), "TxInf"),
        (returning(GOOD, header=""), "GrpHdr/MsgId"),
    ],
)
def test_a_return_that_is_none(body: bytes, where: str) -> None:
    with pytest.raises(IncompleteMessage) as caught:
        decode(body)
    assert caught.value.where == where
