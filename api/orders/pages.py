"""The page about an order: a bank's officer opens the link of a letter and says of each line what was done, and when.

As the answer page in everything else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from activities.orders.order_links import OrderForm, OrderLinkState, OrderLinkView, WordNotTaken, WordTaken
from activities.tracing.answer_links import ORDER_PATH
from api.dependencies import Parts, TheParts
from api.forms import FormReader, fields_of
from api.orders.forms import NAMES, OrderReading, lines_in, read_order_form
from api.pages import GONE
from api.params import INT32_MAX
from api.tracing.answer_pages import PAGES, TRANSFERS_A_PAGE, AnswerDoor
from schemas.orders.orders import OrderLine

router = APIRouter(prefix=ORDER_PATH.rstrip("/"), include_in_schema=False)

CHANGED: Final = (
    "While you filled this in, something was confirmed of a transfer on this page. Nothing of yours was taken."
    " Please look at it again."
)


@router.api_route("/{token}", methods=["GET", "HEAD"], name="show_order")
async def show(request: Request, token: str, after: Annotated[int, Query(ge=0, le=INT32_MAX)] = 0) -> Response:
    """The form, or why there is none. Changes nothing: whoever scans mail may fetch it."""
    door: AnswerDoor = request.app.state.answer_door
    digest = await door.order_digest(request, token)
    view = await door.orders.look(digest) if digest else None
    if view is None:
        return PAGES.page("unknown", 404)
    if view.state is OrderLinkState.TO_ACKNOWLEDGE:
        return PAGES.page("order_cancelled", view=view, fields={}, errors={})
    if view.state is not OrderLinkState.OPEN:
        return _closed(view)
    shown = [line for line in view.left if line.line_no > after][:TRANSFERS_A_PAGE]
    return _form(view, shown or view.left[:TRANSFERS_A_PAGE], {}, {})


@router.post("/{token}", name="take_order")
async def take(request: Request, parts: TheParts, token: str) -> Response:
    """The filled-in form: first shown once more to be checked, then taken."""
    door: AnswerDoor = request.app.state.answer_door
    digest = await door.order_digest(request, token)
    if digest is None:
        return PAGES.page("unknown", 404)
    fields, step = await fields_of(request, NAMES)
    view = await door.orders.look(digest)
    posted = _Posted(fields, step, await request.body())
    return await _step(door, parts, digest, view, posted) if view else PAGES.page("unknown", 404)


@dataclass(frozen=True, slots=True)
class _Posted:
    """A form, and the button pressed."""

    fields: dict[str, str] = field(repr=False)
    step: str
    body: bytes = field(repr=False)
    """all of it as it came"""


async def _step(door: AnswerDoor, parts: Parts, digest: bytes, view: OrderLinkView, posted: _Posted) -> Response:
    """What pressing that button leads to."""
    fields, step = posted.fields, posted.step
    if step == "acknowledge":
        return await _acknowledge(door, digest, view, posted)
    if step == "send" and await door.orders.took(digest, fields):
        return _taken(view, WordTaken(left=len(view.left), repeated=True))
    if view.state is OrderLinkState.TO_ACKNOWLEDGE:
        return PAGES.page("order_cancelled", view=view, fields=fields, errors={})
    if view.state is not OrderLinkState.OPEN:
        return _closed(view)
    reading = read_order_form(fields, view.order.kind, view.left, view.order.ordered_at, parts.ctx.now())
    if reading.form is None or step not in {"check", "send"}:
        return _again(view, reading)
    form = replace(reading.form, body=posted.body)
    return _check(view, reading) if step == "check" else await _send(door, digest, view, reading, form)


async def _acknowledge(door: AnswerDoor, digest: bytes, view: OrderLinkView, posted: _Posted) -> Response:
    """The bank's officer says that the order is done no more."""
    fields = posted.fields
    if view.state is not OrderLinkState.TO_ACKNOWLEDGE:
        return _closed(view)
    errors: dict[str, str] = {}
    answerer = FormReader(fields, errors, view.expires_at).answerer()
    if errors:
        return PAGES.page("order_cancelled", 422, view=view, fields=fields, errors=errors)
    before = await door.orders.acknowledge(digest, answerer, fields, posted.body)
    assert before is not None, "links are not deleted while they are good"
    if before.state is not OrderLinkState.TO_ACKNOWLEDGE:
        return _closed(before)
    return PAGES.page("order_closed", view=view, state="acknowledged")


async def _send(
    door: AnswerDoor, digest: bytes, view: OrderLinkView, reading: OrderReading, form: OrderForm
) -> Response:
    outcome = await door.orders.take(digest, form)
    assert outcome is not None, "links with a form are never deleted"
    if isinstance(outcome, WordNotTaken):
        if outcome.view.state is not OrderLinkState.OPEN:
            return _closed(outcome.view)
        reading.errors[""] = CHANGED
        return _again(outcome.view, reading)
    return _taken(view, outcome)


# -- pages -------------------------------------------------------------------------------------------------------------


def _closed(view: OrderLinkView) -> Response:
    return PAGES.page("order_closed", GONE, view=view, state=view.state.value)


def _taken(view: OrderLinkView, outcome: WordTaken) -> Response:
    return PAGES.page("order_taken", view=view, outcome=outcome)


def _form(
    view: OrderLinkView, shown: Sequence[OrderLine], fields: Mapping[str, str], errors: Mapping[str, str]
) -> Response:
    last_no = shown[-1].line_no if shown else 0
    after = last_no if any(line.line_no > last_no for line in view.left) else 0
    status = 422 if errors else 200
    return PAGES.page("order_form", status, view=view, shown=shown, fields=fields, errors=errors, after=after)


def _again(view: OrderLinkView, reading: OrderReading) -> Response:
    """The form as it was filled in, with what is wrong beside it."""
    numbers = set(lines_in(reading.fields))
    shown = [line for line in view.left if line.line_no in numbers]
    return _form(view, shown or view.left[:TRANSFERS_A_PAGE], reading.fields, reading.errors)


def _check(view: OrderLinkView, reading: OrderReading) -> Response:
    assert reading.form is not None, "the caller has seen it"
    stated = {line.line_no: line for line in reading.form.lines}
    return PAGES.page(
        "order_check",
        view=view,
        form=reading.form,
        lines=[(line, stated[line.line_no]) for line in view.left if line.line_no in stated],
        excesses=reading.excesses,
        left=len(view.left) - len(stated),
        fields=reading.fields,
    )
