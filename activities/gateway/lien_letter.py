"""The letter that asks a bank for its list of liens, if no channel can carry the question."""

from typing import Final

from activities.banks.letters import Letter
from adapters.messages.smtp import Attachment
from schemas.banks.institutions import Institution
from schemas.gateway.lien_comparison import Inquiry
from schemas.text import indian_minute

HEADER: Final = "Acknowledgement number,RRN or UTR,Amount on hold\n"
"""the columns that `goldenhour reconcile` looks for"""


def liens_letter(institution: Institution, asked: Inquiry) -> Letter:
    """Return the letter to the bank's desk about its list of all liens.

    It names none of our liens, so that the list comes from the bank's own records.
    """
    until = indian_minute(asked.due_at)
    body = (
        f"To {institution.name}: the desk for police requests\n\n"
        "Please send the list of all amounts that your bank has on hold (lien) for the cyber crime police at the"
        " moment, as an Excel workbook (.xlsx) with these columns, one row for each lien:\n\n"
        "  Acknowledgement number   of the complaint, 14 digits\n"
        "  RRN or UTR               of the transfer that credited the account\n"
        "  Amount on hold           in rupees\n\n"
        "Keep the numbers as text, so that no digit is lost. The attached file has the header. If there is none on"
        f" hold, please answer that.\n\nWe ask for it by {until}, in reply to this letter. Our desk will call you"
        f" about it.\n\nOur reference: {asked.inquiry_id}\n"
    )
    return Letter(
        to=institution.desk_email,
        subject=f"List of liens of {institution.code}, wanted by {until}",
        body_text=body,
        message_id=f"{asked.inquiry_id}.liens",
    )


def header_file(institution: Institution) -> Attachment:
    """Return the empty table that is attached to the letter."""
    return Attachment(f"liens-{institution.code}.csv", HEADER)
