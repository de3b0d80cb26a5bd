"""The first admin of an installation, who then adds the other officers."""

from datetime import timedelta

from activities.officers.sign_in_links import SignInLink, make_link
from db.clock import present_moment
from db.officers import officers
from db.officers.first_admin import lock_if_empty
from db.pool import Pool
from domain.errors.sign_in import OfficersExist
from schemas.enums import Role
from schemas.officers.officers import OfficerEntry


async def add_first_admin(pool: Pool, entry: OfficerEntry, actor: str, life: timedelta) -> SignInLink:
    """Add the first officer, as admin, and return the link to set the credentials. Raises `OfficersExist`."""
    async with pool.acquire() as connection, connection.transaction():
        if not await lock_if_empty(connection):
            raise OfficersExist
        now = await present_moment(connection)
        await officers.add(connection, entry, now, actor)
        await officers.give_roles(connection, entry.officer_id, (Role.ADMIN,), now, actor)
        return await make_link(connection, entry.officer_id, actor, life)
