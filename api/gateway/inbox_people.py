"""A bank's people, logins and test calls in its inbox.

Test tool in a bank's inbox: a test event, the check of a signature, the check of a body. Nothing is booked.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import SecretStr, ValidationError
from starlette.responses import Response

from activities.banks import people
from activities.banks.people import LOGIN_LINK_PATH, NewPassword
from activities.gateway import inbox
from activities.officers.enrolment import WrongLinkCode
from activities.officers.sign_in import judge_password
from activities.secrets import hash_password
from api.addresses import address_of
from api.forms import VALUE_MAX_CHARS, exact_fields, tidy, typed
from api.gateway.inbox_pages import TheVisit, Visit
from api.gateway.signature_check import REQUEST_MAX_CHARS, Checked, Part, check, request_in
from api.officers.sessions import refuse_other_sites
from api.pages import GONE, NOT_ASKED
from api.problems import INBOX_PATH, NOT_LOGGED_IN, TOO_MANY, Refused
from api.public_pages import SHOW
from db.banks import bank_exchanges, bank_keys, bank_people, institutions
from db.banks.bank_logins import OpenLoginLink
from domain.errors import BusinessError
from domain.errors.banks import BankPersonKnown, BankSignedOut
from domain.officers.officers import PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS, password_form_fault
from schemas.banks.institutions import PersonState
from schemas.base import FrozenModel
from schemas.case.answers import BankAnswer
from schemas.recovery.orders import OrderConfirmation
from schemas.text import is_email

inbox_people_router = APIRouter(prefix=INBOX_PATH, include_in_schema=False)

_FIELDS_MAX: Final = 10
_NO_ID: Final = UUID(int=0)
_LIMITS: Final = {"min": PASSWORD_MIN_CHARS, "max": PASSWORD_MAX_CHARS}


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
        persons = await bank_people.people_of(connection, visit.code, ctx.now())
    current = [person for person in persons if person.state is not PersonState.ENDED]
    confirmed = [person for person in current if person.confirmed_at]
    leaver = next((person for person in current if person.person_id == ends), None)
    if ends is not None and leaver is None:
        errors = {"": visit.say["fault_bank_person_not_found"]}
    return visit.page(
        "people",
        422 if errors else 200,
        people=persons,
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
    errors = {} if is_shown else _typing_faults(visit, password, sent.get("again", ""))
    if errors or is_shown:
        # The password is wrong, and the code is not: it need not be typed again.
        return _first(visit, email, errors, 422 if errors else 200, code=code)
    checked = await _checked_code(request, visit, email, sent)
    if isinstance(checked, Response):
        return checked
    if fault := await judge_password(SecretStr(password), institutions.email_key(email)):
        return _first(visit, email, {"password": _fault_text(visit, fault)}, 422, code=code)
    return await _set_first(visit, email, SecretStr(password), *checked)


async def _set_first(visit: Visit, email: str, password: SecretStr, person_id: UUID, digest: bytes) -> Response:
    password_hash = await asyncio.to_thread(hash_password, password)
    try:
        if not await people.set_password(visit.services.ctx.pool, person_id, digest, password_hash):
            return _wrong_code(visit, email)
    except BankPersonKnown as error:
        return _first(visit, email, {"email": visit.say[f"fault_{error.code}"]}, 422)
    return visit.page("sign_in", refusal="", email=email, notice=visit.say["first_done"])


def _fault_text(visit: Visit, fault: str) -> str:
    return visit.say[f"password_{fault}"].format_map(_LIMITS)


def _typing_faults(visit: Visit, password: str, again: str) -> dict[str, str]:
    errors: dict[str, str] = {}
    if fault := password_form_fault(password):
        errors["password"] = _fault_text(visit, fault)
    if password != again:
        errors["again"] = visit.say["password_differs"]
    return errors


async def _refuse(request: Request, visit: Visit, email: str, sent: Mapping[str, str]) -> Response:
    """End the login of a person who did not ask for it, and say so."""
    checked = await _checked_code(request, visit, email, sent)
    if isinstance(checked, Response):
        return checked
    if not await people.refuse_login(visit.services.ctx.pool, *checked):
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


inbox_logins_router = APIRouter(include_in_schema=False)


@inbox_logins_router.api_route(f"{LOGIN_LINK_PATH}{{token}}", methods=["GET", "HEAD"])
async def show_password(request: Request, visit: TheVisit, token: str) -> Response:
    """Return the form to set the password. Changes nothing, because mail scanners fetch every link."""
    link = await people.look(visit.services.ctx, token)
    return await _over(request, visit) if link is None else _form(visit, link, {})


@inbox_logins_router.post(f"{LOGIN_LINK_PATH}{{token}}")
async def take_password(request: Request, visit: TheVisit, token: str) -> Response:
    """Set the password of the bank's login, or end a link that the bank did not ask for."""
    refuse_other_sites(request, must_say=True)
    fields = await exact_fields(request)
    link = await people.look(visit.services.ctx, token)
    if link is None:
        return await _over(request, visit)
    match fields.get("step"):
        case step if step == SHOW:
            return _form(visit, link, fields)
        case step if step == NOT_ASKED:
            is_ended = await people.refuse(visit.services.ctx, token)
            return _refused(visit) if is_ended else await _over(request, visit)
        case _:
            return await _set(visit, link, token, fields) or await _over(request, visit)


