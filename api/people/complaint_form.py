"""Requests to the public complaint form: services and visits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from starlette.responses import Response

from activities.context import Context
from activities.people import public_complaints
from activities.people.public_complaints import FORM_PATH
from api.forms import typed
from api.officers.sessions import refuse_other_sites
from api.pages import GONE
from api.people import complaint_fields as form
from api.people.complaint_fields import Answers
from api.public_pages import Look, PublicPages, TheLook
from api.services import Services, TheServices
from db.people.public_drafts import PublicDraft
from domain.districts import districts, known_district
from domain.errors import LimitExceeded, NotNow
from domain.errors.people import ComplaintUnconfirmed
from domain.people.drafts import resolve
from schemas.enums import Language
from schemas.people.drafts import DraftContent, DraftParty
from schemas.text import IST

COOKIE: Final = "__Host-goldenhour-complaint"
FIELDS_MAX: Final = 40


@dataclass(frozen=True)
class Visit:
    """A visit, with its draft; None without a live one."""

    draft: PublicDraft | None
    token: str = field(repr=False)


async def _visit(request: Request, services: TheServices) -> Visit:
    token = request.cookies.get(COOKIE, "")
    return Visit(await public_complaints.visit(services.ctx, token) if token else None, token)


TheVisit = Annotated[Visit, Depends(_visit)]
"""The dependency by which a page gets the visit of its request."""


async def begin(ctx: Context, response: Response, draft: PublicDraft) -> Response:
    """Begin a visit of a draft, and set its cookie, which ends with the browser."""
    token = await public_complaints.begin_visit(ctx, draft.draft_id)
    response.set_cookie(COOKIE, token, path="/", secure=True, httponly=True, samesite="strict")
    return response


async def end(ctx: Context, response: Response, token: str) -> Response:
    """End a visit, and delete its cookie. The draft stays, and opens by its code."""
    await public_complaints.leave(ctx, token)
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return response


async def fields_of(request: Request) -> dict[str, str]:
    """Return the fields of a form of ours, without unprintable characters but with line breaks. Raises `Refused`.

    Raises `CrossSiteRequest` for a form that another site sent.
    """
    refuse_other_sites(request)
    sent = await typed(request, FIELDS_MAX)
    return {name: "".join(c for c in text if c.isprintable() or c == "\n").strip() for name, text in sent.items()}


MOBILE_END_CHARS: Final = 2
KEPT: Final = "kept-"
"""before the names of the fields of a page that was sent after the end of its visit"""
STEPS: Final = ("transfer/1", "who", "story", "reach", "check")
"""the five questions, by the last part of their paths"""

PAGES: Final = PublicPages(
    "complain",
    filters={
        "code": public_complaints.shown,
        "clock": lambda at: f"{at.astimezone(IST):%H:%M}",
        "told_time": form.told_time,
    },
    story_max=form.STORY_MAX_CHARS,
    categories=tuple(form.CATEGORIES),
    hours=form.HOUR_CHOICES,
)


class FormPage:
    """One request to the form."""

    def __init__(self, services: Services, look: Look, visit: Visit) -> None:
        self.services, self.look, self.visit = services, look, visit
        self.ctx = services.ctx

    @property
    def is_open(self) -> bool:
        """Return whether the visit has a draft open."""
        return self.visit.draft is not None

    @property
    def draft(self) -> PublicDraft:
        """Return the open draft. The caller has checked that there is one."""
        assert self.visit.draft is not None, "the route has checked it"
        return self.visit.draft

    def of(self, draft: PublicDraft) -> "FormPage":
        """Return the same request with this draft open."""
        return FormPage(self.services, self.look, Visit(draft, self.visit.token))

    def to(self, name: str) -> Response:
        """Lead on to a page of the form."""
        return self.look.redirect(f"{FORM_PATH}/{name}")

    def over(self) -> Response:
        """Lead to the page that asks for the code, because no visit is live."""
        return self.to("open")

    def over_while_typing(self, step: str, answers: Answers) -> Response:
        """Ask for the code, because no visit is live, and keep in the page what was typed for this step."""
        typed_fields = {name: text for name, text in answers.fields.items() if text and name != "form_code"}
        code = {"form_code": answers.fields.get("form_code", "")}
        return self.show("open", status=GONE, fields=code, kept={"page": step, **typed_fields})

    def closed(self, step: str = "", answers: Answers | None = None) -> Response | None:
        """Lead away from a question that cannot be answered: no visit is live, or the complaint is sent. Else None.

        With `answers` a page was sent, and what was typed stays.
        """
        if not self.is_open:
            return self.over_while_typing(step, answers) if answers else self.over()
        return self.to("done") if self.draft.finished_at is not None else None

    def say(self, key: str, **values: object) -> str:
        """Return a text in the visitor's language."""
        return PAGES.say(self.look)[key].format_map(values)

    def show(self, name: str, step: int = 0, status: int = 200, **values: Any) -> Response:
        """Return a page. `errors` has the keys of the texts that say what is wrong."""
        draft = self.visit.draft
        known: dict[str, Any] = {
            "draft": draft,
            "code": public_complaints.code_of(self.ctx, draft) if draft else "",
            "step": step,
            "steps": len(STEPS),
            "kept": {},
            "typed_step": "",
            "action": f"{FORM_PATH}/{STEPS[step - 1]}" if step else "",
            "earlier": f"{FORM_PATH}/{STEPS[step - 2]}" if step > 1 else "",
        }
        errors = {field: self.say(key) for field, key in values.pop("errors", {}).items()}
        return PAGES.page(self.look, name, status, **{**known, **values}, errors=errors)

    def ask(
        self,
        name: str,
        step: int,
        fields: Mapping[str, str],
        errors: Mapping[str, str] | None = None,
        **values: Any,
    ) -> Response:
        """Return the page of a question with what was typed, which its switches of language and size keep."""
        status = 422 if errors else 200
        return self.show(name, step, status, fields=fields, errors=errors or {}, typed_step="send", **values)

    async def content(self) -> DraftContent:
        """Return what is filled in."""
        return await public_complaints.content_of(self.ctx, self.draft.draft_id)

    async def save(self, change: form.Change) -> DraftContent:
        """Save what a page changes; return the whole."""
        return await public_complaints.save(self.ctx, self.draft.draft_id, change)

    async def answers(self, request: Request) -> Answers:
        """Return the fields of the form that was sent. Raises `Refused`."""
        return Answers(await fields_of(request), self.ctx.now())

    def districts(self) -> list[tuple[str, str]]:
        """Return the choices of the district: its code, and its name in the visitor's language."""
        names = ((district.code, self._in_language(district.english, district.hindi)) for district in districts())
        return sorted(names, key=lambda choice: choice[1])

    def district(self, stated: str) -> str:
        """Return the name of a district in the visitor's language."""
        known = known_district(stated) if stated else None
        return self._in_language(known.english, known.hindi) if known else stated

    def bank(self, party: DraftParty) -> str:
        """Return the institution that the directory finds for one end of a transfer; empty without one."""
        bank, _ = resolve(self.ctx.directory.current, party, "payee")
        return bank.name if bank else ""

    def _in_language(self, english: str, hindi: str) -> str:
        return english if self.look.language is Language.EN else hindi


async def _form_page(services: TheServices, look: TheLook, visit: TheVisit) -> FormPage:
    return FormPage(services, look, visit)


TheForm = Annotated[FormPage, Depends(_form_page)]
"""The dependency by which a route gets its request to the form."""


async def ask_banks(page: FormPage, request: Request, then: str) -> Response:
    """Ask the banks with what is saved, and lead on.

    A larger sum, or one of many complaints, needs a confirmed mobile before.
    """
    if not await may_ask(page, request):
        return page.to("confirm")
    try:
        await public_complaints.send(page.ctx, page.draft, page.services.notifier.soon)
    except ComplaintUnconfirmed:
        return page.to("confirm")
    except (NotNow, LimitExceeded):
        return page.to("check")
    return page.to(then)


async def may_ask(page: FormPage, request: Request) -> bool:
    """Return whether the banks may be asked now. A stranger does not have many asked before a mobile is confirmed."""
    if page.draft.is_confirmed or not await public_complaints.asks_more(page.ctx, page.draft):
        return True
    return await page.services.form_throttle.may_ask_unconfirmed(request)
