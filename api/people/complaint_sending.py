"""The last pages of the public complaint form: look over and send, and confirm the mobile."""

import math
from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from activities.people import public_complaints
from activities.people.public_complaints import FORM_PATH
from api.people import complaint_fields as form
from api.people.complaint_fields import Answers
from api.people.complaint_form import MOBILE_END_CHARS, FormPage, TheForm, ask_banks, may_ask
from domain.errors import LimitExceeded, NotNow
from domain.errors.people import ComplaintUnconfirmed
from domain.people.drafts import number_to_confirm, with_number_to_confirm
from schemas.people.drafts import DraftContent

router = APIRouter(prefix=FORM_PATH, include_in_schema=False)

HOUR_SECONDS: Final = 3_600
CODE_OVER: Final = "code_over"


# -- look over and send ------------------------------------------------------------------------------------------------


@router.api_route("/check", methods=["GET", "HEAD"])
async def ask_check(page: TheForm) -> Response:
    """Return the page with all answers."""
    return await _check(page) if page.is_open else page.over()


@router.post("/check")
async def take_check(request: Request, page: TheForm) -> Response:
    """Confirm the mobile if a code is typed, and send the whole complaint."""
    answers = await page.answers(request)
    if not page.is_open:
        return page.over()
    content = await page.content()
    number = number_to_confirm(content)
    if answers.fields.get("step") == "code":
        return await _check(page, notice=await send_code(page, request, number, over=True))
    if missing := missing_step(content):
        return page.to(missing)
    if answers.fields.get("code") and not page.draft.is_confirmed:
        if error := await _confirm(page, number, answers.fields["code"]):
            return await _check(page, answers.fields, {_field_of(error): error})
    elif not await may_ask(page, request):
        return page.to("confirm")
    return await _finish(page, answers)


def missing_step(content: DraftContent) -> str:
    """Return the first question that is not answered; empty if none is."""
    if not content.transfers:
        return "transfer/1"
    if not content.victim.name:
        return "who"
    if not content.category:
        return "story"
    return "" if content.reach and content.reach.way else "reach"


async def _finish(page: FormPage, answers: Answers) -> Response:
    """Send the whole complaint."""
    consent = answers.ticked("consent")
    await page.save(lambda content: content.model_copy(update={"consent": consent}))
    try:
        await public_complaints.finish(page.ctx, page.draft, page.services.notifier.soon)
    except ComplaintUnconfirmed:
        return page.to("confirm")
    except (NotNow, LimitExceeded):
        return await _check(page, answers.fields, {"": "not_taken"}, status=409)
    return page.to("done")


async def _check(
    page: FormPage,
    fields: Mapping[str, str] | None = None,
    errors: dict[str, str] | None = None,
    *,
    notice: str = "",
    status: int = 422,
) -> Response:
    content = await page.content()
    number = number_to_confirm(content)
    return page.show(
        "check",
        5,
        status if errors else 200,
        errors=errors or {},
        fields=fields or {"consent": "" if content.consent is False else form.YES},
        notice=notice,
        content=content,
        who=form.who_fields(content),
        reach=form.reach_fields(content),
        category=form.story_fields(content)["category"],
        district=page.district(content.victim.district),
        banks=[page.bank(transfer.payee) for transfer in content.transfers],
        number_end=number[-MOBILE_END_CHARS:],
        code_sent=bool(number) and await public_complaints.has_live_code(page.ctx, page.draft.draft_id, number),
        may_add=len(content.transfers) < page.ctx.policy.public_form.transfers_max,
        hours=round(page.ctx.policy.public_form.confirm_within_seconds / HOUR_SECONDS),
    )


@router.api_route("/done", methods=["GET", "HEAD"])
async def show_done(page: TheForm) -> Response:
    """Return the page with the acknowledgement number, and what happens next."""
    if not page.is_open:
        return page.over()
    if page.draft.ack_no is None or page.draft.finished_at is None:
        return page.to("check")
    hours = round(page.ctx.policy.public_form.confirm_within_seconds / HOUR_SECONDS)
    return page.show("done", content=await page.content(), hours=hours)


# -- the mobile before the banks are asked -----------------------------------------------------------------------------


@router.api_route("/confirm", methods=["GET", "HEAD"])
async def ask_confirm(page: TheForm) -> Response:
    """Return the page that asks for a mobile, and for the code that went to it."""
    if not page.is_open:
        return page.over()
    return page.to("who") if page.draft.is_confirmed and page.draft.ack_no else await _confirm_page(page)


@router.post("/confirm")
async def take_confirm(request: Request, page: TheForm) -> Response:
    """Send a code to the mobile, or confirm the mobile with it and ask the banks."""
    answers = await page.answers(request)
    if not page.is_open:
        return page.over()
    if answers.fields.get("step") != "enter":
        mobile = answers.mobile("mobile", needed=True)
        if answers.errors:
            return await _confirm_page(page, answers)
        await page.save(lambda content: with_number_to_confirm(content, mobile))
        return await _confirm_page(page, notice=await send_code(page, request, mobile, over=True))
    number = number_to_confirm(await page.content())
    if error := await _confirm(page, number, answers.fields.get("code", "")):
        answers.errors[_field_of(error)] = error
        return await _confirm_page(page, answers)
    opened = await public_complaints.visit(page.ctx, page.visit.token)
    if opened is None:
        return page.over()
    return await ask_banks(page.of(opened), request, "who")


async def _confirm_page(page: FormPage, answers: Answers | None = None, *, notice: str = "") -> Response:
    content = await page.content()
    number = number_to_confirm(content)
    return page.show(
        "confirm",
        1,
        422 if answers else 200,
        errors=answers.errors if answers else {},
        fields={"mobile": number} | (dict(answers.fields) if answers else {}),
        notice=notice,
        number_end=number[-MOBILE_END_CHARS:],
        code_sent=bool(number) and await public_complaints.has_live_code(page.ctx, page.draft.draft_id, number),
        minutes=round(page.ctx.policy.public_form.code_valid_seconds / 60),
    )


async def send_code(page: FormPage, request: Request, number: str, *, over: bool) -> str:
    """Send a code to a number; return what the page says. Without `over` a live code stays."""
    if not number or (not over and await public_complaints.has_live_code(page.ctx, page.draft.draft_id, number)):
        return ""
    wait = await page.services.form_throttle.code_wait_seconds(request, number)
    if wait:
        return page.say("code_wait", minutes=math.ceil(wait / 60))
    is_sent = await public_complaints.send_code(page.ctx, page.draft.draft_id, number, page.look.language)
    return page.say("code_sent", end=number[-MOBILE_END_CHARS:]) if is_sent else page.say("code_no_way")


async def _confirm(page: FormPage, number: str, typed: str) -> str:
    """Confirm the mobile with a code; return the key of the text that says why not, or an empty text."""
    code, throttle = form.digits_of(typed), page.services.form_throttle
    if not await throttle.may_complain(number):
        return "mobile_full"
    if await public_complaints.confirm(page.ctx, page.draft, number, code):
        return ""
    await throttle.give_back_complaint(number)
    is_live = await public_complaints.has_live_code(page.ctx, page.draft.draft_id, number)
    return "code_wrong" if is_live else CODE_OVER


def _field_of(error: str) -> str:
    """Return the field beside which a fault of a code stands; empty for a code that is over."""
    return "" if error == CODE_OVER else "code"
