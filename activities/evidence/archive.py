"""The evidence pack as a ZIP archive: the same state of a case gives the same bytes.

Files are stored without compression, because a compressor's output depends on its version. A stored archive can be
rebuilt from its contents. So the checker knows every byte, also those between the files.
"""

import errno
import hashlib
import struct
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Self

import orjson
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from activities.evidence.checks import check_edition, check_sent, check_signed, check_statements
from domain.errors.case import PackTooLarge
from domain.evidence_binding import (
    CASE,
    EVENT_LINES,
    EVENTS,
    MANIFEST,
    PUBLIC_KEY,
    SIGNATURE,
    ChainReader,
    Listed,
    NotEvidence,
    is_name,
    manifest,
    read_manifest,
)

CHUNK_BYTES: Final = 1024 * 1024
FILE_MAX_BYTES: Final = zipfile.ZIP64_LIMIT
LINE_MAX_BYTES: Final = 4 * 1024 * 1024
"""the longest line of the log; an event has a few hundred bytes"""
SMALL_MAX_BYTES: Final = 64 * 1024 * 1024
"""the largest file that is read at once: the checksums, the case, the key or the signature"""
SAID_MAX_CHARS: Final = 200
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""the first moment that a ZIP archive can name, because the archive's own times mean nothing"""
_UNIX: Final = 3
_MODE: Final = 0o100600 << 16

Progress = Callable[[int, int], None]


