"""Acknowledgement numbers: 14 digits, channel, day and serial (domain.md, "Words")."""

from datetime import datetime

from schemas.enums import Channel
from schemas.text import IST

SERIALS_A_DAY = 10_000_000
OUR_FIRST_SERIAL = 5_000_000
"""We give out the upper half of a day's serials, the portal the lower: two who number need no word with each other."""

_FIRST_DIGIT = {Channel.PORTAL: "2", Channel.HELPLINE_1930: "3", Channel.IMPORT: "2"}


def first_digits() -> frozenset[str]:
    """The first digits that are in use; another is flagged, never refused."""
    return frozenset(_FIRST_DIGIT.values())


def make_ack_no(channel: Channel, received_at: datetime, serial: int) -> str:
    """A number of our own; `received_at` is aware and dated in India."""
    if not OUR_FIRST_SERIAL <= serial < SERIALS_A_DAY:
        raise ValueError(f"serial {serial} is outside {OUR_FIRST_SERIAL}..{SERIALS_A_DAY - 1}")
    return f"{_FIRST_DIGIT[channel]}{received_at.astimezone(IST):%d%m%y}{serial:07d}"
