"""The directory of banks, and what is recorded of it."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import asyncpg
import orjson
from pydantic import SecretStr

from activities.secrets import CannotOpen, Opener, SecretBox, hash_password
from adapters.banks.envelope import EnvelopeError, decode_key
from adapters.banks.protocol import LOGIN_PATH, REPORT_PATH, BankWire, IsoWay
from adapters.banks.push.client import push_wire
from db.banks import bank_people, institutions
from db.clock import present_moment
from db.pool import Connection, Pool
from domain.banks.directory import Directory, SponsorRefused, check_beside, institution_facts, key_facts, secret_facts
from domain.errors import RuleBroken
from domain.errors.banks import BankPeopleTooFew, InstitutionNotFound
from domain.facts import IS_SET, SET_AGAIN, Facts, differences
from schemas.banks.institutions import Institution, InstitutionEntry, Iso20022Entry, PushEntry, WireEntry
from schemas.base import Change, FrozenModel
from schemas.enums import ChannelKind

PROGRAM: Final = "command:goldenhour"
"""who changes the directory where no person is named"""
EVERY_INSTITUTION: Final = "*"


async def facts_of(connection: Connection, codes: Collection[str], now: datetime) -> dict[str, Facts]:
    """Return the facts about each of these institutions that the directory has."""
    wanted = sorted(codes)
    secrets = await institutions.secrets_of(connection, wanted)
    keys = await institutions.keys_of(connection, wanted)
    return {
        bank.code: institution_facts(bank)
        | secret_facts(secrets[bank.code].login_email, secrets[bank.code].has_password, secrets[bank.code].channels)
        | key_facts(keys.get(bank.code, ()), now)
        for bank in await institutions.list_all(connection, wanted)
    }


@asynccontextmanager
async def recorded(
    connection: Connection,
    codes: Collection[str],
    now: datetime,
    by: str,
    written_again: Mapping[str, Collection[str]] | None = None,
) -> AsyncIterator[None]:
    """Write what the block changes of these institutions, in its transaction.

    `written_again` names by code the secrets that the block writes. A secret that was there before is then told as set
    again, because the facts do not show that it is another one.
    """
    before = await facts_of(connection, codes, now)
    yield
    after = await facts_of(connection, codes, now)
    changes = {
        code: [
            *differences(before.get(code, {}), after.get(code, {})),
            *_set_again((written_again or {}).get(code, ()), before.get(code, {}), after.get(code, {})),
        ]
        for code in sorted(codes)
    }
    added, removed = after.keys() - before.keys(), before.keys() - after.keys()
    for kind, of_kind in (
        ("institution_added", added),
        ("institution_removed", removed),
        ("institution_changed", before.keys() & after.keys()),
    ):
        chosen = {code: changes[code] for code in sorted(of_kind)}
        await institutions.write(connection, kind, chosen, now, by)


def _set_again(fields: Collection[str], before: Facts, after: Facts) -> list[Change]:
    both = [field for field in sorted(fields) if before.get(field) == IS_SET == after.get(field)]
    return [Change(field=field, before=IS_SET, after=SET_AGAIN) for field in both]


log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS: Final = 1.0
FRESHEN_AFTER_SECONDS: Final = 1.0
MAX_INSTITUTIONS: Final = 5_000
"""India has about 1,500 licensed banks, wallets and aggregators."""


Key = tuple[str, ChannelKind]
Way = BankWire | IsoWay | Institution
"""the data that a channel's adapter needs to reach an institution; the directory entry where nothing else is needed"""


class DirectoryRefused(RuleBroken):
    """The directory file contradicts itself."""


