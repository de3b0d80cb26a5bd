"""Registered texts of short messages: every message that goes by SMS has one, and it is the text that is sent."""

import re
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from domain.message_rules import ADDRESSEES, RULES, Channel
from domain.message_texts import (
    LONGEST,
    VARIABLE,
    SmsTemplates,
    TemplateKey,
    TemplatesWrong,
    short,
    template_keys,
    template_text,
)
from schemas.enums import Language
from schemas.notifications import MessageKind, Recipient
from tests.each import each
from tests.paths import ROOT
from workers.reference.sms_templates import SAMPLE, sample, template_file

KEYS = list(template_keys())
ENTITY = "1201000000000000001"
HELD = "money_held to victim in hi"


def content() -> dict[str, Any]:
    """Return the content of a file with an id for every text."""
    return tomllib.loads(template_file(ENTITY, lambda key: f"{10**18 + KEYS.index(key)}"))


def test_every_message_that_goes_by_sms_has_a_template_in_each_language() -> None:
    found = {(key.kind, key.to_whom): set[Language]() for key in KEYS}
    for key in KEYS:
        found[key.kind, key.to_whom].add(key.language)
    for event in RULES.values():
        for rule in event.rules:
            if Channel.SMS in rule.channels:
                assert any((rule.kind, to_whom) in found for to_whom in ADDRESSEES[rule.to].texts)
    for (_, to_whom), languages in found.items():
        assert languages == ({Language.EN} if to_whom is Recipient.BANK else set(Language))
    assert (MessageKind.DOCUMENT_FOR_BANK, Recipient.BANK) not in found, "it goes by e-mail alone"


@each("key", KEYS)
def test_a_message_is_its_template_with_values(key: TemplateKey) -> None:
    parts = template_text(key).split(VARIABLE)
    text = short(key.kind, key.to_whom, key.language, LONGEST).text
    assert re.fullmatch(".+".join(map(re.escape, parts)), text, re.DOTALL)
    assert "{" not in "".join(parts)


def test_the_form_has_every_text_and_no_id() -> None:
    assert SAMPLE.read_text(encoding="utf-8") == sample(), "run `make docs`"
    assert SAMPLE == ROOT / "deploy" / "sms-templates.toml"
    assert {one["id"] for one in tomllib.loads(sample())["template"]} == {""}


def test_a_whole_file_gives_the_ids_of_every_message() -> None:
    whole = content()
    # A long value may have several places, and the file may have texts of another release, before ours or after.
    whole["template"][1]["text"] = whole["template"][1]["text"].replace(VARIABLE, f"{VARIABLE} {VARIABLE}")
    other = {**whole["template"][0], "text": f"Case {VARIABLE}", "id": "9" * 19}
    whole["template"] = [other, *whole["template"], {**other, "text": "x"}]
    whole["template"].append({"message": "of_tomorrow", "to": "victim", "language": "en", "id": "", "text": "x"})
    templates = SmsTemplates(whole)
    for number, key in enumerate(KEYS):
        ids = templates.ids(*key)
        assert ids is not None
        assert (ids.entity_id, ids.template_id) == (ENTITY, f"{10**18 + number}")
    assert templates.ids(MessageKind.DOCUMENT_FOR_BANK, Recipient.BANK, Language.EN) is None


def changed(name: str, value: str) -> Callable[[dict[str, Any]], None]:
    def change(file: dict[str, Any]) -> None:
        assert (file["template"][1]["message"], file["template"][1]["language"]) == ("money_held", "hi")
        file["template"][1][name] = value

    return change


@each(
    ("change", "said"),
    [
        (lambda file: file.update(entity_id=""), "entity_id: 19 digits are needed"),
        (lambda file: file["template"].pop(1), f"{HELD}: no template is registered"),
        (changed("id", "110"), f"{HELD}: its id has 19 digits"),
        (changed("id", f"{10**18}"), f"{HELD}: its id is that of money_held to victim in en"),
        (changed("text", f"मामला {VARIABLE}: आपके पैसे"), f"{HELD}: the registered text is not that of this release"),
        (lambda file: file["template"][1].pop("text"), "template.1.text: Field required"),
        (lambda file: file.update(template=file["template"] * 9), "template: Tuple should have at most 500 items"),
    ],
)
def test_a_file_with_a_mistake_is_refused_and_the_mistake_named(
    change: Callable[[dict[str, Any]], None], said: str
) -> None:
    file = content()
    change(file)
    with pytest.raises(TemplatesWrong) as caught:
        SmsTemplates(file)
    assert said in str(caught.value)
