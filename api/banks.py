"""The directory of banks for officers: channels, and whom to telephone."""

from typing import Annotated

from fastapi import APIRouter

from api.auth import may
from api.params import LIMIT_DEFAULT, After, Limit
from api.problems import IN_THE_DESCRIPTION
from api.roles import Action
from api.services import TheServices
from api.tokens import Officer
from db.banks import rosters
from db.paging import cut, from_cursor, to_cursor
from schemas.banks.institutions import DirectoryItem, DirectoryPage

router = APIRouter(prefix="/api/v1/institutions", tags=["banks"], responses=IN_THE_DESCRIPTION)


@router.get("")
async def list_institutions(
    services: TheServices,
    _: Annotated[Officer, may(Action.READ_DIRECTORY)],
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> DirectoryPage:
    """List the banks by code, with the officers to call, those on duty first. No secret is shown."""
    last = str(from_cursor(after, str)[0]) if after else ""
    ctx = services.ctx
    await ctx.directory.freshen()
    known = sorted((one for one in ctx.directory.current if one.code > last), key=lambda one: one.code)
    found, more = cut(known, limit)
    async with ctx.pool.acquire() as connection:
        calls = await rosters.to_call(connection, [one.code for one in found], ctx.policy.bank_holidays, ctx.now())
    items = tuple(
        DirectoryItem(
            code=one.code,
            name=one.name,
            kind=one.kind,
            answer_class=one.answer_class,
            channels=one.channels,
            sponsor=one.sponsor,
            desk_email=one.desk_email,
            signature_only_from=one.signature_only_from,
            nodal_officers=calls.get(one.code, ()),
        )
        for one in found
    )
    return DirectoryPage(items=items, next=to_cursor(found[-1].code) if more else None)
