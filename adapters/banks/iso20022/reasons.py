"""Status codes of the policy (domain/policy/policy.toml) for a bank's reasons to refuse.

The reasons are the published external code set ExternalPaymentCancellationRejection1Code. Their meaning for a hold is
our own reading. A code ends the reminders only if the bank says that it has no such money; an officer reads every other
answer. A reason that is not listed here is kept as its own status code, which an officer reads as well.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

HELD: Final = "00"
NOT_FOUND: Final = "01"
NO_SUCH_ACCOUNT: Final = "20"
TO_BE_READ: Final = "99"

CODE_SET: Final = "ISO 20022 external code set ExternalPaymentCancellationRejection1Code"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason code: our status code, its name in the code set, and the source."""

    status_code: str
    meaning: str
    source: str = CODE_SET


REASONS: Final = MappingProxyType(
    {
        "AC04": Reason(NO_SUCH_ACCOUNT, "the account is closed"),
        "ADAC": Reason(TO_BE_READ, "the holder has not yet given debit authority"),
        "AGNT": Reason(TO_BE_READ, "the bank's own decision"),
        "AM04": Reason(TO_BE_READ, "not enough funds: the money has left, the bank has to say where to"),
        "ARDT": Reason(TO_BE_READ, "the transfer has been returned already: money to be found with the payer's bank"),
        "ARPL": Reason(TO_BE_READ, "a reply is still awaited"),
        "CUST": Reason(TO_BE_READ, "the holder's decision, which a hold does not depend on"),
        "INDM": Reason(TO_BE_READ, "an indemnity is asked for"),
        "LEGL": Reason(TO_BE_READ, "regulatory rules: an order may be needed"),
        "NARR": Reason(TO_BE_READ, "the reason is in the bank's own text"),
        "NOAS": Reason(TO_BE_READ, "the holder did not reply, which a hold does not depend on"),
        "NOOR": Reason(NOT_FOUND, "the original transfer was never received"),
        "PTNA": Reason(TO_BE_READ, "the transfer was passed on to the next bank"),
        "RQDA": Reason(TO_BE_READ, "the holder's debit authority is asked for"),
        "WSEQ": Reason(TO_BE_READ, "a sequence in the request is not valid"),
    }
)

CONFIRMED: Final = MappingProxyType({"CNCL": "ACCR", "RJCR": "RJCR", "PDCR": "PDCR"})
"""Status of a transfer by the message's own confirmation, if the transfer has none.

From ExternalInvestigationExecutionConfirmation1Code. A partial confirmation (PECR) says nothing about a single
transfer.
"""
ACCEPTED, REJECTED, PENDING = "ACCR", "RJCR", "PDCR"
PARTIAL: Final = "PECR"

FRAUD: Final = "FRAD"
"""Reason of our request: FraudulentOrigin of ExternalCancellationReason1Code."""
FOLLOWING_REQUEST: Final = "FOCR"
"""Reason of a return: FollowingCancellationRequest of ExternalReturnReason1Code."""


def status_code(reason_codes: list[str]) -> str:
    """Return our status code for the bank's reasons; "" without a reason.

    Reasons with the same meaning give that meaning. Reasons with different meanings go to an officer. An unknown reason
    takes precedence, so that an officer sees it.
    """
    for code in reason_codes:
        if code not in REASONS:
            return code
    meanings = {REASONS[code].status_code for code in reason_codes}
    if len(meanings) > 1:
        return TO_BE_READ
    return meanings.pop() if meanings else ""
