"""The questions of the public complaint form, each on a page of its own.

The first one is the transfer, and the banks are asked as soon as it is told. The person and the story come after that.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from activities.people import public_complaints
from activities.people.public_complaints import FORM_PATH
from api.forms import whole_number
from api.people import complaint_fields as form
from api.people import complaint_form as visits
from api.people.complaint_fields import Answers
from api.people.complaint_form import FormPage, TheForm, ask_banks
from api.people.complaint_sending import send_code
from api.public_pages import SHOW
from domain.errors import LimitExceeded
from domain.people.bank_sms import read_sms
from domain.people.drafts import number_to_confirm
from schemas.people.drafts import DraftContent, SmsPart, SmsQuestion
from schemas.privacy.personal_data import ReachWay
from schemas.text import IST

router = APIRouter(prefix=FORM_PATH, include_in_schema=False)

BANKS_SHOWN_MAX: Final = 300
SMS_MAX_CHARS: Final = 1_000

Number = Annotated[int, Path(ge=1, le=100)]


# -- the transfer ------------------------------------------------------------------------------------------------------


@router.api_route("", methods=["GET", "HEAD"])
async def ask(page: TheForm) -> Response:
    """Return the first page. It begins a new complaint."""
    return _transfer(page, 1, {}, is_new=True)


@router.post("")
async def begin(request: Request, page: TheForm) -> Response:
    """Begin a complaint with its first transfer, and ask the banks."""
    answers = await page.answers(request)
    if answers.fields.get("step") == SHOW:
        return _transfer(page, 1, answers.fields, is_new=True)
    if answers.fields.get("step") == "read":
        return _read_message(page, 1, answers, is_new=True)
    transfer = form.read_transfer(answers)
    if answers.errors:
        return _transfer(page, 1, answers.fields, answers.errors, is_new=True)
    await page.services.form_throttle.count_draft(request)
    try:
        network = page.services.form_throttle.network_of(request)
        begun = await public_complaints.begin(page.ctx, DraftContent(transfers=(transfer,)), network)
    except LimitExceeded:
        return page.show("closed", status=503)
    draft = await public_complaints.of_code(page.ctx, begun.code)
    assert draft is not None, "it is written"
    return await visits.begin(page.ctx, await ask_banks(page.of(draft), request, "who"), draft)


@router.api_route("/transfer/{number}", methods=["GET", "HEAD"])
async def ask_transfer(page: TheForm, number: Number) -> Response:
    """Return the page of one transfer."""
    if not page.is_open:
        return page.over()
    content = await page.content()
    transfers = content.transfers
    if number > _last_transfer(page, content):
        return page.to("check")
    return _transfer(page, number, form.transfer_fields(transfers[number - 1]) if number <= len(transfers) else {})


@router.post("/transfer/{number}")
async def take_transfer(request: Request, page: TheForm, number: Number) -> Response:
    """Save one transfer, and ask the banks about it."""
    answers = await page.answers(request)
    if not page.is_open:
        return page.over_while_typing(f"transfer/{number}", answers)
    if number > page.ctx.policy.public_form.transfers_max:
        return page.to("check")
    if shown := await _shown(page, f"transfer/{number}", answers):
        return shown
    if answers.fields.get("step") == "read":
        return _read_message(page, number, answers)
    transfer = form.read_transfer(answers)
    if answers.errors:
        return _transfer(page, number, answers.fields, answers.errors)
    await page.save(form.with_transfer(number - 1, transfer))
    return await ask_banks(page, request, "who" if number == 1 else "check")


def _last_transfer(page: FormPage, content: DraftContent) -> int:
    """Return the number of the last transfer that can be told: one more than is told, up to the limit."""
    return min(len(content.transfers) + 1, page.ctx.policy.public_form.transfers_max)


def _transfer(
    page: FormPage,
    number: int,
    fields: Mapping[str, str],
    errors: dict[str, str] | None = None,
    *,
    is_new: bool = False,
    notice: str = "",
    parts: Sequence[SmsPart] = (),
) -> Response:
    sure = form.digits_of(fields.get("reference", "")).upper() if (errors or {}).get("reference") else ""
    banks = sorted(bank.name for bank in page.ctx.directory.current)[:BANKS_SHOWN_MAX]
    return page.ask(
        "transfer",
        1,
        fields,
        errors,
        notice=notice,
        number=number,
        action=FORM_PATH if is_new else f"{FORM_PATH}/transfer/{number}",
        sure=sure,
        banks=banks,
        is_new=is_new,
        parts=parts,
        today=f"{page.ctx.now().astimezone(IST):%Y-%m-%d}",
    )


def _read_message(page: FormPage, number: int, answers: Answers, *, is_new: bool = False) -> Response:
    """Return the page with what a bank's message says, for the visitor to check."""
    text = answers.text("message", SMS_MAX_CHARS)
    fields = {name: value for name, value in answers.fields.items() if name != "message"}
    if not text:
        return _transfer(page, number, fields, is_new=is_new)
    reading = read_sms(SmsQuestion(text=text))
    fields |= {name: value for name, value in form.transfer_fields(reading.transfer).items() if value}
    return _transfer(page, number, fields, is_new=is_new, parts=reading.parts)


