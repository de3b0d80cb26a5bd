"""`goldenhour evidence`: the evidence of a case as one signed archive, and whether such an archive is whole."""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from domain.evidence import Edition
from schemas.identifiers import ACK_NO_PATTERN
from workers.commands.common import (
    FAILURE,
    USAGE,
    Failed,
    JsonTarget,
    load_settings,
    people,
    progress_bar,
    run,
    with_database,
    write_json,
)
from workers.commands.importing import open_hands
from workers.commands.processes import own_name
from workers.home import NothingRunning
from workers.settings import Settings

if TYPE_CHECKING:
    from activities.evidence import Packed
    from activities.evidence_file import Whole

VERIFY = "verify"
PEM_MAX_BYTES = 4_096


def evidence(
    what: Annotated[
        str | None, typer.Argument(metavar="[ACK_NO|verify]", help="Any number of the case; or the word verify.")
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
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="For verify: the public key that you trust.")] = None,
    json_target: JsonTarget = None,
) -> None:
    """Write everything about a case into one signed ZIP archive; `verify FILE` says whether such an archive is whole.

    It holds the case log with its hash chain, what banks signed and answered, requests, orders, papers, the ledger, a
    timeline to read, and a page for a court's expert who verifies it with sha256sum and openssl (docs/evidence.md). The
    archive is readable by you alone, and that you have it is entered in the case's log.

    Exit codes: 0 written, or whole; 1 no such case, not whole, or the database cannot be read; 2 the usage or the
    settings are wrong, or a file cannot be read or written.
    """
    if public_key:
        _refuse("--public-key stands alone", what, file, output, key)
        own = _own_key(settings := load_settings())
        if own is None:
            raise NothingRunning(settings.home.absolute())
        sys.stdout.write(own.decode())
    elif what == VERIFY:
        _refuse("verify takes a FILE, and --key", output)
        _verify(file, key, json_target)
    else:
        _refuse("an acknowledgement number takes -o FILE", file, key)
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
    if output.exists() and not force:
        raise Failed(f"{output}: is there already; --force overwrites it", USAGE)
    settings = with_database(load_settings())
    try:
        with _draft(output) as draft:
            packed = run(_packed(settings, ack_no, draft, edition))
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
            "files": packed.files,
            "events": packed.events,
            "size_bytes": packed.size_bytes,
        },
    )
    people(json_target).print(
        f"{packed.files:,} files of case {packed.case_no} are in {output}\nSHA-256 {packed.sha256}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


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


async def _packed(settings: Settings, ack_no: str, into: IO[bytes], edition: Edition) -> "Packed":
    from activities.evidence import Maker, pack
    from activities.evidence_signed import origin_of
    from activities.vault import Vault
    from workers.home import secret_key

    async with open_hands(settings) as hands:
        maker = Maker(hands, Vault(secret_key(settings)), origin_of(settings.public_url))
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


def _verify(file: Path | None, key: Path | None, json_target: str | None) -> None:
    from activities.evidence_file import check
    from domain.evidence import NotEvidence

    if file is None:
        raise Failed("say which archive: verify FILE", USAGE)
    trusted = _read_key(key) if key else _own_key(load_settings())
    try:
        with progress_bar("files") as progress:
            task = progress.add_task("", total=None)
            whole = check(file, lambda done, total: progress.update(task, completed=done, total=total))
    except OSError as error:
        raise Failed(f"{file}: {error.strerror}", USAGE) from error
    except NotEvidence as error:
        write_json(json_target, {"evidence": "broken", "file": file.name, "why": str(error)})
        raise Failed(f"{file} is not whole: {error}", FAILURE) from None
    if trusted is not None and whole.key_pem.strip() != trusted.strip():
        write_json(json_target, {"evidence": "broken", "file": file.name, "why": "signed by another key"})
        whose = "the one you gave" if key else "that of this engine; --key FILE names one that you trust"
        raise Failed(f"{file} is signed by another key than {whose}", FAILURE)
    _tell(file, whole, trusted is not None, json_target)


def _tell(file: Path, whole: "Whole", known: bool, json_target: str | None) -> None:
    fingerprint = hashlib.sha256(whole.key_pem).hexdigest()
    write_json(
        json_target,
        {
            "evidence": "whole",
            "file": file.name,
            "files": whole.files,
            "events": whole.events,
            "last_hash": whole.last_hash,
            "key_sha256": fingerprint,
            "key_known": known,
        },
    )
    words = "the key is the one that is trusted" if known else f"compare the key: SHA-256 {fingerprint}"
    people(json_target).print(
        f"whole: {whole.files:,} files, {whole.events:,} events; {words}", highlight=False, markup=False, soft_wrap=True
    )


def _read_key(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(PEM_MAX_BYTES)
    except OSError as error:
        raise Failed(f"{path}: {error.strerror}", USAGE) from error


def _own_key(settings: Settings) -> bytes | None:
    """The key of this engine; None where this machine has none: one made now would sign for nobody."""
    from activities.evidence import public_key
    from activities.vault import Vault
    from workers.home import SECRET_KEY_FILE, secret_key

    if settings.secret_key is None and not (settings.home / SECRET_KEY_FILE).is_file():
        return None
    return public_key(Vault(secret_key(settings)))
