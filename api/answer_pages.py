"""The answer page: a bank's officer opens the link of a letter and says of each transfer where the money is.

The token in the path is the only credential, so no other site can send a form that counts: it would have to know the
token. HTML from the server, no script, nothing from anywhere else.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from activities.answer_links import PATH, AnswerLinks, AskedTransfer, LinkState, LinkView, NotTaken, Taken
from activities.order_links import OrderLinks
from adapters.banks.answers import WithdrawalChannel
from api.answer_forms import (
    NOT_FOUND,
    ROWS,
    VALUE_MAX_CHARS,
    BadForm,
    Reading,
    fields_of,
    is_filled,
    numbers_in,
    read_form,
)
from api.params import INT32_MAX
from api.parts import Parts, TheParts
from api.problems import TOO_MANY, UNREADABLE_FORM, Refused
from api.throttle import Throttle
from domain.policy import TryName
from schemas.complaints import IST

router = APIRouter(prefix=PATH.rstrip("/"), include_in_schema=False)

TRANSFERS_A_PAGE: Final = 10
"""What a phone can show; the others come when these are answered, or by the link below them."""
FORM_BODY_MAX_BYTES: Final = 256 * 1024
"""Ten transfers, every field of them full of Hindi."""
GONE: Final = 410

_FOLDER: Final = Path(__file__).with_name("templates")
_STYLE: Final = (_FOLDER / "style.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS: Final = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    # The address is the credential: it goes into no other site's log and no search engine.
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
WAYS_OUT: Final = {
    WithdrawalChannel.ATM: "ATM",
    WithdrawalChannel.AEPS: "AEPS",
    WithdrawalChannel.POS: "POS (card machine)",
    WithdrawalChannel.CHEQUE: "Cheque",
}


def _rupees(paise: int) -> str:
    """Paise as people here write them: ₹1,25,000.00."""
    rupees, rest = divmod(paise, 100)
    head, tail = str(rupees)[:-3], str(rupees)[-3:]
    groups = [head[max(end - 2, 0) : end] for end in range(len(head), 0, -2)]
    return f"₹{','.join([*reversed(groups), tail])}.{rest:02d}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(IST):%d-%m-%Y %H:%M:%S} IST"


def _day(at: datetime) -> str:
    return f"{at.astimezone(IST):%d-%m-%Y}"


_PAGES: Final = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined)
_PAGES.filters |= {"rupees": _rupees, "moment": _moment, "day": _day}
_PAGES.globals |= {
    "style": _STYLE,
    "rows": ROWS,
    "not_found": NOT_FOUND,
    "ways_out": {way.value: words for way, words in WAYS_OUT.items()},
    "max_chars": VALUE_MAX_CHARS,
}


class AnswerDoor:
    """The links behind the pages, and how often they may be tried."""

    def __init__(self, parts: Parts) -> None:
        self.links = AnswerLinks(parts.hands, parts.vault)
        self.orders = OrderLinks(parts.hands, parts.vault)
        self._uses = Throttle(parts.hands, parts.vault, TryName.LINK_USES)
        self._guesses = Throttle(parts.hands, parts.vault, TryName.LINK_GUESSES)

    async def digest(self, request: Request, token: str) -> bytes | None:
        """The digest of a token about a hold request that may be ours; None where it is not. Raises a 429."""
        return await self._spared(request, self.links.digest(token))

    async def order_digest(self, request: Request, token: str) -> bytes | None:
        """As `digest`, of a token about an order."""
        return await self._spared(request, self.orders.digest(token))

    async def _spared(self, request: Request, digest: bytes | None) -> bytes | None:
        """Only guesses count against an address: behind a proxy all officers come from one."""
        if digest is None:
            await _spare(self._guesses, request.client.host if request.client else "")
        else:
            await _spare(self._uses, digest.hex())
        return digest


async def _spare(throttle: Throttle, name: str) -> None:
    wait = await throttle.wait_seconds(name)
    if wait:
        raise Refused(TOO_MANY, "please wait a moment and try again", headers={"Retry-After": str(int(wait) + 1)})


@router.api_route("/{token}", methods=["GET", "HEAD"])
async def show(request: Request, token: str, after: Annotated[int, Query(ge=0, le=INT32_MAX)] = 0) -> Response:
    """The form, or why there is none. Changes nothing: whoever scans mail may fetch it."""
    door: AnswerDoor = request.app.state.answer_door
    digest = await door.digest(request, token)
    view = await door.links.look(digest) if digest else None
    if view is None:
        return page("unknown", 404)
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
        return page("unknown", 404)
    try:
        fields, step = fields_of(await request.body())
    except BadForm as error:
        raise Refused(UNREADABLE_FORM, str(error)) from None
    view = await door.links.look(digest)
    return await _step(request, parts, digest, view, fields, step) if view else page("unknown", 404)


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
    outcome = await door.links.answer(digest, reading.form)
    if isinstance(outcome, NotTaken):
        return _not_taken(outcome, reading)
    assert outcome is not None, "links are never deleted"
    if outcome.receipt and outcome.receipt.follow_up is not None:
        parts.courier.soon(outcome.receipt.follow_up)
    return _taken(view, outcome)


# -- pages -------------------------------------------------------------------------------------------------------------


def page(name: str, status: int = 200, **words: Any) -> Response:
    """A page of ours, with the headers that every page has."""
    return HTMLResponse(_PAGES.get_template(f"{name}.html").render(words), status, HEADERS)


def _closed(view: LinkView) -> Response:
    return page("closed", GONE, view=view, state=view.state.value)


def _taken(view: LinkView, taken: Taken) -> Response:
    return page("taken", view=view, taken=taken)


def _form(
    view: LinkView,
    shown: Sequence[AskedTransfer],
    fields: Mapping[str, str],
    errors: Mapping[str, str],
) -> Response:
    last_no = shown[-1].no if shown else 0
    after = last_no if any(transfer.no > last_no for transfer in view.transfers) else 0
    return page(
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
    return page(
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
