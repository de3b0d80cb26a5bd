"""`goldenhour evidence`: write and verify the evidence of a case as one signed archive."""

import hashlib
import re
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from domain.evidence_binding import Edition
from schemas.enums import Language
from schemas.identifiers import ACK_NO_PATTERN
from workers.commands.common import (
    JsonTarget,
    load_settings,
    open_database,
    own_version,
    people,
    progress_bar,
    run,
    with_database,
    write_json,
)
from workers.commands.exits import FAILURE, USAGE, Failed
from workers.commands.processes import own_name
from workers.commands.up import open_context
from workers.home import NothingRunning
from workers.settings import Settings, SettingsError

if TYPE_CHECKING:
    from activities.evidence.archive import Whole
    from activities.evidence.nightly import Anchor
    from activities.evidence.pack import Packed
    from db.evidence.integrity import EvidenceKeys

VERIFY = "verify"
KEYS = "keys"
PEM_MAX_BYTES = 64 * 1024
ANCHOR_MAX_BYTES = 256 * 1024 * 1024
UNCONFIRMED_KEY = 3
"""exit code for a valid archive that is signed by a key which no one has confirmed"""
_BLOCK = re.compile(rb"-----BEGIN PUBLIC KEY-----\n.*?\n-----END PUBLIC KEY-----", re.DOTALL)


def evidence(
    what: Annotated[
        str | None,
        typer.Argument(metavar="[ACK_NO|verify|keys]", help="An acknowledgement number of the case, verify or keys."),
    ] = None,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The archive to verify.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="The archive to write.")] = None,
    edition: Annotated[
        Edition,
        typer.Option("--for", help="Recipient. The accused get only the SHA-256 of documents to the victim."),
    ] = Edition.COURT,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    public_key: Annotated[
        bool, typer.Option("--public-key", help="Print the public key for verification and exit.")
    ] = False,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For verify: file with the public keys that you trust.")
    ] = None,
    anchor: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For verify: a list from `goldenhour anchor`.")
    ] = None,
    json_target: JsonTarget = None,
) -> None:
    """Write everything about a case into one signed ZIP archive; `verify FILE` checks such an archive.

    The archive holds the case log with its hash chain, the banks' signed messages, requests, orders, documents, the
    ledger and a readable timeline. It also has a page for a court's expert, who verifies it with sha256sum and openssl
    (docs/reference/evidence.md). Only you can read the archive, and the case log records that you have it.

    Beside `case.zip` are drafts of the certificate that the law requires (BSA 2023, section 63(4)), in English and in
    Hindi: `case-certificate-en.pdf` and `case-certificate-hi.pdf`. Each draft has the SHA-256 of the archive and other
    known facts, and empty lines for what only a person can state and sign.

    `keys` prints the public keys that have signed evidence, former ones too.

    Exit codes: 0 written, or valid; 1 no such case, not valid, or the database cannot be read; 2 the usage or the
    settings are wrong, or a file cannot be read or written; 3 valid, but signed by an unconfirmed key.
    """
    if public_key:
        _refuse("--public-key takes no other argument", what, file, output, key, anchor)
        own = _own_key(settings := load_settings())
        if own is None:
            raise NothingRunning(settings.home.absolute())
        sys.stdout.write(own.decode())
    elif what == VERIFY:
        _refuse("verify takes a FILE, --key and --anchor", output)
        _verify(file, key, anchor, json_target)
    elif what == KEYS:
        _refuse("keys takes no other argument", file, output, key, anchor)
        _print_keys(with_database(load_settings()))
    else:
        _refuse("an acknowledgement number takes -o FILE", file, key, anchor)
        _pack(what, output, force, edition, json_target)


def _refuse(words: str, *unwanted: object) -> None:
    if any(item is not None for item in unwanted):
        raise Failed(words, USAGE)


# -- writing -----------------------------------------------------------------------------------------------------------


