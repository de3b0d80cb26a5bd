"""Answer to one hold request in a bank's inbox: the form and the check of its sums."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from activities.case.answer_links import AnswerForm, AnswerView, AskedTransfer
from activities.case.reply_links import ReplyNotTaken, ReplyTaken
from activities.gateway import inbox
from adapters.banks.i4c.values import AmountError, parse_rupees
from api.forms import chosen, typed
from api.gateway.answer_pages import NAMES, ROWS, is_filled, numbers_in, read_form
from api.gateway.inbox_pages import After, SubjectId, TheVisit, Visit, keep_posted, moment
from api.gateway.inbox_second_person import ask_second, given_back, waiting_reply
from api.gateway.reply_pages import ITEMS_A_PAGE, Reading, of_check, of_form
from api.officers.sessions import refuse_other_sites
from api.problems import INBOX_PATH
from api.public_pages import SHOW, exact_rupees
from db.banks.bank_reply_checks import ReplyKind
from db.case.bank_feeds import ToldSince
from domain.rupees import in_proportion

_WIDTH: Final = 1_000
"""width of the whole bar"""


@dataclass(frozen=True, slots=True)
class BarPart:
    """A part of the bar: its class in the style sheet, and where it stands."""

    look: str
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Told:
    """Sums that a form tells about one transfer."""

    asked_paise: int
    held_paise: int
    moved_paise: int
    withdrawn_paise: int

    @property
    def told_paise(self) -> int:
        """Return the amount that the form tells of."""
        return self.held_paise + self.moved_paise + self.withdrawn_paise

    @property
    def missing_paise(self) -> int:
        """Return the asked amount that the form does not tell of."""
        return max(self.asked_paise - self.told_paise, 0)

    @property
    def excess_paise(self) -> int:
        """Return what the form tells above the asked amount."""
        return max(self.told_paise - self.asked_paise, 0)

    @property
    def parts(self) -> list[BarPart]:
        """Return the parts of the bar from left to right."""
        sums = {
            "b-held": self.held_paise,
            "b-in_play": self.moved_paise,
            "b-withdrawn": self.withdrawn_paise,
            "gap": self.missing_paise,
        }
        parts, x = [], 0
        for look, width in zip(sums, in_proportion(_WIDTH, list(sums.values())), strict=True):
            if width:
                parts.append(BarPart(look, x, width))
            x += width
        return parts


def told_of(fields: Mapping[str, str], transfer: AskedTransfer) -> Told:
    """Return the sums in the fields of a form about one transfer.

    A sum that cannot be read counts as none.
    """
    prefix = f"t{transfer.no}."
    return Told(
        asked_paise=transfer.disputed_paise,
        held_paise=_paise(fields, f"{prefix}held"),
        moved_paise=sum(_paise(fields, f"{prefix}m{row}.amount") for row in ROWS),
        withdrawn_paise=sum(_paise(fields, f"{prefix}o{row}.amount") for row in ROWS),
    )


def _paise(fields: Mapping[str, str], name: str) -> int:
    try:
        return parse_rupees(fields.get(name, "").removeprefix("₹").strip() or "0")
    except AmountError:
        return 0


router = APIRouter(prefix=INBOX_PATH, include_in_schema=False)

_OF_HOLD: Final = ("seen", "held", "phone", "email")
"""fields of a transfer that are sent with *Send the hold now*"""
_TOLD_WITHIN: Final = timedelta(days=1)
"""age of a form up to which a colleague's answer is shown to the officer who sends it"""
_NOTHING_SENT: Final = ("seen",)


@router.get("/holds/{request_id}")
async def show_form(visit: TheVisit, request_id: SubjectId, after: After = 0) -> Response:
    """Return the form about one hold request of the bank."""
    if visit.maybe_session is None:
        return visit.to(INBOX_PATH)
    view = await inbox.look(visit.services.ctx, visit.code, request_id)
    if view is None or not view.items:
        return visit.page("gone", 404, answered_id=request_id if view else None)
    fields, notice = await given_back(visit, ReplyKind.HOLD, request_id, NAMES)
    return await _form(visit, view, Reading(fields), [number for number in view.items if number > after], notice=notice)


