"""Public complaints that are opened again: by a code, by a link, or after the end of a visit."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from activities.people import public_complaints
from activities.people.public_complaints import FORM_PATH
from api.people import complaint_form as visits
from api.people.complaint_fields import Answers
from api.people.complaint_form import KEPT, FormPage, TheForm
from api.people.complaint_sending import missing_step
from api.people.complaint_steps import show_step
from db.people.public_drafts import PublicDraft
from schemas.people.drafts import DraftContent

router = APIRouter(prefix=FORM_PATH, include_in_schema=False)
"""its last path takes every name, so it is included after the other pages"""


@router.api_route("/open", methods=["GET", "HEAD"])
async def ask_code(page: TheForm) -> Response:
    """Return the page that asks for the code of a complaint."""
    return page.show("open")


@router.post("/open")
async def take_code(request: Request, page: TheForm) -> Response:
    """Open a complaint by its code."""
    answers = await page.answers(request)
    typed = answers.fields.get("form_code", "")
    return await _open(page, request, public_complaints.read_code(typed), answers)


@router.api_route("/{code}", methods=["GET", "HEAD"])
async def ask_link(page: TheForm, code: str) -> Response:
    """Return the page behind a link.

    It opens nothing, so that the history of a browser and a mail scanner see nothing.
    """
    return page.show("link", link=code)


@router.post("/{code}")
async def take_link(request: Request, page: TheForm, code: str) -> Response:
    """Open the complaint of a link."""
    return await _open(page, request, public_complaints.read_code(code), await page.answers(request))


async def _open(page: FormPage, request: Request, code: str, answers: Answers) -> Response:
    draft = await public_complaints.of_code(page.ctx, code)
    kept = _kept(answers.fields)
    if draft is None:
        await page.services.form_throttle.count_guess(request)
        errors = {"form_code": "form_code_wrong"}
        return page.show("open", status=422, errors=errors, fields=answers.fields, kept=kept)
    opened = page.of(draft)
    content = await opened.content()
    shown = None
    if draft.finished_at is None:
        shown = show_step(opened, kept.pop("page", ""), kept, content, notice=page.say("kept_shown"))
    return await visits.begin(page.ctx, shown or page.to(_next_page(draft, content)), draft)


def _kept(fields: Mapping[str, str]) -> dict[str, str]:
    """Return what a page had that was sent after the end of its visit, with the name of the page."""
    return {name.removeprefix(KEPT): text for name, text in fields.items() if name.startswith(KEPT)}


def _next_page(draft: PublicDraft, content: DraftContent) -> str:
    """Return the page at which a visitor goes on."""
    if draft.finished_at is not None:
        return "done"
    if content.transfers and draft.ack_no is None:
        return "confirm"
    return missing_step(content) or "check"
