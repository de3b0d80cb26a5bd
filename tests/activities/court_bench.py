"""Orders of courts that count: recorded by one officer with the document, and confirmed by another."""

from activities.context import Context
from activities.recovery.court_orders import confirm_court_order, take_court_order
from schemas.recovery.court_orders import CourtOrder, NewCourtOrder
from simulator.people.police import one_page_pdf

PDF = one_page_pdf("order")
SECOND = "officer:second"


async def confirmed_order(ctx: Context, case_no: str, new: NewCourtOrder, by: str = "officer:io") -> CourtOrder:
    """Record an order with a document, and confirm it as a second officer."""
    with_document = new if new.document else new.model_copy(update={"document": PDF})
    order = await take_court_order(ctx, case_no, with_document, by)
    return await confirm_court_order(ctx, case_no, order.court_order_id, "read against the court's copy", SECOND)
