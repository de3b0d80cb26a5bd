"""Facts about something that administrators change: texts by field, and what differs between two states of them."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from schemas.base import Change

Facts = Mapping[str, str]
"""the present values by field; a field without a value is not there"""
IS_SO = "yes"
IS_NOT_SO = "no"
IS_SET = "set"
NOT_SET = "none"
SET_AGAIN = "set again"
NOW = "now"
ENDED = "ended"


def present(values: Mapping[str, object]) -> dict[str, str]:
    """Return the values that are there, as texts."""
    texts = {field: text_of(value) for field, value in values.items()}
    return {field: text for field, text in texts.items() if text}


def text_of(value: object) -> str:
    """Return a value as a text; an empty one for none."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return IS_SO if value else IS_NOT_SO
    if isinstance(value, Iterable):
        return ", ".join(text_of(item) for item in value)
    return str(value)


def span(from_at: datetime, until_at: datetime | None, now: datetime) -> str:
    """Return the time in which something holds, as seen from now. The text never has the present time in it."""
    if until_at is not None and until_at <= now:
        return ENDED
    parts = [f"from {text_of(from_at)}"] if from_at > now else []
    parts += [] if until_at is None else [f"until {text_of(until_at)}"]
    return " ".join(parts) or NOW


def differences(before: Facts, after: Facts) -> tuple[Change, ...]:
    """Return what differs, in the order of the fields of `before` and then of `after`."""
    fields = dict.fromkeys((*before, *after))
    return tuple(
        Change(field=field, before=before.get(field), after=after.get(field))
        for field in fields
        if before.get(field) != after.get(field)
    )
