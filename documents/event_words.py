"""What the timeline says of an event: one sentence in English and one in Hindi, with sums, banks and times of India.

The sentences are in events.toml. Numbers by which a row is found come last and short: they are in log/events.txt whole.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from domain.rupees import rupees
from schemas.enums import Bucket, Language
from schemas.text import IST

SENTENCE_MAX_CHARS: Final = 300
VALUE_MAX_CHARS: Final = 60
REASON_MAX_CHARS: Final = 120
ID_CHARS: Final = 8
_EVENTS: Final = Path(__file__).with_name("events.toml")
_OPTIONAL: Final = re.compile(r"\[([^\]]*)\]")
_PLACE: Final = re.compile(r"\{(\w+)\}")
_PAISE: Final = "_paise"
_AS_CODED: Final = frozenset({"ack_no", "number", "fir_no", "code", "refusal_code", "institution"})
"""what is no code of ours, and stands as it is"""


@cache
def _table() -> dict[str, dict[str, Any]]:
    return tomllib.loads(_EVENTS.read_text())


def kinds() -> frozenset[str]:
    """The kinds of events that have a sentence."""
    return frozenset(_table()) - {"codes"}


def told(kind: str, data: dict[str, Any], language: Language) -> str:
    """One sentence about an event, with the reason that was given."""
    values = _values(data, language)
    sentence = _table().get(kind, {}).get(language.value) or f"{_word(kind, language)}."
    said = _OPTIONAL.sub(lambda part: part[1] if all(values[one] for one in _PLACE.findall(part[1])) else "", sentence)
    said = _PLACE.sub(lambda place: values[place[1]] or "–", said)
    reason = _clipped(str(data.get("reason") or ""), REASON_MAX_CHARS)
    if reason and "{why}" not in sentence:
        said += f" {_word('reason', language)}: {reason}"
    return _clipped(said, SENTENCE_MAX_CHARS)


def ids(data: dict[str, Any]) -> str:
    """By what the rows of an event are found: a UUID by its beginning."""
    found = []
    for name, value in data.items():
        if isinstance(value, str) and _is_uuid(value):
            found.append(f"{name.removesuffix('_id')} {value[:ID_CHARS]}")
        elif name.endswith("_id") and isinstance(value, int):
            found.append(f"{name.removesuffix('_id')} {value}")
    return ", ".join(found)


def _values(data: dict[str, Any], language: Language) -> dict[str, str]:
    """What can stand in a place of a sentence, by its name."""
    values: dict[str, str] = defaultdict(str)
    for name, value in data.items():
        values[name.removesuffix(_PAISE)] = _value(name, value, language)
    values["bank"] = values["institution"]
    values["money"] = _money(data.get("placed") or (), language)
    values["count"] = str(len(data.get("hops") or ()))
    values["why"] = values["reason"]
    return values


def _value(name: str, value: Any, language: Language) -> str:
    if value is None or value == "":
        return ""
    if name.endswith("paise") and isinstance(value, int):
        return rupees(value, exact=True)
    if isinstance(value, bool):
        return _word("yes" if value else "no", language)
    if isinstance(value, list):
        return _listed(name, value)
    text = str(value)
    if name in _AS_CODED or not isinstance(value, str):
        return _clipped(text, VALUE_MAX_CHARS)
    return _moment(text) or _clipped(_word(text, language), VALUE_MAX_CHARS)


def _listed(name: str, value: list[Any]) -> str:
    """Numbers one after the other; of pieces of money, their sum."""
    if name in _SUMS:
        return rupees(total, exact=True) if (total := sum(_SUMS[name](one) for one in value)) else ""
    return _clipped(", ".join(str(one) for one in value if isinstance(one, str | int)), VALUE_MAX_CHARS)


_SUMS: Final[dict[str, Callable[[Any], int]]] = {
    "opened": lambda hop: hop["disputed_paise"],
    "lines": lambda line: line[1],
    "due": lambda line: line[1],
    "let_go": lambda line: line[1],
    "shares": lambda share: share[3],
}
"""lists of pieces of money, and where in a piece the paise are"""


def _money(placed: Any, language: Language) -> str:
    """Where money has come to rest; that it is searched for only where nothing else happened to it."""
    sums: dict[str, int] = defaultdict(int)
    for _, bucket, paise in placed:
        sums[bucket] += -paise if bucket == Bucket.LOST else paise
    rest = {bucket: paise for bucket, paise in sums.items() if paise > 0}
    if len(rest) > 1:
        rest.pop(Bucket.IN_PLAY, None)
    return ", ".join(f"{rupees(rest[one], exact=True)} {_word(one, language)}" for one in Bucket if one in rest)


def _word(code: str, language: Language) -> str:
    """A code as a person reads it."""
    known = _table()["codes"].get(code)
    return str(known[language.value]) if known else code.replace("_", " ")


def _moment(text: str) -> str:
    """A moment by the clock of India, or a day; nothing where it is neither."""
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
