"""Messages of banks, as invented samples in the styles of many banks, and texts that mean nothing."""

import importlib
import re
import tomllib
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.people import bank_sms
from domain.people.bank_sms import bank_of, read_sms
from domain.people.drafts import read_draft
from schemas.people.drafts import SMS_MAX_CHARS, DraftContent, DraftTransfer, SmsQuestion, SmsReading
from tests.each import each

SAMPLES: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("bank_sms.toml").read_text("utf-8"))["sample"]
LONGEST_REPETITION = 64
_parser: Any = importlib.import_module("re._parser")


def read(text: str, sender: str = "") -> SmsReading:
    return read_sms(SmsQuestion(text=text, sender=sender))


@each("sample", SAMPLES)
def test_a_debit_is_read_in_the_style_of_each_bank(sample: dict[str, Any]) -> None:
    told = read(sample["text"])
    transfer = told.transfer
    assert told.is_debit is True
    assert {
        "text": sample["text"],
        "bank": transfer.payer.institution,
        "amount_paise": transfer.amount_paise,
        "reference": transfer.rrn or transfer.utr,
        "transferred_at": transfer.transferred_at,
        "mode": transfer.mode or "",
        "account_end": told.payer_account_end,
        "payee": transfer.payee.vpa or told.payee_name,
    } == sample
    missing = {
        "payer.institution": sample["bank"],
        "rrn": sample["reference"],
        "payee.vpa": transfer.payee.vpa,
        "transferred_at": sample["transferred_at"],
    }
    assert set(told.missing) == {name for name, value in missing.items() if not value}
    is_ready = bool(sample["bank"] and sample["reference"] and sample["transferred_at"])
    assert bool(read_draft(DraftContent(transfers=(transfer,))).transfers) == is_ready, "the banks can be asked with it"


@each(
    ("sender", "text", "bank"),
    [
        ("VM-HDFCBK-S", "Rs 5 debited", "HDFC"),
        ("ad-sbiupi", "HDFC Bank was paid Rs 5", "SBIN"),
        ("XX-NOBANK", "from Indian Overseas Bank", "IOBA"),
        ("", "Central Bank of India: debited", "CBIN"),
        ("", "Bank of India: debited", "BKID"),
        ("", "Union Bank of India: debited", "UBIN"),
        ("", "a message about SBIN and BOBBY", ""),
        ("", "Rs 5 debited, paid to RAVI of HDFC Bank for rent", ""),
        ("", "Rs 5 paid to RAVI, HDFC Bank", ""),
        ("", "Rs 5 sent from SBI a/c XX1234. Ref 612345678901 - Paytm", ""),
        ("", "Rs 5 spent using your ICICI Bank Card XX1234 at HDFC LIFE", "ICIC"),
    ],
)
def test_a_bank_is_known_by_its_sender_and_else_by_what_the_message_says_of_itself(
    sender: str, text: str, bank: str
) -> None:
    assert bank_of(sender, text) == bank


@each(
    ("text", "payer", "payee", "end"),
    [
        ("A/c X1234 debited by Rs.500 by IMPS to a/c XX6789 HDFC. Ref 612345678901 -SBI", "SBIN", "HDFC", "1234"),
        ("Rs.500 debited by IMPS to a/c XX6789 HDFC Ref 612345678901 -SBI", "SBIN", "HDFC", ""),
        ("Rs.500 transferred to beneficiary a/c XX6789 with Axis Bank on 24-11-26", "", "UTIB", ""),
        ("Aapke SBI a/c X1234 se Rs.500 debited, to a/c XX6789 PNB", "SBIN", "PUNB", "1234"),
        ("Rs.500 sent by NEFT to account 6789, Bank of India from your Union Bank a/c X1234", "UBIN", "BKID", "1234"),
    ],
)
def test_both_sides_are_read_and_the_bank_of_the_beneficiary_is_not_the_payers(
    text: str, payer: str, payee: str, end: str
) -> None:
    told = read(text)
    sides = (told.transfer.payer.institution, told.transfer.payee.institution, told.payer_account_end)
    assert sides == (payer, payee, end)


