"""Templates of short messages, as a sender in India registers them (DLT): texts with places for variables.

An operator of telephones drops a message whose text or id is not the registered one, and tells the sender nothing.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from string import Formatter
from typing import Annotated, Any, Final, NamedTuple

from pydantic import Field, ValidationError

from domain.recovery.message_events import Channel
from domain.recovery.message_rules import ADDRESSEES, RULES, TEXTS
from schemas.base import FrozenModel
from schemas.enums import Language
from schemas.notifications import MessageKind, Recipient, SmsIds

VARIABLE: Final = "{#var#}"
TEMPLATES_MAX: Final = 500
_ID: Final = re.compile(r"[0-9]{19}", re.ASCII)
"""an id of the register"""
_VARIABLES: Final = re.compile(r"(?:\{#var#\}\s*)+")
_IN_ENGLISH: Final = frozenset({Recipient.BANK})
"""recipients who read English; all others are written to in every language"""


class TemplateKey(NamedTuple):
    """Message, recipient and language: each has a template of its own."""

    kind: MessageKind
    to_whom: Recipient
    language: Language

    def __str__(self) -> str:
        """Return how a mistake names the template."""
        return f"{self.kind.value} to {self.to_whom.value} in {self.language.value}"


class Registered(FrozenModel):
    """One template of the file. A message that this release does not know is left aside."""

    message: Annotated[str, Field(max_length=60)]
    to: Annotated[str, Field(max_length=60)]
    language: Annotated[str, Field(max_length=10)]
    id: Annotated[str, Field(max_length=40)]
    text: Annotated[str, Field(max_length=2_000)]


class TemplateFile(FrozenModel):
    """The file of templates: the entity that registered them, and each template."""

    entity_id: Annotated[str, Field(max_length=40)]
    template: Annotated[tuple[Registered, ...], Field(max_length=TEMPLATES_MAX)]


class TemplatesWrong(ValueError):
    """The templates of short messages are not those of this release; the text has one line per mistake."""


class SmsTemplates:
    """The ids of all templates, which are complete and have the texts of this release."""

    def __init__(self, content: dict[str, Any]) -> None:
        """Check the content of a file. Raises `TemplatesWrong`."""
        try:
            file = TemplateFile.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            raise TemplatesWrong(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        found = defaultdict[tuple[str, str, str], list[Registered]](list)
        for one in file.template:
            found[one.message, one.to, one.language].append(one)
        mistakes = [] if _ID.fullmatch(file.entity_id) else ["entity_id: 19 digits are needed"]
        self._ids: dict[TemplateKey, SmsIds] = {}
        for key in template_keys():
            of_message = found[key.kind.value, key.to_whom.value, key.language.value]
            # During an update the file may have the texts of both releases.
            ours = [one for one in of_message if _plain(one.text) == _plain(template_text(key))]
            if not of_message:
                mistakes.append(f"{key}: no template is registered")
            elif not ours:
                mistakes.append(f"{key}: the registered text is not that of this release")
            elif not _ID.fullmatch(ours[0].id):
                mistakes.append(f"{key}: its id has 19 digits")
            else:
                self._ids[key] = SmsIds(entity_id=file.entity_id, template_id=ours[0].id)
        mistakes += _used_twice(self._ids)
        if mistakes:
            raise TemplatesWrong("\n".join(mistakes))

    def ids(self, kind: MessageKind, to_whom: Recipient, language: Language) -> SmsIds | None:
        """Return the ids that a message is sent with, or None if it has no template."""
        return self._ids.get(TemplateKey(kind, to_whom, language))


def template_keys() -> Iterator[TemplateKey]:
    """Yield every message that goes by SMS, in the order of the texts, once for each language."""
    sent = {
        (rule.kind, to_whom)
        for event in RULES.values()
        for rule in event.rules
        if Channel.SMS in rule.channels
        for to_whom in ADDRESSEES[rule.to].texts
    }
    for kind, to_whom in TEXTS[Language.EN]:
        if (kind, to_whom) in sent:
            for language in (Language.EN,) if to_whom in _IN_ENGLISH else Language:
                yield TemplateKey(kind, to_whom, language)


def template_text(key: TemplateKey) -> str:
    """Return the text to register: that of the message, with a place for each variable."""
    text = TEXTS[key.language][key.kind, key.to_whom].text
    return "".join(fixed + (VARIABLE if name is not None else "") for fixed, name, _, _ in Formatter().parse(text))


def _used_twice(ids: dict[TemplateKey, SmsIds]) -> Iterator[str]:
    first: dict[str, TemplateKey] = {}
    for key, found in ids.items():
        if (other := first.setdefault(found.template_id, key)) is not key:
            yield f"{key}: its id is that of {other}"


def _plain(text: str) -> str:
    """Return a text for comparison. A long value may have several places, because each holds few characters."""
    return " ".join(_VARIABLES.sub(f"{VARIABLE} ", text).split())
