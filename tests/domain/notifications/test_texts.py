"""What people are told: both languages say all of it, within the length of a short message, and nothing is left out."""

from contextlib import nullcontext
from datetime import UTC, datetime
from itertools import product
from string import Formatter

import pytest

from domain.notifications.texts import LINK_MAX_CHARS, TEXTS, MessageLacks, Said, forwarded, letter, short
from schemas.base import MAX_AMOUNT_PAISE
from schemas.enums import Language, TaskKind
from schemas.notifications import (
    COURT_MAX_CHARS,
    REFERENCE_MAX_CHARS,
    SMS_PARTS_MAX,
    MessageFacts,
    MessageKind,
    Recipient,
    masked_account,
    sms_parts,
)
from schemas.restoration_enums import GrievanceLevel, Step
from tests.each import each

CASE = "20112400000001"
UNTIL = datetime(2026, 12, 9, 20, 0, tzinfo=UTC)
LONGEST = MessageFacts(
    amount_paise=MAX_AMOUNT_PAISE - 1,
    until=UNTIL,
    days=3_660,
    reference="R" * REFERENCE_MAX_CHARS,
    code="1234567890",
    decision="part_released",
    duty="magistrate_report",
    step=Step.VERIFICATION,
    number="G0000000001",
    next_level=GrievanceLevel.DISTRICT_GRO,
    restored_paise=MAX_AMOUNT_PAISE - 1,
    court="C" * COURT_MAX_CHARS,
    next_due_at=UNTIL,
    to_account=masked_account("9999", "b" * 60, 9),
    items=999_999,
    task=TaskKind.RESTORATION_STEP,
)
LONGEST_SAID = Said(
    case_no=CASE,
    facts=LONGEST,
    officer="क्ष" * 90,
    phone="+91 98765 43210",
    link="https://" + "a" * (LINK_MAX_CHARS - 8),
    my_page="https://" + "a" * (LINK_MAX_CHARS - 8),
    bank="भ" * 60,
    account="9" * 34,
    account_end="9999",
)
KEYS = sorted(TEXTS[Language.EN])
EVERY = list(product(Language, KEYS))


def longest(to_whom: Recipient) -> Said:
    """The longest facts; the reference of a hold, which its holder is told, has ten characters."""
    facts = LONGEST.model_copy(update={"reference": "R" * 10}) if to_whom is Recipient.HOLDER else LONGEST
    return LONGEST_SAID.model_copy(update={"facts": facts})


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_say_the_same_things() -> None:
    assert TEXTS[Language.EN].keys() == TEXTS[Language.HI].keys()
    assert {kind for kind, _ in KEYS} == set(MessageKind)
    for key in KEYS:
        english, hindi = (TEXTS[language][key] for language in Language)
        assert names(english.text) == names(hindi.text), key
        assert names(english.subject) == names(hindi.subject), key


@each(("language", "key"), EVERY)
def test_the_longest_facts_fit_into_a_short_message(language: Language, key: tuple[MessageKind, Recipient]) -> None:
    written = short(*key, language, longest(key[1]))
    assert 1 <= sms_parts(written.text).count <= SMS_PARTS_MAX, written.text
    assert "{" not in written.text
    assert len(letter(*key, tuple(Language), LONGEST_SAID).subject) <= 200


@each(("language", "key"), EVERY)
def test_a_plain_english_message_is_in_seven_bits(language: Language, key: tuple[MessageKind, Recipient]) -> None:
    bank = {"bank": "State Bank of India", "account": "30119998887776", "account_end": "7776"}
    said = Said(case_no=CASE, facts=LONGEST, officer="R. Sharma", phone="9000000001", **bank)
    encoding = sms_parts(short(*key, language, said).text).encoding
    assert encoding == ("gsm7" if language is Language.EN else "ucs2")


@each(("language", "key"), EVERY)
def test_whatever_is_missing_is_named(language: Language, key: tuple[MessageKind, Recipient]) -> None:
    text = TEXTS[language][key]
    needed = names(text.text) | names(text.subject)
    needed -= {"case", "officer", "where", "next", "further", "reply_at", "form_at", "reply_desk", "my_page"}
    with pytest.raises(MessageLacks) if needed else nullcontext() as caught:
        short(*key, language, Said(case_no=CASE, facts=MessageFacts()))
    assert all(name in str(caught and caught.value) for name in needed)


def test_the_holder_of_an_account_is_told_all_that_the_law_asks_for() -> None:
    facts = MessageFacts(amount_paise=1_25_000_50, reference="ABCDEFGHJK")
    said = Said(
        case_no=CASE, facts=facts, officer="R. Sharma", phone="9000000001", bank="HDFC Bank", account_end="7776"
    )
    english = short(MessageKind.HOLD, Recipient.HOLDER, Language.EN, said).text
    hindi = short(MessageKind.HOLD, Recipient.HOLDER, Language.HI, said).text
    for text in (english, hindi):
        assert CASE in text
        assert "1,25,000.50" in text
        assert "R. Sharma, 9000000001" in text
        assert "ABCDEFGHJK" in text
        assert "HDFC Bank" in text
        assert "..7776" in text
    assert "Free appeal" in english
    assert "अपील" in hindi
    assert "₹1,25,000.50" in hindi


