"""What every hold request says of the victim's payment, by whatever way it reaches the bank."""

from typing import Final

from adapters.banks.protocol import Instrument
from db.complaints import Payment

REQUESTOR: Final = "I4C-MHA"
STATE: Final = "UTTAR PRADESH"


def instrument_of(payment: Payment) -> Instrument:
    """The payment as a bank's wire wants it."""
    return Instrument(
        requestor=REQUESTOR,
        payer_bank=payment.payer_institution,
        payer_bank_code=payment.payer_institution,
        mode_of_payment=payment.mode,
        payer_mobile=payment.victim_mobile,
        payer_account=payment.payer_holder,
        state=STATE,
        district=payment.district,
        transaction_type=payment.mode,
    )