def _pack(ack_no: str | None, output: Path | None, force: bool, edition: Edition, json_target: str | None) -> None:
    if ack_no is None or not ACK_NO_PATTERN.fullmatch(ack_no):
        raise Failed("an acknowledgement number has 14 digits", USAGE)
    if output is None:
        raise Failed("name the file to write: -o FILE", USAGE)
    certificates = {language: certificate_beside(output, language) for language in Language}
    from activities.evidence.nightly import draft

    for target in (output, *certificates.values()):
        if target.exists() and not force:
            raise Failed(f"{target} exists already; --force overwrites it", USAGE)
    settings = with_database(load_settings())
    try:
        with ExitStack() as stack:
            drafts = {language: stack.enter_context(draft(path)) for language, path in certificates.items()}
            archive = stack.enter_context(draft(output))
            packed = run(_packed_and_certified(settings, ack_no, output.name, archive, drafts, edition))
    except OSError as error:
        if error.filename is None:
            raise
        raise Failed(f"{output}: {error.strerror}", USAGE) from error
    write_json(
        json_target,
        {
            "file": output.name,
            "case_ack_no": packed.case_no,
            "edition": edition.value,
            "sha256": packed.sha256,
            "manifest_sha256": packed.manifest_sha256,
            "certificates": [path.name for path in certificates.values()],
            "files": packed.files,
            "events": packed.events,
            "size_bytes": packed.size_bytes,
        },
    )
    people(json_target).print(
        f"{packed.files:,} files of case {packed.case_no} are in {output}\nSHA-256 {packed.sha256}\n"
        f"Its certificate, to be completed and signed: {', '.join(str(path) for path in certificates.values())}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def certificate_beside(archive: Path, language: Language) -> Path:
    """Return the path of the certificate for an archive."""
    return archive.with_name(f"{archive.stem}-certificate-{language.value}.pdf")


async def _packed_and_certified(
    settings: Settings,
    ack_no: str,
    name: str,
    into: IO[bytes],
    drafts: Mapping[Language, IO[bytes]],
    edition: Edition,
) -> "Packed":
    from activities.evidence.pack import certificate

    packed = await _packed(settings, ack_no, into, edition)
    for language, draft in drafts.items():
        draft.write(await certificate(packed, name, f"goldenhour {own_version()}", language))
    return packed


async def _packed(settings: Settings, ack_no: str, into: IO[bytes], edition: Edition) -> "Packed":
    from activities.banks.received import origin_of
    from activities.evidence.pack import Maker, pack
    from activities.secrets import SecretBox
    from workers.home import secret_key

    async with open_context(settings) as ctx:
        maker = Maker(ctx, SecretBox(secret_key(settings)), origin_of(settings.bank_url or settings.public_url))
        with progress_bar("lines") as progress:
            task = progress.add_task("", total=None)
            return await pack(
                maker,
                ack_no,
                into,
                f"officer:{own_name()}",
                lambda done, total: progress.update(task, completed=done, total=total),
                edition,
            )


# -- verifying ---------------------------------------------------------------------------------------------------------


def _verify(file: Path | None, key: Path | None, anchor: Path | None, json_target: str | None) -> None:
    from activities.evidence.archive import check
    from domain.evidence_binding import NotEvidence, check_anchor

    if file is None:
        raise Failed("name the archive: verify FILE", USAGE)
    settings = load_settings()
    trusted = _BLOCK.findall(_read(key, PEM_MAX_BYTES)) if key else _own_keys(settings)
    noted = _noted(anchor) if anchor else ""
    try:
        with progress_bar("files") as progress:
            task = progress.add_task("", total=None)
            whole = check(file, lambda done, total: progress.update(task, completed=done, total=total))
        anchored_events = check_anchor(noted, whole.case_no, whole.hashes)
    except OSError as error:
        raise Failed(f"{file}: {error.strerror}", USAGE) from error
    except NotEvidence as error:
        write_json(json_target, {"evidence": "broken", "file": file.name, "why": str(error)})
        raise Failed(f"{file} is not valid: {error}", FAILURE) from None
    if trusted and whole.key_pem.strip() not in trusted:
        write_json(json_target, {"evidence": "broken", "file": file.name, "why": "signed by another key"})
        whose = "any that you gave" if key else "any of this engine; --key FILE names a key that you trust"
        raise Failed(f"{file} is signed by a key other than {whose}", FAILURE)
    if anchor and not anchored_events:
        raise Failed(f"{anchor} does not name case {whole.case_no}", FAILURE)
    _report(file, whole, bool(trusted), anchored_events, json_target)


def _report(file: Path, whole: "Whole", known: bool, anchored_events: int, json_target: str | None) -> None:
    """Report a valid archive. Anyone can sign one, so without a trusted key this is no success."""
    fingerprint = hashlib.sha256(whole.key_pem).hexdigest()
    write_json(
        json_target,
        {
            "evidence": "whole" if known else "unknown_key",
            "file": file.name,
            "files": whole.files,
            "events": whole.events,
            "last_hash": whole.last_hash,
            "events_anchored": anchored_events,
            "key_sha256": fingerprint,
            "key_known": known,
        },
    )
    size = f"{whole.files:,} files, {whole.events:,} events"
    anchored = f", {anchored_events:,} of them anchored" if anchored_events else ""
    if not known:
        raise Failed(
            f"{file} is valid ({size}{anchored}), but anyone could have signed it: give --key FILE,"
            f" or compare the key: SHA-256 {fingerprint}",
            UNCONFIRMED_KEY,
        )
    people(json_target).print(
        f"valid: {size}{anchored}; the key is trusted", highlight=False, markup=False, soft_wrap=True
    )


def _read(path: Path, most_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most_bytes)
    except OSError as error:
        raise Failed(f"{path}: {error.strerror}", USAGE) from error


def _noted(anchor: Path) -> str:
    from activities.evidence.nightly import list_text

    try:
        return list_text(_read(anchor, ANCHOR_MAX_BYTES), ANCHOR_MAX_BYTES)
    except ValueError as error:
        raise Failed(f"{anchor}: {error}", USAGE) from error


def _own_keys(settings: Settings) -> list[bytes]:
    """Return the engine's keys, former ones too if its database is readable; empty without a key."""
    import asyncpg

    own = _own_key(settings)
    if own is None:
        return []
    try:
        former = run(_published(with_database(settings)))
    except (Failed, NothingRunning, SettingsError, OSError, asyncpg.PostgresError):
        return [own.strip()]
    return [own.strip(), *(key.pem.strip().encode() for key in former.keys)]


async def _published(settings: Settings) -> "EvidenceKeys":
    from activities.evidence.pack import published_keys
    from activities.secrets import SecretBox
    from workers.home import secret_key

    async with await open_database(settings, most_connections=1) as pool, pool.acquire() as connection:
        return await published_keys(connection, SecretBox(secret_key(settings)))


def _print_keys(settings: Settings) -> None:
    """Print the keys in PEM, the current one first, each after its fingerprint."""
    for key in run(_published(settings)).keys:
        since = f"signs since {key.first_signed_at:%Y-%m-%d}" if key.first_signed_at else "has signed nothing yet"
        sys.stdout.write(f"SHA-256 {key.sha256}, {since}\n{key.pem}")


# -- anchoring the ends of case logs -----------------------------------------------------------------------------------


def anchor(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The list to write.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Write the last hash of every case log to a list, and print the SHA-256 of that list.

    A list whose name ends with `.gz` is compressed. The SHA-256 is that of `zcat FILE` then.

    Give the SHA-256, or the list, to an outside person every day. Someone who can change the database cannot change
    that record. `goldenhour evidence verify case.zip --anchor FILE` then checks a case's log against it.

    Exit codes: 0 written; 1 the database cannot be read; 2 the usage or the settings are wrong, or the file exists or
    cannot be written.
    """
    if output.exists() and not force:
        raise Failed(f"{output} exists already; --force overwrites it", USAGE)
    settings = with_database(load_settings())
    try:
        written = run(_write_anchor(settings, output))
    except OSError as error:
        if error.filename is None:
            raise
        raise Failed(f"{output}: {error.strerror}", USAGE) from error
    sys.stdout.write(f"{written.cases} cases, SHA-256 {written.digest}\n")


async def _write_anchor(settings: Settings, output: Path) -> "Anchor":
    from activities.evidence.nightly import write_anchor

    async with await open_database(settings, most_connections=1) as pool, pool.acquire() as connection:
        return await write_anchor(connection, output)


def _own_key(settings: Settings) -> bytes | None:
    """Return the key of this engine, or None if this machine has none.

    A key made now would not be the one that signed evidence.
    """
    from activities.evidence.pack import public_key
    from activities.secrets import SecretBox
    from workers.home import SECRET_KEY_FILE, secret_key

    of_home = settings.database_url is None and (settings.home / SECRET_KEY_FILE).is_file()
    if settings.secret_key is None and not of_home:
        return None
    return public_key(SecretBox(secret_key(settings)))
