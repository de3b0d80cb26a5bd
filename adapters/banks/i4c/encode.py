"""Police → bank: the fraud report, as JSON for the envelope."""

from typing import Final

import orjson

from adapters.banks.answers import JsonObject
from adapters.banks.i4c.money import format_rupees
from adapters.banks.i4c.times import format_moment
from adapters.banks.protocol import HoldTicket, Incident

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
