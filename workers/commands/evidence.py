"""`goldenhour evidence`: the evidence of a case as one signed archive, and whether such an archive is whole."""

import hashlib
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, aclosing, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from domain.evidence.pack import Edition
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
from workers.commands.engine_parts import open_context
from workers.commands.exits import FAILURE, USAGE, Failed
from workers.commands.processes import own_name
from workers.home import NothingRunning
from workers.settings import Settings

if TYPE_CHECKING:
    from activities.evidence.archive import Whole
    from activities.evidence.pack import Packed
    from db.evidence.evidence_keys import EvidenceKeys

VERIFY = "verify"
KEYS = "keys"
PEM_MAX_BYTES = 64 * 1024
ANCHOR_MAX_BYTES = 256 * 1024 * 1024
NOBODYS_KEY = 3
"""exit code of a pack that is whole, signed by a key for which nobody has vouched"""
_BLOCK = re.compile(rb"-----BEGIN PUBLIC KEY-----\n.*?\n-----END PUBLIC KEY-----", re.DOTALL)


def evidence(
    what: Annotated[
        str | None,
        typer.Argument(metavar="[ACK_NO|verify|keys]", help="Any number of the case; or verify, or keys."),
    ] = None,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The archive to verify.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="The archive to write.")] = None,
    edition: Annotated[
        Edition,
        typer.Option("--for", help="For whom: the accused's copy has the papers to the victim as their SHA-256 only."),
    ] = Edition.COURT,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
    public_key: Annotated[
        bool, typer.Option("--public-key", help="Print the key that courts verify with, and end.")
    ] = False,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For verify: the public key that you trust, or several.")
    ] = None,
    anchor: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For verify: what `goldenhour anchor` has noted outside.")
    ] = None,
    json_target: JsonTarget = None,
) -> None:
    """Write everything about a case into one signed ZIP archive; `verify FILE` says whether such an archive is whole.

    It holds the case log with its hash chain, what banks signed and answered, requests, orders, papers, the ledger, a
    timeline to read, and a page for a court's expert who verifies it with sha256sum and openssl
    (docs/reference/evidence.md). The archive is readable by you alone, and that you have it is entered in the case's
    log.

    Beside `case.zip` stands the certificate that the law asks for (BSA 2023, section 63(4)), in English and in Hindi:
    `case-certificate-en.pdf` and `case-certificate-hi.pdf`. Each is a draft: it has the SHA-256 of the archive and what
    else the engine knows, and empty lines for what only a person can state and sign.

    `keys` prints the public keys that have signed evidence, former ones too.

    Exit codes: 0 written, or whole; 1 no such case, not whole, or the database cannot be read; 2 the usage or the
    settings are wrong, or a file cannot be read or written; 3 whole, but signed by a key that nobody has vouched for.
    """
    if public_key:
        _refuse("--public-key stands alone", what, file, output, key, anchor)
        own = _own_key(settings := load_settings())
        if own is None:
            raise NothingRunning(settings.home.absolute())
        sys.stdout.write(own.decode())
    elif what == VERIFY:
        _refuse("verify takes a FILE, --key and --anchor", output)
        _verify(file, key, anchor, json_target)
    elif what == KEYS:
        _refuse("keys stands alone", file, output, key, anchor)
        _print_keys(with_database(load_settings()))
    else:
        _refuse("an acknowledgement number takes -o FILE", file, key, anchor)
        _pack(what, output, force, edition, json_target)


def _refuse(words: str, *unwanted: object) -> None:
    if any(one is not None for one in unwanted):
        raise Failed(words, USAGE)


# -- writing -----------------------------------------------------------------------------------------------------------


def _pack(ack_no: str | None, output: Path | None, force: bool, edition: Edition, json_target: str | None) -> None:
    if ack_no is None or not ACK_NO_PATTERN.match(ack_no):
        raise Failed("an acknowledgement number has 14 digits", USAGE)
    if output is None:
        raise Failed("say where to write it: -o FILE", USAGE)
    certificates = {language: certificate_beside(output, language) for language in Language}
    for target in (output, *certificates.values()):
        if target.exists() and not force:
            raise Failed(f"{target}: is there already; --force overwrites it", USAGE)
    settings = with_database(load_settings())
    try:
        with ExitStack() as stack:
            drafts = {language: stack.enter_context(_draft(path)) for language, path in certificates.items()}
            draft = stack.enter_context(_draft(output))
            packed = run(_packed_and_certified(settings, ack_no, output.name, draft, drafts, edition))
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
        f"The certificate for it, to be filled in and signed: {', '.join(str(path) for path in certificates.values())}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def certificate_beside(archive: Path, language: Language) -> Path:
    """Where the certificate for an archive stands."""
    return archive.with_name(f"{archive.stem}-certificate-{language.value}.pdf")


