"""Changes of one institution inside the caller's transaction, with all checks and their record.

The command does each in a transaction of its own (`loading`). A proposal of two admins does the same.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

import asyncpg
from pydantic import ValidationError

from activities.banks.directory import DirectoryRefused, check_sponsors, recorded, refuse_too_few
from db import proofs
from db.banks import bank_keys, bank_logins, bank_people, institutions, rosters
from db.pool import Connection
from db.proofs import ProofPurpose
from domain.banks.directory import check_beside
from domain.errors.banks import (
    BankKeyEndsBefore,
    BankKeyNotFound,
    BankKeyOver,
    BankKeyTaken,
    BankWithoutKey,
    InstitutionNotFound,
    TooManyBankKeys,
)
from domain.policy.model import SignatureRules
from schemas.banks.institutions import Institution, InstitutionEntry, InstitutionFields
from schemas.banks.keys import BankKey, KeyChange, KeyChangeOutcome
from schemas.banks.rosters import NodalOfficer
from schemas.enums import ChannelKind, KeyChangeKind

LOGIN_REPLACED: Final = "the login was replaced while it waited; ask again with the new one"


async def lock_known(connection: Connection, code: str | None) -> None:
    """Lock the directory against other writers. Raises `InstitutionNotFound`."""
    await institutions.hold(connection)
    if code is not None and not await institutions.known_codes(connection, [code]):
        raise InstitutionNotFound(code)


async def change_institution(
    connection: Connection, code: str, fields: InstitutionFields, now: datetime, by: str
) -> None:
    """Write the fields that are given. The others stay.

    Raises `InstitutionNotFound`, `DirectoryRefused`, `PrefixOverlap`, `SponsorRefused`, and `BankPeopleTooFew` for
    replies by two.
    """
    await lock_known(connection, code)
    (known,) = await institutions.list_all(connection, [code])
    changed = known.model_copy(update=fields.model_dump(exclude_none=True))
    if changed.answers_by_two and not known.answers_by_two:
        await refuse_too_few(connection, code)
    if fields.channels is None and not changed.desk_email:
        # Without an address there is no e-mail channel.
        kept = tuple(kind for kind in changed.channels if kind is not ChannelKind.EMAIL)
        changed = changed.model_copy(update={"channels": kept})
    _check(known, changed)
    await check_sponsors(connection, {changed.sponsor} if changed.sponsor else ())
    async with recorded(connection, [code], now, by):
        await institutions.change(connection, changed, now)
    check_beside(await institutions.list_all(connection))


def _check(known: Institution, changed: Institution) -> None:
    """Check the fields as an entry of a directory file is checked. Raises `DirectoryRefused`."""
    possible = {*known.channels, ChannelKind.PULL, *({ChannelKind.EMAIL} if changed.desk_email else ())}
    if ChannelKind.EMAIL in changed.channels and not changed.desk_email:
        raise DirectoryRefused(f"{known.code}: channels names email, for which there is no desk_email")
    if lacking := [kind.value for kind in changed.channels if kind not in possible]:
        raise DirectoryRefused(f"{known.code}: channels names {', '.join(lacking)}, for which it has no settings")
    if len(set(changed.channels)) < len(changed.channels):
        raise DirectoryRefused(f"{known.code}: channels names a channel twice")
    shared = InstitutionEntry.model_fields.keys() & Institution.model_fields.keys() - {"channels"}
    try:
        InstitutionEntry.model_validate({name: getattr(changed, name) for name in shared})
    except ValidationError as error:
        message = error.errors(include_input=False, include_url=False)[0]["msg"]
        raise DirectoryRefused(f"{known.code}: {message}") from None


async def write_officers(
    connection: Connection, code: str, officers: Sequence[NodalOfficer], now: datetime, by: str
) -> None:
    """Replace an institution's officers, in the order of calling. Raises `InstitutionNotFound`."""
    await lock_known(connection, code)
    async with recorded(connection, [code], now, by):
        await rosters.replace_officers(connection, {code: officers})


async def replace_login(
    connection: Connection, code: str, email: str, password_hash: str, now: datetime, by: str
) -> None:
    """Replace an institution's login at our API. Its contacts are to be told of it. Raises as `write_login` does."""
    await write_login(connection, code, email, password_hash, now, by)
    await bank_logins.write(connection, code, email, by, now)


