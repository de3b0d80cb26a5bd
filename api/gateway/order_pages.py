"""The pages about orders, on which a bank states what was done of each line or acknowledges a cancellation.

The fields of the form become statements, and every mistake gets a text beside its field. Names of fields: `l2.amount`
belongs to line 2 of the order.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from starlette.responses import Response

from activities.banks.reply_links import LinkState
from activities.recovery.order_links import OrderForm, OrderLinks, OrderView
from api.forms import FormReader, whole_number
from api.gateway.reply_pages import Posted, Reading, ReplyPages
from api.services import Services
from domain.recovery.orders import UNNAMED
from schemas.enums import Language
from schemas.recovery.orders import ConfirmedLine, OrderLine
from schemas.restoration_enums import OrderKind
from schemas.text import IST

REFERENCE_MAX_CHARS: Final = 64

NAMES: Final = re.compile(r"name|designation|l[0-9]{1,3}\.(?:left|amount|when|reference)")
LINE_FIELD: Final = re.compile(r"l([0-9]{1,3})\.(?:amount|when|reference)")
"""a field that an officer fills in about a line"""
NOT_STATED_YET: Final = (
    "You have filled in what your bank had done before. Please send that first, or empty these fields."
    " Nothing was recorded."
)
_REFERENCE: Final = re.compile(r"[A-Za-z0-9/._-]{4,64}")


def lines_in(fields: Mapping[str, str]) -> set[int]:
    """Return the numbers of the lines that a form has fields of."""
    return {int(match[1]) for name in fields if (match := LINE_FIELD.match(name))}


def read_order_form(
    fields: dict[str, str],
    kind: OrderKind,
    open_now: Mapping[int, OrderLine],
    ordered_at: datetime,
    now: datetime,
    language: Language = Language.EN,
) -> Reading[OrderForm]:
    """Read a form about the lines that are not fully confirmed."""
    reading: Reading[OrderForm] = Reading(fields)
    reader = _Reader(reading, kind, ordered_at, now, language)
    answerer = reader.answerer()
    stated = {}
    for line_no in sorted(lines_in(fields)):
        if line_no not in open_now:
            reader.fault("", "form_confirmed")
        elif done := reader.line(open_now[line_no]):
            stated[line_no] = done
    if not stated and not reading.errors:
        reader.fault("", "form_blank")
    if not reading.errors:
        seen_paise = {no: whole_number(fields.get(f"l{no}.left", "")) for no in stated}
        reading.form = OrderForm(stated=stated, seen_paise=seen_paise, answerer=answerer, fields=fields)
    return reading


class _Reader(FormReader):
    """Reader of one form."""

    def __init__(
        self, reading: Reading[OrderForm], kind: OrderKind, ordered_at: datetime, now: datetime, language: Language
    ) -> None:
        super().__init__(reading.fields, reading.errors, now, language)
        self._excesses = reading.excesses
        self._kind = kind
        self._ordered_at = ordered_at

    def line(self, ordered: OrderLine) -> ConfirmedLine | None:
        """Return the statement on one line, or None if the line has a mistake."""
        prefix, before = f"l{ordered.line_no}.", len(self._errors)
        amount_paise, at = self.amount(f"{prefix}amount", "needs_amount"), self._day(f"{prefix}when")
        reference = self._reference(f"{prefix}reference")
        if len(self._errors) > before or not amount_paise or at is None:
            return None
        left_paise = ordered.amount_paise - ordered.confirmed_paise
        if amount_paise > left_paise:
            self._excesses[ordered.line_no] = amount_paise - left_paise
        # Without a reference, the open amount tells two equal parts on one day apart, because it differs before each.
        named = reference or f"{UNNAMED}{left_paise}"
        return ConfirmedLine(line_no=ordered.line_no, amount_paise=amount_paise, done_at=at, reference=named)

    def _day(self, name: str) -> datetime | None:
        moment = self.moment(name, "needs_day")
        if moment is not None and moment.astimezone(IST).date() < self._ordered_at.astimezone(IST).date():
            # Only days are compared, because the form has no hour. The day of the order is allowed.
            self.fault(name, "before_order")
        return moment

    def _reference(self, name: str) -> str:
        # Banks print references in groups.
        value = "".join(self._fields.get(name, "").split())
        if not value and self._kind is OrderKind.RESTORE:
            self.fault(name, "needs_credit_reference")
        elif value and not _REFERENCE.fullmatch(value):
            self.fault(name, "wrong_reference", most=REFERENCE_MAX_CHARS)
        return value


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
