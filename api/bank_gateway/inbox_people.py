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
from api.bank_gateway.inbox_pages import TheVisit, Visit
from api.forms import VALUE_MAX_CHARS, tidy, typed
from api.officers.sessions import refuse_other_sites
from api.problems import INBOX_PATH, NOT_LOGGED_IN, TOO_MANY, Refused
from db.banks import bank_people, institutions
from domain.errors import BusinessError
from domain.errors.banks import BankPersonKnown
from domain.sign_in import PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS, password_fault
from schemas.text import is_email

router = APIRouter(prefix=INBOX_PATH, include_in_schema=False)

_FIELDS_MAX: Final = 10
_NO_ID: Final = UUID(int=0)


@router.get("/people")
async def show_people(visit: TheVisit) -> Response:
    """Return the people of the bank who have a login."""
    if visit.maybe_session is None:
        return visit.to(INBOX_PATH)
    return await _page(visit, {}, {})


@router.post("/people")
async def take_people(request: Request, visit: TheVisit) -> Response:
    """Add a person, end one, or send one a new code. Only the bank's own login may."""
    refuse_other_sites(request, must_say=True)
    if visit.maybe_session is None:
        return visit.signed_out()
    sent = await typed(request, _FIELDS_MAX)
    fields = {name: tidy(sent.get(name, "")) for name in ("name", "designation", "email")}
    step = sent.get("step", "")
    errors: dict[str, str] = {}
    if visit.session.person_id is not None:
        errors[""] = visit.say["people_by_login"]
    elif step == "add":
        errors = _faults(visit, fields)
    if not errors and await visit.services.inbox_checks.wait_seconds(visit.code):
        errors[""] = visit.say["too_many"]
    if not errors:
        errors = await _do(visit, step, fields, _id_in(sent.get("person_id", "")))
    return await _page(visit, fields, errors) if errors else visit.to(f"{INBOX_PATH}/people")


def _faults(visit: Visit, fields: Mapping[str, str]) -> dict[str, str]:
    errors = {name: visit.say["person_needs"] for name in ("name", "designation") if not fields[name]}
    errors |= {name: visit.say["person_long"] for name in fields if len(fields[name]) > VALUE_MAX_CHARS}
    if not is_email(fields["email"]):
        errors["email"] = visit.say["person_email_wrong"]
    return errors


async def _do(visit: Visit, step: str, fields: Mapping[str, str], person_id: UUID) -> dict[str, str]:
    """Do what a button asks; return the fault by its field if it cannot be done."""
    pool, code = visit.services.ctx.pool, visit.code
    try:
        match step:
            case "add":
                await people.add(pool, code, fields["email"], fields["name"], fields["designation"])
            case "end":
                await people.end(pool, code, person_id)
            case "renew":
                await people.renew(pool, code, person_id)
            case _:
                return {"": visit.say["problem_text"]}
    except BusinessError as error:
        field = "email" if isinstance(error, BankPersonKnown) else ""
        return {field: visit.say[f"fault_{error.code}"].format_map(error.params)}
    return {}


def _id_in(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return _NO_ID


async def _page(visit: Visit, fields: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    ctx = visit.services.ctx
    async with ctx.pool.acquire() as connection:
        found = await bank_people.people_of(connection, visit.code, ctx.now())
    may_manage = visit.session.person_id is None
    status = 422 if errors else 200
    return visit.page("people", status, people=found, may_manage=may_manage, fields=fields, errors=errors)


# -- the first password ------------------------------------------------------------------------------------------------


@router.get("/first")
async def show_first(visit: TheVisit) -> Response:
    """Return the form on which a person sets a password by a code."""
    return _first(visit, "", {})


@router.post("/first")
async def take_first(request: Request, visit: TheVisit) -> Response:
    """Set the password of a person whose code fits. The person then signs in with it."""
    refuse_other_sites(request, must_say=True)
    sent = await typed(request, _FIELDS_MAX)
    email, password = tidy(sent.get("email", ""))[:VALUE_MAX_CHARS], sent.get("password", "")
    fault = password_fault(password, institutions.email_key(email))
    errors = (
        {"password": visit.say[f"password_{fault}"].format(min=PASSWORD_MIN_CHARS, max=PASSWORD_MAX_CHARS)}
        if fault
        else {}
    )
    if password != sent.get("again", ""):
        errors["again"] = visit.say["password_differs"]
    if errors:
        return _first(visit, email, errors, 422)
    logins, ctx = visit.services.bank_logins, visit.services.ctx
    address = address_of(request, visit.services.trusted_proxies)
    try:
        person_id, digest = await logins.check_code(email, sent.get("code", "")[:VALUE_MAX_CHARS], address)
    except Refused as refused:
        if refused.kind is TOO_MANY:
            response = _first(visit, email, {"": visit.say["too_many"]}, 429)
            response.headers.update(refused.headers or {})
            return response
        if refused.kind is NOT_LOGGED_IN:
            return _first(visit, email, {"code": visit.say["first_code_wrong"]}, 401)
        raise
    password_hash = await asyncio.to_thread(hash_password, SecretStr(password))
    try:
        if not await people.set_password(ctx.pool, person_id, digest, password_hash):
            return _first(visit, email, {"code": visit.say["first_code_wrong"]}, 401)
    except BankPersonKnown as error:
        return _first(visit, email, {"email": visit.say[f"fault_{error.code}"]}, 422)
    return visit.page("sign_in", refusal="", email=email, notice=visit.say["first_done"])


def _first(visit: Visit, email: str, errors: Mapping[str, str], status: int = 200) -> Response:
    return visit.page("first", status, fields={"email": email}, errors=errors, password_min=PASSWORD_MIN_CHARS)
