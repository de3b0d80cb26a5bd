"""Each check of a pack by itself, on small archives in memory."""

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from activities.evidence import archive, checks
from activities.evidence.archive import PackWriter, check
from activities.evidence.checks import check_sent, check_signed, check_statements
from activities.secrets import pem
from domain.errors.case import PackTooLarge
from domain.evidence_binding import EDITION, EXCHANGES, PUBLIC_KEY, SENT, SIGNED, ChainReader, Listed, NotEvidence
from tests.each import each

KEY = Ed25519PrivateKey.generate()
OTHER_KIND = (
    generate_private_key(SECP256R1()).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
)
FOLDER = f"{SIGNED}/0000000001"
SENT_FOLDER = f"{SENT}/0000000001"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@contextmanager
def opened(files: Mapping[str, bytes]) -> Iterator[tuple[zipfile.ZipFile, list[Listed]]]:
    """An archive of these files, and its list of checksums."""
    into = io.BytesIO()
    with PackWriter(into) as writer:
        for name, content in files.items():
            writer.add(name, content)
    with zipfile.ZipFile(into) as archive:
        yield archive, writer.listed


# -- what a bank signed ------------------------------------------------------------------------------------------------


def signed(body: bytes, *base: str, target: str = "/api/v1/bank/holds", key: bytes | None = None) -> dict[str, bytes]:
    """The files of a request of which the bank signed these lines."""
    text = "\n".join(base).encode()
    return {
        f"{FOLDER}/about.json": orjson.dumps({"authenticated_by": "signature"}),
        f"{FOLDER}/body": body,
        f"{FOLDER}/request.txt": f"GET {target}".encode(),
        f"{FOLDER}/key.pem": pem(KEY.public_key()) if key is None else key,
        f"{FOLDER}/signature": KEY.sign(text),
        f"{FOLDER}/signature-base": text,
    }


METHOD, PATH = '"@method": GET', '"@path": /api/v1/bank/holds'
WHOLE = '"@target-uri": https://police.example/api/v1/bank/holds'


@each("base", [(METHOD, PATH), (METHOD, WHOLE)])
def test_a_signature_over_a_path_or_a_whole_address_holds(base: tuple[str, ...]) -> None:
    with opened(signed(b"", *base)) as (archive, listed):
        check_signed(archive, listed)


@each(
    ("files", "message"),
    [
        (signed(b"", METHOD, WHOLE, target="/api/v1/bank/orders"), "first line of request.txt"),
        (signed(b"{}", METHOD, PATH), "the body is not what was signed"),
        (signed(b"", METHOD, PATH, key=OTHER_KIND), "not an Ed25519 key"),
        ({f"{FOLDER}/about.json": b"{}", f"{FOLDER}/body": b""}, f"{FOLDER} is incomplete"),
    ],
)
def test_what_a_bank_did_not_sign_is_no_evidence(files: dict[str, bytes], message: str) -> None:
    with opened(files) as (archive, listed), pytest.raises(NotEvidence, match=message):
        check_signed(archive, listed)


def test_a_huge_file_of_a_request_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "KEPT_MAX_BYTES", 10)
    files = signed(b"x" * 11, METHOD, PATH)
    with opened(files) as (archive, listed), pytest.raises(NotEvidence, match="is too large"):
        check_signed(archive, listed)


# -- what was sent to a bank -------------------------------------------------------------------------------------------


def sent(body: bytes, said: bytes | None = None) -> dict[str, bytes]:
    """The files of an exchange whose row says that this was sent."""
    told = body if said is None else said
    row = {"exchange_id": 1, "digest": f"\\x{digest(told)}", "size_bytes": len(told), "masked": False}
    return {
        EXCHANGES: orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE),
        f"{SENT_FOLDER}/body": body,
        f"{SENT_FOLDER}/request.txt": b"POST /fraud",
    }


def of_log(*, body: bytes | None = None) -> ChainReader:
    chain = ChainReader()
    if body is not None:
        chain.sent[1] = digest(body)
    return chain


