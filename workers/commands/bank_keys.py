"""`goldenhour bank key`: the public keys with which banks sign their messages to us."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import typer

from adapters.clock import wall_clock
from workers.commands.common import (
    JsonTarget,
    errors,
    load_settings,
    open_database,
    people,
    policy_in_force,
    run,
    with_database,
    write_json,
)
from workers.commands.exits import USAGE, Failed
from workers.commands.processes import actor
from workers.settings import Settings

if TYPE_CHECKING:
    from schemas.banks.keys import BankKey, KeyChange, KeyRequestView

KEY_FILE_MAX_BYTES: Final = 10_000

REASON_MAX_CHARS: Final = 500
_UNREADABLE: Final = {
    "private": "this is a private key, which only the bank may have",
    "other_kind": "not an Ed25519 key",
    "neither": "neither PEM nor base64 of a public key",
}

Code = Annotated[str, typer.Argument(help="The institution's code in the directory.", metavar="CODE")]
ChangeId = Annotated[UUID, typer.Argument(help="The id of the change, as listed.", metavar="CHANGE_ID")]
KeyId = Annotated[str, typer.Argument(help="The key id in its signatures.", metavar="KEY_ID")]


def add(
    code: Code,
    key_id: KeyId,
    file: Annotated[
        Path, typer.Argument(help="An Ed25519 public key: PEM, or base64 of its 32 bytes; - is standard input.")
    ],
    begins: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Start of validity; now by default.")
    ] = None,
    ends: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="End of validity; none by default.")
    ] = None,
) -> None:
    """Register a public key of a bank. A bank may have two keys: the current one and its successor.

    Times are ISO 8601 with an offset, as 2026-12-01T00:00:00+05:30. The private key stays with the bank.

    Exit codes: 0 registered, 1 refused or failed, 2 the key, a time or the settings are wrong.
    """
    key = read_key(file)
    not_before = read_time("--from", begins) or wall_clock()
    not_after = read_time("--until", ends)
    if not_after is not None and not_after <= not_before:
        raise Failed("--until: must be after --from", USAGE)
    signs_from = run(_add(with_database(load_settings()), code, key_id, key, not_before, not_after))
    errors().print(
        f"key {key_id} of {code} registered; from {_in_india(signs_from)} its tokens do not open the feed",
        highlight=False,
        markup=False,
    )


def show(code: Code, json_target: JsonTarget = None) -> None:
    """List the keys of a bank, ended ones too, because old signatures are verified with them for years.

    Exit codes: 0 done, 1 failed, 2 wrong usage or settings.
    """
    keys = run(_list(with_database(load_settings()), code))
    now = wall_clock()
    rows = [
        {**key.model_dump(mode="json", exclude={"public_key", "last_used_at"}), "live": key.is_live(now)}
        for key in keys
    ]
    write_json(json_target, [row | {"sha256": _print_of(key)} for row, key in zip(rows, keys, strict=True)])
    if json_target is None:
        _show_table(keys, now)


def revoke(
    code: Code,
    key_id: KeyId,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="End of validity; now by default.")] = None,
) -> None:
    """End the validity of a bank's key. The key is kept, so that earlier signatures can be verified.

    Exit codes: 0 done, 1 no such key or failed, 2 wrong usage or settings.
    """
    end = read_time("--at", at) or wall_clock()
    run(_revoke(with_database(load_settings()), code, key_id, end))
    errors().print(f"key {key_id} of {code} is valid until {_in_india(end)}", highlight=False, markup=False)


def require(
    code: Code,
    begins: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="When tokens end to be enough; now by default.")
    ] = None,
) -> None:
    """Set the time from which a bank is known by its signature alone.

    Its tokens do not open the feed from then on. The first key of a bank sets a time of its own (`[signatures]` in the
    policy file). This replaces it.

    Exit codes: 0 written, 1 no such institution, no key, or failed, 2 wrong usage or settings.
    """
    moment = read_time("--from", begins) or wall_clock()
    run(_require(with_database(load_settings()), code, moment))
    errors().print(f"{code} is known by its signature alone from {_in_india(moment)}", highlight=False, markup=False)


def asked(code: Annotated[str | None, typer.Argument(help="Only this institution's.", metavar="CODE")] = None) -> None:
    """List the changes of keys that banks have asked for in their inbox and that wait for a decision.

    Call a number of the directory and ask for the person who is named. Compare the fingerprint before you confirm. The
    name needs GOLDENHOUR_SECRET_KEY.

    Exit codes: 0 done, 1 failed, 2 wrong usage or settings.
    """
    changes = run(_asked(with_database(load_settings()), code))
    for change in changes:
        who = f"{change.asker_name or '-'}, {change.asker_designation or '-'}"
        people(None).print(
            f"{change.institution}  {change.kind.value}  {change.key_id}  asked {_in_india(change.asked_at)}\n"
            f"  by {who} (not proven)\n  change {change.change_id}\n  SHA-256 {change.fingerprint}",
            highlight=False,
            markup=False,
        )
    errors().print(f"{len(changes)} wait for a decision", highlight=False, markup=False)


def confirm(code: Code, change_id: ChangeId) -> None:
    """Carry out a change of keys that a bank has asked for.

    A key that is added is valid at once.

    Exit codes: 0 done, 1 refused or failed, 2 wrong usage or settings.
    """
    change = run(_decide(with_database(load_settings()), code, change_id, None))
    done = "is valid from now on" if change.kind.value == "add" else "is ended"
    errors().print(f"key {change.key_id} of {code} {done}", highlight=False, markup=False)


def refuse(
    code: Code, change_id: ChangeId, reason: Annotated[str, typer.Option("--reason", help="What the bank is told.")]
) -> None:
    """Refuse a change of keys that a bank has asked for. The bank reads the reason.

    Exit codes: 0 done, 1 no such change or failed, 2 wrong usage or settings.
    """
    if not 0 < len(reason.strip()) <= REASON_MAX_CHARS:
        raise Failed(f"--reason: 1 to {REASON_MAX_CHARS} characters", USAGE)
    change = run(_decide(with_database(load_settings()), code, change_id, reason.strip()))
    errors().print(f"refused: {change.kind.value} key {change.key_id} of {code}", highlight=False, markup=False)


def read_key(file: Path) -> bytes:
    """Return the 32 bytes of an Ed25519 public key. Raises `Failed`, which never repeats the file's content."""
    from activities.banks.key_changes import read_public_key
    from domain.errors.banks import BankKeyUnreadable
    from schemas.banks.keys import KEY_BYTES

    try:
        data = sys.stdin.buffer.read(KEY_FILE_MAX_BYTES) if str(file) == "-" else _beginning(file)
    except OSError as error:
        raise Failed(f"{file}: {error.strerror}", USAGE) from error
    try:
        return read_public_key(data)
    except BankKeyUnreadable as error:
        text = _UNREADABLE.get(error.found, f"an Ed25519 public key has {KEY_BYTES} bytes, this has {error.found}")
        raise Failed(f"{file}: {text}", USAGE) from None


