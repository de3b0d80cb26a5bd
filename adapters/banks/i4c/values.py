"""Values of I4C's wire: times, money, replies, encoding."""

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Final

import orjson

from adapters.banks.answers import JsonObject, LineFlag
from adapters.banks.protocol import HoldTicket, Incident
from schemas.base import MAX_AMOUNT_PAISE
from schemas.text import IST

YEAR_MIN: Final = 2000
YEAR_MAX: Final = 2100
NOON_HOUR: Final = 12
_TEXT_MAX_CHARS: Final = 64

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MOMENT: Final = re.compile(
    r"""(?: (?P<y1>[0-9]{4}) (?P<s1>[-/.]) (?P<m1>[0-9]{1,2}) (?P=s1) (?P<d1>[0-9]{1,2})
          | (?P<d2>[0-9]{1,2}) (?P<s2>[-/.]) (?P<m2>[0-9]{1,2}) (?P=s2) (?P<y2>[0-9]{4})
          | (?P<d3>[0-9]{1,2}) [-\s/] (?P<m3>[A-Za-z]{3,9}) [-\s/] (?P<y3>[0-9]{4}) )
        (?: (?:T|t|\s+) (?P<hour>[0-9]{1,2}) : (?P<minute>[0-9]{2}) (?: : (?P<second>[0-9]{2})
        (?:[.,][0-9]{1,9})? )?
            (?P<odd>:)? \s* (?P<half>[AaPp]\.?[Mm]\.?)? \s* (?P<zone>[Zz]|[+-][0-9]{2}:?[0-9]{2})? )?""",
    re.VERBOSE,
)


def format_moment(moment: datetime) -> tuple[str, str]:
    """Return (YYYY-MM-DD, HH:MM:SS) in IST; `moment` is aware. Fractions of a second are dropped."""
    local = moment.astimezone(IST)
    return local.date().isoformat(), local.time().isoformat("seconds")