class Member:
    """A file that is written into a pack piece by piece. A context manager."""

    def __init__(self, name: str, into: IO[bytes], listed: list[Listed]) -> None:
        self._name = name
        self._into = into
        self._listed = listed
        self._digest = hashlib.sha256()
        self._size_bytes = 0

    def write(self, data: bytes) -> None:
        """Add a piece. Raises `LimitExceeded`."""
        self._size_bytes += len(data)
        if self._size_bytes > FILE_MAX_BYTES:
            raise PackTooLarge(self._name, FILE_MAX_BYTES)
        self._digest.update(data)
        self._into.write(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._into.close()
        self._listed.append(Listed(name=self._name, sha256=self._digest.hexdigest()))


class PackWriter:
    """Write a pack, one member after the other, into a file that can be read back. A context manager."""

    def __init__(self, file: IO[bytes]) -> None:
        self._archive = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        self.listed: list[Listed] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # An abandoned archive is closed too. Else it would close itself later, after its file is gone.
        self._archive.close()

    def open(self, name: str) -> Member:
        """Begin the next file; the previous one must have ended."""
        assert is_name(name), name
        return Member(name, self._archive.open(_info(name), "w"), self.listed)

    def add(self, name: str, content: bytes) -> None:
        """Write a file whose whole content is given."""
        with self.open(name) as member:
            member.write(content)

    def end(self, list_of_sums: bytes, signature: bytes) -> None:
        """Write the list of checksums and its signature."""
        self.add(MANIFEST, list_of_sums)
        self.add(SIGNATURE, signature)

    def seal(self, key: Ed25519PrivateKey) -> str:
        """Sign the list of checksums, write both, and return the SHA-256 of the list."""
        text = manifest(self.listed).encode()
        self.end(text, key.sign(text))
        return hashlib.sha256(text).hexdigest()


@dataclass(frozen=True, slots=True)
class Whole:
    """The contents of a pack that passed all checks."""

    key_pem: bytes
    files: int
    events: int
    last_hash: str
    case_no: str
    hashes: tuple[bytes, ...]
    """the hashes of the events of its log, in order"""


def digest_of(file: IO[bytes]) -> str:
    """Return the SHA-256 of a file, and leave the file at its end."""
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(CHUNK_BYTES):
        digest.update(piece)
    return digest.hexdigest()


def check(path: Path, progress: Progress | None = None) -> Whole:
    """Check every byte of a pack. Raises `NotEvidence` for the first failed check, and `OSError`.

    `progress` is called with (files done, all files).
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive, tempfile.TemporaryFile() as copy:
            with PackWriter(copy) as writer:
                whole = _checked(archive, writer, progress)
            if digest_of(copy) != digest_of(file):
                raise NotEvidence("something was changed between its files")
            return whole
    except zipfile.BadZipFile as error:
        # The error names the file whose bytes differ.
        raise NotEvidence(f"it is not an archive in our format: {str(error)[:SAID_MAX_CHARS]}") from None
    except (EOFError, NotImplementedError, ValueError, RuntimeError, KeyError, TypeError, struct.error) as error:
        raise NotEvidence(f"it is not an archive in our format: {type(error).__name__}") from None
    except OSError as error:
        # This error number means an impossible offset in the archive.
        if error.errno != errno.EINVAL:
            raise
        raise NotEvidence("it is not an archive in our format: wrong offset") from None


def _checked(archive: zipfile.ZipFile, copy: PackWriter, progress: Progress | None) -> Whole:
    """Check the contents of the archive, and write a copy in the way a correct pack is written."""
    if any(info.compress_type != zipfile.ZIP_STORED or info.flag_bits for info in archive.infolist()):
        raise NotEvidence("its files are compressed or have flags")
    sums, signature = _small(archive, MANIFEST), _small(archive, SIGNATURE)
    listed = read_manifest(sums.decode())
    _check_names(archive.namelist(), [*(file.name for file in listed), MANIFEST, SIGNATURE])
    key = _small(archive, PUBLIC_KEY)
    _verify(key, signature, sums)
    for number, file in enumerate(listed, start=1):
        with archive.open(file.name) as source, copy.open(file.name) as member:
            while piece := source.read(CHUNK_BYTES):
                member.write(piece)
        if copy.listed[-1] != file:
            raise NotEvidence(f"{file.name} was changed")
        if progress:
            progress(number, len(listed))
    chain = _chain(archive)
    check_statements(archive, chain, listed)
    check_sent(archive, chain, listed)
    check_signed(archive, listed)
    check_edition(archive, chain)
    copy.end(sums, signature)
    case_no = str(orjson.loads(_small(archive, CASE))["case_no"])
    return Whole(key, len(copy.listed), chain.events, chain.last.hex(), case_no, tuple(chain.hashes))


def _check_names(names: list[str], expected: list[str]) -> None:
    if names == expected:
        return
    added, missing = sorted(set(names) - set(expected)), sorted(set(expected) - set(names))
    if added:
        raise NotEvidence(f"{added[0]!r} was added or renamed")
    raise NotEvidence(f"{missing[0]} is missing" if missing else "a file is there twice or the order was changed")


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return the whole content of a file. Raises `NotEvidence`."""
    if name not in archive.NameToInfo:
        raise NotEvidence(f"{name} is missing")
    if archive.getinfo(name).file_size > SMALL_MAX_BYTES:
        raise NotEvidence(f"{name} is too large")
    return archive.read(name)


def _verify(key_pem: bytes, signature: bytes, sums: bytes) -> None:
    try:
        key = load_pem_public_key(key_pem)
        if not isinstance(key, Ed25519PublicKey):
            raise NotEvidence(f"{PUBLIC_KEY} is not an Ed25519 key")
        key.verify(signature, sums)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        raise NotEvidence(f"the signature of {MANIFEST} does not hold") from None


def _chain(archive: zipfile.ZipFile) -> ChainReader:
    """Recompute the log's hash chain and return its reader. Raises `NotEvidence`."""
    chain = ChainReader()
    with archive.open(EVENTS) as log:
        while event := [line for line in (log.readline(LINE_MAX_BYTES) for _ in range(EVENT_LINES)) if line]:
            chain.take([line.decode().removesuffix("\n") for line in event])
    head = orjson.loads(_small(archive, CASE))
    if (head["event_seq"], head["event_hash"]) != (chain.events, f"\\x{chain.last.hex()}"):
        raise NotEvidence(f"the log does not end where {CASE} says")
    return chain


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system = _UNIX
    info.external_attr = _MODE
    return info