@router.post("/holds/{request_id}")
async def take_form(request: Request, visit: TheVisit, request_id: SubjectId) -> Response:
    """Take the filled-in form.

    It is first shown for a check, and then booked. A hold alone is booked at once.
    """
    refuse_other_sites(request, must_say=True)
    if visit.maybe_session is None:
        return await visit.signed_out_while_typing(request, NAMES)
    return await reply(request, visit, request_id, await typed(request))


async def reply(request: Request, visit: Visit, request_id: UUID, sent: Mapping[str, str]) -> Response:
    """Return the page that follows a form, of the person who sent it or of the colleague who checks it."""
    view = await inbox.look(visit.services.ctx, visit.code, request_id)
    if view is None:
        return visit.page("gone", 404)
    fields, step = visit.by_person(chosen(sent, NAMES)), sent.get("step", "")
    if not view.items:
        return await _gone(visit, view, fields)
    if step == "hold":
        return await _take_hold(request, visit, view, fields)
    return await _take_answer(request, visit, view, fields, step)


async def _take_answer(request: Request, visit: Visit, view: AnswerView, fields: dict[str, str], step: str) -> Response:
    ctx = visit.services.ctx
    reading = Reading[Any](fields)
    if step != SHOW:
        reading = read_form(fields, view.items, ctx.now(), visit.look.language)
    if reading.form is None or step not in {"check", "send"}:
        return await _form(visit, view, reading, sorted(numbers_in(fields) & view.items.keys()))
    if visit.checks is not None and view.has_changed(reading.form):
        return await _not_taken(visit, view, reading)
    if step == "check":
        return await _check(visit, view, reading, reading.form)
    if visit.needs_second:
        holds_money = any(stated.held_paise for stated in reading.form.stated.values())
        return await ask_second(request, visit, ReplyKind.HOLD, view.subject_id, holds_money=holds_money)
    return await _send(request, visit, view, reading, reading.form)


async def _send(request: Request, visit: Visit, view: AnswerView, reading: Reading[Any], form: AnswerForm) -> Response:
    """Book a form, and offer the request where the most can be caught next."""
    taken = await _book(request, visit, view, form)
    if isinstance(taken, ReplyNotTaken):
        return await _not_taken(visit, taken.view, reading)
    following = None
    if not taken.left:
        waiting = await inbox.read(visit.services.ctx, visit.session)
        following = next((hold for hold in waiting.holds if hold.request_id != view.subject_id), None)
    return visit.page("taken", view=view, taken=taken, after=following)


async def _take_hold(request: Request, visit: Visit, view: AnswerView, fields: dict[str, str]) -> Response:
    """Book what is on hold at once. Everything else of the form stays in it, to be sent later."""
    of_hold = {name: value for name, value in fields.items() if name.partition(".")[2] in {"", *_OF_HOLD}}
    held = [number for number in numbers_in(of_hold) if f"t{number}.held" in of_hold]
    of_held = {name: value for name, value in of_hold.items() if "." not in name or _number(name) in held}
    reading = read_form(of_held, view.items, visit.services.ctx.now(), visit.look.language)
    if not held:
        reading.errors[""] = visit.say["hold_now_needs"]
    shown = sorted(numbers_in(fields) & view.items.keys())
    if reading.form is None or reading.errors:
        return await _form(visit, view, Reading(fields, reading.errors), shown)
    taken = await _book(request, visit, view, reading.form)
    if isinstance(taken, ReplyNotTaken):
        return await _not_taken(visit, taken.view, Reading(fields))
    ctx = visit.services.ctx
    after = await inbox.look(ctx, visit.code, view.subject_id)
    if after is None or not after.items:
        return visit.page("taken", view=view, taken=taken, after=None)
    rest = {name: value for name, value in fields.items() if _number(name) not in held or name not in of_hold}
    held_paise = sum(stated.held_paise for stated in reading.form.stated.values())
    notice_values = {"amount": exact_rupees(held_paise), "when": moment(ctx.now(), visit.say)}
    notice = visit.say["hold_now_done"].format_map(notice_values)
    return await _form(visit, after, Reading(rest), sorted(numbers_in(rest) & after.items.keys()), notice=notice)