def parse_moment(text: str) -> tuple[datetime | None, LineFlag | None]:
    """Return the time in UTC that `text` gives and, for an odd notation, a flag. Never raises.

    A time without an offset is IST. Accepted without a flag: YYYY-MM-DD HH:MM[:SS], ISO 8601, DD-MM-YYYY HH:MM[:SS].
    Accepted with TIME_ODD: other separators, month names, a date alone (its first instant), "13:34:PM". The day always
    precedes the month, as in every Indian notation; a month-first date is never guessed. Any other text returns (None,
    TIME_UNREADABLE).
    """
    text = text.strip()
    if not text:
        return None, LineFlag.TIME_MISSING
    match = _MOMENT.fullmatch(text) if len(text) <= _TEXT_MAX_CHARS else None
    if match is None:
        return None, LineFlag.TIME_UNREADABLE
    hour, hour_odd = _hour(match)
    try:
        minute, second = int(match["minute"] or 0), int(match["second"] or 0)
        moment = datetime(*_date(match), hour, minute, second, tzinfo=_zone(match)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None, LineFlag.TIME_UNREADABLE
    if not YEAR_MIN <= moment.year <= YEAR_MAX:
        return None, LineFlag.TIME_UNREADABLE
    plain = (match["s1"] or match["s2"]) == "-" and match["hour"] is not None and not hour_odd
    return moment, None if plain else LineFlag.TIME_ODD


def _date(match: re.Match[str]) -> tuple[int, int, int]:
    """Return (year, month, day). Raises ValueError for a month that does not exist."""
    if match["m3"]:
        return int(match["y3"]), _MONTHS.index(match["m3"][:3].lower()) + 1, int(match["d3"])
    if match["y1"]:
        return int(match["y1"]), int(match["m1"]), int(match["d1"])
    return int(match["y2"]), int(match["m2"]), int(match["d2"])


def _hour(match: re.Match[str]) -> tuple[int, bool]:
    """Return the hour from 0 to 23 and whether its notation was odd: "13:34:PM" still means 13."""
    hour = int(match["hour"] or 0)
    if not match["half"]:
        return hour, bool(match["odd"])
    afternoon = match["half"][0] in "Pp"
    if not 1 <= hour <= NOON_HOUR:
        return hour, True
    return hour % NOON_HOUR + (NOON_HOUR if afternoon else 0), bool(match["odd"])


def _zone(match: re.Match[str]) -> timezone:
    """Return the written offset, or IST without one. Raises ValueError for an offset that does not exist."""
    zone = match["zone"]
    if not zone:
        return IST
    if zone in "Zz":
        return UTC
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return timezone(-offset if zone[0] == "-" else offset)


MESSAGE_MAX_CHARS: Final = 500


class ReplyCode(StrEnum):
    """Response codes that we send.

    00 and 01 belong to the wire; the others are ours and repeat the HTTP status.
    """

    OK = "00"
    NOT_FOUND = "01"
    NOT_DECIPHERED = "400"
    NOT_LOGGED_IN = "401"
    TOO_LARGE = "413"
    NOT_THE_SHAPE = "422"
    TOO_MANY_CALLS = "429"
    FAILED = "500"


def login_reply(token: str, expires_in_seconds: int) -> JsonObject:
    """Return the reply to a login: a bearer token and its lifetime in seconds."""
    return _reply(ReplyCode.OK, "Logged in", {"token": token, "expires_in": expires_in_seconds})


def accepted_reply(
    ack_no: str, job_id: str | None, *, accepted: int, duplicates: int, contradictions: int
) -> JsonObject:
    """Return the reply to a status update, all of whose lines were stored.

    The three counts add up to the number of its lines.
    """
    counts: JsonObject = {"accepted": accepted, "duplicates": duplicates, "contradictions": contradictions}
    data: JsonObject = {"acknowledgement_no": ack_no, "job_id": job_id, **counts}
    return _reply(ReplyCode.OK, "Accepted", data)


def ticket_reply(ack_no: str, job_id: str) -> JsonObject:
    """Return a bank's reply to a fraud report that it accepted under `job_id`."""
    return _reply(ReplyCode.OK, "Accepted", {"acknowledgement_no": ack_no, "job_id": job_id})


def refusal_reply(code: str, message: str) -> JsonObject:
    """Return a refusal; `message` says which field is wrong and how, cut at MESSAGE_MAX_CHARS."""
    return _reply(code, message[:MESSAGE_MAX_CHARS], {})


def _reply(code: str, message: str, data: JsonObject) -> JsonObject:
    return {"meta": {"response_code": code, "response_message": message}, "data": data}


PAISE_PER_RUPEE: Final = 100

# Western or Indian grouping (1,25,000.00), ASCII digits, at most two decimals. "5.000" means five thousand to some
# writers and five to others, so three decimals are refused and never rounded.
_RUPEES: Final = re.compile(r"-?(?:[0-9]*|[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3})(?:\.[0-9]{0,2})?")
_RUPEES_MAX_CHARS: Final = 40


class AmountError(ValueError):
    """Not an amount in rupees with at most two decimals, from 0 to the largest amount."""

    def __init__(self) -> None:
        """Use the class text as the message, which does not repeat the value."""
        super().__init__(type(self).__doc__)


def parse_rupees(value: object) -> int:
    """Return the paise in `value`: text such as "5000", "5000.00" or "5,000.00", an int, or a float.

    A float is read by its shortest notation (Decimal(str(value))), so 0.1 is ten paise. Raises AmountError for a
    negative amount, NaN, an exponent, more than two decimals, a boolean, or more than MAX_AMOUNT_PAISE.
    """
    paise = parse_signed_rupees(value)
    if paise < 0:
        raise AmountError
    return paise


def parse_signed_rupees(value: object) -> int:
    """Return the paise of an account balance like `parse_rupees`; it may be negative."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise AmountError
    text = value.strip() if isinstance(value, str) else str(value)
    if len(text) > _RUPEES_MAX_CHARS or not _RUPEES.fullmatch(text) or not any(c.isdigit() for c in text):
        raise AmountError
    paise = int(Decimal(text.replace(",", "")) * PAISE_PER_RUPEE)
    if abs(paise) > MAX_AMOUNT_PAISE:
        raise AmountError
    return paise


def format_rupees(amount_paise: int) -> str:
    """Return `amount_paise` as the wire writes it: 500000 → "5000.00". Raises AmountError if negative."""
    if amount_paise < 0:
        raise AmountError
    rupees, paise = divmod(amount_paise, PAISE_PER_RUPEE)
    return f"{rupees}.{paise:02d}"


IDEMPOTENCY_HEADER: Final = "Idempotency-Key"


def encode_fraud_report(ticket: HoldTicket) -> bytes:
    """Return the JSON of `ticket`: rupees as text with two decimals, dates and times in IST.

    `activities.case.tickets` makes the ticket; `adapters.banks.envelope.seal` encrypts and signs these bytes.
    """
    instrument = ticket.instrument
    return orjson.dumps(
        {
            "acknowledgement_no": ticket.ack_no,
            "sub_category": ticket.sub_category,
            "instrument": {
                "requestor": instrument.requestor,
                "payer_bank": instrument.payer_bank,
                "payer_bank_code": instrument.payer_bank_code,
                "mode_of_payment": instrument.mode_of_payment,
                "payer_mobile_number": instrument.payer_mobile,
                "payer_account_number": instrument.payer_account,
                "state": instrument.state,
                "district": instrument.district,
                "transaction_type": instrument.transaction_type,
                "wallet": instrument.wallet,
            },
            "incidents": [_incident(incident) for incident in ticket.incidents],
        }
    )


def _incident(incident: Incident) -> JsonObject:
    date, time = format_moment(incident.transferred_at)
    return {
        "amount": format_rupees(incident.amount_paise),
        "rrn": incident.rrn,
        "transaction_date": date,
        "transaction_time": time,
        "disputed_amount": format_rupees(incident.disputed_paise),
        "layer": incident.layer,
    }
