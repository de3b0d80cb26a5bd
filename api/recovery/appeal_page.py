"""The public page on which an account holder sees a hold and appeals, without a user account.

The reference and a one-time code begin a visit. The token of the visit in the path is then the only credential. Texts,
limits of tries and response times are the same for valid and unknown references.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from activities.context import Context
from activities.proofs import CODE_DIGITS
from activities.recovery import grievance_decisions
from activities.recovery.document_issuing import APPEAL_PATH
from activities.recovery.grievance_decisions import HOLDER
from api.forms import digits_of, preferred, typed
from api.pages import GONE, TEMPLATES, Pages
from api.public_pages import LARGE, PUBLIC, SEE_OTHER, SHOW, Look, exact_rupees, texts_of
from api.services import TheAppealThrottle, TheServices
from api.throttle import ANSWERS_AFTER_SECONDS, AppealThrottle, at_least
from domain.errors import NotNow
from domain.errors.recovery import ContactTooNew
from domain.recovery.grievances import APPEALABLE, LEVELS, Earlier, above, may_be_filed
from schemas.enums import Language
from schemas.recovery.grievances import (
    CONTACT_MAX_CHARS,
    TEXT_MAX_CHARS,
    AppealGrievance,
    AppealOn,
    AppealView,
    NewGrievance,
)
from schemas.restoration_enums import GrievanceLevel, GrievanceState
from schemas.text import IST

router = APIRouter(prefix=APPEAL_PATH, include_in_schema=False)

FIELDS_MAX: Final = 20
TYPED: Final = ("text", "more", "contact")
"""fields in which an account holder writes text on the page of a hold"""

_APPEAL: Final = TEMPLATES / "appeal"
TEXTS: Final = texts_of(_APPEAL)
_REFERENCE: Final = re.compile(r"[A-Z0-9]{10}")
_DONE: Final = {"filed": "filed", "on": "taken_on", "withdraw": "withdrawn"}
"""action of the holder, and the name of the text that reports it"""
_DAY_SECONDS: Final = 86_400


PAGES: Final = Pages(
    TEMPLATES,
    styles=[PUBLIC, _APPEAL],
    filters={"rupees": exact_rupees},
    names={"text_max": TEXT_MAX_CHARS, "contact_max": CONTACT_MAX_CHARS, "leaves": False},
)


@dataclass(frozen=True)
class Reader:
    """Reader of the page: how the page looks, and the fields that were sent."""

    look: Look
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def language(self) -> Language:
        """Return the reader's language."""
        return self.look.language

    @property
    def say(self) -> Mapping[str, str]:
        """Return the texts of the page in the reader's language."""
        return TEXTS[self.language]

    @property
    def reference(self) -> str:
        """Return the reference in its printed form, without spaces and hyphens and in capitals."""
        return re.sub(r"[\s-]", "", self.fields.get("reference", "")).upper()

    @property
    def code(self) -> str:
        """Return the digits of the code, typed in any script."""
        return digits_of(self.fields.get("code", ""))

    def page(self, name: str, status: int = 200, **values: Any) -> Response:
        """Return one of the pages."""
        page_values = {"errors": {}, "notice": "", **values}
        return PAGES.page(f"appeal/{name}", status, look=self.look, say=self.say, **page_values)


Lang = Annotated[Language | None, Query()]


def _reader(request: Request, ctx: Context, lang: Language | None, fields: Mapping[str, str] | None = None) -> Reader:
    """Return a reader with the chosen language, else the browser's, else the first language of notifications."""
    known = lang or preferred(request.headers.get("accept-language", "")) or ctx.policy.messages.holder_languages[0]
    return Reader(Look(known, request.query_params.get("size") == LARGE), fields or {})


async def _fields(request: Request) -> dict[str, str]:
    """Return the fields of the form without unprintable characters, with line breaks. Raises `Refused`."""
    sent = await typed(request, FIELDS_MAX)
    return {name: "".join(c for c in text if c.isprintable() or c == "\n").strip() for name, text in sent.items()}


# -- begin of a visit --------------------------------------------------------------------------------------------------


@router.api_route("", methods=["GET", "HEAD"])
async def ask(request: Request, services: TheServices, lang: Lang = None) -> Response:
    """Return the page that asks for the reference."""
    return _ask(_reader(request, services.ctx, lang))


