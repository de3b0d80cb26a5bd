"""Letters about an unconfirmed order: to the bank's desk, then to its nodal officers. They name no person."""

from datetime import datetime

from activities.banks.letters import Letter
from adapters.banks.email import ReplyLink, order_link_text
from adapters.messages.smtp import is_plain_address
from db.recovery.bank_orders import OrderRow
from domain.banks.on_duty import Holidays, calling_order
from domain.policy.telephone import HolidayRules
from schemas.banks.institutions import Institution
from schemas.procedures import OrderEscalationLevel
from schemas.restoration_enums import OrderKind
from schemas.text import IST

_ASKED = {
    OrderKind.RESTORE: "credit the amounts named in it to the accounts named in it",
    OrderKind.RELEASE: "lift the hold on the amounts named in it",
}


def order_letter(
    institution: Institution,
    order: OrderRow,
    level: OrderEscalationLevel,
    rules: HolidayRules,
    at: datetime,
) -> Letter:
    """Return the letter of an escalation level: a reminder to the desk, or a notice to the nodal officers.

    It has no link yet. The link is added when the letter is sent, because it is made for the letter's address.
    """
    to: list[str] = [institution.desk_email]
    subject = "Reminder: order"
    if level is OrderEscalationLevel.NODAL_OFFICER:
        subject = "Order not carried out:"
        known = calling_order(institution.nodal_officers, Holidays(rules, institution.closed_days), at)
        to = [one.email for one in known if is_plain_address(one.email)] + to
    first, *others = dict.fromkeys(address for address in to if address) or [""]
    job = f", job {order.job_id}" if order.job_id else ""
    body = (
        f"{institution.name}\n\n"
        f"Acknowledgement {order.case_no}{job}: our order {order.order_id} of"
        f" {order.planned_at.astimezone(IST):%d-%m-%Y} is not confirmed yet. It is due on"
        f" {order.due_at.astimezone(IST):%d-%m-%Y}.\n\n"
        f"Please {_ASKED[order.kind]}, and confirm it over the usual interface, quoting the order.\n"
    )
    return Letter(
        to=first,
        subject=f"{subject} {order.order_id}, acknowledgement {order.case_no}",
        body_text=body,
        message_id=f"{order.order_id}.{level.value}",
        cc=tuple(others[:5]),
    )


def page_text(link: ReplyLink) -> str:
    """Return the letter's text about the page where a bank without a working interface confirms the order."""
    return f"\nOr say what was done on this page:\n\n{order_link_text(link)}"
