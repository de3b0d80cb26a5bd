"""Adding the banks of the public package to the directory, beside what is known."""

from datetime import UTC, datetime

from activities.directory import MAX_INSTITUTIONS, DirectoryRefused
from db.banks import institutions
from db.pool import Pool
from domain.banks.public_banks import Proposal, Sorted, sort_beside
from domain.banks.sponsors import check_beside


async def add_public_banks(pool: Pool, proposal: Proposal, *, dry_run: bool) -> Sorted:
    """Add the banks that the directory does not know, all or none; with `dry_run` only say which they are.

    Raises `DirectoryRefused` where they would be too many, and as `check_beside` does.
    """
    async with pool.acquire() as connection, connection.transaction():
        await institutions.hold(connection)
        known = {one.code: one for one in await institutions.list_all(connection)}
        done = sort_beside(proposal, known)
        if len(known) + len(done.added) > MAX_INSTITUTIONS:
            raise DirectoryRefused(f"{len(known)} known, {len(done.added)} to add: at most {MAX_INSTITUTIONS}")
        if done.added and not dry_run:
            prepared = [institutions.PreparedEntry(entry) for entry in done.added]
            await institutions.upsert(connection, prepared, datetime.now(UTC))
            check_beside(await institutions.list_all(connection))
    return done
