"""Acknowledgement numbers: 14 digits with channel, day and serial."""

from datetime import datetime

from schemas.enums import Channel
from schemas.text import IST

SERIALS_A_DAY = 10_000_000
OUR_FIRST_SERIAL = 5_000_000
"""We use the upper half of a day's serials and the portal the lower half, so both can number independently."""

_FIRST_DIGIT = {Channel.PORTAL: "2", Channel.HELPLINE_1930: "3", Channel.IMPORT: "2"}


def first_digits() -> frozenset[str]:
    """Return the first digits in use. Another first digit is flagged, never refused."""
    return frozenset(_FIRST_DIGIT.values())


def make_ack_no(channel: Channel, received_at: datetime, serial: int) -> str:
    """Return a number of our own; `received_at` is aware, and the date is in IST."""
    if not OUR_FIRST_SERIAL <= serial < SERIALS_A_DAY:
        raise ValueError(f"serial {serial} is outside {OUR_FIRST_SERIAL}..{SERIALS_A_DAY - 1}")
    return f"{_FIRST_DIGIT[channel]}{received_at.astimezone(IST):%d%m%y}{serial:07d}"
