"""Test tool in a bank's inbox: a test event, the check of a signature, the check of a body.

Nothing is booked.
"""

from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from activities.gateway import inbox
from api.forms import typed
from api.gateway.inbox_pages import TheVisit, Visit
from api.gateway.signature_check import REQUEST_MAX_CHARS, Checked, Part, check, request_in
from api.officers.sessions import refuse_other_sites
from api.problems import INBOX_PATH
from api.public_pages import SHOW
from db.banks import bank_keys, bank_test_calls
from schemas.base import FrozenModel
from schemas.case.answers import BankAnswer
from schemas.recovery.orders import OrderConfirmation

inbox_tests_router = APIRouter(prefix=INBOX_PATH, include_in_schema=False)

BODY_MAX_CHARS: Final = 64 * 1024
VIOLATIONS_SHOWN: Final = 50
CALLS_SHOWN: Final = 10
_FIELDS_MAX_OF_INBOX_TESTS: Final = 5
_SCHEMAS: Final[dict[str, type[FrozenModel]]] = {"answer": BankAnswer, "confirmation": OrderConfirmation}


@inbox_tests_router.get("/test")
async def show_tests(visit: TheVisit) -> Response:
    """Return the forms of the test tool, and the newest test events."""
    if visit.maybe_session is None:
        return visit.to(INBOX_PATH)
    return await _page_of_inbox_tests(visit)


@inbox_tests_router.post("/test")
async def take_test(request: Request, visit: TheVisit) -> Response:
    """Check what the bank has pasted, or ask for a test event."""
    refuse_other_sites(request, must_say=True)
    if visit.maybe_session is None:
        return visit.signed_out()
    sent = await typed(request, _FIELDS_MAX_OF_INBOX_TESTS)
    step = sent.get("step", "")
    if step == SHOW:
        return await _page_of_inbox_tests(visit, fields=sent)
    throttle = visit.services.inbox_events if step == "event" else visit.services.inbox_checks
    wait = await throttle.wait_seconds(visit.code)
    if wait:
        response = await _page_of_inbox_tests(visit, status=429, fields=sent, errors={"": visit.say["too_many"]})
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
        return await _page_of_inbox_tests(visit, status=422, fields=sent, errors={"request": fault})
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
    return await _page_of_inbox_tests(visit, fields=sent, checked=checked)


async def _check_body(visit: Visit, sent: dict[str, str]) -> Response:
    schema, text = _SCHEMAS.get(sent.get("schema", "")), sent.get("body", "")
    if schema is None or not text.strip() or len(text) > BODY_MAX_CHARS:
        fault = visit.say["test_body_wrong"].format(most=BODY_MAX_CHARS)
        return await _page_of_inbox_tests(visit, status=422, fields=sent, errors={"body": fault})
    violations: list[tuple[str, str]] = []
    try:
        schema.model_validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        violations = [(".".join(map(str, one["loc"])) or "–", one["msg"]) for one in found[:VIOLATIONS_SHOWN]]
    return await _page_of_inbox_tests(visit, fields=sent, violations=violations, is_checked=True)


async def _page_of_inbox_tests(
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
        calls = await bank_test_calls.newest(connection, visit.code, CALLS_SHOWN)
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
