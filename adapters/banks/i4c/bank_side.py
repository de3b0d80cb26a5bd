"""Decoder of the fraud report on the bank's side, for banks and for tests of one.

The decoder is as tolerant as banks are: `incidents` may stand inside `instrument`, and the instrument may be missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue

from adapters.banks.answers import LineFlag
from adapters.banks.envelope import open_envelope
from adapters.banks.i4c.document import Fields, ShapeError, read_object, tidy
from adapters.banks.i4c.values import IDEMPOTENCY_HEADER, AmountError, parse_moment
from adapters.banks.protocol import INCIDENTS_MAX, BankWire, Instrument
from schemas.base import Flag


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedIncident:
    """One transfer that the police ask about; `transferred_at` (UTC) is None if it could not be read."""

    amount_paise: int
    rrn: str
    transferred_at: datetime | None
    transferred_at_raw: str
    disputed_paise: int
    layer: int
    flags: tuple[Flag, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudReport:
    """A ticket as received. `request_key` is its Idempotency-Key, or None without one."""

    request_key: str | None
    ack_no: str
    sub_category: str
    instrument: Instrument | None
    incidents: tuple[ReportedIncident, ...] = field(repr=False)


def decode_fraud_report(body: bytes, headers: Mapping[str, str], bank: BankWire) -> FraudReport:
    """Open and read a fraud report addressed to `bank`.

    Raises EnvelopeError if the body cannot be opened. Raises ShapeError (field and reason) if the acknowledgement
    number, the incidents, an RRN or an amount is missing or unreadable. A bank must not act on half a ticket.
    """
    document = read_object(open_envelope(body, headers, bank))
    instrument = document.pop("instrument", None)
    nested = instrument.pop("incidents", None) if isinstance(instrument, dict) else None
    incidents = document.pop("incidents", nested)
    fields = Fields(tidy(document)[0])
    ack_no = fields.code("acknowledgement_no")
    if not ack_no:
        raise ShapeError("acknowledgement_no", "is missing")
    return FraudReport(
        request_key=next((v for k, v in headers.items() if k.lower() == IDEMPOTENCY_HEADER.lower()), None),
        ack_no=ack_no,
        sub_category=fields.text("sub_category"),
        instrument=_instrument(Fields(tidy(instrument)[0])) if isinstance(instrument, dict) else None,
        incidents=_incidents(incidents),
    )


def _instrument(fields: Fields) -> Instrument:
    return Instrument(
        requestor=fields.text("requestor"),
        payer_bank=fields.text("payer_bank"),
        payer_bank_code=fields.text("payer_bank_code"),
        mode_of_payment=fields.text("mode_of_payment"),
        payer_mobile=fields.text("payer_mobile_number"),
        payer_account=fields.identifier("payer_account_number"),
        state=fields.text("state"),
        district=fields.text("district"),
        transaction_type=fields.text("transaction_type"),
        wallet=fields.text("wallet"),
    )


def _incidents(value: JsonValue) -> tuple[ReportedIncident, ...]:
    listed = [value] if isinstance(value, dict) else value
    if not isinstance(listed, list) or not 1 <= len(listed) <= INCIDENTS_MAX:
        raise ShapeError("incidents", f"must be a list of 1 to {INCIDENTS_MAX} incidents")
    return tuple(_incident(f"incidents[{index}]", item) for index, item in enumerate(listed))


def _incident(name: str, value: JsonValue) -> ReportedIncident:
    if not isinstance(value, dict):
        raise ShapeError(name, "must be a JSON object")
    values, repaired = tidy(value)
    fields = Fields(values)
    if repaired:
        fields.flag(name, LineFlag.TEXT_REPAIRED)
    rrn = fields.reference("rrn")
    if not rrn:
        raise ShapeError(f"{name}.rrn", "is missing")
    amount_paise, disputed_paise = _rupees(name, "amount", fields), _rupees(name, "disputed_amount", fields)
    written = f"{fields.text('transaction_date')} {fields.text('transaction_time')}".strip()
    moment, odd = parse_moment(written)
    if odd:
        fields.flag("transaction_time", odd)
    return ReportedIncident(
        amount_paise=amount_paise,
        rrn=rrn,
        transferred_at=moment,
        transferred_at_raw=written,
        disputed_paise=disputed_paise,
        layer=_layer(name, fields),
        flags=tuple(fields.flags),
    )


def _rupees(name: str, field_name: str, fields: Fields) -> int:
    try:
        paise = fields.rupees(field_name)
    except AmountError as error:
        raise ShapeError(f"{name}.{field_name}", str(error)) from None
    if paise is None:
        raise ShapeError(f"{name}.{field_name}", "is missing")
    return paise


def _layer(name: str, fields: Fields) -> int:
    text = fields.code("layer")
    if not text.isdecimal() or int(text) < 1:
        raise ShapeError(f"{name}.layer", "must be a whole number from 1")
    return int(text)
