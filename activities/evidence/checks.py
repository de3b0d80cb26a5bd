"""Check a pack's statements about banks against its log and its other files.

These checks also find a pack that was changed and then signed again.
"""

import base64
import hashlib
import re
import zipfile
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from domain.evidence_binding import (
    BODIES,
    EDITION,
    EXCHANGES,
    SENT,
    SIGNED,
    STATEMENTS,
    ChainReader,
    Edition,
    Listed,
    NotEvidence,
)

LINE_MAX_BYTES: Final = 64 * 1024 * 1024
KEPT_MAX_BYTES: Final = 64 * 1024 * 1024
"""the largest file of one request; the bank gateway accepts much less"""
_PARTS: Final = frozenset({"key.pem", "signature", "signature-base"})
_COVERED: Final = re.compile(r'"([a-z0-9-]+)": (.*)')
_OF_NOTHING: Final = hashlib.sha256(b"").digest()
_ORIGIN: Final = re.compile(r"https?://[^/?]*")


# -- statements that the log binds -------------------------------------------------------------------------------------


def check_statements(archive: zipfile.ZipFile, chain: ChainReader, listed: Sequence[Listed]) -> None:
    """Check that the banks' statements are those that the log binds. Raises `NotEvidence`."""
    digests = _excluded(archive) | {file.name: file.sha256 for file in listed}
    for name, digest in chain.bound.items():
        if digests.get(name) != digest:
            raise NotEvidence(f"{name} is not what the log bound")
    statements = {name for name in digests if name.startswith(f"{STATEMENTS}/")}
    bodies = {name for name in digests if name.startswith(f"{BODIES}/")}
    if unbound := (statements | bodies) - chain.bound.keys():
        raise NotEvidence(f"{min(unbound)} is not what the log bound")
    for update in _rows(archive, "banks/status_updates.jsonl"):
        digest = chain.bodies.get(update["update_id"], "")
        if digest and update["body_digest"] != f"\\x{digest}":
            raise NotEvidence(f"the body of update {update['update_id']} is not what the log bound")
    # Of a statement that another edition has, this one has the digest alone, so its rows are not compared.
    statements &= {file.name for file in listed}
    _check_rows(archive, statements, "banks/answers.jsonl", "answer", "update_id")
    _check_rows(archive, statements, "orders/confirmations.jsonl", "confirmation", "confirmation_id")


def _check_rows(archive: zipfile.ZipFile, bound: Collection[str], file: str, about: str, key: str) -> None:
    """Check that the readable rows state exactly what the bound statements state. Raises `NotEvidence`."""
    at, statements = "", dict[Any, dict[str, Any]]()
    unread = {name for name in bound if f"/{about}-" in name}
    for row in _rows(archive, file):
        name = f"{STATEMENTS}/{about}-{row[key]}.jsonl"
        if name not in bound:
            continue
        if name != at and not statements:
            at, statements = name, {line["line_no"]: line for line in _rows(archive, name)}
            unread.discard(name)
        bound_line = statements.pop(row["line_no"], None)
        if bound_line is None or any(row[field] != value for field, value in bound_line.items() if field in row):
            raise NotEvidence(f"{file} differs from {name}")
    if unread or statements:
        raise NotEvidence(f"{file} lacks what {min(unread, default=at)} says")


def _rows(archive: zipfile.ZipFile, name: str) -> Iterator[dict[str, Any]]:
    if name not in archive.NameToInfo:
        raise NotEvidence(f"{name} is missing")
    with archive.open(name) as file:
        while line := file.readline(LINE_MAX_BYTES):
            yield orjson.loads(line)


# -- what was sent to banks --------------------------------------------------------------------------------------------


def check_sent(archive: zipfile.ZipFile, chain: ChainReader, listed: Sequence[Listed]) -> None:
    """Check that the sent bytes are those that their rows and the log name. Raises `NotEvidence`.

    Packs of older engines have neither sent bytes nor log entries about them.
    """
    digests = _excluded(archive) | {file.name: file.sha256 for file in listed}
    folders = {name.rpartition("/")[0] for name in digests if name.startswith(f"{SENT}/")}
    bound_folders = {f"{SENT}/{number:010}" for number in chain.sent}
    for name in digests.keys() - chain.bound.keys():
        if name.rpartition("/")[0] in bound_folders:
            raise NotEvidence(f"{name} is not what the log bound")
    unseen = dict(chain.sent)
    if EXCHANGES not in digests and not folders and not unseen:
        return
    for row in _rows(archive, EXCHANGES):
        folder, digest = f"{SENT}/{row['exchange_id']:010}", row["digest"].removeprefix("\\x")
        if folder not in folders or {f"{folder}/body", f"{folder}/request.txt"} - digests.keys():
            raise NotEvidence(f"{folder} is incomplete")
        folders.discard(folder)
        if unseen.pop(row["exchange_id"], digest) != digest:
            raise NotEvidence(f"{folder} is not what the log says was sent")
        name = f"{folder}/body"
        is_cut = name in archive.NameToInfo and archive.getinfo(name).file_size < row["size_bytes"]
        if not row["masked"] and not is_cut and digests[name] != digest:
            raise NotEvidence(f"{name} is not what its row says was sent")
    if missing := folders | {f"{SENT}/{number:010}" for number in unseen}:
        raise NotEvidence(f"{EXCHANGES} has no row for {min(missing)}")


