"""Messages of this wire, each in one version (docs/banks/iso20022.md gives the reasons)."""

from enum import StrEnum
from typing import Final

NAMESPACE_STEM: Final = "urn:iso:std:iso:20022:tech:xsd:"


HEADER: Final = "head.001.001.02"
"""Business application header before our messages, for a bank that wants one."""
HEADER_ROOT: Final = "AppHdr"
ENVELOPE: Final = "BizMsg"
"""Element around header and document. The standard gives it no name, so a bank may use any."""


class Message(StrEnum):
    """Messages by their name in the ISO 20022 catalogue."""

    HOLD_REQUEST = "camt.056.001.08"
    """FIToFIPaymentCancellationRequest: hold request; with a reason of our own, an order to restore or release"""
    RESOLUTION = "camt.029.001.09"
    """ResolutionOfInvestigation: the bank's answer"""
    FUNDS_RETURNED = "pacs.004.001.09"
    """PaymentReturn: the money is being returned"""
    STATUS_REQUEST = "pacs.028.001.03"
    """FIToFIPaymentStatusRequest: reminder of a request"""

    @property
    def namespace(self) -> str:
        """Return the namespace of its elements."""
        return NAMESPACE_STEM + self.value

    @property
    def root_name(self) -> str:
        """Return the name of the one element inside `Document`."""
        return _ROOTS[self]


_ROOTS: Final = {
    Message.HOLD_REQUEST: "FIToFIPmtCxlReq",
    Message.RESOLUTION: "RsltnOfInvstgtn",
    Message.FUNDS_RETURNED: "PmtRtr",
    Message.STATUS_REQUEST: "FIToFIPmtStsReq",
}
