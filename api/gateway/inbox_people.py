"""Pages of a bank's people: the list, a new person, and the first password."""

import asyncio
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import SecretStr
from starlette.responses import Response

from activities.banks import people
from activities.secrets import hash_password
from api.addresses import address_of
from api.forms import VALUE_MAX_CHARS, tidy, typed
from api.gateway.inbox_pages import TheVisit, Visit
from api.officers.sessions import refuse_other_sites
from api.pages import NOT_ASKED
from api.problems import INBOX_PATH, NOT_LOGGED_IN, TOO_MANY, Refused
from api.public_pages import SHOW
from db.banks import bank_people, institutions
from domain.errors import BusinessError
from domain.errors.banks import BankPersonKnown, BankSignedOut
from domain.officers.officers import PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS, password_fault
from schemas.banks.institutions import PersonState
from schemas.text import is_email

inbox_people_router = APIRouter(prefix=INBOX_PATH, include_in_schema=False)

_FIELDS_MAX: Final = 10
_NO_ID: Final = UUID(int=0)


@inbox_people_router.get("/people")
async def show_people(visit: TheVisit) -> Response:
    """Return the people of the bank who have a login."""
    if visit.maybe_session is None:
        return visit.to(INBOX_PATH)
    return await _page(visit, {}, {})


@inbox_people_router.post("/people")
async def take_people(request: Request, visit: TheVisit) -> Response:
    """Add a person, end one, or send one a new code. Only the bank's own login may."""
    refuse_other_sites(request, must_say=True)
    if visit.maybe_session is None:
        return visit.signed_out()
    sent = await typed(request, _FIELDS_MAX)
    fields = {name: tidy(sent.get(name, "")) for name in ("name", "designation", "email")}
    step = sent.get("step", "")
    if step == SHOW:
        return await _page(visit, fields, {})
    errors: dict[str, str] = {}
    if visit.session.person_id is not None:
        errors[""] = visit.say["people_by_login"]
    elif step == "add":
        errors = _faults(visit, fields)
    if not errors and await visit.services.inbox_checks.wait_seconds(visit.code):
        errors[""] = visit.say["too_many"]
    person_id = _id_in(sent.get("person_id", ""))
    if not errors and step == "end":
        return await _page(visit, fields, errors, ends=person_id)
    try:
        errors = errors or await _do(visit, step, fields, person_id)
    except BankSignedOut:
        return visit.signed_out()
    return await _page(visit, fields, errors) if errors else visit.to(f"{INBOX_PATH}/people")


def _faults(visit: Visit, fields: Mapping[str, str]) -> dict[str, str]:
    errors = {name: visit.say[f"person_needs_{name}"] for name in ("name", "designation") if not fields[name]}
    errors |= {name: visit.say["person_long"] for name in fields if len(fields[name]) > VALUE_MAX_CHARS}
    if not is_email(fields["email"]):
        errors["email"] = visit.say["person_email_wrong"]
    return errors


async def _do(visit: Visit, step: str, fields: Mapping[str, str], person_id: UUID) -> dict[str, str]:
    """Do what a button asks; return the fault by its field if it cannot be done. Raises `BankSignedOut`."""
    pool, session = visit.services.ctx.pool, visit.session
    try:
        match step:
            case "add":
                await people.add(pool, session, fields["email"], fields["name"], fields["designation"])
            case "end_surely":
                await people.end(pool, session, person_id)
            case "renew":
                await people.renew(pool, session, person_id)
            case _:
                return {"": visit.say["problem_text"]}
    except BankSignedOut:
        raise
    except BusinessError as error:
        field = "email" if isinstance(error, BankPersonKnown) else ""
        return {field: visit.say[f"fault_{error.code}"].format_map(error.params)}
    return {}


