"""What people are told: both languages say all of it, within the length of a short message, and nothing is left out."""

from contextlib import nullcontext
from datetime import UTC, datetime
from itertools import product

import pytest

from domain.message_rules import TEXTS, MessageLacks, Text
from domain.message_texts import LINK_MAX_CHARS, LONGEST, Said, forwarded, letter, mistakes, short
from schemas.enums import Language
from schemas.notifications import MessageFacts, MessageKind, Recipient, sms_parts
from schemas.restoration_enums import GrievanceLevel, Step
from tests.each import each

CASE = "20112400000001"
UNTIL = datetime(2026, 12, 9, 20, 0, tzinfo=UTC)
KEYS = sorted(TEXTS[Language.EN])
EVERY = list(product(Language, KEYS))


def test_every_text_states_known_values_and_fits_into_a_short_message() -> None:
    assert not list(mistakes(TEXTS))
    for key in KEYS:
        assert len(letter(*key, tuple(Language), LONGEST).subject) <= 200


@each(
    ("text", "mistake"),
    [
        ("Case {case}: {total} of your money", "no value has the name total"),
        ("मामला {case}: आपके {amount}", "its values are not those of the English text"),
        ("x" * 600 + "{case} {amount} {officer} {my_page}", "11 parts of an SMS, at most 4"),
    ],
)
def test_a_text_with_a_mistake_is_named(text: str, mistake: str) -> None:
    key = (MessageKind.MONEY_HELD, Recipient.VICTIM)
    texts = {Language.EN: TEXTS[Language.EN], Language.HI: {key: Text(subject="{amount}", text=text)}}
    assert list(mistakes(texts)) == [f"message.money_held to victim in hi: {mistake}"]


@each(("language", "key"), EVERY)
def test_a_plain_english_message_is_in_seven_bits(language: Language, key: tuple[MessageKind, Recipient]) -> None:
    bank = {"bank": "State Bank of India", "account": "30119998887776", "account_end": "7776"}
    said = Said(case_no=CASE, facts=LONGEST.facts, officer="R. Sharma", phone="9000000001", **bank)
    encoding = sms_parts(short(*key, language, said).text).encoding
    assert encoding == ("gsm7" if language is Language.EN else "ucs2")


@each(("language", "key"), EVERY)
def test_whatever_is_missing_is_named(language: Language, key: tuple[MessageKind, Recipient]) -> None:
    needed = TEXTS[language][key].names() - {
        "case",
        "officer",
        "where",
        "next",
        "further",
        "reply_at",
        "form_at",
        "reply_desk",
        "my_page",
    }
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
    said = LONGEST.model_copy(update={"link": "https://freeze.example/appeal"})
    for language in Language:
        text = short(MessageKind.HOLD, Recipient.HOLDER, language, said).text
        assert f"https://freeze.example/appeal?lang={language.value}" in text


def test_a_victim_is_told_the_number_of_their_own_complaint() -> None:
    said = LONGEST.model_copy(update={"ack_no": "20112400000002"})
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
        short(MessageKind.MONEY_HELD, Recipient.HOLDER, Language.EN, LONGEST)


def test_an_address_too_long_for_a_short_message_stands_in_the_letter() -> None:
    facts = MessageFacts(amount_paise=5_000_00, reference="ABCDEFGHJK")
    link = "https://" + "a" * LINK_MAX_CHARS
    said = Said(case_no=CASE, facts=facts, link=link, bank="HDFC Bank", account_end="7776")
    key = (MessageKind.HOLD, Recipient.HOLDER)
    assert said.link not in short(*key, Language.EN, said).text
    assert "at your bank" in short(*key, Language.EN, said).text
    assert said.link in letter(*key, (Language.EN,), said).text