def _excluded(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the SHA-256 of each file that only other editions have, by its name there."""
    if EDITION not in archive.NameToInfo:
        return {}
    return {str(file["name"]): str(file["sha256"]) for file in orjson.loads(_kept(archive, EDITION))["left_out"]}


def check_edition(archive: zipfile.ZipFile, chain: ChainReader) -> None:
    """Check that the court's edition leaves out only what is erased, as the log says. Raises `NotEvidence`."""
    if EDITION not in archive.NameToInfo:
        return
    record = orjson.loads(_kept(archive, EDITION))
    erased = set(record.get("erased", ()))
    if erased and not chain.is_erased:
        raise NotEvidence(f"{min(erased)} is said to be erased, and the log does not say so")
    more = {str(file["name"]) for file in record["left_out"]} - erased
    if record["edition"] == Edition.COURT and more:
        raise NotEvidence(f"{min(more)} is left out of an edition that has everything")


# -- what banks signed -------------------------------------------------------------------------------------------------


def check_signed(archive: zipfile.ZipFile, listed: Sequence[Listed]) -> None:
    """Check that each request of a bank is the one that the bank signed. Raises `NotEvidence`."""
    folders = defaultdict[str, set[str]](set)
    for file in listed:
        folder, _, name = file.name.rpartition("/")
        if folder.startswith(f"{SIGNED}/"):
            folders[folder].add(name)
    excluded = _excluded(archive)
    for folder, names in folders.items():
        erased = excluded.get(f"{folder}/body")
        if {"about.json", "body", "request.txt"} - names - ({"body"} if erased else set()):
            raise NotEvidence(f"{folder} is incomplete")
        kept = {name: _kept(archive, f"{folder}/{name}") for name in names}
        by_signature = orjson.loads(kept["about.json"])["authenticated_by"] == "signature"
        if by_signature != _PARTS.issubset(names) or (not by_signature and _PARTS & names):
            raise NotEvidence(f"{folder} has no signature, or one that about.json does not name")
        body_digest = bytes.fromhex(erased) if erased else hashlib.sha256(kept["body"]).digest()
        if by_signature and (wrong := _wrong(kept, body_digest)):
            raise NotEvidence(f"{folder}: {wrong}")


def _kept(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > KEPT_MAX_BYTES:
        raise NotEvidence(f"{name} is too large")
    return archive.read(name)


def _wrong(kept: dict[str, bytes], body_digest: bytes) -> str:
    """Return what differs in a signed request from what the bank signed; empty if nothing differs."""
    key = load_pem_public_key(kept["key.pem"])
    if not isinstance(key, Ed25519PublicKey):
        return "not an Ed25519 key"
    try:
        key.verify(kept["signature"], kept["signature-base"])
    except InvalidSignature:
        return "the signature does not hold"
    base = kept["signature-base"].decode().split("\n")
    covered = {part[1]: part[2] for line in base if (part := _COVERED.fullmatch(line))}
    signed_fields = _as_signed(base)
    start, *lines = kept["request.txt"].decode("latin-1").split("\n")
    method, _, target = start.partition(" ")
    if signed_fields.get("@method") != method or not _same_target(signed_fields, target):
        return "the first line of request.txt is not what was signed"
    came = {(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)}
    if any((name, value) not in came for name, value in covered.items()):
        return "the headers of request.txt are not what was signed"
    digest = base64.b64encode(body_digest).decode()
    if "content-digest" in covered or body_digest != _OF_NOTHING:
        return "" if f":{digest}:" in covered.get("content-digest", "") else "the body is not what was signed"
    return ""


def _as_signed(base: list[str]) -> dict[str, str]:
    """Return the components of the request itself that the signature covers."""
    pairs = (line.split(": ", 1) for line in base)
    return {name.strip('"'): value for name, value in pairs if name.startswith('"@') and name.endswith('"')}


def _same_target(signed_fields: dict[str, str], target: str) -> bool:
    if "@target-uri" in signed_fields and "@path" not in signed_fields:
        return _ORIGIN.sub("", signed_fields["@target-uri"], count=1) == target
    path, mark, query = target.partition("?")
    return (
        signed_fields.get("@path") == path
        and signed_fields.get("@query", "?") == f"?{query}"
        and (bool(mark) or not query)
    )
