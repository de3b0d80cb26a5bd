"""The table of who is told what is whole: every event, kind, recipient and text is in it, with the facts it needs."""

import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.message_rules import (
    ADDRESSEES,
    EXPIRING,
    RULES,
    Addressee,
    Channel,
    Fact,
    MessageLacks,
    MessagesWrong,
    NotificationEvent,
    Rule,
    carried,
    channels_of,
    facts_of,
    read,
)
from domain.message_texts import Said, Written, letter
from schemas.enums import Language, TaskKind
from schemas.notifications import MessageFacts, MessageKind, Recipient
from schemas.restoration_enums import GrievanceLevel, Step
from tests.each import each
from tests.paths import ROOT

OF_EVENT = MessageFacts(
    occasion="once",
    amount_paise=1_000_00,
    until=datetime(2026, 12, 9, 20, 0, tzinfo=UTC),
    days=7,
    reference="UTR1",
    code="123456",
    decision="part_released",
    duty="follow_up",
    step=Step.APPROVAL,
    number="G00000042",
    next_level=GrievanceLevel.DY_SP,
    restored_paise=500_00,
    next_due_at=datetime(2026, 12, 20, 20, 0, tzinfo=UTC),
    court="CJM Lucknow, 12/2026",
    to_account="..0042, ICICI Bank",
    items=12,
    task=TaskKind.PHONE_BANK,
)
ADDED = MessageFacts(amount_paise=2_000_00, restored_paise=700_00, reference="ABCDEFGHJK")
VALUES = {
    "ack_no": "20112400000002",
    "bank": "HDFC Bank",
    "account": "50100000000001",
    "account_end": "0001",
    "officer": "R. Sharma",
    "phone": "9000000009",
    "link": "https://x.example/appeal",
    "my_page": "https://x.example/case",
}


def every_rule() -> Iterator[tuple[NotificationEvent, Rule]]:
    for event, entry in RULES.items():
        for rule in entry.rules:
            yield event, rule


EVERY = [rule for _, rule in every_rule()]


def written(rule: Rule, language: Language, to_whom: Recipient) -> Written:
    """Return the text of a rule's message, with its facts and what is added for the addressee, and nothing else."""
    reach = ADDRESSEES[rule.to]
    added = {fact.value: getattr(ADDED, fact) for fact in reach.facts if fact not in rule.facts}
    facts = carried(rule, OF_EVENT).model_copy(update=added)
    values = {name: VALUES[name] for name in reach.values}
    return letter(rule.kind, to_whom, (language,), Said(case_no="20112400000001", facts=facts, **values))


def texts(rule: Rule) -> list[Written]:
    return [written(rule, language, to_whom) for language in Language for to_whom in ADDRESSEES[rule.to].texts]


def table() -> dict[str, Any]:
    """Return the content of the table, to be changed."""
    return tomllib.loads((ROOT / "domain" / "messages.toml").read_text(encoding="utf-8"))


@each(
    ("change", "mistake"),
    [
        (lambda of: of["event"].pop("hold_begun"), "event.hold_begun: not in the table"),
        (lambda of: of["message"].pop("hold"), "message.hold: not in the table"),
        (lambda of: of["addressee"].pop("io"), "addressee.io: not in the table"),
        (lambda of: of["message"]["hold"]["texts"][0].pop("hi"), "message.hold.texts.0.hi: Field required"),
        (lambda of: of["message"]["hold"]["name"].pop("en"), "message.hold.name.en: Field required"),
        (lambda of: of["event"]["hold_begun"].update(rules=[]), "event.hold_begun.rules: Tuple should have at least 1"),
        (lambda of: of["event"]["hold_begun"].update(when=""), "event.hold_begun.when: String should have at least 1"),
        (lambda of: of["message"]["hold"]["texts"][0].update(to=["victim"]), "message.hold: no text for holder"),
        (lambda of: of["message"]["hold"]["texts"][0]["to"].append("io"), "message.hold: no rule sends it to io"),
    ],
)
def test_a_table_that_is_not_whole_is_refused_and_the_mistake_named(
    change: Callable[[dict[str, Any]], object], mistake: str
) -> None:
    content = table()
    change(content)
    with pytest.raises(MessagesWrong) as caught:
        read(content)
    assert any(line.startswith(mistake) for line in str(caught.value).splitlines())


def test_every_addressee_is_used() -> None:
    assert set(Addressee) == {rule.to for _, rule in every_rule()}


def test_no_event_tells_an_addressee_twice() -> None:
    for event, entry in RULES.items():
        told = [rule.to for rule in entry.rules]
        assert len(told) == len(set(told)), event


def test_a_fact_is_a_field_of_the_facts_of_a_message() -> None:
    assert {fact.value for fact in Fact} == set(MessageFacts.model_fields) - {"occasion"}
    assert set().union(*(facts_of(event) for event in NotificationEvent)) == set(Fact)


@each("rule", EVERY)
def test_the_facts_of_a_rule_suffice_for_its_texts(rule: Rule) -> None:
    for text in texts(rule):
        assert "{" not in text.subject + text.text


@each("rule", EVERY)
def test_a_rule_carries_no_fact_that_its_texts_leave_out(rule: Rule) -> None:
    for fact in rule.facts:
        without = rule.model_copy(update={"facts": tuple(one for one in rule.facts if one is not fact)})
        try:
            fewer = texts(without)
        except MessageLacks:
            continue
        assert all(one != whole for one, whole in zip(fewer, texts(rule), strict=True)), fact


def test_a_text_that_lacks_a_fact_is_found() -> None:
    rule = RULES[NotificationEvent.CREDITED].rules[0]
    with pytest.raises(MessageLacks, match="credited to victim: reference"):
        texts(rule.model_copy(update={"facts": (Fact.AMOUNT, Fact.TO_ACCOUNT)}))


def test_a_message_carries_its_facts_and_the_occasion_and_no_other() -> None:
    rule = RULES[NotificationEvent.RETURN_APPROVED].rules[0]
    assert carried(rule, OF_EVENT) == MessageFacts(
        occasion="once", amount_paise=1_000_00, to_account="..0042, ICICI Bank"
    )


def test_documents_go_only_where_there_is_e_mail() -> None:
    assert all(Channel.EMAIL in rule.channels for _, rule in every_rule() if rule.encloses)


def test_a_bank_forwards_only_to_an_account_holder_and_no_code_but_one_that_an_officer_has_sent() -> None:
    forwarded = {rule.to for _, rule in every_rule() if Channel.BANK_LETTER in rule.channels}
    assert forwarded == {Addressee.HOLDER}
    assert {kind for kind in MessageKind if kind.value.endswith(("_code", "_link"))} == EXPIRING
    assert channels_of(MessageKind.GRIEVANCE_CODE, Recipient.HOLDER) == {Channel.SMS, Channel.EMAIL}


def test_a_message_that_expires_says_when() -> None:
    assert all(Fact.UNTIL in rule.facts for _, rule in every_rule() if rule.kind in EXPIRING)


def test_only_the_end_of_an_appeal_goes_to_the_contact_that_it_names() -> None:
    assert {event for event, rule in every_rule() if Channel.APPEAL_CONTACT in rule.channels} == {
        NotificationEvent.GRIEVANCE_DECIDED,
        NotificationEvent.GRIEVANCE_WITHDRAWN,
    }