def _id_in(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return _NO_ID


async def _page(
    visit: Visit, fields: Mapping[str, str], errors: Mapping[str, str], *, ends: UUID | None = None
) -> Response:
    """Return the list of people. Of the person `ends` the bank is asked whether to end the login."""
    ctx = visit.services.ctx
    async with ctx.pool.acquire() as connection:
        found = await bank_people.people_of(connection, visit.code, ctx.now())
    current = [one for one in found if one.state is not PersonState.ENDED]
    confirmed = [one for one in current if one.confirmed_at]
    leaver = next((one for one in current if one.person_id == ends), None)
    if ends is not None and leaver is None:
        errors = {"": visit.say["fault_bank_person_not_found"]}
    return visit.page(
        "people",
        422 if errors else 200,
        people=found,
        may_manage=visit.session.person_id is None,
        ends=leaver,
        leaves_too_few=visit.is_by_two and leaver in confirmed and len(confirmed) <= bank_people.CONFIRMED_LEAST,
        are_too_few=visit.is_by_two and len(confirmed) < bank_people.CONFIRMED_LEAST,
        fields=fields,
        errors=errors,
    )


# -- the first password ------------------------------------------------------------------------------------------------


@inbox_people_router.get("/first")
async def show_first(visit: TheVisit) -> Response:
    """Return the form on which a person sets a password by a code."""
    return _first(visit, "", {})


@inbox_people_router.post("/first")
async def take_first(request: Request, visit: TheVisit) -> Response:
    """Set the password of a person whose code fits, or end a login that the person did not ask for."""
    refuse_other_sites(request, must_say=True)
    sent = await typed(request, _FIELDS_MAX)
    email, password = tidy(sent.get("email", ""))[:VALUE_MAX_CHARS], sent.get("password", "")
    code = sent.get("code", "")[:VALUE_MAX_CHARS]
    if sent.get("step") == NOT_ASKED:
        return await _refuse(request, visit, email, sent)
    is_shown = sent.get("step") == SHOW
    errors = {} if is_shown else _password_faults(visit, email, password, sent.get("again", ""))
    if errors or is_shown:
        # The password is wrong, and the code is not: it need not be typed again.
        return _first(visit, email, errors, 422 if errors else 200, code=code)
    found = await _checked_code(request, visit, email, sent)
    if isinstance(found, Response):
        return found
    person_id, digest = found
    password_hash = await asyncio.to_thread(hash_password, SecretStr(password))
    try:
        if not await people.set_password(visit.services.ctx.pool, person_id, digest, password_hash):
            return _wrong_code(visit, email)
    except BankPersonKnown as error:
        return _first(visit, email, {"email": visit.say[f"fault_{error.code}"]}, 422)
    return visit.page("sign_in", refusal="", email=email, notice=visit.say["first_done"])


def _password_faults(visit: Visit, email: str, password: str, again: str) -> dict[str, str]:
    errors: dict[str, str] = {}
    if fault := password_fault(password, institutions.email_key(email)):
        limits = {"min": PASSWORD_MIN_CHARS, "max": PASSWORD_MAX_CHARS}
        errors["password"] = visit.say[f"password_{fault}"].format_map(limits)
    if password != again:
        errors["again"] = visit.say["password_differs"]
    return errors


async def _refuse(request: Request, visit: Visit, email: str, sent: Mapping[str, str]) -> Response:
    """End the login of a person who did not ask for it, and say so."""
    found = await _checked_code(request, visit, email, sent)
    if isinstance(found, Response):
        return found
    if not await people.refuse_login(visit.services.ctx.pool, *found):
        return _wrong_code(visit, email)
    title, text = (visit.say[name] for name in ("first_refused_title", "first_refused_text"))
    return visit.page("password_refused", title=title, text=text)


async def _checked_code(
    request: Request, visit: Visit, email: str, sent: Mapping[str, str]
) -> tuple[UUID, bytes] | Response:
    """Return the person whose code was typed with its digest, or the page that says what is wrong."""
    address = address_of(request, visit.services.trusted_proxies)
    try:
        return await visit.services.bank_logins.check_code(email, sent.get("code", "")[:VALUE_MAX_CHARS], address)
    except Refused as refused:
        if refused.kind is TOO_MANY:
            response = _first(visit, email, {"": visit.say["too_many"]}, 429)
            response.headers.update(refused.headers or {})
            return response
        if refused.kind is NOT_LOGGED_IN:
            return _wrong_code(visit, email)
        raise


def _wrong_code(visit: Visit, email: str) -> Response:
    return _first(visit, email, {"code": visit.say["first_code_wrong"]}, 401)


def _first(visit: Visit, email: str, errors: Mapping[str, str], status: int = 200, *, code: str = "") -> Response:
    fields = {"email": email, "code": code}
    return visit.page("first", status, fields=fields, errors=errors, password_min=PASSWORD_MIN_CHARS)
