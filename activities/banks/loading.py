"""Loading of parts of the directory: public lists of banks, rosters of nodal officers, holidays, logins and keys."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from activities.banks import changes
from activities.banks.directory import EVERY_INSTITUTION, MAX_INSTITUTIONS, PROGRAM, DirectoryRefused, recorded
from activities.secrets import hash_password
from db.banks import institutions, rosters
from db.clock import present_moment
from db.pool import Pool
from domain.banks.directory import check_beside
from domain.banks.public_banks import Proposal, Sorted, sort_beside
from domain.facts import differences
from domain.policy.model import SignatureRules
from schemas.banks.institutions import InboundEntry
from schemas.banks.keys import BankKey
from schemas.banks.rosters import Holiday, NodalOfficer


async def add_public_banks(pool: Pool, proposal: Proposal, *, dry_run: bool, by: str = PROGRAM) -> Sorted:
    """Add the banks that the directory lacks, all or none; with `dry_run` only report them.

    Raises `DirectoryRefused` if there would be too many, and as `check_beside` does.
    """
    async with pool.acquire() as connection, connection.transaction():
        await institutions.hold(connection)
        now = await present_moment(connection)
        known = {bank.code: bank for bank in await institutions.list_all(connection)}
        done = sort_beside(proposal, known)
        if len(known) + len(done.added) > MAX_INSTITUTIONS:
            raise DirectoryRefused(f"{len(known)} known, {len(done.added)} to add: at most {MAX_INSTITUTIONS}")
        if done.added and not dry_run:
            prepared = [institutions.PreparedEntry(entry) for entry in done.added]
            async with recorded(connection, [entry.code for entry in done.added], now, by):
                await institutions.upsert(connection, prepared, now)
            check_beside(await institutions.list_all(connection))
    return done


MAX_HOLIDAYS = 500


async def set_officers(pool: Pool, code: str, officers: Sequence[NodalOfficer], by: str = PROGRAM) -> None:
    """Replace an institution's officers, in the order of calling. Raises `InstitutionNotFound`."""
    async with pool.acquire() as connection, connection.transaction():
        await changes.write_officers(connection, code, officers, await present_moment(connection), by)


async def set_holidays(pool: Pool, code: str | None, holidays: Sequence[Holiday], by: str = PROGRAM) -> None:
    """Replace the holidays of one institution, or (None) those of every institution.

    Raises `InstitutionNotFound`, and `DirectoryRefused` for a day that is named twice or too many days.
    """
    if len(holidays) > MAX_HOLIDAYS:
        raise DirectoryRefused(f"{len(holidays)} holidays: at most {MAX_HOLIDAYS}")
    twice = sorted(day for day, times in Counter(holiday.day for holiday in holidays).items() if times > 1)
    if twice:
        raise DirectoryRefused(f"a holiday is named twice: {', '.join(map(str, twice[:5]))}")
    async with pool.acquire() as connection, connection.transaction():
        await changes.lock_known(connection, code)
        before = await rosters.holidays(connection, code)
        await rosters.replace_holidays(connection, code, holidays)
        changed = differences(_days(before), _days(holidays))
        subject, now = code or EVERY_INSTITUTION, await present_moment(connection)
        await institutions.write(connection, "holidays_changed", {subject: changed}, now, by)


async def set_login(pool: Pool, code: str, login: InboundEntry, by: str = PROGRAM) -> None:
    """Replace an institution's login at our API; only a hash of its password is kept.

    Raises `InstitutionNotFound`, and `DirectoryRefused` if another institution uses the e-mail.
    """
    password_hash = await asyncio.to_thread(hash_password, login.password)
    async with pool.acquire() as connection, connection.transaction():
        now = await present_moment(connection)
        await changes.replace_login(connection, code, login.email, password_hash, now, by)


async def register_key(pool: Pool, rules: SignatureRules, key: BankKey, at: datetime, by: str = PROGRAM) -> datetime:
    """Register a key; return the time from which its bank is known by its signature alone. Raises as `changes` does."""
    async with pool.acquire() as connection, connection.transaction():
        return await changes.register_key(connection, rules, key, at, by)


async def end_key(pool: Pool, code: str, key_id: str, not_after: datetime, by: str = PROGRAM) -> None:
    """End the validity of a key. Raises `BankKeyNotFound`, `BankKeyOver` and `BankKeyEndsBefore`."""
    async with pool.acquire() as connection, connection.transaction():
        await changes.end_key(connection, code, key_id, not_after, await present_moment(connection), by)


async def require_signature(pool: Pool, code: str, moment: datetime, by: str = PROGRAM) -> None:
    """Set the time from which a bank is known by its signature alone.

    Raises `InstitutionNotFound` and `BankWithoutKey`.
    """
    async with pool.acquire() as connection, connection.transaction():
        await changes.require_signature(connection, code, moment, await present_moment(connection), by)


def _days(holidays: Sequence[Holiday]) -> dict[str, str]:
    return {f"holiday.{holiday.day}": holiday.name for holiday in holidays}