@router.post("")
async def begin(request: Request, services: TheServices, throttle: TheAppealThrottle, lang: Lang = None) -> Response:
    """Send a code, or begin a visit with a code."""
    await throttle.count_try(request)
    reader = _reader(request, services.ctx, lang, await _fields(request))
    if not _REFERENCE.fullmatch(reader.reference):
        return _ask(reader, wrong=True)
    match reader.fields.get("step"):
        case "enter":
            return await _enter(request, throttle, services.ctx, reader)
        case step if step == SHOW:
            return _code(reader, services.ctx)
        case _:
            return await _send_code(request, throttle, services.ctx, reader)


def _ask(reader: Reader, *, wrong: bool = False) -> Response:
    errors = {"reference": reader.say["reference_wrong"]} if wrong else {}
    return reader.page("ask", 422 if wrong else 200, errors=errors, reference=reader.reference)


def _code(reader: Reader, ctx: Context, status: int = 200, *, wrong: bool = False, notice: str = "") -> Response:
    rules = ctx.policy.grievance
    errors = {"code": reader.say["code_wrong"].format(tries=rules.code_tries)} if wrong else {}
    return reader.page(
        "code",
        status,
        errors=errors,
        notice=notice,
        reference=reader.reference,
        minutes=round(rules.code_valid_seconds / 60),
        days=round(rules.code_by_bank_valid_seconds / _DAY_SECONDS),
    )


async def _send_code(request: Request, throttle: AppealThrottle, ctx: Context, reader: Reader) -> Response:
    if wait := await throttle.code_wait_seconds(reader.reference):
        return _code(reader, ctx, 429, notice=reader.say["too_many"].format(minutes=math.ceil(wait / 60)))
    async with at_least(ANSWERS_AFTER_SECONDS, request.scope):
        await throttle.door.send_code(reader.reference)
    return _code(reader, ctx)


async def _enter(request: Request, throttle: AppealThrottle, ctx: Context, reader: Reader) -> Response:
    async with at_least(ANSWERS_AFTER_SECONDS, request.scope):
        is_complete = len(reader.code) == CODE_DIGITS
        entered = await throttle.enter(request, reader.reference, reader.code) if is_complete else None
    if entered is None:
        return _code(reader, ctx, 422, wrong=True)
    return _to_visit(entered.token, reader)


def _to_visit(token: str, reader: Reader, done: str = "") -> Response:
    done_query = f"&done={done}" if done else ""
    url = f"{reader.look.to(f'{APPEAL_PATH}/{token}')}{done_query}"
    return RedirectResponse(url, SEE_OTHER, PAGES.headers)


# -- a visit -----------------------------------------------------------------------------------------------------------


@router.api_route("/{token}", methods=["GET", "HEAD"])
async def show(
    request: Request, services: TheServices, throttle: TheAppealThrottle, token: str, lang: Lang = None, done: str = ""
) -> Response:
    """Return the page with the hold, its deadlines and the appeal. Changes only the end of the visit."""
    reader = _reader(request, services.ctx, lang)
    visit = await throttle.door.visit(token)
    if visit is None:
        await throttle.count_try(request)
        return _over(reader, GONE)
    view = await throttle.door.look(visit)
    number = view.grievance.number if view.grievance else ""
    done_text = reader.say[_DONE[done]].format(number=number) if done in _DONE else ""
    return _hold(reader, services.ctx, view, done=done_text)


@router.post("/{token}")
async def act(
    request: Request, services: TheServices, throttle: TheAppealThrottle, token: str, lang: Lang = None
) -> Response:
    """File an appeal, take it to the next level, withdraw it, end the visit, or show what is typed."""
    reader = _reader(request, services.ctx, lang, await _fields(request))
    wait = await throttle.wait_seconds(request)
    if wait:
        return _over(reader, 429, wait)
    visit = await throttle.door.visit(token)
    if visit is None:
        return _over(reader, GONE)
    step = reader.fields.get("step", "")
    if step == "leave":
        await throttle.door.leave(token)
        return RedirectResponse(reader.look.to(APPEAL_PATH), SEE_OTHER, PAGES.headers)
    view = await throttle.door.look(visit)
    try:
        done = await _do(services.ctx, view, step, reader, visit.contact_since)
    except NotNow as error:
        notice = _why_not(error, reader)
        return _hold(reader, services.ctx, await throttle.door.look(visit), notice=notice, status=409)
    except ValidationError as error:
        errors = {str(fault["loc"][0]) for fault in error.errors()}
        return _hold(reader, services.ctx, view, errors=errors, status=422)
    return _hold(reader, services.ctx, view) if step == SHOW else _to_visit(token, reader, done)


