"""The pages about orders: an officer of a bank states what was done of each line, or acknowledges a cancellation."""

from collections.abc import Mapping

from starlette.responses import Response

from activities.banks.reply_links import LinkState
from activities.orders.order_links import OrderForm, OrderLinks, OrderView
from api.forms import FormReader
from api.orders.forms import NAMES, lines_in, read_order_form
from api.reply_pages import Posted, Reading, ReplyPages
from api.services import Services


class OrderPages(ReplyPages[OrderView, OrderForm]):
    """The pages behind the reply links about orders."""

    folder = "order"
    names = NAMES
    links: OrderLinks

    def __init__(self, services: Services) -> None:
        super().__init__(services, OrderLinks(services.ctx, services.secret_box))

    def read(self, view: OrderView, fields: dict[str, str]) -> Reading[OrderForm]:
        """Read a form about the lines that are not fully confirmed."""
        return read_order_form(fields, view.order.kind, view.items, view.order.ordered_at, self._ctx.now())

    def numbers_in(self, fields: Mapping[str, str]) -> set[int]:
        """Return the numbers of the lines that a form has fields of."""
        return lines_in(fields)

    def closed(self, view: OrderView, fields: Mapping[str, str] | None = None) -> Response:
        """Return the page of a link that is not open. A cancelled order has a form to acknowledge the cancellation."""
        if view.state is not LinkState.TO_ACKNOWLEDGE:
            return super().closed(view)
        return self.page("cancelled", view=view, fields=fields or {}, errors={})

    async def step(self, services: Services, digest: bytes, view: OrderView, posted: Posted) -> Response:
        """Carry out the pressed button. See `ReplyPages.step`."""
        if posted.step == "acknowledge":
            return await self._acknowledge(digest, view, posted)
        return await super().step(services, digest, view, posted)

    async def _acknowledge(self, digest: bytes, view: OrderView, posted: Posted) -> Response:
        """Take the bank's acknowledgement that it does not carry out the order."""
        if view.state is not LinkState.TO_ACKNOWLEDGE:
            return self.closed(view)
        errors: dict[str, str] = {}
        answerer = FormReader(posted.fields, errors, view.expires_at).answerer()
        if errors:
            return self.page("cancelled", 422, view=view, fields=posted.fields, errors=errors)
        before = await self.links.acknowledge(digest, answerer, posted.fields, posted.body)
        assert before is not None, "links are not deleted while they are open"
        if before.state is not LinkState.TO_ACKNOWLEDGE:
            return self.closed(before)
        return self.page("closed", view=view, state="acknowledged")
