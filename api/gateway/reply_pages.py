"""Pages behind the links of letters: replies, and orders.

The pages behind a reply link: an officer of a bank fills in a form, checks it and sends it. The pages about hold
requests and about orders differ only in the content of the form.

The pages about orders, on which a bank states what was done of each line or acknowledges a cancellation. The fields of
the form become statements, and every mistake gets a text beside its field. Names of fields: `l2.amount` belongs to line
2 of the order.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Annotated, Any, ClassVar, Final, Generic, TypeVar

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from activities.case.reply_links import PATHS, LinkState, ReplyForm, ReplyLinks, ReplyNotTaken, ReplyTaken, ReplyView
from activities.recovery.access_letters import CodeSent, LinkCodes
from activities.recovery.order_links import OrderForm, OrderLinks, OrderView
from api.addresses import address_of
from api.forms import VALUE_MAX_CHARS, FormReader, fields_of, tidy, typed, whole_number
from api.pages import GONE, TEMPLATES, Pages, moment
from api.params import INT32_MAX
from api.services import Services, TheServices
from api.throttle import Throttle
from domain.policy.callers import TryName
from domain.recovery.orders import UNNAMED
from domain.rupees import rupees
from schemas.banks.keys import About
from schemas.enums import Language
from schemas.recovery.orders import ConfirmedLine, OrderLine
from schemas.restoration_enums import OrderKind
from schemas.text import IST

ITEMS_A_PAGE: Final = 10
"""Number of items that a phone can show. A link below them leads to the others."""
FORM_BODY_MAX_BYTES: Final = 256 * 1024
"""size of ten transfers with long Hindi text in every field"""
CHANGED: Final = (
    "While you filled in this form, another reply about a transfer on this page arrived, and its open amount changed."
    " Nothing was recorded. Please check the form again."
)

WRONG_CODE: Final = (
    "This is not the code, or its time is over. After a few wrong codes you need a new one. Nothing was recorded."
)

_CODE: Final = re.compile(rb"((?:^|&)code=)([^&]*)")

After = Annotated[int, Query(ge=0, le=INT32_MAX)]
"""the number of the last item on the previous page"""
View = TypeVar("View", bound=ReplyView[Any])
Form = TypeVar("Form", bound=ReplyForm[Any])


@dataclass(slots=True)
class Reading(Generic[Form]):
    """Reading of the fields of a form. `form` is set only if there is no error and something is stated."""

    fields: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    """by the name of the field; an error of the whole form has an empty name"""
    excesses: dict[int, int] = field(default_factory=dict)
    """by the number of the item: paise stated above its open amount"""
    form: Form | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """Posted form, and the button pressed."""

    fields: dict[str, str] = field(repr=False)
    step: str
    body: bytes = field(repr=False)
    code: str = field(default="", repr=False)
    """the one-time code, which is no part of the statement"""


def without_code(body: bytes) -> bytes:
    """Return a posted form with as many x in place of its code.

    Readers of evidence must not use the code.
    """
    return _CODE.sub(lambda match: match[1] + b"x" * len(match[2]), body)


def of_form(view: ReplyView[Any], reading: Reading[Any], numbers: Sequence[int]) -> dict[str, Any]:
    """Return what the page of a form shows: these items, what was typed, and where the next page begins."""
    last_no = max(numbers, default=0)
    return {
        "view": view,
        "shown": {number: view.items[number] for number in numbers},
        "fields": reading.fields,
        "errors": reading.errors,
        "after": last_no if any(number > last_no for number in view.items) else 0,
    }


def of_check(view: ReplyView[Any], reading: Reading[Any], form: ReplyForm[Any]) -> dict[str, Any]:
    """Return what the page shows on which a form is checked before it is sent."""
    return {
        "view": view,
        "form": form,
        "shown": {number: item for number, item in view.items.items() if number in form.stated},
        "excesses": reading.excesses,
        "left": len(view.items) - len(form.stated),
        "fields": reading.fields,
    }


class ReplyPages(ABC, Generic[View, Form]):
    """The pages about one kind of subject.

    Each page is a template in `folder` that extends the shared template with the same name.
    """

    folder: ClassVar[str]
    names: ClassVar[re.Pattern[str]]
    """pattern of the names of the form's fields"""
    template_names: ClassVar[Mapping[str, Any]] = {}
    """further global names of its templates"""
    taken_without_mobile: ClassVar[bool]
    """whether a form that needs a code is taken from a bank without a mobile in the directory; the desk telephones"""

    def __init__(self, services: Services, links: ReplyLinks[View, Form]) -> None:
        self.links = links
        self._ctx = services.ctx
        self._trusted_proxies = services.trusted_proxies
        self._uses = Throttle(services.ctx, services.keys, TryName.LINK_USES)
        self._guesses = Throttle(services.ctx, services.keys, TryName.LINK_GUESSES)
        self._codes = LinkCodes(services.ctx, services.keys, links.about)
        # A bank has a letter about each of many requests or orders, and they come as fast as the clock runs.
        ctx, of_orders = services.ctx, links.about is About.ORDER
        factor = ctx.procedure_clock_factor if of_orders else ctx.clock_factor
        self._new_codes = Throttle(ctx, services.keys, TryName.LINK_CODES, factor)
        self._pages = Pages(
            TEMPLATES,
            styles=[TEMPLATES],
            filters={"rupees": partial(rupees, exact=True), "moment": moment},
            names={"max_chars": VALUE_MAX_CHARS, **self.template_names},
        )

    def router(self) -> APIRouter:
        """Return the routes of the pages."""
        router = APIRouter(prefix=PATHS[self.links.about].rstrip("/"), include_in_schema=False)
        router.add_api_route("/{token}", self.show, methods=["GET", "HEAD"])
        router.add_api_route("/{token}", self.take, methods=["POST"])
        return router

    async def show(self, request: Request, token: str, after: After = 0) -> Response:
        """Return the form, or the reason why there is none. Changes nothing, because mail scanners fetch every link."""
        digest = await self._digest(request, token)
        view = await self.links.look(digest) if digest else None
        if view is None:
            return self._unknown()
        if not view.state.takes_form:
            return self.closed(view)
        return self._form(view, [number for number in view.items if number > after][:ITEMS_A_PAGE], Reading({}))

    async def take(self, request: Request, services: TheServices, token: str) -> Response:
        """Take the filled-in form. It is first shown for a check, and then recorded."""
        digest = await self._digest(request, token)
        if digest is None:
            return self._unknown()
        # A form may be long, so it is read for a link of ours only.
        view = await self.links.look(digest)
        if view is None:
            return self._unknown()
        fields, step = await fields_of(request, self.names)
        code = tidy((await typed(request)).get("code", "")).replace(" ", "")
        return await self.step(services, digest, view, Posted(fields, step, without_code(await request.body()), code))

    # -- what differs between requests and orders ------------------------------------------------------------------

    @abstractmethod
    def read(self, view: View, fields: dict[str, str]) -> Reading[Form]:
        """Read a form about the items that are open now."""

    @abstractmethod
    def numbers_in(self, fields: Mapping[str, str]) -> set[int]:
        """Return the numbers of the items that a form has fields of."""

    async def step(self, services: Services, digest: bytes, view: View, posted: Posted) -> Response:
        """Carry out the pressed button."""
        if posted.step == "send" and await self.links.took(digest, posted.fields):
            return self._taken(view, ReplyTaken(left=len(view.items), repeated=True))
        if not view.state.takes_form:
            return self.closed(view)
        reading = self.read(view, posted.fields)
        if reading.form is None or posted.step not in {"check", "code", "send"}:
            return self.again(view, reading)
        form = replace(reading.form, body=posted.body)
        if posted.step != "send":
            return await self._check(view, reading, form, new_code=posted.step == "code")
        confirmed = await self._confirmed(view, reading, form, posted.code)
        if isinstance(confirmed, Response):
            return confirmed
        return await self._send(services, digest, view, reading, confirmed)

    def form_name(self, view: View) -> str:
        """Return the name of the template of the form."""
        return "form"

    def closed(self, view: View) -> Response:
        """Return the page of a link that takes no reply."""
        return self.page("closed", GONE, view=view, state=view.state.value)

    def again(self, view: View, reading: Reading[Form]) -> Response:
        """Return the filled-in form, with its errors beside the fields."""
        filled_in = self.numbers_in(reading.fields)
        return self._form(view, [number for number in view.items if number in filled_in], reading)

    # -- steps -----------------------------------------------------------------------------------------------------

    async def _digest(self, request: Request, token: str) -> bytes | None:
        """Return the digest of a token with the form of ours, or None. Raises a 429.

        Only guesses count against an address, because all officers of a bank may come from one.
        """
        digest = self.links.digest(token)
        if digest is None:
            await self._guesses.take(address_of(request, self._trusted_proxies))
        else:
            await self._uses.take(digest.hex())
        return digest

    async def _confirmed(self, view: View, reading: Reading[Form], form: Form, code: str) -> Form | Response:
        """Return the form with the officer whose code confirms it, if it needs one; otherwise the next page."""
        if not self.links.needs_code(view, form):
            return form
        confirmed_by = await self._codes.confirmed_by(view.subject_id, code)
        if confirmed_by is None and await self._codes.officer_of(view.institution):
            return await self._check(view, reading, form, error=WRONG_CODE)
        if confirmed_by is None:
            await self._codes.ask_desk(view)
            if not self.taken_without_mobile:
                return self._without_mobile(view)
        return replace(form, confirmed_by=confirmed_by or "")

    async def _send(
        self, services: Services, digest: bytes, view: View, reading: Reading[Form], form: Form
    ) -> Response:
        outcome = await self.links.reply(digest, form)
        assert outcome is not None, "links are not deleted while they are open"
        if isinstance(outcome, ReplyNotTaken):
            if not outcome.view.state.takes_form:
                return self.closed(outcome.view)
            reading.errors[""] = CHANGED
            return self.again(outcome.view, reading)
        if outcome.written and outcome.written.follow_up is not None:
            services.notifier.soon(outcome.written.follow_up)
        return self._taken(view, outcome)

    # -- pages -----------------------------------------------------------------------------------------------------

    def page(self, name: str, status: int = 200, **values: Any) -> Response:
        """Return one of the pages of this kind."""
        return self._pages.page(f"{self.folder}/{name}", status, **values)

    def _without_mobile(self, view: View) -> Response:
        return self.page("closed", GONE, view=view, state="no_mobile")

    def _unknown(self) -> Response:
        return self._pages.page("unknown", 404)

    def _taken(self, view: View, taken: ReplyTaken) -> Response:
        return self.page("taken", view=view, taken=taken)

    def _form(self, view: View, numbers: list[int], reading: Reading[Form]) -> Response:
        """Return the form for these items, or for the first ones if `numbers` is empty."""
        return self.page(
            self.form_name(view),
            422 if reading.errors else 200,
            **of_form(view, reading, numbers or list(view.items)[:ITEMS_A_PAGE]),
            made=self._ctx.now().isoformat(timespec="milliseconds"),
        )

    async def _check(
        self, view: View, reading: Reading[Form], form: Form, *, new_code: bool = False, error: str = ""
    ) -> Response:
        """Return the form for a check, with a field for the code if it needs one.

        Sends a code if none is live.
        """
        sent: CodeSent | None = None
        if self.links.needs_code(view, form):
            sent = None if new_code else await self._codes.live(view.subject_id)
            officer = None if sent else await self._codes.officer_of(view.institution)
            if officer:
                await self._new_codes.take(str(view.subject_id))
                sent = await self._codes.send(view, officer, over=new_code)
            elif sent is None and not self.taken_without_mobile:
                await self._codes.ask_desk(view)
                return self._without_mobile(view)
        return self.page(
            "check", 422 if error else 200, **of_check(view, reading, form), code_sent=sent, code_error=error
        )


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