@each("files", [sent(b"{}"), {"case/case.json": b"{}"}])
def test_sent_bytes_are_those_of_the_row_and_an_older_pack_has_none(files: dict[str, bytes]) -> None:
    with opened(files) as (archive, listed):
        check_sent(archive, of_log(), listed)


@each(
    ("files", "chain", "message"),
    [
        (sent(b"[]", said=b"{}"), of_log(), "is not what its row says was sent"),
        (sent(b"{}"), of_log(body=b"{}"), "is not what the log bound"),
        ({"case/case.json": b"{}"}, of_log(body=b"{}"), f"{EXCHANGES} is missing"),
        ({name: content for name, content in sent(b"{}").items() if "request" not in name}, of_log(), "is incomplete"),
        (sent(b"{}") | {f"{SENT}/0000000002/body": b"{}"}, of_log(), "has no row for"),
    ],
)
def test_what_was_not_sent_is_no_evidence(files: dict[str, bytes], chain: ChainReader, message: str) -> None:
    with opened(files) as (archive, listed), pytest.raises(NotEvidence, match=message):
        check_sent(archive, chain, listed)


def test_a_body_that_another_edition_has_is_checked_by_its_digest() -> None:
    files = {name: content for name, content in sent(b"{}").items() if not name.endswith("/body")}
    left_out = [{"name": f"{SENT_FOLDER}/body", "sha256": digest(b"{}")}]
    files[EDITION] = orjson.dumps({"left_out": left_out})
    with opened(files) as (archive, listed):
        check_sent(archive, of_log(), listed)
        left_out[0]["sha256"] = digest(b"[]")
    files[EDITION] = orjson.dumps({"left_out": left_out})
    with opened(files) as (archive, listed), pytest.raises(NotEvidence, match="is not what its row says"):
        check_sent(archive, of_log(), listed)


def test_a_statement_that_only_the_log_has_is_missed() -> None:
    chain = ChainReader()
    chain.bound["banks/words/answer-1.jsonl"] = digest(b"{}")
    with opened({"case/case.json": b"{}"}) as (archive, listed), pytest.raises(NotEvidence, match="the log bound"):
        check_statements(archive, chain, listed)


# -- the archive -------------------------------------------------------------------------------------------------------


def written(path: Path, files: Mapping[str, bytes], kind: int = zipfile.ZIP_STORED) -> Path:
    """A file with an archive of these files and a seal."""
    into = io.BytesIO()
    with PackWriter(into) as writer:
        for name, content in files.items():
            writer.add(name, content)
        writer.seal(KEY)
    if kind == zipfile.ZIP_STORED:
        path.write_bytes(into.getvalue())
        return path
    with zipfile.ZipFile(into) as stored, zipfile.ZipFile(path, "w", kind) as packed:
        for name in stored.namelist():
            packed.writestr(name, stored.read(name))
    return path


@pytest.mark.parametrize(
    ("files", "kind", "message"),
    [
        ({"a.txt": b"a"}, zipfile.ZIP_DEFLATED, "its files are compressed or have flags"),
        ({"a.txt": b"a"}, zipfile.ZIP_STORED, f"{PUBLIC_KEY} is missing"),
        ({PUBLIC_KEY: OTHER_KIND}, zipfile.ZIP_STORED, f"{PUBLIC_KEY} is not an Ed25519 key"),
        ({PUBLIC_KEY: b"no key"}, zipfile.ZIP_STORED, "does not hold"),
    ],
)
def test_an_archive_of_another_form_is_no_evidence(
    tmp_path: Path, files: dict[str, bytes], kind: int, message: str
) -> None:
    with pytest.raises(NotEvidence, match=message):
        check(written(tmp_path / "case.zip", files, kind))


def test_a_huge_list_of_checksums_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "SMALL_MAX_BYTES", 10)
    with pytest.raises(NotEvidence, match="is too large"):
        check(written(tmp_path / "case.zip", {"a.txt": b"a"}))


def test_a_file_above_the_limit_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "FILE_MAX_BYTES", 10)
    with PackWriter(io.BytesIO()) as writer, writer.open("a.txt") as member:
        member.write(b"x" * 6)
        with pytest.raises(PackTooLarge):
            member.write(b"x" * 5)