def _number(name: str) -> int:
    """Return the number of the transfer of a field, or -1 for a field of the whole form."""
    return next(iter(numbers_in({name: ""})), -1)


async def _book(
    request: Request, visit: Visit, view: AnswerView, form: AnswerForm
) -> ReplyTaken | ReplyNotTaken[AnswerView]:
    services = visit.services
    await keep_posted(request, visit, view.subject_id)
    taken = await inbox.answer(services.ctx, visit.code, view.subject_id, visit.signed(form))
    if not isinstance(taken, ReplyNotTaken) and taken.written and taken.written.follow_up is not None:
        services.notifier.soon(taken.written.follow_up)
    return taken


async def _not_taken(visit: Visit, view: AnswerView, reading: Reading[Any]) -> Response:
    """Return the form again, with what the bank has told meanwhile."""
    reading.errors[""] = visit.say["changed"]
    if not view.items:
        return await _gone(visit, view, reading.fields)
    shown = sorted(numbers_in(reading.fields) & view.items.keys())
    return await _form(visit, view, reading, shown, told_since=await _told(visit, view, reading.fields))


async def _gone(visit: Visit, view: AnswerView, fields: Mapping[str, str]) -> Response:
    """Say that a request is answered by now, and what was told since the form was opened."""
    statements = await _told(visit, view, fields)
    return visit.page("gone", 409, told_since=statements, answered_id=view.subject_id)


async def _told(visit: Visit, view: AnswerView, fields: Mapping[str, str]) -> list[ToldSince]:
    """Return what the bank has told of a request since a form about it was made."""
    now = visit.services.ctx.now()
    try:
        made_at = datetime.fromisoformat(fields.get("made", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        made_at = now
    since = max(made_at, now - _TOLD_WITHIN)
    return await inbox.told_since(visit.services.ctx, visit.code, view.subject_id, since)


async def _check(visit: Visit, view: AnswerView, reading: Reading[Any], form: AnswerForm) -> Response:
    sums = {number: told_of(reading.fields, view.items[number]) for number in form.stated}
    is_part = any(sums[number].missing_paise and not stated.is_refusal for number, stated in form.stated.items())
    return visit.page(
        "check",
        **of_check(view, reading, form),
        sums_of=sums,
        accounts=await inbox.accounts_of(visit.services.ctx, view.subject_id),
        is_part=is_part,
        may_hold=any(stated.held_paise for stated in form.stated.values()),
    )


async def _form(
    visit: Visit,
    view: AnswerView,
    reading: Reading[Any],
    numbers: list[int],
    *,
    notice: str = "",
    told_since: list[ToldSince] | None = None,
) -> Response:
    ctx = visit.services.ctx
    shown = (numbers or list(view.items))[:ITEMS_A_PAGE]
    filled = [number for number in shown if is_filled(reading.fields, f"t{number}.", _NOTHING_SENT)]
    return visit.page(
        "form",
        422 if reading.errors else 200,
        **of_form(view, kept(reading), shown),
        notice=notice,
        sums_of={number: told_of(reading.fields, view.items[number]) for number in filled},
        opened=await inbox.open_form(ctx, visit.session, view),
        told_since=told_since or (),
        waits=await waiting_reply(visit, ReplyKind.HOLD, view.subject_id),
        made=ctx.now().isoformat(timespec="milliseconds"),
    )


def kept(reading: Reading[Any]) -> Reading[Any]:
    """Return a reading without the hidden fields of its form.

    The open amount may be another one now, so that of an earlier form is not sent again.
    """
    hidden = {"seen", "made"}
    fields = {name: value for name, value in reading.fields.items() if name.rpartition(".")[2] not in hidden}
    return replace(reading, fields=fields)