# -- the person, the story, the safe way -------------------------------------------------------------------------------


@router.api_route("/who", methods=["GET", "HEAD"])
async def ask_who(page: TheForm) -> Response:
    """Return the page about the victim."""
    if closed := page.closed():
        return closed
    content = await page.content()
    return _who(page, content, form.who_fields(content))


@router.post("/who")
async def take_who(request: Request, page: TheForm) -> Response:
    """Save who lost the money, and who complains."""
    answers = await page.answers(request)
    if closed := page.closed("who", answers) or await _shown(page, "who", answers):
        return closed
    change = form.read_who(answers)
    if answers.errors:
        return _who(page, await page.content(), answers.fields, errors=answers.errors)
    await page.save(change)
    return page.to("story")


@router.api_route("/story", methods=["GET", "HEAD"])
async def ask_story(page: TheForm) -> Response:
    """Return the page about what happened."""
    if closed := page.closed():
        return closed
    return page.ask("story", 3, form.story_fields(await page.content()))


@router.post("/story")
async def take_story(request: Request, page: TheForm) -> Response:
    """Save what happened."""
    answers = await page.answers(request)
    if closed := page.closed("story", answers) or await _shown(page, "story", answers):
        return closed
    change = form.read_story(answers)
    if answers.errors:
        return page.ask("story", 3, answers.fields, answers.errors)
    await page.save(change)
    return page.to("reach")


@router.api_route("/reach", methods=["GET", "HEAD"])
async def ask_reach(page: TheForm) -> Response:
    """Return the page about how the person can be reached without danger."""
    if closed := page.closed():
        return closed
    content = await page.content()
    return _reach(page, content, form.reach_fields(content))


@router.post("/reach")
async def take_reach(request: Request, page: TheForm) -> Response:
    """Save how the person can be reached.

    A short message goes only to a number that is told to be safe for it.
    """
    answers = await page.answers(request)
    if closed := page.closed("reach", answers) or await _shown(page, "reach", answers):
        return closed
    change = form.read_reach(answers, page.look.language)
    if answers.errors:
        return _reach(page, await page.content(), answers.fields, errors=answers.errors)
    content = await page.save(change)
    is_safe = content.reach is not None and content.reach.way is ReachWay.SMS
    if is_safe and not await public_complaints.is_confirmed(page.ctx, page.draft):
        await send_code(page, request, number_to_confirm(content), over=False)
    return page.to("check")


def _who(page: FormPage, content: DraftContent, fields: Mapping[str, str], **more: Any) -> Response:
    return page.ask("who", 2, fields, districts=page.districts(), asked=_asked(page, content), **more)


def _reach(page: FormPage, content: DraftContent, fields: Mapping[str, str], **more: Any) -> Response:
    return page.ask("reach", 4, fields, for_other=content.teller is not None, **more)


async def _shown(page: FormPage, step: str, answers: Answers) -> Response | None:
    """Return the page of a step in the other language or size, if that is asked for. Else None."""
    if answers.fields.get("step") != SHOW:
        return None
    return show_step(page, step, answers.fields, await page.content()) or page.to("check")


def show_step(
    page: FormPage, step: str, fields: Mapping[str, str], content: DraftContent, *, notice: str = ""
) -> Response | None:
    """Return the page of a step with what was typed; None if there is no such step. It saves nothing."""
    match step.partition("/"):
        case ("transfer", _, number) if 1 <= whole_number(number) <= _last_transfer(page, content):
            return _transfer(page, whole_number(number), fields, notice=notice)
        case ("who", _, _):
            return _who(page, content, fields, notice=notice)
        case ("story", _, _):
            return page.ask("story", 3, fields, notice=notice)
        case ("reach", _, _):
            return _reach(page, content, fields, notice=notice)
    return None


def _asked(page: FormPage, content: DraftContent) -> tuple[str, ...]:
    """Return the banks that are asked, each once."""
    if page.draft.ack_no is None:
        return ()
    return tuple(dict.fromkeys(name for transfer in content.transfers if (name := page.bank(transfer.payee))))
