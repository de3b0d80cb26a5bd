"""The pages on which a victim reads the own complaint, signs the application, and says how the police acted.

The number of the complaint and a one-time code begin a visit. Its token is in a cookie of this host, so that no address
names the complaint. Texts, limits of tries and response times are the same for known and unknown numbers.
"""

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from activities.people import my_case
from activities.people.my_case import CASE_PATH, MyCaseDoor
from activities.proofs import CODE_DIGITS
from activities.recovery import credit_accounts
from api.addresses import address_of
from api.forms import digits_of, typed
from api.officers.sessions import refuse_other_sites
from api.pages import GONE
from api.params import PDF
from api.people import my_case_texts
from api.people.doors import FORGET
from api.public_pages import NEUTRAL_ADDRESS, SEE_OTHER, Look, PublicPages, TheLook
from api.services import Services
from api.throttle import ANSWERS_AFTER_SECONDS, Throttle, at_least
from db.proofs import Visit
from domain.errors import NotNow
from domain.errors.restoration import ApplicationNamesOtherAccount, CreditAccountOver, MobileTooNew
from domain.people.my_case import todos
from domain.policy.callers import TryName
from schemas.people.my_case import TEXT_MAX_CHARS, MyCase, NewTreatment, SaidAnswer, TreatmentQuestion

COOKIE: Final = "__Host-goldenhour-case"
ACK_NO_CHARS: Final = 14
FIELDS_MAX: Final = 10
OWN: Final = f"{CASE_PATH}/own"
DOCUMENTS: Final = f"{CASE_PATH}/documents"
OBJECTION: Final = "the victim objects on the page about the complaint"
_DONE: Final = frozenset({"signed", "objected", "thanks"})
"""what the page reports after a form was taken"""


@dataclass(frozen=True)
class Visitor:
    """A visitor of the own complaint, and the form that was sent."""

    look: Look
    visit: Visit
    fields: dict[str, str]


