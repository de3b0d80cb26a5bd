"""Banks and tickets made up for the tests of the wires."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from adapters.banks.answers import StatusLine
from adapters.banks.envelope import seal
from adapters.banks.i4c.decode import decode_status_update
from adapters.banks.protocol import BankWire, HoldTicket, Incident, Instrument
from schemas.banks.institutions import EnvelopeKind

AES_KEY = bytes(range(32))
HMAC_KEY = bytes(range(32, 64))
REQUEST_ID = UUID("6f1c2e0a-3f6b-4f0e-9a55-0d8f7c1b2a34")
PASSWORD = "made-up"
ACK_NO = "31204260000017"
TRANSFERRED_AT = datetime(2026, 4, 12, 8, 4, 5, tzinfo=UTC)


def wire(
    envelope: EnvelopeKind = "aes_cbc",
    *,
    base_url: str = "http://127.0.0.1:1",
    hmac_key: bytes | None = HMAC_KEY,
    code: str = "DEMO",
    password: str = PASSWORD,
) -> BankWire:
    return BankWire(
        code=code,
        base_url=base_url,
        email="police@example.org",
        password=password,
        envelope=envelope,
        aes_key=None if envelope == "none" else AES_KEY,
        hmac_key=hmac_key,
    )


def incident(**changes: Any) -> Incident:
    values: dict[str, Any] = {
        "amount_paise": 500_000,
        "rrn": "610212345678",
        "transferred_at": TRANSFERRED_AT,
        "disputed_paise": 450_050,
        "layer": 2,
    }
    return Incident(**(values | changes))


def ticket(*incidents: Incident, request_id: UUID = REQUEST_ID) -> HoldTicket:
    return HoldTicket(
        request_id=request_id,
        ack_no=ACK_NO,
        sub_category="UPI Related Frauds",
        instrument=Instrument(
            requestor="I4C-MHA",
            payer_bank="Demo Bank",
            payer_bank_code="DEMO",
            mode_of_payment="UPI",
            payer_mobile="9000000001",
            payer_account="00012345678901",
            state="UTTAR PRADESH",
            district="LUCKNOW",
            transaction_type="UPI",
        ),
        incidents=incidents or (incident(),),
    )


def line(**changes: Any) -> dict[str, Any]:
    """A hold line as a bank writes it; a change to None takes the field out."""
    values: dict[str, Any] = {
        "txn_type": "Transaction Put on Hold",
        "txn_type_id": "1",
        "amount": "4500.50",
        "disputed_amount": "4500.50",
        "transaction_datetime": "2026-04-12 13:45:00",
        "rrn_transaction_id": "610212345999",
        "root_account_number": "00012345678901",
        "root_rrn_transaction_id": "610212345678",
        "root_bankid": "DEMO",
        "root_ifsc_code": "DEMO0000001",
        "root_effective_balance": "-12.00",
        "status_code": "00",
        "remarks": "held",
        "phone_number": "9000000002",
        "email": "holder@example.org",
        "pan_number": "FORM60",
        "ifsc_code": "DEMO0000001",
    } | changes
    return {name: value for name, value in values.items() if value is not None}


def update(*lines: Any, **changes: Any) -> dict[str, Any]:
    return {"acknowledgement_no": ACK_NO, "job_id": "BANKS-1", "transactions": list(lines)} | changes


def posted(document: Any, bank: BankWire | None = None) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a document as a bank posts it; text is posted as it is."""
    text = document if isinstance(document, str) else json.dumps(document)
    sealed = seal(text.encode(), bank or wire())
    return sealed.body, sealed.headers


def decoded(*lines: Any) -> tuple[StatusLine, ...]:
    body, headers = posted(update(*lines))
    return decode_status_update(body, headers, wire()).lines


def key_text(key: bytes) -> str:
    return b64encode(key).decode()