async def _set(visit: Visit, link: OpenLoginLink, token: str, fields: Mapping[str, str]) -> Response | None:
    """Set the password, and return the page that follows. Return None if the link is over."""
    password, again = (SecretStr(fields.get(name, "")) for name in ("password", "again"))
    new = NewPassword(password, again, fields.get("link_code", ""))
    try:
        if fault := new.fault() or await people.judge_by_link(visit.services.ctx, token, new):
            field = "again" if fault == "differs" else "password"
            return _form(visit, link, fields, {field: _fault_text(visit, fault)})
        is_set = await people.set_password_by_link(visit.services.ctx, token, new)
    except WrongLinkCode as wrong:
        if wrong.tries_left:
            return _form(visit, link, {}, {"link_code": visit.say["wrong_link_code"].format(left=wrong.tries_left)})
        is_set = False
    return visit.page("password_set", email=link.email) if is_set else None


def _refused(visit: Visit) -> Response:
    """Say that a link is ended that the bank did not ask for."""
    title, text = (visit.say[name] for name in ("password_refused_title", "password_refused_text"))
    return visit.page("password_refused", title=title, text=text)


async def _over(request: Request, visit: Visit) -> Response:
    """Count a link that opens nothing, and say so."""
    await visit.services.sign_in_guesses.take(address_of(request, visit.services.trusted_proxies))
    return visit.page("password_over", GONE)


def _form(
    visit: Visit, link: OpenLoginLink, fields: Mapping[str, str], errors: dict[str, str] | None = None
) -> Response:
    """Return the form. The code that was typed stays, and the password does not."""
    kept = {"link_code": fields.get("link_code", "")}
    return visit.page("password", 422 if errors else 200, fields=kept, errors=errors or {}, link=link, limits=_LIMITS)


inbox_tests_router = APIRouter(prefix=INBOX_PATH, include_in_schema=False)

BODY_MAX_CHARS: Final = 64 * 1024
VIOLATIONS_SHOWN: Final = 50
CALLS_SHOWN: Final = 10
_TEST_FIELDS_MAX: Final = 5
_SCHEMAS: Final[dict[str, type[FrozenModel]]] = {"answer": BankAnswer, "confirmation": OrderConfirmation}


@inbox_tests_router.get("/test")
async def show_tests(visit: TheVisit) -> Response:
    """Return the forms of the test tool, and the newest test events."""
    if visit.maybe_session is None:
        return visit.to(INBOX_PATH)
    return await _test_page(visit)


@inbox_tests_router.post("/test")
async def take_test(request: Request, visit: TheVisit) -> Response:
    """Check what the bank has pasted, or ask for a test event."""
    refuse_other_sites(request, must_say=True)
    if visit.maybe_session is None:
        return visit.signed_out()
    sent = await typed(request, _TEST_FIELDS_MAX)
    step = sent.get("step", "")
    if step == SHOW:
        return await _test_page(visit, fields=sent)
    throttle = visit.services.inbox_events if step == "event" else visit.services.inbox_checks
    wait = await throttle.wait_seconds(visit.code)
    if wait:
        response = await _test_page(visit, status=429, fields=sent, errors={"": visit.say["too_many"]})
        response.headers["Retry-After"] = str(int(wait) + 1)
        return response
    match step:
        case "event":
            await inbox.ask(visit.services.ctx, visit.code)
            return visit.to(f"{INBOX_PATH}/test")
        case "signature":
            return await _check_signature(visit, sent)
        case _:
            return await _check_body(visit, sent)


async def _check_signature(visit: Visit, sent: dict[str, str]) -> Response:
    text = sent.get("request", "")
    pasted = request_in(text) if len(text) <= REQUEST_MAX_CHARS else None
    if pasted is None:
        fault = visit.say["test_request_wrong"].format(most=REQUEST_MAX_CHARS)
        return await _test_page(visit, status=422, fields=sent, errors={"request": fault})
    services = visit.services
    async with services.ctx.pool.acquire() as connection:
        keys = {key.key_id: key for key in await bank_keys.keys_of(connection, visit.code)}
    checked = check(
        pasted,
        keys,
        services.ctx.now(),
        window_seconds=services.ctx.policy.signatures.window_seconds,
        origin=services.signed_origin,
    )
    return await _test_page(visit, fields=sent, checked=checked)


async def _check_body(visit: Visit, sent: dict[str, str]) -> Response:
    schema, text = _SCHEMAS.get(sent.get("schema", "")), sent.get("body", "")
    if schema is None or not text.strip() or len(text) > BODY_MAX_CHARS:
        fault = visit.say["test_body_wrong"].format(most=BODY_MAX_CHARS)
        return await _test_page(visit, status=422, fields=sent, errors={"body": fault})
    violations: list[tuple[str, str]] = []
    try:
        schema.model_validate_json(text)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        violations = [(".".join(map(str, item["loc"])) or "–", item["msg"]) for item in faults[:VIOLATIONS_SHOWN]]
    return await _test_page(visit, fields=sent, violations=violations, is_checked=True)


async def _test_page(
    visit: Visit,
    *,
    status: int = 200,
    fields: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    checked: Checked | None = None,
    violations: list[tuple[str, str]] | None = None,
    is_checked: bool = False,
) -> Response:
    async with visit.services.ctx.pool.acquire() as connection:
        calls = await bank_exchanges.newest(connection, visit.code, CALLS_SHOWN)
    values: dict[str, Any] = {
        "fields": fields or {},
        "errors": errors or {},
        "checked": checked,
        "parts": list(Part),
        "violations": violations or [],
        "is_checked": is_checked,
        "calls": calls,
        "schemas": [(name, visit.say[f"test_schema_{name}"]) for name in _SCHEMAS],
        "request_max": REQUEST_MAX_CHARS,
        "body_max": BODY_MAX_CHARS,
    }
    return visit.page("test", status, **values)