class MyCasePages:
    """The pages about a victim's own complaint."""

    def __init__(self, services: Services) -> None:
        ctx, keys = services.ctx, services.keys
        self._ctx = ctx
        self._trusted = services.trusted_proxies
        self._door = MyCaseDoor(ctx, keys)
        self._codes = Throttle(ctx, keys, TryName.MY_CASE_CODES)
        self._tries = Throttle(ctx, keys, TryName.MY_CASE_TRIES)
        self._pages = PublicPages(
            "case",
            text_max=TEXT_MAX_CHARS,
            own=OWN,
            ask=CASE_PATH,
            documents=DOCUMENTS,
        )

    def router(self) -> APIRouter:
        """Return the routes of the pages."""
        router = APIRouter(prefix=CASE_PATH, include_in_schema=False)
        router.add_api_route("", self.ask, methods=["GET", "HEAD"])
        router.add_api_route("", self.begin, methods=["POST"])
        router.add_api_route("/own", self.show, methods=["GET", "HEAD"])
        router.add_api_route("/own", self.act, methods=["POST"])
        router.add_api_route("/documents/{document_id}", self.read, methods=["GET", "HEAD"])
        router.add_api_route("/documents/{document_id}", self.sign, methods=["POST"])
        router.add_api_route("/documents/{document_id}/pdf", self.pdf, methods=["GET", "HEAD"])
        return router

    # -- begin of a visit ------------------------------------------------------------------------------------------

    async def ask(self, look: TheLook) -> Response:
        """Return the page that asks for the number."""
        return self._pages.page(look, "ask")

    async def begin(self, request: Request, look: TheLook) -> Response:
        """Send a code, or begin a visit with a code.

        Another site must not begin a visit of its own complaint in a victim's browser, who would tell it there.
        """
        refuse_other_sites(request)
        await self._tries.take(self._address(request))
        fields = await typed(request, FIELDS_MAX)
        number, say = digits_of(fields.get("number", "")), self._pages.say(look)
        if len(number) != ACK_NO_CHARS:
            errors = {"number": say["number_wrong"]}
            return self._pages.page(look, "ask", 422, errors=errors, fields={"number": fields.get("number", "")})
        match fields.get("step"):
            case "enter":
                return await self._enter(request, look, number, digits_of(fields.get("code", "")))
            case "show":  # in the other language or size
                return self._code(look, number)
            case _:
                return await self._send_code(request, look, number)

    async def _send_code(self, request: Request, look: Look, number: str) -> Response:
        if wait := await self._codes.wait_seconds(number):
            return self._code(look, number, 429, notice=self._too_many(look, wait))
        async with at_least(ANSWERS_AFTER_SECONDS, request.scope):
            await self._door.send_code(number)
        return self._code(look, number)

    async def _enter(self, request: Request, look: Look, number: str, code: str) -> Response:
        async with at_least(ANSWERS_AFTER_SECONDS, request.scope):
            is_complete = len(code) == CODE_DIGITS
            entered = await self._door.enter(number, code, self._address(request)) if is_complete else None
        if entered is None:
            return self._code(look, number, 422, errors={"code": self._pages.say(look)["code_wrong"]})
        response = look.redirect(OWN)
        response.set_cookie(COOKIE, entered.token, path="/", secure=True, httponly=True, samesite="strict")
        return response

    def _code(self, look: Look, number: str, status: int = 200, **values: Any) -> Response:
        rules = self._ctx.policy.my_case
        minutes = round(rules.code_valid_seconds / 60)
        return self._pages.page(look, "code", status, number=number, minutes=minutes, tries=rules.code_tries, **values)

    # -- a visit ---------------------------------------------------------------------------------------------------

    async def show(self, request: Request, look: TheLook) -> Response:
        """Return the page about the complaint. Changes only the end of the visit."""
        visitor = await self._visitor(request, look)
        if visitor is None:
            return self._over(look)
        own_case = await my_case.look(self._ctx, visitor.visit.subject)
        # In a marked case nothing names the matter until the victim asks for it.
        if own_case.is_marked and request.query_params.get("show") != "all":
            return self._pages.page(look, "quiet", found=own_case, must_act=bool(todos(own_case)))
        done = request.query_params.get("done", "")
        notice = self._pages.say(look)[f"done_{done}"] if done in _DONE else ""
        return self._own(look, own_case, notice=notice)

    async def act(self, request: Request, look: TheLook) -> Response:
        """Object to an account, answer the two questions, or end the visit."""
        visitor = await self._visitor(request, look)
        if visitor is None:
            return self._over(look)
        ack_no = visitor.visit.subject
        match visitor.fields.get("step"):
            case "leave":
                return await self._leave(request)
            case "object":
                return await self._object(look, ack_no, visitor.fields.get("account", ""))
            case "treatment":
                return await self._treatment(look, ack_no, visitor.fields)
            case _:
                return look.redirect(OWN)

    async def _leave(self, request: Request) -> Response:
        await self._door.leave(request.cookies.get(COOKIE, ""))
        response = RedirectResponse(NEUTRAL_ADDRESS, SEE_OTHER, {**self._pages.headers, **FORGET})
        response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
        return response

    async def _object(self, look: Look, ack_no: str, account: str) -> Response:
        own_case = await my_case.look(self._ctx, ack_no)
        known = next(
            (
                credit_account
                for credit_account in own_case.credit_accounts
                if str(credit_account.account_id) == account
            ),
            None,
        )
        if known is not None:
            with suppress(CreditAccountOver):
                await credit_accounts.object_to(self._ctx, ack_no, known.account_id, OBJECTION, credit_accounts.VICTIM)
        return self._to_own(look, "objected")

    async def _treatment(self, look: Look, ack_no: str, fields: dict[str, str]) -> Response:
        try:
            treatment = NewTreatment.model_validate(
                {question.value: fields.get(question.value) for question in TreatmentQuestion}
                | {"text": fields.get("text", "")}
            )
        except ValidationError as error:
            say = self._pages.say(look)
            errors = {str(fault["loc"][0]): say[f"{fault['loc'][0]}_wrong"] for fault in error.errors()}
            return self._own(look, await my_case.look(self._ctx, ack_no), 422, errors=errors, fields=fields)
        with suppress(NotNow):
            await my_case.answer(self._ctx, ack_no, treatment)
        return self._to_own(look, "thanks")

    def _own(self, look: Look, own_case: MyCase, status: int = 200, **values: Any) -> Response:
        say = self._pages.say(look)
        return self._pages.page(
            look,
            "own",
            status,
            found=own_case,
            headline=my_case_texts.headline(own_case, say),
            task_line=my_case_texts.task_line(own_case, say),
            todos=[todo.value for todo in todos(own_case)],
            heaps=my_case_texts.heaps(own_case, say),
            transfers=my_case_texts.transfers(own_case, say),
            claims=my_case_texts.claims(own_case, say),
            stages=my_case_texts.shown_stages(own_case, say),
            is_late=my_case_texts.is_late(own_case, say),
            next_text=my_case_texts.next_text(own_case, say),
            waits_for_application=my_case_texts.waits_for_application(own_case),
            day=lambda at: my_case_texts.day(at, say),
            moment=lambda at: my_case_texts.moment(at, say),
            answers=[(answer.value, say[f"answer_{answer.value}"]) for answer in SaidAnswer],
            **values,
        )

    # -- documents -------------------------------------------------------------------------------------------------

    async def read(self, request: Request, look: TheLook, document_id: UUID) -> Response:
        """Return the text of a document with its digest, and the form to sign an open application."""
        visitor = await self._visitor(request, look)
        return await self._document(visitor, document_id) if visitor else self._over(look)

    async def sign(self, request: Request, look: TheLook, document_id: UUID) -> Response:
        """Send a code to sign an application, or sign it."""
        visitor = await self._visitor(request, look)
        if visitor is None:
            return self._over(look)
        ack_no, say = visitor.visit.subject, self._pages.say(look)
        try:
            if visitor.fields.get("step") != "sign":
                wait = await self._codes.wait_seconds(f"sign {ack_no}")
                if wait:
                    return await self._document(visitor, document_id, 429, notice=self._too_many(look, wait))
                await self._door.send_signature_code(ack_no)
                return look.redirect(f"{DOCUMENTS}/{document_id}")
            code = digits_of(visitor.fields.get("code", ""))
            is_complete = len(code) == CODE_DIGITS
            if is_complete and await self._door.sign(ack_no, document_id, code, self._address(request)):
                return self._to_own(look, "signed")
        except NotNow as error:
            return await self._document(visitor, document_id, 409, notice=self._why_not(error, look))
        return await self._document(visitor, document_id, 422, errors={"code": say["code_wrong"]})

    async def pdf(self, request: Request, look: TheLook, document_id: UUID) -> Response:
        """Return the PDF of a document."""
        visitor = await self._visitor(request, look)
        document = await my_case.document(self._ctx, visitor.visit.subject, document_id) if visitor else None
        if document is None:
            return self._over(look)
        name = document.head.number.replace("/", "-")
        return Response(document.pdf, media_type=PDF, headers={"Content-Disposition": f'inline; filename="{name}.pdf"'})

    async def _document(self, visitor: Visitor, document_id: UUID, status: int = 200, **values: Any) -> Response:
        look, ack_no = visitor.look, visitor.visit.subject
        document = await my_case.document(self._ctx, ack_no, document_id)
        if document is None:
            return self._over(look, 404)
        own, say = await my_case.look(self._ctx, ack_no), self._pages.say(look)
        return self._pages.page(
            look,
            "document",
            status,
            head=document.head,
            text=document.text,
            own_case=own,
            can_sign=own.application is not None and own.application.document_id == document_id,
            minutes=round(self._ctx.policy.my_case.code_valid_seconds / 60),
            day=lambda at: my_case_texts.day(at, say),
            moment=lambda at: my_case_texts.moment(at, say),
            **values,
        )

    # -- what all of them need -------------------------------------------------------------------------------------

    async def _visitor(self, request: Request, look: Look) -> Visitor | None:
        """Return the visitor with a visit that is not over, or None. Raises a 429, and `CrossSiteRequest`."""
        is_form = request.method == "POST"
        if is_form:
            refuse_other_sites(request)
        token = request.cookies.get(COOKIE, "")
        visit = await self._door.visit(token) if token else None
        if visit is None:
            await self._tries.take(self._address(request))
            return None
        sent = await typed(request, FIELDS_MAX) if is_form else {}
        fields = {name: "".join(c for c in text if c.isprintable() or c == "\n").strip() for name, text in sent.items()}
        return Visitor(look, visit, fields)

    def _over(self, look: Look, status: int = GONE) -> Response:
        return self._pages.page(look, "over", status, leaves=False)

    def _to_own(self, look: Look, done: str) -> Response:
        return RedirectResponse(f"{look.to(OWN)}&show=all&done={done}", SEE_OTHER)

    def _too_many(self, look: Look, wait: float) -> str:
        return self._pages.say(look)["too_many"].format(minutes=math.ceil(wait / 60))

    def _why_not(self, error: NotNow, look: Look) -> str:
        say = self._pages.say(look)
        if isinstance(error, MobileTooNew):
            return say["mobile_new"].format(when=my_case_texts.moment(error.until, say))
        return say["other_account" if isinstance(error, ApplicationNamesOtherAccount) else "changed"]

    def _address(self, request: Request) -> str:
        return address_of(request, self._trusted)