@contextmanager
def _draft(target: Path) -> Iterator[IO[bytes]]:
    """A file for its owner alone that takes the place of `target` when it is whole, and goes when it is not."""
    path = target.with_name(f".{target.name}.{os.getpid()}")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        path.replace(target)
    finally:
        path.unlink(missing_ok=True)


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
    from activities.banks.signed_requests import origin_of
    from activities.evidence.pack import Maker, pack
    from activities.secrets import SecretBox
    from workers.home import secret_key

    async with open_context(settings) as ctx:
        maker = Maker(ctx, SecretBox(secret_key(settings)), origin_of(settings.public_url))
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
    from domain.evidence.pack import NotEvidence, check_anchor

    if file is None:
        raise Failed("say which archive: verify FILE", USAGE)
    settings = load_settings()
    trusted = _BLOCK.findall(_read(key, PEM_MAX_BYTES)) if key else _own_keys(settings)
    noted = _read(anchor, ANCHOR_MAX_BYTES).decode("ascii", "replace") if anchor else ""
    try:
        with progress_bar("files") as progress:
            task = progress.add_task("", total=None)
            whole = check(file, lambda done, total: progress.update(task, completed=done, total=total))
        vouched = check_anchor(noted, whole.case_no, whole.hashes)
    except OSError as error:
        raise Failed(f"{file}: {error.strerror}", USAGE) from error
    except NotEvidence as error:
        write_json(json_target, {"evidence": "broken", "file": file.name, "why": str(error)})
        raise Failed(f"{file} is not whole: {error}", FAILURE) from None
    if trusted and whole.key_pem.strip() not in trusted:
        write_json(json_target, {"evidence": "broken", "file": file.name, "why": "signed by another key"})
        whose = "those you gave" if key else "those of this engine; --key FILE names one that you trust"
        raise Failed(f"{file} is signed by another key than {whose}", FAILURE)
    if anchor and not vouched:
        raise Failed(f"{anchor} does not name case {whole.case_no}", FAILURE)
    _tell(file, whole, bool(trusted), vouched, json_target)


def _tell(file: Path, whole: "Whole", known: bool, vouched: int, json_target: str | None) -> None:
    """Say that it is whole. A pack that a stranger signed is whole too, so without a trusted key it is no success."""
    fingerprint = hashlib.sha256(whole.key_pem).hexdigest()
    write_json(
        json_target,
        {
            "evidence": "whole" if known else "unknown_key",
            "file": file.name,
            "files": whole.files,
            "events": whole.events,
            "last_hash": whole.last_hash,
            "events_anchored": vouched,
            "key_sha256": fingerprint,
            "key_known": known,
        },
    )
    size = f"{whole.files:,} files, {whole.events:,} events"
    anchored = f", {vouched:,} of them as noted outside" if vouched else ""
    if not known:
        raise Failed(
            f"{file} is whole ({size}{anchored}), but anybody could have signed it: give --key FILE,"
            f" or compare the key: SHA-256 {fingerprint}",
            NOBODYS_KEY,
        )
    people(json_target).print(
        f"whole: {size}{anchored}; the key is one that is trusted", highlight=False, markup=False, soft_wrap=True
    )


def _read(path: Path, most_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most_bytes)
    except OSError as error:
        raise Failed(f"{path}: {error.strerror}", USAGE) from error


def _own_keys(settings: Settings) -> list[bytes]:
    """The keys of this engine, former ones too where its database can be read; none where this machine has none."""
    import asyncpg

    own = _own_key(settings)
    if own is None:
        return []
    try:
        former = run(_published(with_database(settings)))
    except (Failed, NothingRunning, OSError, asyncpg.PostgresError):
        return [own.strip()]
    return [own.strip(), *(key.pem.strip().encode() for key in former.keys)]


async def _published(settings: Settings) -> "EvidenceKeys":
    from activities.evidence.pack import published_keys
    from activities.secrets import SecretBox
    from workers.home import secret_key

    async with await open_database(settings, most_connections=1) as pool, pool.acquire() as connection:
        return await published_keys(connection, SecretBox(secret_key(settings)))


def _print_keys(settings: Settings) -> None:
    """The keys as openssl reads them, the one that signs now first; each under its fingerprint."""
    for key in run(_published(settings)).keys:
        since = f"signs since {key.first_signed_at:%Y-%m-%d}" if key.first_signed_at else "has signed nothing yet"
        sys.stdout.write(f"SHA-256 {key.sha256}, {since}\n{key.pem}")


# -- noting where logs end ---------------------------------------------------------------------------------------------


def anchor(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The list to write.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
) -> None:
    """Write down where the log of every case ends, and print the SHA-256 of that list.

    Give the SHA-256, or the list, to somebody outside every day: whoever can change the database cannot take back what
    was noted, and `goldenhour evidence verify case.zip --anchor FILE` says whether a case's log is still that one.

    Exit codes: 0 written; 1 the database cannot be read; 2 the usage or the settings are wrong, or the file cannot be
    written, or is there.
    """
    from activities.evidence.archive import digest_of

    if output.exists() and not force:
        raise Failed(f"{output}: is there already; --force overwrites it", USAGE)
    settings = with_database(load_settings())
    try:
        with _draft(output) as draft:
            cases = run(_write_heads(settings, draft))
            digest = digest_of(draft)
    except OSError as error:
        if error.filename is None:
            raise
        raise Failed(f"{output}: {error.strerror}", USAGE) from error
    sys.stdout.write(f"{cases} cases, SHA-256 {digest}\n")


async def _write_heads(settings: Settings, into: IO[bytes]) -> int:
    from db.cases.events import heads

    cases = 0
    async with (
        await open_database(settings, most_connections=1) as pool,
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
        aclosing(heads(connection)) as lines,
    ):
        async for line in lines:
            into.write(f"{line}\n".encode())
            cases += 1
    return cases


def _own_key(settings: Settings) -> bytes | None:
    """The key of this engine; None where this machine has none: one made now would sign for nobody."""
    from activities.evidence.pack import public_key
    from activities.secrets import SecretBox
    from workers.home import SECRET_KEY_FILE, secret_key

    if settings.secret_key is None and not (settings.home / SECRET_KEY_FILE).is_file():
        return None
    return public_key(SecretBox(secret_key(settings)))
