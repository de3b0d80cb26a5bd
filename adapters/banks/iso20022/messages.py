"""Which messages this wire speaks, each in one version (docs/iso20022.md says why these)."""

from enum import StrEnum
from typing import Final

NAMESPACE_STEM: Final = "urn:iso:std:iso:20022:tech:xsd:"


HEADER: Final = "head.001.001.02"
"""The business application header that stands before a message of ours, where a bank wants one."""
HEADER_ROOT: Final = "AppHdr"
ENVELOPE: Final = "BizMsg"
"""What holds the two. The standard has no name for it: what banks call it does not matter."""


class Message(StrEnum):
    """The messages, by their name in the catalogue."""

    HOLD_REQUEST = "camt.056.001.08"
    """FIToFIPaymentCancellationRequest: hold this; with a reason of our own: give it back, or let it go"""
    RESOLUTION = "camt.029.001.09"
    """ResolutionOfInvestigation: what became of it"""
    FUNDS_RETURNED = "pacs.004.001.09"
    """PaymentReturn: the money is on its way back"""
    CHASER = "pacs.028.001.03"
    """FIToFIPaymentStatusRequest: what of our request?"""

    @property
    def namespace(self) -> str:
        """The namespace of its elements."""
        return NAMESPACE_STEM + self.value

    @property
    def root_name(self) -> str:
        """The one element inside `Document`."""
        return _ROOTS[self]


_ROOTS: Final = {
    Message.HOLD_REQUEST: "FIToFIPmtCxlReq",
    Message.RESOLUTION: "RsltnOfInvstgtn",
    Message.FUNDS_RETURNED: "PmtRtr",
    Message.CHASER: "FIToFIPmtStsReq",
}