@each(
    "text",
    [
        "Rs.5,000 credited to your A/c XX1234 on 24-11-26 by UPI from RAVI. Ref 612345678901 -SBI",
        "448291 is your OTP for txn of Rs.500 to be debited from HDFC Bank card XX1234. Do not share.",
        "OTP for payment of Rs 500 sent from your SBI a/c X1234 is 448291",
        "Your One Time Password is 448291 for Rs.900 spent at SHOP -ICICI Bank",
        "Get a loan up to Rs.5,00,000 at HDFC Bank today. Apply on 24-11-26",
        "Rs.499 will be debited from your SBI a/c X1234 on 24-11-26 for UPI mandate",
        "Transaction of Rs.500 on HDFC Bank card XX1234 debit declined on 24-11-26",
    ],
)
def test_a_message_of_no_debit_fills_no_transfer(text: str) -> None:
    told = read(text)
    assert (told.transfer, told.payer_account_end, told.payee_name) == (DraftTransfer(), "", "")
    assert told.is_debit is not True


def test_what_was_understood_is_marked_in_the_text() -> None:
    told = read("A/c X1234 debited by Rs.500 on 24-11-26 14:05 by IMPS to a/c XX6789 HDFC. Ref 612345678901 -SBI")
    assert [(part.text, part.understood_as.value) for part in told.parts if part.understood_as] == [
        ("1234", "account"),
        ("500", "amount"),
        ("24-11-26", "time"),
        ("14:05", "time"),
        ("HDFC", "payee_bank"),
        ("612345678901", "reference"),
        ("SBI", "bank"),
    ]
    (whole,) = read("Rs.5,000 credited to your A/c XX1234 on 24-11-26").parts
    assert whole.understood_as is None, "nothing of a credit fills a field"


def test_a_warning_about_codes_takes_no_debit_away() -> None:
    told = read("Rs.500 sent from your SBI a/c X1234. Never share OTP with anyone who calls for help")
    assert told.is_debit is True
    assert told.transfer.amount_paise == 500_00


def test_what_is_not_understood_is_named() -> None:
    told = read("Your OTP is 448291. Do not share. Valid till 31-13-2026 25:61")
    assert told.missing == ("payer.institution", "payee.vpa", "amount_paise", "rrn", "transferred_at")
    assert told.is_debit is None
    assert "448291" in told.unread
    assert read("Rs 900 credited to your a/c XX12345. Avl bal Rs 1000").is_debit is False


def test_a_telephone_number_and_a_balance_are_no_reference_and_no_amount() -> None:
    told = read("A/c XX1234 debited. Avl Bal INR 9,999.00. Not you? SMS to 919951860002 or mail help@bank.example.in")
    assert (told.transfer.rrn, told.transfer.amount_paise, told.transfer.payee.vpa) == ("", None, "")
    assert "919951860002" in told.unread


@given(
    st.text(alphabet=st.sampled_from("0123456789 .,:/-@*xXaArRsSbltodTNovINR₹\n"), min_size=1, max_size=SMS_MAX_CHARS)
)
def test_no_text_is_too_strange(text: str) -> None:
    if not text.strip():
        return
    told = read(text)
    assert len(told.unread) <= bank_sms.UNREAD_MAX
    assert "".join(part.text for part in told.parts) == " ".join(text.split()), "the parts are the message"
    lacks = {name.partition(".")[2] for name in read_draft(DraftContent(transfers=(told.transfer,))).missing}
    assert lacks == set(told.missing) - {"payee.vpa"}, "what is read can be sent"


def _patterns() -> list[re.Pattern[str]]:
    tables = [value for value in vars(bank_sms).values() if isinstance(value, tuple)]
    found = [one for table in tables for one in table if isinstance(one, re.Pattern)]
    found += [value for value in vars(bank_sms).values() if isinstance(value, re.Pattern)]
    return (
        found
        + [pattern for _, pattern in bank_sms._MODES]
        + [pattern for names in bank_sms._banks()[1:] for pattern, _ in names]
    )


def _repetitions(parsed: Any, depth: int = 0) -> list[tuple[int, int]]:
    """Return the most repetitions of each part of a pattern, with the number of other repetitions around it."""
    found = []
    for kind, value in parsed:
        inner = depth
        if str(kind) in {"MAX_REPEAT", "MIN_REPEAT"}:
            found.append((int(value[1]), depth))
            inner += value[1] > 1
        for part in value if isinstance(value, tuple | list) else [value]:
            for branch in part if isinstance(part, list) else [part]:
                if isinstance(branch, _parser.SubPattern):
                    found += _repetitions(branch, inner)
    return found


def test_no_pattern_can_run_long() -> None:
    """Without an endless repetition, or one in another, a search of a short text looks at few places."""
    assert len(_patterns()) > 50
    for pattern in _patterns():
        for most, around in _repetitions(_parser.parse(pattern.pattern)):
            assert most <= LONGEST_REPETITION, pattern.pattern
            assert not around or most == 1, pattern.pattern