def _why_not(error: NotNow, reader: Reader) -> str:
    """Return what the page says about an action that was not done."""
    if isinstance(error, ContactTooNew):
        return reader.say["contact_new"].format(day=f"{error.until.astimezone(IST):%d-%m-%Y %H:%M}")
    return reader.say["changed"]


def _over(reader: Reader, status: int, wait_seconds: float = 0.0) -> Response:
    """Return the page of an ended visit or of too many tries, with the typed text for copying."""
    typed = "\n\n".join(text for name in TYPED if (text := reader.fields.get(name, "")))
    notice = reader.say["too_many"].format(minutes=math.ceil(wait_seconds / 60)) if wait_seconds else ""
    response = reader.page("over", status, notice=notice, typed=typed)
    if wait_seconds:
        response.headers["Retry-After"] = str(int(wait_seconds) + 1)
    return response


async def _do(ctx: Context, view: AppealView, step: str, reader: Reader, contact_since: datetime | None) -> str:
    """Carry out the pressed button. Return the action for the next page. Raises `NotNow`, `ValidationError`."""
    fields, grievance = reader.fields, view.grievance
    if step == "file":
        new = NewGrievance(text=fields.get("text", ""), language=reader.language, contact=fields.get("contact", ""))
        await grievance_decisions.file_grievance(ctx, view.hold_id, new, HOLDER)
        return "filed"
    if grievance is None:
        return ""
    if step == "on":
        appeal = AppealOn.model_validate({"level": fields.get("level"), "text": fields.get("more", "")})
        await grievance_decisions.appeal_on(ctx, grievance.grievance_id, appeal, HOLDER)
    elif step == "withdraw":
        await grievance_decisions.withdraw(ctx, grievance.grievance_id, None, HOLDER, contact_since=contact_since)
    return step if step in _DONE else ""


def _hold(
    reader: Reader,
    ctx: Context,
    view: AppealView,
    *,
    done: str = "",
    notice: str = "",
    errors: set[str] | None = None,
    status: int = 200,
) -> Response:
    grievance, is_held = view.grievance, view.state == "held"
    next_level = _next_level(view) if is_held else None
    may_file = is_held and _may_file(view, ctx)
    return reader.page(
        "hold",
        status,
        view=view,
        done=done,
        notice=notice,
        errors=dict.fromkeys(errors or (), reader.say["file_wrong"]),
        fields=reader.fields,
        may_file=may_file,
        next_level=next_level.value if next_level else "",
        action="",
        typed_step="on" if next_level else "file" if may_file else "",
        is_last=grievance is not None and grievance.state is GrievanceState.UPHELD and above(grievance.level) is None,
        level_days=_level_days(ctx, grievance if next_level or not may_file else None),
    )


def _level_days(ctx: Context, filed: AppealGrievance | None) -> dict[str, int]:
    """Return the days of each level, from the frozen policy of the filed grievance, or from today's policy."""
    if filed is None:
        seconds, factor = ctx.policy.grievance.level_seconds, 1.0
    else:
        seconds, factor = filed.level_seconds, ctx.procedure_clock_factor
    return {level.value: round(seconds[level] * factor / _DAY_SECONDS) for level in LEVELS}


def _next_level(view: AppealView) -> GrievanceLevel | None:
    grievance = view.grievance
    if grievance is None or grievance.state not in APPEALABLE or grievance.opened_at < view.first_held_at:
        return None
    return above(grievance.level)


def _may_file(view: AppealView, ctx: Context) -> bool:
    grievance = view.grievance
    earlier = (
        Earlier(state=grievance.state, level=grievance.level, opened_at=grievance.opened_at, filed=grievance.filed)
        if grievance
        else None
    )
    try:
        may_be_filed(earlier, view.first_held_at, ctx.policy.grievance.filed_max)
    except NotNow:
        return False
    return True
