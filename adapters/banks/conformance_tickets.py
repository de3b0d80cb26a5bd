"""Test tickets, with marks that a bank can recognise. A bank that ignores the marks finds nothing to hold.

Any one of the three marks is sufficient. The acknowledgement number begins with 9000000, because no channel has the
digit 9 and no date is day 00 of month 00. The sub-category is TEST. The RRN begins with 9999, because no year has a
999th day.
"""

import secrets
from datetime import timedelta
from typing import Final
from uuid import uuid4

from adapters.banks.protocol import HoldTicket, Incident, Instrument
from adapters.clock import wall_clock
from schemas.recovery.orders import BankOrder, OrderLine
from schemas.restoration_enums import OrderKind, OrderReason, OrderState

TEST_ACK_PREFIX: Final = "9000000"
TEST_CATEGORY: Final = "TEST"
TEST_RRN_PREFIX: Final = "9999"
TEST_PAISE: Final = 100
TRANSFERRED_AGO: Final = timedelta(minutes=10)
DUE_AFTER: Final = timedelta(days=15)

_INSTRUMENT: Final = Instrument(
    requestor="I4C-MHA",
    payer_bank="TEST",
    payer_bank_code="TEST",
    mode_of_payment="UPI",
    payer_mobile="",
    payer_account="",
    state="",
    district="",
    transaction_type="TEST",
)


def new_test_ticket() -> HoldTicket:
    """Return a new test ticket that shares no value with another."""
    now = wall_clock().replace(microsecond=0)
    incident = Incident(
        amount_paise=TEST_PAISE,
        rrn=f"{TEST_RRN_PREFIX}{secrets.randbelow(10**8):08d}",
        transferred_at=now - TRANSFERRED_AGO,
        disputed_paise=TEST_PAISE,
        layer=1,
        hop_no=1,
    )
    return HoldTicket(
        request_id=uuid4(),
        ack_no=f"{TEST_ACK_PREFIX}{secrets.randbelow(10**7):07d}",
        sub_category=TEST_CATEGORY,
        instrument=_INSTRUMENT,
        incidents=(incident,),
        requested_at=now,
    )


def new_test_order() -> BankOrder:
    """Return a new test order to release money that no bank holds.

    A bank that ignores the marks finds no such hold and pays no one.
    """
    now = wall_clock().replace(microsecond=0)
    line = OrderLine(
        line_no=1,
        hop=1,
        reference=f"{TEST_RRN_PREFIX}{secrets.randbelow(10**8):08d}",
        account="TEST",
        amount_paise=TEST_PAISE,
        confirmed_paise=0,
    )
    return BankOrder(
        order_id=uuid4(),
        kind=OrderKind.RELEASE,
        reason=OrderReason.LAPSED,
        state=OrderState.PLANNED,
        ack_no=f"{TEST_ACK_PREFIX}{secrets.randbelow(10**7):07d}",
        ordered_at=now,
        due_at=now + DUE_AFTER,
        lines=(line,),
    )
