"""Timeline sentences about events, one in English and one in Hindi, with amounts, banks and times in IST.

The sentences are in events.toml, the texts of codes in event_codes.toml. Ids of rows come last and in short form;
log/events.txt has them in full.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from domain.case.ledger import CONTRA_BUCKETS
from domain.rupees import rupees
from domain.work_items import task_notes
from schemas.enums import Bucket, Differing, Language, TaskKind
from schemas.notifications import Medium, MessageKind, Recipient
from schemas.restoration_enums import OrderReason
from schemas.text import IST

SENTENCE_MAX_CHARS: Final = 300
VALUE_MAX_CHARS: Final = 60
REASON_MAX_CHARS: Final = 120
ID_CHARS: Final = 8
_EVENTS: Final = Path(__file__).with_name("events.toml")
_CODES: Final = Path(__file__).with_name("event_codes.toml")
_OPTIONAL: Final = re.compile(r"\[([^\]]*)\]")
_PLACE: Final = re.compile(r"\{(\w+)\}")
_PAISE: Final = "_paise"
_AS_CODED: Final = frozenset({"ack_no", "other_case_no", "number", "fir_no", "code", "refusal_code", "institution"})
"""fields whose values are not codes of ours and are shown unchanged"""
NAMED: Final[dict[str, type[StrEnum]]] = {
    "task_opened.kind": TaskKind,
    "task_closed.kind": TaskKind,
    "message_sent.kind": MessageKind,
    "message_sent.to_whom": Recipient,
    "message_sent.medium": Medium,
    "order_planned.reason": OrderReason,
    "payer_bank_stated.differing": Differing,
}
"""fields whose codes have names in `domain.work_items.task_notes`, by kind of event and field; `codes()` has no text of
them"""


@cache
def _table() -> dict[str, dict[str, Any]]:
    return tomllib.loads(_EVENTS.read_text())


def kinds() -> frozenset[str]:
    """Return the kinds of events that have a sentence."""
    return frozenset(_table())


@cache
def codes() -> dict[str, dict[str, str]]:
    """Return the text of each code by language, for the fields that are not in `NAMED`.

    The table has one text for each code, so a code has the same text in every event.
    """
    return tomllib.loads(_CODES.read_text())


def places(kind: str) -> tuple[set[str], set[str]]:
    """Return the fields that the sentence of an event needs, and those that it leaves out where they are missing."""
    template = _table()[kind][Language.EN.value]
    needed = set(_PLACE.findall(_OPTIONAL.sub("", template)))
    return needed, set(_PLACE.findall(template)) - needed


def sentence(kind: str, data: dict[str, Any], language: Language, name_of: Callable[[str], str]) -> str:
    """Return one sentence about an event, with its reason if there is one. `name_of` names a bank by its code."""
    values = _values(kind, data, language)
    values["bank"] = _clipped(name_of(code), VALUE_MAX_CHARS) if (code := str(data.get("institution") or "")) else ""
    template = _table().get(kind, {}).get(language.value) or f"{_word(kind, language)}."
    text = _OPTIONAL.sub(
        lambda part: part[1] if all(values[place_name] for place_name in _PLACE.findall(part[1])) else "", template
    )
    text = _PLACE.sub(lambda place: values[place[1]] or "–", text)
    reason = _clipped(_reason(str(data.get("reason") or ""), language), REASON_MAX_CHARS)
    if reason and "{why}" not in template:
        text += f" {_word('reason', language)}: {reason}"
    return _clipped(text, SENTENCE_MAX_CHARS)


def ids(data: dict[str, Any]) -> str:
    """Return the ids of an event's rows; a UUID by its first characters."""
    parts = []
    for name, value in data.items():
        if isinstance(value, str) and _is_uuid(value):
            parts.append(f"{name.removesuffix('_id')} {value[:ID_CHARS]}")
        elif name.endswith("_id") and isinstance(value, int):
            parts.append(f"{name.removesuffix('_id')} {value}")
    return ", ".join(parts)


def _values(kind: str, data: dict[str, Any], language: Language) -> dict[str, str]:
    """Return the values for the placeholders of a sentence, by name."""
    values: dict[str, str] = defaultdict(str)
    for name, value in data.items():
        named = NAMED.get(f"{kind}.{name}")
        text = _value(name, value, language) if named is None else _names(named, value, language)
        values[name.removesuffix(_PAISE)] = text
    values["money"] = _money(data.get("placed") or (), language)
    values["count"] = str(len(data.get("hops") or ()))
    values["why"] = values["reason"]
    return values


def _names(kind: type[StrEnum], value: Any, language: Language) -> str:
    """Return the names of one code, or of a list of codes."""
    of = value if isinstance(value, list) else [value]
    return _clipped(", ".join(task_notes.name_of(kind, code, language) for code in of), VALUE_MAX_CHARS)


def _value(name: str, value: Any, language: Language) -> str:
    if value is None or value == "":
        return ""
    if name.endswith("paise") and isinstance(value, int):
        return rupees(value, exact=True)
    if isinstance(value, bool):
        return _word("yes" if value else "no", language)
    if isinstance(value, list):
        return _listed(name, value, language)
    text = str(value)
    if name in _AS_CODED or not isinstance(value, str):
        return _clipped(text, VALUE_MAX_CHARS)
    return _moment(text) or _clipped(_word(text, language), VALUE_MAX_CHARS)


def _listed(name: str, value: list[Any], language: Language) -> str:
    """Return listed values separated by commas, or the sum of listed amounts."""
    if name in _SUMS:
        return rupees(total, exact=True) if (total := sum(_SUMS[name](item) for item in value)) else ""
    return _clipped(
        ", ".join(_word(str(item), language) for item in value if isinstance(item, str | int)), VALUE_MAX_CHARS
    )


_SUMS: Final[dict[str, Callable[[Any], int]]] = {
    "opened": lambda hop: hop["disputed_paise"],
    "lines": lambda line: line[1],
    "due": lambda line: line[1],
    "let_go": lambda line: line[1],
    "shares": lambda share: share[3],
}
"""lists of amounts, with the place of the paise in an item"""


def _money(placed: Any, language: Language) -> str:
    """Return where money went, by bucket.

    Money in play is shown only if no other bucket received any.
    """
    sums: dict[str, int] = defaultdict(int)
    for _, bucket, paise in placed:
        sums[bucket] += -paise if bucket in CONTRA_BUCKETS else paise
    rest = {bucket: paise for bucket, paise in sums.items() if paise > 0}
    if len(rest) > 1:
        rest.pop(Bucket.IN_PLAY, None)
    return ", ".join(f"{rupees(rest[place], exact=True)} {_word(place, language)}" for place in Bucket if place in rest)


def _word(code: str, language: Language) -> str:
    """Return the text for a code."""
    known = codes().get(code)
    return known[language.value] if known else code.replace("_", " ")


def _reason(text: str, language: Language) -> str:
    """Return a reason of the engine in the language, and the reason of a person as it was written."""
    known = codes().get(text) if " " in text else None
    return known[language.value] if known else text


def _moment(text: str) -> str:
    """Return a time in IST, or a date; "" for any other text."""
    try:
        if len(text) == len("2026-11-25"):
            return f"{date.fromisoformat(text):%d-%m-%Y}"
        at = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return f"{at.astimezone(IST):%d-%m-%Y %H:%M}" if at.tzinfo else ""


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _clipped(text: str, at_most: int) -> str:
    return text if len(text) <= at_most else f"{text[: at_most - 1]}…"
