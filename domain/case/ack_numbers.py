"""Acknowledgement numbers: 14 digits with channel, day and serial."""

from datetime import datetime

from schemas.enums import Channel
from schemas.identifiers import ACK_NO_PATTERN
from schemas.text import IST

SERIALS_A_DAY = 10_000_000
SERIAL_DIGITS = 7
OUR_FIRST_SERIAL = 5_000_000
"""We use the upper half of a day's serials, and the portal the lower half as long as its serials are few enough."""

_FIRST_DIGIT = {
    Channel.PORTAL: "2",
    Channel.HELPLINE_1930: "3",
    Channel.IMPORT: "2",
    # The form belongs to the helpline.
    Channel.PUBLIC_FORM: "3",
}


def first_digits() -> frozenset[str]:
    """Return the first digits in use. Another first digit is flagged, never refused."""
    return frozenset(_FIRST_DIGIT.values())


def make_ack_no(channel: Channel, received_at: datetime, serial: int) -> str:
    """Return a number of our own; `received_at` is aware, and the date is in IST."""
    if not OUR_FIRST_SERIAL <= serial < SERIALS_A_DAY:
        raise ValueError(f"serial {serial} is outside {OUR_FIRST_SERIAL}..{SERIALS_A_DAY - 1}")
    return f"{_FIRST_DIGIT[channel]}{received_at.astimezone(IST):%d%m%y}{serial:07d}"


def is_of_our_half(ack_no: str) -> bool:
    """Return whether a number lies in the half that we give out."""
    return is_ack_no(ack_no) and int(ack_no[-SERIAL_DIGITS:]) >= OUR_FIRST_SERIAL


def is_ack_no(text: str) -> bool:
    """Return whether a text has the form of a number of the portal or the helpline."""
    if not ACK_NO_PATTERN.fullmatch(text) or text[0] not in first_digits():
        return False
    try:
        datetime.strptime(text[1:7], "%d%m%y")  # noqa: DTZ007 - only whether there is such a day
    except ValueError:
        return False
    return True