class DirectoryCache:
    """All institutions in memory, so that taking a complaint needs no database query for them.

    `refresh` reads them once at start. Inside `watched`, a change in the database is read within about a second, in the
    background. No caller waits for that.
    """

    def __init__(self, pool: Pool, opener: Opener | None) -> None:
        """Prepare the directory. Without an `opener` it opens no credential."""
        self._pool = pool
        self._opener = opener
        self._directory = Directory(())
        self._sealed: dict[Key, bytes] = {}
        self._opened: dict[Key, Way] = {}
        self._version = ""
        self._refreshed_at: float | None = None
        self._unknown = 0
        """credentials under keys that are not known here, as last logged"""

    @property
    def current(self) -> Directory:
        """Return the directory as last read."""
        return self._directory

    @asynccontextmanager
    async def watched(self, *also: Callable[[Connection], Awaitable[None]]) -> AsyncIterator[None]:
        """Read the directory again after every change, as long as the block runs.

        Each look also calls the functions `also` with its connection.
        """
        watch = asyncio.create_task(self._watch(also))
        try:
            yield
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    async def refresh(self) -> None:
        """Read all institutions now. Raises database errors, and then the old directory stays."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            version = await institutions.version(connection)
            listed = await institutions.list_all(connection)
            sealed = await institutions.sealed_ways(connection)
        changed = [key for key in self._opened if sealed.get(key) != self._sealed[key]]
        for key in changed:
            del self._opened[key]
        self._sealed = sealed
        self._directory = Directory(listed)
        self._version = version
        self._refreshed_at = time.monotonic()
        self._warn_of_unknown_keys()

    def _warn_of_unknown_keys(self) -> None:
        """Log how many credentials this process has no key for, whenever the number changes."""
        opener = self._opener
        unknown = 0 if opener is None else sum(not opener.knows(sealed) for sealed in self._sealed.values())
        if unknown and unknown != self._unknown:
            log.warning("%d credentials of banks are sealed under a secret key that is not known here", unknown)
        self._unknown = unknown

    async def freshen(self) -> None:
        """Read all institutions again, at most once a second, before the caller treats one as unknown. Never raises."""
        if self._refreshed_at is None or time.monotonic() - self._refreshed_at > FRESHEN_AFTER_SECONDS:
            try:
                await self.refresh()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("directory not refreshed: %s", type(error).__name__)
                # No retry with every complaint: using the current copy is better than a wait for each.
                self._refreshed_at = time.monotonic()

    async def wire(self, code: str) -> BankWire | None:
        """Return the connection data of the institution for the I4C wire, or None. Raises as `way` does."""
        bank_way = await self.way(code, ChannelKind.I4C)
        assert bank_way is None or isinstance(bank_way, BankWire), "the I4C wire's way is a BankWire"
        return bank_way

    async def way(self, code: str, kind: ChannelKind) -> "Way | None":
        """Return the connection data of the institution for a channel, or None if it has no such channel.

        Raises `CannotOpen` when its credentials were sealed under another secret key, or without an opener.
        """
        known = self._directory.get(code)
        if known is None:
            await self.refresh()
            known = self._directory.get(code)
        if known is None or kind not in known.channels:
            return None
        key = (code, kind)
        sealed = self._sealed.get(key)
        if sealed is None:
            return known
        if key not in self._opened:
            if self._opener is None:
                raise CannotOpen("this process has no key for the credentials of banks")
            self._opened[key] = _OPENERS[kind](code, self._opener.open(sealed, code))
        return self._opened[key]

    async def _watch(self, also: Sequence[Callable[[Connection], Awaitable[None]]]) -> None:
        """Check for changes every second without end. An error is logged and does not stop the loop."""
        well = True
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            try:
                async with self._pool.acquire() as connection:
                    version = await institutions.version(connection)
                    for look in also:
                        await look(connection)
                if version != self._version:
                    await self.refresh()
                    log.info("the directory has changed: %d institutions", len(self._directory))
                well = True
            except Exception as error:
                if well:
                    log.warning("directory not checked for changes: %s", type(error).__name__)
                well = False


async def load_directory(
    pool: Pool, secret_box: SecretBox, entries: Sequence[InstitutionEntry], by: str = PROGRAM
) -> int:
    """Write a directory file's entries over the known ones, all or none, and return their number.

    Outbound credentials are sealed, inbound passwords are hashed. Raises `DirectoryRefused`, `PrefixOverlap`,
    `SponsorRefused` or `BankPeopleTooFew`, which name the institution and the fault; then nothing is written.
    """
    _check(entries)
    safe = await asyncio.to_thread(prepared, secret_box, entries)
    async with pool.acquire() as connection, connection.transaction():
        await institutions.hold(connection)
        now = await present_moment(connection)
        await _write(connection, safe, now, by)
    return len(safe)


async def add_institution(
    pool: Pool, secret_box: SecretBox, entry: InstitutionEntry, *, over: bool, by: str = PROGRAM
) -> None:
    """Write one entry.

    Raises as `load_directory` does. Raises `DirectoryRefused` also if the code is known and `over` is false. Then
    nothing is written.
    """
    _check([entry])
    (safe,) = await asyncio.to_thread(prepared, secret_box, [entry])
    async with pool.acquire() as connection, connection.transaction():
        await institutions.hold(connection)
        now = await present_moment(connection)
        if not over and await institutions.known_codes(connection, [entry.code]):
            raise DirectoryRefused(f"{entry.code} is in the directory already")
        await _write(connection, [safe], now, by)


async def _write(connection: Connection, safe: Sequence[institutions.PreparedEntry], now: datetime, by: str) -> None:
    """Write the entries, record what they change, and check the whole directory. The caller holds its lock."""
    codes = {item.entry.code for item in safe}
    known_by_two = {item.code for item in await institutions.list_all(connection, sorted(codes)) if item.answers_by_two}
    for code in sorted({item.entry.code for item in safe if item.entry.answers_by_two} - known_by_two):
        await refuse_too_few(connection, code)
    await check_sponsors(connection, {item.entry.sponsor for item in safe if item.entry.sponsor} - codes)
    secrets = {item.entry.code: _secrets_in(item) for item in safe}
    async with recorded(connection, codes, now, by, secrets):
        try:
            await institutions.upsert(connection, safe, now)
        except asyncpg.UniqueViolationError:
            raise DirectoryRefused("a login e-mail is in use by another institution") from None
    check_beside(await institutions.list_all(connection))


async def refuse_too_few(connection: Connection, institution: str) -> None:
    """Raise `BankPeopleTooFew` if the bank has too few confirmed people for replies by two."""
    confirmed = len(await bank_people.confirmed(connection, institution))
    if confirmed < bank_people.CONFIRMED_LEAST:
        raise BankPeopleTooFew(institution, confirmed, bank_people.CONFIRMED_LEAST)


async def check_sponsors(connection: Connection, sponsors: Collection[str]) -> None:
    """Check that these sponsors are in the directory. Raises `SponsorRefused`."""
    missing = set(sponsors) - await institutions.known_codes(connection, sponsors)
    if missing:
        raise SponsorRefused(f"a sponsor is not in the directory: {', '.join(sorted(missing))}")


def _secrets_in(entry: institutions.PreparedEntry) -> list[str]:
    """Return the facts about the secrets that an entry writes."""
    login = ["login_password"] if entry.password_hash is not None else []
    return [*login, *(f"credentials.{kind}" for kind in entry.sealed)]


async def remove_institution(pool: Pool, code: str, by: str = PROGRAM) -> None:
    """Delete an institution that no row refers to.

    Raises `InstitutionNotFound`, or `DirectoryRefused` when a row refers to it.
    """
    async with pool.acquire() as connection, connection.transaction():
        await institutions.hold(connection)
        async with recorded(connection, [code], await present_moment(connection), by):
            try:
                gone = await institutions.delete(connection, code)
            except asyncpg.ForeignKeyViolationError:
                raise DirectoryRefused(
                    f"{code} cannot be removed: it has requests, keys or sponsored institutions"
                ) from None
        if not gone:
            raise InstitutionNotFound(code)


def prepared(secret_box: SecretBox, entries: Sequence[InstitutionEntry]) -> list[institutions.PreparedEntry]:
    """Return the entries with sealed credentials and hashed passwords. Takes about 20 ms for each password."""
    return [_prepared(secret_box, entry) for entry in entries]


def _check(entries: Sequence[InstitutionEntry]) -> None:
    if len(entries) > MAX_INSTITUTIONS:
        raise DirectoryRefused(f"{len(entries)} institutions: at most {MAX_INSTITUTIONS}")
    _refuse_repeats("code", (entry.code for entry in entries))
    emails = (institutions.email_key(entry.inbound.email) for entry in entries if entry.inbound)
    _refuse_repeats("login e-mail", emails)
    for entry in entries:
        if entry.wire is not None:
            _check_wire(entry.code, entry.wire)


def _check_wire(code: str, wire: WireEntry) -> None:
    try:
        bank_wire(code, wire)
    except EnvelopeError as error:
        raise DirectoryRefused(f"{code}: a key of its wire cannot be used ({error.reason})") from None
    if wire.envelope != "none" and wire.aes_key is None:
        raise DirectoryRefused(f"{code}: the envelope {wire.envelope} needs an aes_key")


def _refuse_repeats(what: str, values: Iterable[str]) -> None:
    repeated = sorted(value for value, times in Counter(values).items() if times > 1)
    if repeated:
        raise DirectoryRefused(f"{what} given to two institutions: {', '.join(repeated[:5])}")


def _prepared(secret_box: SecretBox, entry: InstitutionEntry) -> institutions.PreparedEntry:
    ways = {kind: entry.entry_of(kind) for kind in entry.in_order()}
    return institutions.PreparedEntry(
        entry=entry,
        sealed={kind: secret_box.seal(_json(way), entry.code) for kind, way in ways.items() if way is not None},
        password_hash=None if entry.inbound is None else hash_password(entry.inbound.password),
    )


def _json(way: FrozenModel) -> bytes:
    """Return the entry of a channel as JSON with its secrets in clear. The caller must seal it at once."""

    def plain(value: Any) -> Any:
        if isinstance(value, SecretStr):
            return value.get_secret_value()
        return [plain(member) for member in value] if isinstance(value, tuple) else value

    # Without the settings that are not given, a process of an older release can read it during an upgrade.
    return orjson.dumps({name: plain(value) for name, value in way.model_dump(exclude_none=True).items()})


def ways_of_entry(entry: InstitutionEntry) -> dict[ChannelKind, BankWire]:
    """Return the connection data of an entry for the I4C wire and the webhook.

    The entry need not be in the database.

    Raises `DirectoryRefused` for a key that cannot be used.
    """
    ways: dict[ChannelKind, BankWire] = {}
    for kind in entry.in_order():
        if kind is ChannelKind.I4C and entry.wire is not None:
            _check_wire(entry.code, entry.wire)
            ways[kind] = bank_wire(entry.code, entry.wire)
        elif kind is ChannelKind.PUSH and entry.push is not None:
            ways[kind] = push_wire(entry.code, entry.push)
    return ways


def bank_wire(code: str, wire: WireEntry) -> BankWire:
    """Return the connection data of a bank for the I4C wire, with its secrets in clear.

    Raises `EnvelopeError` for a key that cannot be used.
    """
    return BankWire(
        code=code,
        base_url=wire.base_url,
        email=wire.email,
        password=wire.password.get_secret_value(),
        envelope=wire.envelope,
        aes_key=None if wire.aes_key is None else decode_key(wire.aes_key.get_secret_value()),
        hmac_key=None if wire.hmac_key is None else decode_key(wire.hmac_key.get_secret_value()),
        balance_includes_liens=wire.balance_includes_liens,
        login_path=wire.login_path or LOGIN_PATH,
        report_path=wire.report_path or REPORT_PATH,
        ciphertext_member=wire.ciphertext_member,
    )


def _i4c(code: str, opened: bytes) -> Way:
    return bank_wire(code, WireEntry.model_validate_json(opened))


def _push(code: str, opened: bytes) -> Way:
    return push_wire(code, PushEntry.model_validate_json(opened))


def _iso20022(code: str, opened: bytes) -> Way:
    entry = Iso20022Entry.model_validate_json(opened)
    return IsoWay(code, entry.bic, entry.business_header)


_OPENERS: Final = {ChannelKind.I4C: _i4c, ChannelKind.PUSH: _push, ChannelKind.ISO20022: _iso20022}
