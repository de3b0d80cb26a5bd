"""`goldenhour bank key`: the public keys with which banks sign their messages to us."""

import binascii
import sys
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

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
    from schemas.banks.keys import BankKey

KEY_FILE_MAX_BYTES: Final = 10_000
PEM_BEGINS: Final = b"-----BEGIN"

Code = Annotated[str, typer.Argument(help="The institution's code in the directory.", metavar="CODE")]
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
    found = run(_list(with_database(load_settings()), code))
    now = wall_clock()
    rows = [{**key.model_dump(mode="json", exclude={"public_key"}), "live": key.is_live(now)} for key in found]
    write_json(json_target, [row | {"sha256": key.fingerprint} for row, key in zip(rows, found, strict=True)])
    if json_target is None:
        _show_table(found, now)


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


def read_key(file: Path) -> bytes:
    """Return the 32 bytes of an Ed25519 public key. Raises `Failed`, which never repeats the file's content."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    from schemas.banks.keys import KEY_BYTES

    try:
        data = sys.stdin.buffer.read(KEY_FILE_MAX_BYTES) if str(file) == "-" else _beginning(file)
    except OSError as error:
        raise Failed(f"{file}: {error.strerror}", USAGE) from error
    if b"PRIVATE KEY" in data:
        raise Failed(f"{file}: this is a private key, which only the bank may have", USAGE)
    try:
        if data.lstrip().startswith(PEM_BEGINS):
            key = load_pem_public_key(data)
            if not isinstance(key, Ed25519PublicKey):
                raise Failed(f"{file}: not an Ed25519 key", USAGE)
            return key.public_bytes_raw()
        raw = b64decode(data.strip(), validate=True)
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        raise Failed(f"{file}: neither PEM nor base64 of a public key", USAGE) from None
    if len(raw) != KEY_BYTES:
        raise Failed(f"{file}: an Ed25519 public key has {KEY_BYTES} bytes, this has {len(raw)}", USAGE)
    return raw


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


def _show_table(found: "list[BankKey]", now: datetime) -> None:
    from rich.table import Table

    table = Table(title=f"{len(found)} keys", title_justify="left")
    for name in ("key", "live", "from", "until", "SHA-256"):
        table.add_column(name, overflow="fold")
    for key in found:
        table.add_row(
            key.key_id,
            "yes" if key.is_live(now) else "no",
            _in_india(key.not_before),
            _in_india(key.not_after) if key.not_after else "",
            key.fingerprint,
        )
    people(None).print(table)
