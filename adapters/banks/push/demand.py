"""Tickets as the JSON objects that webhook and feed share."""

from datetime import datetime

from adapters.banks.protocol import HoldTicket, Incident, Instrument
from schemas.case.debit_inquiries import DebitInquiry, DebitToFind
from schemas.case.hold_requests import HoldDemand, HoldHop, HoldInstrument


def hold_demand(ticket: HoldTicket, now: datetime) -> HoldDemand:
    """Return `ticket` as a bank reads it. `now` is used if the ticket has no time of request."""
    return HoldDemand(
        hold_id=ticket.request_id,
        ack_no=ticket.ack_no,
        category=ticket.sub_category,
        priority=ticket.priority,
        requested_at=ticket.requested_at or now,
        respond_by=ticket.respond_by,
        hold_until=ticket.hold_until,
        instrument=_instrument(ticket.instrument),
        hops=tuple(_hop(incident) for incident in ticket.incidents),
    )


def debit_inquiry(ticket: HoldTicket, now: datetime) -> DebitInquiry:
    """Return an inquiry's ticket as the victim's bank reads it. `now` stands for a missing time."""
    (told,) = ticket.incidents
    return DebitInquiry(
        inquiry_id=ticket.request_id,
        ack_no=ticket.ack_no,
        category=ticket.sub_category,
        asked_at=ticket.requested_at or now,
        instrument=_instrument(ticket.instrument),
        transfer=DebitToFind(reference=told.rrn, amount_paise=told.amount_paise, transferred_at=told.transferred_at),
    )


def _instrument(instrument: Instrument) -> HoldInstrument:
    return HoldInstrument(
        requestor=instrument.requestor,
        payer_institution=instrument.payer_bank,
        payer_institution_code=instrument.payer_bank_code,
        payer_account=instrument.payer_account,
        payer_mobile=instrument.payer_mobile,
        mode=instrument.mode_of_payment,
        transaction_type=instrument.transaction_type,
        wallet=instrument.wallet,
        state=instrument.state,
        district=instrument.district,
    )


def _hop(incident: Incident) -> HoldHop:
    assert incident.hop_no is not None, "a ticket for webhook or feed has hop numbers"
    return HoldHop(
        hop=incident.hop_no,
        reference=incident.rrn,
        amount_paise=incident.amount_paise,
        disputed_paise=incident.disputed_paise,
        transferred_at=incident.transferred_at,
        layer=incident.layer,
    )
