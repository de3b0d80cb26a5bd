"""The directory of banks for officers: channels, whom to telephone, and one bank with all that is known of it."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query

from activities.banks import key_changes
from api.officers.auth import may
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, After, Limit
from api.problems import IN_THE_DESCRIPTION, NOT_FOUND, says
from api.roles import Action
from api.services import Services, TheServices
from db.banks import bank_keys, bank_people, channels, institutions, rosters
from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from domain.banks.channel_choice import WELL
from domain.banks.on_duty import lacks_of
from domain.errors.banks import InstitutionNotFound
from schemas.banks.institutions import (
    ChannelStanding,
    DirectoryItem,
    DirectoryPage,
    Institution,
    InstitutionDetails,
    KeyView,
)
from schemas.banks.rosters import OfficerToCall

router = APIRouter(prefix="/api/v1/institutions", tags=["banks"], responses=IN_THE_DESCRIPTION)

TEXT_MAX_CHARS = 100
Reader = Annotated[Officer, may(Action.READ_DIRECTORY)]
Text = Annotated[
    str,
    Query(
        max_length=TEXT_MAX_CHARS,
        description="A part of the name or code, an IFSC or its beginning, or a handle; all without it.",
    ),
]
InstitutionCode = Annotated[str, Path(max_length=20, description="Code of the bank in the directory.")]


@router.get("")
async def list_institutions(
    services: TheServices, _: Reader, text: Text = "", after: After = None, limit: Limit = LIMIT_DEFAULT
) -> DirectoryPage:
    """List the banks by code, with the officers to call, those on duty first. No secret is shown."""
    last = str(from_cursor(after, str)[0]) if after else ""
    ctx = services.ctx
    await ctx.directory.freshen()
    directory = ctx.directory.current
    fitting = directory.matching(text) if text.strip() else directory
    known = sorted((bank for bank in fitting if bank.code > last), key=lambda bank: bank.code)
    shown, more = cut(known, limit)
    async with ctx.pool.acquire() as connection:
        calls = await rosters.to_call(connection, [bank.code for bank in shown], ctx.policy.bank_holidays, ctx.now())
        of_all = not (text.strip() or after)
        asked = await key_changes.requests(ctx.persons, connection, None, ctx.now()) if of_all else ()
    items = tuple(_item(bank, calls.get(bank.code, ())) for bank in shown)
    return DirectoryPage(items=items, next=to_cursor(shown[-1].code) if more else None, key_requests=asked)


@router.get("/{code}", responses=says(NOT_FOUND))
async def read_institution(services: TheServices, _: Reader, code: InstitutionCode) -> InstitutionDetails:
    """Return one bank: codes, channels, roster, people, keys, changes of them that it asks for. No secret is shown."""
    await services.ctx.directory.freshen()
    known = services.ctx.directory.current.get(code)
    if known is None:
        raise InstitutionNotFound(code)
    async with services.ctx.pool.acquire() as connection:
        return await _details(services, connection, known)


def _item(bank: Institution, calls: Sequence[OfficerToCall]) -> DirectoryItem:
    return DirectoryItem(
        code=bank.code,
        name=bank.name,
        kind=bank.kind,
        answer_class=bank.answer_class,
        channels=bank.channels,
        sponsor=bank.sponsor,
        desk_email=bank.desk_email,
        signature_only_from=bank.signature_only_from,
        nodal_officers=tuple(calls),
    )


async def _details(services: Services, connection: Connection, known: Institution) -> InstitutionDetails:
    now = services.ctx.now()
    calls = await rosters.to_call(connection, [known.code], services.ctx.policy.bank_holidays, now)
    updated_at = await institutions.updated_at(connection, known.code)
    if updated_at is None:
        raise InstitutionNotFound(known.code)
    return InstitutionDetails(
        item=_item(known, calls.get(known.code, ())),
        ifsc_prefixes=known.ifsc_prefixes,
        vpa_handles=known.vpa_handles,
        aliases=known.aliases,
        account_prefixes=known.account_prefixes,
        calls_at_once=known.calls_at_once,
        calls_a_second=known.calls_a_second,
        answers_by_two=known.answers_by_two,
        channels=await _standings(connection, known),
        roster=known.nodal_officers,
        keys=await _keys(services, connection, known.code),
        key_requests=await key_changes.requests(services.ctx.persons, connection, known.code, now),
        login=await institutions.login_of(connection, known.code),
        people=tuple(await bank_people.people_of(connection, known.code, now)),
        lacks=lacks_of(known, await institutions.credentials(connection, now)),
        updated_at=updated_at,
    )


async def _standings(connection: Connection, known: Institution) -> tuple[ChannelStanding, ...]:
    health = await channels.all_health(connection, known.code)
    return tuple(
        ChannelStanding(
            channel=kind,
            state=channel_health.state,
            failures=channel_health.failures,
            silences=channel_health.silences,
            probe_at=channel_health.probe_at,
        )
        for kind in known.channels
        for channel_health in (health.get((known.code, kind), WELL),)
    )


async def _keys(services: Services, connection: Connection, code: str) -> tuple[KeyView, ...]:
    uses = await bank_keys.last_uses(connection, code)
    return tuple(
        KeyView(
            key_id=key.key_id,
            fingerprint=key.fingerprint,
            not_before=key.not_before,
            not_after=key.not_after,
            is_live=key.is_live(services.ctx.now()),
            last_used_at=uses.get(key.key_id),
        )
        for key in await bank_keys.keys_of(connection, code)
    )
