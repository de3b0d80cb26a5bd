"""What the timeline cannot say of events: fields that are missing, and codes without a text."""

import re
from collections.abc import Iterable
from typing import Any

from documents.event_texts import NAMED, codes, places
from domain.work_items.task_notes import NAMES

CODE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
FREE = {"bank", "money", "count", "why", "court"}
"""fields that are no codes, or are worked out"""


def untold(events: Iterable[tuple[str, dict[str, Any]]]) -> set[str]:
    """Return the fields of events that a sentence needs and does not get, and the codes that it would show."""
    return {f"{kind}: {fault}" for kind, data in events for fault in _faults(kind, data)}


def _faults(kind: str, data: dict[str, Any]) -> Iterable[str]:
    needed, optional = places(kind)
    for place in (needed | optional) - FREE:
        value = data.get(place, data.get(f"{place}_paise"))
        if value in (None, ""):
            if place in needed:
                yield f"{place} is missing"
            continue
        named = NAMED.get(f"{kind}.{place}")
        known = codes() if named is None else NAMES[named]
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and CODE.fullmatch(one) and not one.isdigit() and one not in known:
                yield f"{place} is {one!r}"
