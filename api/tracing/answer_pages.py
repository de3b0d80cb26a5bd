"""The answer page: a bank's officer opens the link of a letter and says of each transfer where the money is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from activities.banks.reply_links import LinkState
from activities.orders.order_links import OrderLinks
from activities.tracing.answer_links import PATH, AnswerLinks, AskedTransfer, LinkView, NotTaken, Taken
from adapters.banks.answers import WithdrawalChannel
from api.dependencies import Parts, TheParts
from api.forms import VALUE_MAX_CHARS, fields_of
from api.pages import GONE, TEMPLATES, Pages
from api.params import INT32_MAX
from api.throttle import Throttle, address_of
from api.tracing.answer_forms import NAMES, NOT_FOUND, ROWS, Reading, is_filled, numbers_in, read_form
from domain.policy.model import TryName
from domain.rupees import rupees
from schemas.text import IST

router = APIRouter(prefix=PATH.rstrip("/"), include_in_schema=False)

TRANSFERS_A_PAGE: Final = 10
"""What a phone can show; the others come when these are answered, or by the link below them."""
FORM_BODY_MAX_BYTES: Final = 256 * 1024
"""Ten transfers, every field of them full of Hindi."""
WAYS_OUT: Final = {
    WithdrawalChannel.ATM: "ATM",
    WithdrawalChannel.AEPS: "AEPS",
    WithdrawalChannel.POS: "POS (card machine)",
    WithdrawalChannel.CHEQUE: "Cheque",
}


def _moment(at: datetime) -> str:
    return f"{at.astimezone(IST):%d-%m-%Y %H:%M:%S} IST"


PAGES: Final = Pages(
    TEMPLATES,
    styles=[TEMPLATES],
    filters={"rupees": partial(rupees, exact=True), "moment": _moment},
    words={
        "rows": ROWS,
        "not_found": NOT_FOUND,
        "ways_out": {way.value: words for way, words in WAYS_OUT.items()},
        "max_chars": VALUE_MAX_CHARS,
    },
)
"""those that a letter's link opens"""


class AnswerDoor:
    """The links behind the pages, and how often they may be tried."""

    def __init__(self, parts: Parts) -> None:
        self.links = AnswerLinks(parts.ctx, parts.secret_box)
        self.orders = OrderLinks(parts.ctx, parts.secret_box)
        self._uses = Throttle(parts.ctx, parts.secret_box, TryName.LINK_USES)
        self._guesses = Throttle(parts.ctx, parts.secret_box, TryName.LINK_GUESSES)

    async def digest(self, request: Request, token: str) -> bytes | None:
        """The digest of a token about a hold request that may be ours; None where it is not. Raises a 429."""
        return await self._spared(request, self.links.digest(token))

    async def order_digest(self, request: Request, token: str) -> bytes | None:
        """As `digest`, of a token about an order."""
        return await self._spared(request, self.orders.digest(token))

    async def _spared(self, request: Request, digest: bytes | None) -> bytes | None:
        """Only guesses count against an address: all officers of a bank may come from one."""
        if digest is None:
            await self._guesses.take(address_of(request))
        else:
            await self._uses.take(digest.hex())
        return digest


@router.api_route("/{token}", methods=["GET", "HEAD"])
async def show(request: Request, token: str, after: Annotated[int, Query(ge=0, le=INT32_MAX)] = 0) -> Response:
    """The form, or why there is none. Changes nothing: whoever scans mail may fetch it."""
    door: AnswerDoor = request.app.state.answer_door
    digest = await door.digest(request, token)
    view = await door.links.look(digest) if digest else None
    if view is None:
        return PAGES.page("unknown", 404)
    if view.state is not LinkState.OPEN:
        return _closed(view)
    shown = [transfer for transfer in view.transfers if transfer.no > after][:TRANSFERS_A_PAGE]
    shown = shown or list(view.transfers[:TRANSFERS_A_PAGE])
    return _form(view, shown, {}, {})


@router.post("/{token}")
async def take(request: Request, parts: TheParts, token: str) -> Response:
    """The filled-in form: first shown once more to be checked, then taken."""
    door: AnswerDoor = request.app.state.answer_door
    digest = await door.digest(request, token)
    if digest is None:
        return PAGES.page("unknown", 404)
    fields, step = await fields_of(request, NAMES)
    view = await door.links.look(digest)
    return await _step(request, parts, digest, view, fields, step) if view else PAGES.page("unknown", 404)


async def _step(
    request: Request, parts: Parts, digest: bytes, view: LinkView, fields: dict[str, str], step: str
) -> Response:
    """What pressing that button leads to."""
    door: AnswerDoor = request.app.state.answer_door
    if step == "send" and await door.links.took(digest, fields):
        return _taken(view, Taken(left=len(view.transfers), repeated=True))
    if view.state is not LinkState.OPEN:
        return _closed(view)
    reading = read_form(fields, view.transfers, datetime.now(UTC))
    if reading.form is None or step not in {"check", "send"}:
        return _again(view, reading)
    if step == "check":
        return _check(view, reading)
    outcome = await door.links.answer(digest, replace(reading.form, body=await request.body()))
    if isinstance(outcome, NotTaken):
        return _not_taken(outcome, reading)
    assert outcome is not None, "links are never deleted"
    if outcome.receipt and outcome.receipt.follow_up is not None:
        parts.notifier.soon(outcome.receipt.follow_up)
    return _taken(view, outcome)


# -- pages -------------------------------------------------------------------------------------------------------------


def _closed(view: LinkView) -> Response:
    return PAGES.page("closed", GONE, view=view, state=view.state.value)


def _taken(view: LinkView, taken: Taken) -> Response:
    return PAGES.page("taken", view=view, taken=taken)


def _form(
    view: LinkView,
    shown: Sequence[AskedTransfer],
    fields: Mapping[str, str],
    errors: Mapping[str, str],
) -> Response:
    last_no = shown[-1].no if shown else 0
    after = last_no if any(transfer.no > last_no for transfer in view.transfers) else 0
    return PAGES.page(
        "form",
        422 if errors else 200,
        view=view,
        shown=shown,
        fields=fields,
        errors=errors,
        made=datetime.now(UTC).isoformat(timespec="milliseconds"),
        after=after,
        is_filled=lambda prefix: is_filled(fields, prefix) or is_filled(errors, prefix),
    )


def _again(view: LinkView, reading: Reading) -> Response:
    """The form as it was filled in, with what is wrong beside it."""
    numbers = set(numbers_in(reading.fields))
    shown = [transfer for transfer in view.transfers if transfer.no in numbers]
    return _form(view, shown or view.transfers[:TRANSFERS_A_PAGE], reading.fields, reading.errors)


def _check(view: LinkView, reading: Reading) -> Response:
    assert reading.form is not None, "the caller has seen it"
    return PAGES.page(
        "check",
        view=view,
        form=reading.form,
        transfers=[transfer for transfer in view.transfers if transfer.no in reading.form.stated],
        excesses={excess.no: excess for excess in reading.excesses},
        left=len(view.transfers) - len(reading.form.stated),
        fields=reading.fields,
    )


def _not_taken(outcome: NotTaken, reading: Reading) -> Response:
    if outcome.view.state is not LinkState.OPEN:
        return _closed(outcome.view)
    reading.errors[""] = (
        "While you filled this in, an answer came to a transfer on this page, and another sum is open now."
        " Nothing was taken. Please look at it again."
    )
    return _again(outcome.view, reading)
