"""Loading of parts of the directory: public lists of banks, rosters of nodal officers, holidays, and a bank's login."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from activities.directory import MAX_INSTITUTIONS, DirectoryRefused
from activities.secrets import hash_password
from db.banks import bank_keys, institutions, rosters
from db.clock import present_moment
from db.pool import Connection, Pool
from domain.banks.public_banks import Proposal, Sorted, sort_beside
from domain.banks.sponsors import check_beside
from domain.errors.banks import InstitutionNotFound
from domain.policy.model import SignatureRules
from schemas.banks.institutions import InboundEntry
from schemas.banks.keys import BankKey
from schemas.banks.rosters import Holiday, NodalOfficer


async def add_public_banks(pool: Pool, proposal: Proposal, *, dry_run: bool) -> Sorted:
    """Add the banks that the directory lacks, all or none; with `dry_run` only report them.

    Raises `DirectoryRefused` if there would be too many, and as `check_beside` does.
    """
    async with pool.acquire() as connection, connection.transaction():
        await institutions.hold(connection)
        now = await present_moment(connection)
        known = {one.code: one for one in await institutions.list_all(connection)}
        done = sort_beside(proposal, known)
        if len(known) + len(done.added) > MAX_INSTITUTIONS:
            raise DirectoryRefused(f"{len(known)} known, {len(done.added)} to add: at most {MAX_INSTITUTIONS}")
        if done.added and not dry_run:
            prepared = [institutions.PreparedEntry(entry) for entry in done.added]
            await institutions.upsert(connection, prepared, now)
            check_beside(await institutions.list_all(connection))
    return done


MAX_HOLIDAYS = 500


async def set_officers(pool: Pool, code: str, officers: Sequence[NodalOfficer]) -> None:
    """Replace an institution's officers, in the order of calling. Raises `InstitutionNotFound`."""
    async with pool.acquire() as connection, connection.transaction():
        await _hold_known(connection, code)
        await rosters.replace_officers(connection, {code: officers})


async def set_holidays(pool: Pool, code: str | None, holidays: Sequence[Holiday]) -> None:
    """Replace the holidays of one institution, or (None) those of every institution.

    Raises `InstitutionNotFound`, and `DirectoryRefused` for a day that is named twice or too many days.
    """
    if len(holidays) > MAX_HOLIDAYS:
        raise DirectoryRefused(f"{len(holidays)} holidays: at most {MAX_HOLIDAYS}")
    twice = sorted(day for day, times in Counter(holiday.day for holiday in holidays).items() if times > 1)
    if twice:
        raise DirectoryRefused(f"a holiday is named twice: {', '.join(map(str, twice[:5]))}")
    async with pool.acquire() as connection, connection.transaction():
        await _hold_known(connection, code)
        await rosters.replace_holidays(connection, code, holidays)


async def set_login(pool: Pool, code: str, login: InboundEntry) -> None:
    """Replace an institution's login at our API; only a hash of its password is kept.

    Raises `InstitutionNotFound`, and `DirectoryRefused` if another institution uses the e-mail.
    """
    password_hash = await asyncio.to_thread(hash_password, login.password)
    async with pool.acquire() as connection, connection.transaction():
        await _hold_known(connection, code)
        now = await present_moment(connection)
        try:
            await institutions.set_login(connection, code, login.email, password_hash, now)
        except asyncpg.UniqueViolationError:
            raise DirectoryRefused("a login e-mail is in use by another institution") from None


async def register_key(pool: Pool, rules: SignatureRules, key: BankKey, at: datetime) -> datetime:
    """Register a key; see `register_key_in`."""
    async with pool.acquire() as connection, connection.transaction():
        return await register_key_in(connection, rules, key, at)


async def register_key_in(connection: Connection, rules: SignatureRules, key: BankKey, at: datetime) -> datetime:
    """Register a key; return the time from which its bank is known by its signature alone. Raises as `add_key` does.

    The first key of a bank sets this time. Later keys leave it. The caller has a transaction.
    """
    await bank_keys.add_key(connection, key, at)
    moment = key.not_before + timedelta(seconds=rules.tokens_end_after_seconds)
    found = await bank_keys.sign_only_from(connection, key.institution, moment, over=False)
    assert found is not None, "the foreign key of the key names the institution"
    return found


async def _hold_known(connection: Connection, code: str | None) -> None:
    await institutions.hold(connection)
    if code is not None and not await institutions.known_codes(connection, [code]):
        raise InstitutionNotFound(code)