async def write_login(
    connection: Connection, code: str, email: str, password_hash: str | None, now: datetime, by: str
) -> None:
    """Write an institution's login at our API over the one that it has. Without a password it opens nothing.

    The link to set a password ends. A change of keys that waits is refused and the bank's people end, because a thief
    of the login may have asked for it or added them. Raises `InstitutionNotFound`, and `DirectoryRefused` if another
    institution uses the e-mail.
    """
    # A decision on the change locks it before the institution too. So does the use of the link.
    await proofs.end_open_link(connection, ProofPurpose.BANK_LOGIN_LINK, code)
    await bank_keys.refuse_open(connection, code, by, now, LOGIN_REPLACED)
    await lock_known(connection, code)
    await bank_people.end_all(connection, code, now)
    await put_password(connection, code, email, password_hash, now, by)


async def put_password(
    connection: Connection, code: str, email: str, password_hash: str | None, now: datetime, by: str
) -> None:
    """Write e-mail and password of an institution's login. Raises as `write_login` does."""
    await lock_known(connection, code)
    async with recorded(connection, [code], now, by, {code: ["login_password"]}):
        try:
            await institutions.set_login(connection, code, email, password_hash, now)
        except asyncpg.UniqueViolationError:
            raise DirectoryRefused("the e-mail is in use by another institution, or by a person of one") from None


async def register_key(
    connection: Connection, rules: SignatureRules, key: BankKey, now: datetime, by: str, *, is_asked: bool = False
) -> datetime:
    """Register a key; return the time from which its bank is known by its signature alone.

    The first key of a bank sets this time. Later keys leave it. The bank's contacts are told, unless the bank itself
    asked (`is_asked`): then they are told of its own change. Raises `InstitutionNotFound`, `BankKeyEndsBefore`,
    `BankKeyTaken` and `TooManyBankKeys`.
    """
    if key.not_after is not None and key.not_after <= key.not_before:
        raise BankKeyEndsBefore(key.key_id)
    await lock_known(connection, key.institution)
    async with recorded(connection, [key.institution], now, by):
        try:
            await bank_keys.add_key(connection, key, now)
        except asyncpg.UniqueViolationError:
            raise BankKeyTaken(key.key_id) from None
        except asyncpg.CheckViolationError:
            raise TooManyBankKeys(key.institution) from None
        moment = key.not_before + timedelta(seconds=rules.tokens_end_after_seconds)
        known_since = await bank_keys.sign_only_from(connection, key.institution, moment, over=False)
    assert known_since is not None, "the directory is locked, and has the institution"
    if not is_asked:
        await _tell(connection, KeyChangeKind.ADD, key, now, by)
    return known_since


async def end_key(
    connection: Connection,
    code: str,
    key_id: str,
    not_after: datetime,
    now: datetime,
    by: str,
    *,
    is_asked: bool = False,
) -> None:
    """End the validity of a key; the bank's contacts are told as by `register_key`.

    Raises `BankKeyNotFound`, `BankKeyOver` and `BankKeyEndsBefore`.
    """
    await institutions.hold(connection)
    key = await bank_keys.get_key(connection, key_id)
    if key is None or key.institution != code:
        raise BankKeyNotFound(key_id)
    if key.not_after is not None and key.not_after <= not_after:
        raise BankKeyOver(key_id)
    async with recorded(connection, [code], now, by):
        try:
            await bank_keys.end_key(connection, key_id, not_after)
        except asyncpg.CheckViolationError:
            raise BankKeyEndsBefore(key_id) from None
    if not is_asked:
        await _tell(connection, KeyChangeKind.END, key, now, by)


async def require_signature(connection: Connection, code: str, moment: datetime, now: datetime, by: str) -> None:
    """Set the time from which a bank is known by its signature alone.

    Raises `InstitutionNotFound` and `BankWithoutKey`."""
    await lock_known(connection, code)
    if not await bank_keys.keys_of(connection, code):
        raise BankWithoutKey(code)
    async with recorded(connection, [code], now, by):
        await bank_keys.sign_only_from(connection, code, moment, over=True)


async def _tell(connection: Connection, kind: KeyChangeKind, key: BankKey, now: datetime, by: str) -> None:
    """Write a change that the police have made by themselves, so that the bank's contacts are told of it."""
    change = KeyChange(
        change_id=uuid4(),
        institution=key.institution,
        kind=kind,
        key_id=key.key_id,
        public_key=key.public_key,
        asked_by=by,
        asked_at=now,
        outcome=KeyChangeOutcome.DONE,
        decided_by=by,
        decided_at=now,
    )
    await bank_keys.ask(connection, change)
