"""Orders in a bank's inbox: the document, the confirmation, and the acknowledgement of a cancellation."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from activities.case.reply_links import LinkState, ReplyTaken, Written
from activities.gateway import inbox
from activities.recovery import bank_replies
from activities.recovery.cancellations import acknowledge_cancellation
from activities.recovery.order_links import OrderForm, OrderView, view_of
from api.forms import chosen, typed
from api.gateway.inbox_pages import After, SubjectId, TheVisit, Visit, keep_posted
from api.gateway.inbox_second_person import ask_second, given_back, waiting_reply
from api.gateway.reply_pages import ITEMS_A_PAGE, NAMES, Reading, lines_in, of_check, of_form, read_order_form
from api.officers.sessions import refuse_other_sites
from api.params import PDF
from api.problems import INBOX_PATH
from api.public_pages import SHOW
from db.banks.bank_reply_checks import ReplyKind
from db.recovery import bank_orders
from domain.errors.recovery import NoDocument, NotCancelled, OrderNotFound
from schemas.recovery.orders import OrderConfirmation
from schemas.restoration_enums import OrderState

router = APIRouter(prefix=INBOX_PATH, include_in_schema=False)

_WAITS: Final = frozenset({OrderState.DELIVERED, OrderState.REFUSED})


@router.get("/orders/{order_id}/document")
async def order_document(visit: TheVisit, order_id: SubjectId) -> Response:
    """Return the document of an order to the bank as a PDF."""
    if visit.maybe_session is None:
        return visit.to(INBOX_PATH)
    try:
        pdf = await bank_replies.read_document(visit.services.ctx, visit.code, order_id)
    except (NoDocument, OrderNotFound):
        return visit.page("gone", 404)
    return Response(pdf, media_type=PDF, headers={"Cache-Control": "no-store"})


@router.get("/orders/{order_id}")
async def show_order(visit: TheVisit, order_id: SubjectId, after: After = 0) -> Response:
    """Return the form about an order, or of a cancelled one the question whether it is left undone."""
    if visit.maybe_session is None:
        return visit.to(INBOX_PATH)
    view = await _look(visit, order_id)
    if view is None:
        return visit.page("gone", 404)
    fields, notice = await given_back(visit, ReplyKind.ORDER, order_id, NAMES)
    return await _form(visit, view, Reading(fields), [number for number in view.items if number > after], notice=notice)


@router.post("/orders/{order_id}")
async def take_order(request: Request, visit: TheVisit, order_id: SubjectId) -> Response:
    """Take what the bank has done under an order. It is first shown for a check, and then booked."""
    refuse_other_sites(request, must_say=True)
    if visit.maybe_session is None:
        return await visit.signed_out_while_typing(request, NAMES)
    return await reply(request, visit, order_id, await typed(request))


async def reply(request: Request, visit: Visit, order_id: UUID, sent: Mapping[str, str]) -> Response:
    """Return the page that follows a form, of the person who sent it or of the colleague who checks it."""
    view = await _look(visit, order_id)
    if view is None:
        return visit.page("gone", 404)
    fields, step = visit.by_person(chosen(sent, NAMES)), sent.get("step", "")
    # A colleague's form without lines acknowledges the cancellation.
    acknowledges = step == "acknowledge" or (visit.checks is not None and step in {"check", "send"})
    if acknowledges and view.state is LinkState.TO_ACKNOWLEDGE and not lines_in(fields):
        return await _leave(request, visit, view, step)
    reading, order, now = Reading[OrderForm](fields), view.order, visit.services.ctx.now()
    if step != SHOW:
        reading = read_order_form(fields, order.kind, view.items, order.ordered_at, now, visit.look.language)
    form = reading.form
    if form is not None and view.has_changed(form):
        reading.errors[""] = visit.say["changed"]
    if form is None or reading.errors or step not in {"check", "send"}:
        return await _form(visit, view, reading, sorted(lines_in(fields) & view.items.keys()))
    if step == "check":
        return visit.page("order_check", **of_check(view, reading, form))
    if visit.needs_second:
        return await ask_second(request, visit, ReplyKind.ORDER, view.subject_id)
    return await _confirm(request, visit, view, form)


async def _leave(request: Request, visit: Visit, view: OrderView, step: str) -> Response:
    """Acknowledge a cancellation: the bank leaves the order undone."""
    if step == "check":
        return visit.page("order_leave_check", view=view, excesses={})
    if visit.needs_second:
        return await ask_second(request, visit, ReplyKind.ORDER, view.subject_id)
    await keep_posted(request, visit, view.subject_id)
    try:
        await acknowledge_cancellation(visit.services.ctx, view.institution, view.subject_id)
    except NotCancelled:
        return visit.page("gone", 404)
    return visit.to(f"{INBOX_PATH}/orders")


async def _confirm(request: Request, visit: Visit, view: OrderView, form: OrderForm) -> Response:
    await keep_posted(request, visit, view.subject_id)
    statement = OrderConfirmation(lines=tuple(form.stated.values()))
    taken = await bank_replies.confirm(visit.services.ctx, view.institution, view.subject_id, statement, None)
    after = await _look(visit, view.subject_id)
    written = Written(taken.contradictions, taken.duplicates)
    left = len(after.items) if after else 0
    return visit.page("order_taken", view=view, taken=ReplyTaken(left=left, written=written))


async def _look(visit: Visit, order_id: UUID) -> OrderView | None:
    """Return an order that waits for this bank, or None."""
    async with visit.services.ctx.pool.acquire() as connection:
        orders = await bank_orders.as_read(connection, visit.code, [order_id])
    if not orders or not (orders[0].state in _WAITS or orders[0].cancellation_open):
        return None
    (order,) = orders
    state = LinkState.TO_ACKNOWLEDGE if order.cancellation_open else LinkState.OPEN
    return view_of(order, visit.code, state, visit.services.ctx.now())


async def _form(
    visit: Visit, view: OrderView, reading: Reading[OrderForm], numbers: list[int], *, notice: str = ""
) -> Response:
    return visit.page(
        "order_cancelled" if view.state is LinkState.TO_ACKNOWLEDGE else "order_form",
        422 if reading.errors else 200,
        **of_form(view, reading, (numbers or list(view.items))[:ITEMS_A_PAGE]),
        notice=notice,
        waits=await waiting_reply(visit, ReplyKind.ORDER, view.subject_id),
        opened_at=await inbox.open_order(visit.services.ctx, visit.session, view.subject_id),
    )
