"""The pages about orders: an officer of a bank states what was done of each line, or acknowledges a cancellation."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from activities.banks.reply_links import LinkState
from activities.orders.order_links import OrderForm, OrderLinks, OrderView
from api.forms import FormReader
from api.orders.forms import LINE_FIELD, NAMES, lines_in, read_order_form
from api.reply_pages import Posted, Reading, ReplyPages
from api.services import Services

NOT_STATED_YET: Final = (
    "You have filled in what your bank had done before. Please send that first, or empty these fields."
    " Nothing was recorded."
)


class OrderPages(ReplyPages[OrderView, OrderForm]):
    """The pages behind the reply links about orders."""

    folder = "order"
    names = NAMES
    taken_without_mobile = False
    links: OrderLinks

    def __init__(self, services: Services) -> None:
        super().__init__(services, OrderLinks(services.ctx, services.keys))

    def read(self, view: OrderView, fields: dict[str, str]) -> Reading[OrderForm]:
        """Read a form about the lines that are not fully confirmed."""
        return read_order_form(fields, view.order.kind, view.items, view.order.ordered_at, self._ctx.now())

    def numbers_in(self, fields: Mapping[str, str]) -> set[int]:
        """Return the numbers of the lines that a form has fields of."""
        return lines_in(fields)

    def form_name(self, view: OrderView) -> str:
        """Return the name of the template. The form of a cancelled order asks what was done before the cancellation."""
        return "cancelled" if view.state is LinkState.TO_ACKNOWLEDGE else "form"

    async def step(self, services: Services, digest: bytes, view: OrderView, posted: Posted) -> Response:
        """Carry out the pressed button. See `ReplyPages.step`."""
        if posted.step == "acknowledge":
            return await self._acknowledge(digest, view, posted)
        return await super().step(services, digest, view, posted)

    async def _acknowledge(self, digest: bytes, view: OrderView, posted: Posted) -> Response:
        """Take the bank's acknowledgement that it does not carry out the order."""
        if view.state is not LinkState.TO_ACKNOWLEDGE:
            return self.closed(view)
        reading: Reading[OrderForm] = Reading(posted.fields)
        answerer = FormReader(posted.fields, reading.errors, view.expires_at).answerer()
        if any(posted.fields[name] for name in posted.fields if LINE_FIELD.match(name)):
            reading.errors[""] = NOT_STATED_YET
        if reading.errors:
            return self.again(view, reading)
        before = await self.links.acknowledge(digest, answerer, posted.fields, posted.body)
        assert before is not None, "links are not deleted while they are open"
        if before.state is not LinkState.TO_ACKNOWLEDGE:
            return self.closed(before)
        return self.page("closed", view=view, state="acknowledged")