def test_a_link_opens_the_page_in_the_language_of_the_message() -> None:
    said = LONGEST_SAID.model_copy(update={"link": "https://freeze.example/appeal"})
    for language in Language:
        text = short(MessageKind.HOLD, Recipient.HOLDER, language, said).text
        assert f"https://freeze.example/appeal?lang={language.value}" in text


def test_a_victim_is_told_the_number_of_their_own_complaint() -> None:
    said = LONGEST_SAID.model_copy(update={"ack_no": "20112400000002"})
    for text in letter(MessageKind.MONEY_HELD, Recipient.VICTIM, tuple(Language), said):
        assert "20112400000002" in text
        assert CASE not in text


@each(
    ("decision", "level", "words"),
    [
        ("upheld", GrievanceLevel.DY_SP, "take it on to the Addl or Dy SP: reference ABCDEFGHJK, at https://x.example"),
        ("part_released", None, "This was the last level"),
        ("released", None, "You need not do anything."),
    ],
)
def test_a_decision_says_what_its_holder_can_do(decision: str, level: GrievanceLevel | None, words: str) -> None:
    known = {"decision": decision, "next_level": level, "number": "G00000042", "reference": "ABCDEFGHJK"}
    facts = MessageFacts.model_validate(known | {"amount_paise": 100})
    said = Said(case_no=CASE, facts=facts, link="https://x.example/appeal")
    text = short(MessageKind.GRIEVANCE_DECIDED, Recipient.HOLDER, Language.EN, said).text
    assert "G00000042" in text
    assert words in text


def test_a_victim_without_e_mail_learns_from_the_short_message_how_things_stand() -> None:
    facts = MessageFacts(
        amount_paise=3_000_00,
        restored_paise=1_250_00,
        reference="SL/2026/00000001",
        step=Step.COURT_ORDER,
        next_due_at=UNTIL,
    )
    text = short(MessageKind.STATUS_LETTER, Recipient.VICTIM, Language.EN, Said(case_no=CASE, facts=facts)).text
    assert "on hold Rs 3,000, returned to you Rs 1,250. Next: order of the court, by 10-12-2026." in text
    facts = facts.model_copy(update={"step": None})
    text = short(MessageKind.STATUS_LETTER, Recipient.VICTIM, Language.HI, Said(case_no=CASE, facts=facts)).text
    assert "आगे: वापसी का कोई चरण अभी नहीं चल रहा" in text


def test_without_an_officer_there_is_the_helpline() -> None:
    said = Said(case_no=CASE, facts=MessageFacts(amount_paise=5_000_00))
    assert "1930" in short(MessageKind.MONEY_HELD, Recipient.VICTIM, Language.EN, said).text


def test_a_day_is_an_indian_day() -> None:
    facts = MessageFacts(amount_paise=5_000_00, until=UNTIL)
    said = Said(case_no=CASE, facts=facts)
    assert "10-12-2026" in short(MessageKind.OBJECTION_WINDOW, Recipient.VICTIM, Language.EN, said).text


def test_a_letter_says_it_in_every_language_and_that_it_asks_for_no_code() -> None:
    facts = MessageFacts(amount_paise=5_000_00, reference="ABCDEFGHJK")
    said = Said(case_no=CASE, facts=facts, bank="HDFC Bank", account_end="7776")
    written = letter(MessageKind.HOLD, Recipient.HOLDER, (Language.HI, Language.EN), said)
    assert written.subject == f"मामला {CASE}: आपके खाते में ₹5,000 पर रोक"
    assert (
        written.text.index("आपके खाते ..7776 में") < written.text.index("in your account") < written.text.index("swindler")
    )
    passed_on = forwarded((Language.HI, Language.EN), said, "50100000000001", written)
    assert passed_on.text.endswith(written.text)
    assert "the account 50100000000001" in passed_on.text


def test_a_message_goes_only_to_whom_it_is_for() -> None:
    with pytest.raises(MessageLacks, match="money_held is not for holder"):
        short(MessageKind.MONEY_HELD, Recipient.HOLDER, Language.EN, LONGEST_SAID)


def test_an_address_too_long_for_a_short_message_stands_in_the_letter() -> None:
    facts = MessageFacts(amount_paise=5_000_00, reference="ABCDEFGHJK")
    link = "https://" + "a" * LINK_MAX_CHARS
    said = Said(case_no=CASE, facts=facts, link=link, bank="HDFC Bank", account_end="7776")
    key = (MessageKind.HOLD, Recipient.HOLDER)
    assert said.link not in short(*key, Language.EN, said).text
    assert "at your bank" in short(*key, Language.EN, said).text
    assert said.link in letter(*key, (Language.EN,), said).text