def read_time(option: str, text: str | None) -> datetime | None:
    """Return a time with an offset. Raises `Failed`."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Failed(f"{option}: must look like 2026-12-01T00:00:00+05:30", USAGE)
    return moment.astimezone(UTC)


def _in_india(moment: datetime) -> str:
    """Return a time as Indian readers and the options of this command use it."""
    from schemas.text import IST

    return moment.astimezone(IST).isoformat(timespec="seconds")


def _beginning(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(KEY_FILE_MAX_BYTES)


async def _add(
    settings: Settings, code: str, key_id: str, public_key: bytes, not_before: datetime, not_after: datetime | None
) -> datetime:
    from pydantic import ValidationError

    from activities.banks.loading import register_key
    from schemas.banks.keys import BankKey

    try:
        key = BankKey(
            key_id=key_id, institution=code, public_key=public_key, not_before=not_before, not_after=not_after
        )
    except ValidationError:
        raise Failed("KEY_ID: must have 1 to 100 letters, digits, or any of . _ : -", USAGE) from None
    async with await open_database(settings) as pool:
        async with pool.acquire() as connection:
            rules = (await policy_in_force(connection, settings)).signatures
        return await register_key(pool, rules, key, wall_clock(), actor())


async def _require(settings: Settings, code: str, moment: datetime) -> None:
    from activities.banks.loading import require_signature

    async with await open_database(settings) as pool:
        await require_signature(pool, code, moment, actor())


async def _list(settings: Settings, code: str) -> "list[BankKey]":
    from db.banks import bank_keys

    async with await open_database(settings) as pool, pool.acquire() as connection:
        return await bank_keys.keys_of(connection, code)


async def _revoke(settings: Settings, code: str, key_id: str, end: datetime) -> None:
    from activities.banks.loading import end_key
    from domain.errors.banks import BankKeyEndsBefore

    async with await open_database(settings) as pool:
        try:
            await end_key(pool, code, key_id, end, actor())
        except BankKeyEndsBefore as error:
            raise Failed(f"{error.fact} Give a later --at.", USAGE) from None


async def _asked(settings: Settings, code: str | None) -> "tuple[KeyRequestView, ...]":
    import asyncio

    from activities.banks.key_changes import requests
    from activities.privacy.person_keys import PersonKeys
    from workers.home import secret_box

    persons = PersonKeys(await asyncio.to_thread(secret_box, settings))
    async with await open_database(settings) as pool, pool.acquire() as connection:
        return await requests(persons, connection, code, wall_clock())


async def _decide(settings: Settings, code: str, change_id: UUID, reason: str | None) -> "KeyChange":
    """Refuse a change for a reason, or carry it out without one."""
    from activities.banks import key_changes
    from domain.errors import BusinessError

    async with await open_database(settings) as pool:
        try:
            if reason is not None:
                return await key_changes.refuse(pool, code, change_id, actor(), reason)
            async with pool.acquire() as connection:
                rules = (await policy_in_force(connection, settings)).signatures
            return await key_changes.confirm(pool, rules, code, change_id, actor())
        except BusinessError as error:
            raise Failed(str(error)) from None


def _print_of(key: "BankKey") -> str:
    """Return the fingerprint of the key, for two people to compare by phone."""
    return key.fingerprint.replace(" ", "")


def _show_table(keys: "list[BankKey]", now: datetime) -> None:
    from rich.table import Table

    table = Table(title=f"{len(keys)} keys", title_justify="left")
    for name in ("key", "live", "from", "until", "SHA-256"):
        table.add_column(name, overflow="fold")
    for key in keys:
        table.add_row(
            key.key_id,
            "yes" if key.is_live(now) else "no",
            _in_india(key.not_before),
            _in_india(key.not_after) if key.not_after else "",
            key.fingerprint,
        )
    people(None).print(table)
