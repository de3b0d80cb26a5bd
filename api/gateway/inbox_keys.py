"""Own keys in a bank's inbox: the list, a new key, the end of an old one, and all changes.

A login alone changes no key. The bank asks here, and an officer of the police confirms.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from activities.banks import key_changes
from activities.banks.key_changes import KEY_TEXT_MAX_CHARS, SHOWN
from api.forms import FormReader, tidy, typed
from api.gateway.inbox_pages import TheVisit, Visit, keep_posted
from api.officers.sessions import refuse_other_sites
from api.problems import INBOX_PATH
from api.public_pages import SHOW
from db.banks import bank_keys
from domain.errors import BusinessError
from domain.errors.banks import BankKeyIdUnreadable, BankKeyTaken, BankKeyUnreadable
from schemas.banks.keys import KeyAsker

router = APIRouter(prefix=INBOX_PATH, include_in_schema=False)

_FIELDS_MAX: Final = 10
_TEXTS: Final = ("name", "designation", "key_id", "end_key_id")
_FIELD_OF: Final = {BankKeyIdUnreadable: "key_id", BankKeyTaken: "key_id"}
"""field beside which an error is shown; any other is one of the whole form"""


@router.get("/keys")
async def show_keys(visit: TheVisit) -> Response:
    """Return the keys with which the bank signs its messages, and the newest changes of them."""
    if visit.maybe_session is None:
        return visit.to(INBOX_PATH)
    return await _page(visit, {}, {})


@router.post("/keys")
async def take_keys(request: Request, visit: TheVisit) -> Response:
    """Take what the bank asks: a new key, the end of one, or the withdrawal of a change."""
    refuse_other_sites(request, must_say=True)
    if visit.maybe_session is None:
        return visit.signed_out()
    sent = await typed(request, _FIELDS_MAX)
    step = sent.get("step", "")
    fields = {name: tidy(sent.get(name, "")) for name in _TEXTS}
    fields = visit.by_person(fields)
    fields["public_key"] = sent.get("public_key", "")[:KEY_TEXT_MAX_CHARS]
    public_key, key_faults = _key_in(visit, fields)
    if step == SHOW:
        return await _page(visit, fields, {})
    errors = key_faults if step == "add" else {}
    answerer = FormReader(fields, errors, visit.services.ctx.now(), visit.look.language).answerer()
    asker = KeyAsker(name=answerer.name, designation=answerer.designation)
    if not errors and await visit.services.inbox_checks.wait_seconds(visit.code):
        errors[""] = visit.say["too_many"]
    if not errors:
        await keep_posted(request, visit)
        key_id = fields["end_key_id" if step == "end" else "key_id"]
        errors = await _ask(visit, step, key_id, public_key, sent.get("change_id", ""), asker)
    if errors:
        return await _page(visit, fields, errors)
    return visit.to(f"{INBOX_PATH}/keys")


def _key_in(visit: Visit, fields: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """Return the pasted key, and the fault of its field.

    Any other text is neither stored nor shown again, because it may be a private key.
    """
    try:
        return key_changes.read_public_key(fields["public_key"].encode()), {}
    except BankKeyUnreadable as error:
        fields["public_key"] = ""
        return b"", {"public_key": visit.say[f"fault_{error.code}"]}


async def _ask(
    visit: Visit, step: str, key_id: str, public_key: bytes, change_id: str, asker: KeyAsker
) -> dict[str, str]:
    """Do what a button asks; return the fault by its field if it cannot be done."""
    ctx, code = visit.services.ctx, visit.code
    try:
        match step:
            case "add":
                await key_changes.ask_to_add(ctx, code, key_id, public_key, asker)
            case "end":
                await key_changes.ask_to_end(ctx, code, key_id, asker)
            case "withdraw":
                await key_changes.withdraw(ctx.pool, code, _uuid(change_id))
            case "end_password":
                return {} if await key_changes.end_password(ctx, code) else {"": visit.say["password_end_unused"]}
            case _:
                return {"": visit.say["problem_text"]}
    except BusinessError as error:
        field = _FIELD_OF.get(type(error), "") if step == "add" else ""
        return {field: visit.say[f"fault_{error.code}"].format_map(error.params)}
    return {}


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


async def _page(visit: Visit, fields: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    async with visit.services.ctx.pool.acquire() as connection:
        keys = await bank_keys.keys_of(connection, visit.code)
        changes = await bank_keys.newest(connection, visit.code, SHOWN)
    known = visit.services.ctx.directory.current.get(visit.code)
    return visit.page(
        "keys",
        422 if errors else 200,
        keys=keys,
        live=[(key.key_id, key.key_id) for key in keys if key.not_after is None],
        changes=changes,
        waits=next((change for change in changes if change.outcome is None), None),
        may_end_password=any(key.is_live(visit.services.ctx.now()) and key.last_used_at for key in keys),
        signs_from=known.signature_only_from if known else None,
        fields=fields,
        errors=errors,
        key_max=KEY_TEXT_MAX_CHARS,
    )
