"""A bank's signature is checked by itself: a changed folder is found even in a pack signed again with our key."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from activities.banks.bodies import BodyOpener
from activities.banks.received import signed_now
from activities.context import Context
from activities.evidence.pack import check, signing_key
from activities.secrets import CannotOpen, SecretBox, pem
from db.evidence.integrity import case_records
from domain.evidence.integrity import Check, examine
from domain.evidence_binding import SIGNED, NotEvidence
from schemas.banks.keys import BankKey
from simulator.wires.letters import signed_headers
from tests.activities.evidence_case import packed, rich_case
from tests.activities.evidence_forging import Files, experts_word, is_whole, resigned, unzipped, written, zipped
from tests.factories import SECRET, shared_context
from workers.embedded.postgres import EmbeddedPostgres

OURS = signing_key(SecretBox(SECRET))
URL = "https://police.example/api/v1/bank/holds"
FIRST = f"{SIGNED}/0000000001"


@pytest.fixture(scope="module")
async def ctx(postgres: EmbeddedPostgres, template_database: str) -> AsyncIterator[Context]:
    async with shared_context(postgres, template_database) as shared:
        yield shared


@pytest.fixture(scope="module")
async def case_no(ctx: Context) -> str:
    return (await rich_case(ctx))[1]


@pytest.fixture(scope="module")
async def files(ctx: Context, case_no: str) -> Files:
    files = unzipped(await packed(ctx, case_no))
    assert f"{FIRST}/signature" in files
    return files


def _unbound(files: Files) -> Files:
    """The same pack as of a case whose log binds nothing of it: only the folder itself speaks then."""
    copied = {name.replace("0000000001", "0000009999"): content for name, content in files.items() if FIRST in name}
    return copied | files


def _forgeries(files: Files, folder: str) -> dict[str, Files]:
    def with_(name: str, content: bytes) -> Files:
        return files | {f"{folder}/{name}": content}

    def without(*names: str) -> Files:
        return {name: content for name, content in files.items() if name not in {f"{folder}/{one}" for one in names}}

    start, rest = files[f"{folder}/request.txt"].split(b"\n", 1)
    base = files[f"{folder}/signature-base"]
    return {
        "body emptied": with_("body", b""),
        "another body": with_("body", b"{}"),
        "another method": with_("request.txt", start.replace(b"POST", b"PUT") + b"\n" + rest),
        "another path": with_("request.txt", start.replace(b"/api", b"/apo") + b"\n" + rest),
        "another query": with_("request.txt", start + b"1\n" + rest),
        "no query": with_("request.txt", start.split(b"?")[0] + b"\n" + rest),
        "another header": with_("request.txt", start + b"\n" + rest.replace(b"sha-256=:", b"sha-256=:A")),
        "no signature": without("signature"),
        "no signature at all": without("signature", "signature-base", "key.pem"),
        "another base": with_("signature-base", base + b" "),
    }


async def test_what_a_bank_signed_cannot_be_changed_by_who_holds_our_key(files: Files) -> None:
    unbound = _unbound(files)
    folder = FIRST.replace("0000000001", "0000009999")
    assert is_whole(zipped(resigned(unbound, OURS)))
    assert experts_word(resigned(unbound, OURS)) == ""
    for name, forged in _forgeries(unbound, folder).items():
        again = resigned(forged, OURS)
        assert not is_whole(zipped(again)), name
        assert experts_word(again), name


async def test_the_log_binds_every_request_and_its_banks_key(files: Files) -> None:
    """So that none is left out, nor signed with another key than the bank had registered then."""
    forger = Ed25519PrivateKey.generate()
    base = files[f"{FIRST}/signature-base"]
    another_key = {"key.pem": pem(forger.public_key()), "signature": forger.sign(base)}
    as_token = json.loads(files[f"{FIRST}/about.json"]) | {"authenticated_by": "token", "key_id": None}
    parts = ("signature", "signature-base", "key.pem")
    for name, forged in {
        "left out": {name: content for name, content in files.items() if not name.startswith(FIRST)},
        "another key": files | {f"{FIRST}/{name}": content for name, content in another_key.items()},
        "said to have come with a token": {
            name: content for name, content in files.items() if name not in {f"{FIRST}/{one}" for one in parts}
        }
        | {f"{FIRST}/about.json": json.dumps(as_token).encode()},
    }.items():
        again = resigned(forged, OURS)
        assert not is_whole(zipped(again)), name
        assert experts_word(again).startswith("step 5"), name


async def test_what_was_judged_stays_when_our_address_changes(ctx: Context, files: Files) -> None:
    row = await ctx.pool.fetchrow("SELECT key_id, signature_base FROM bank_evidence WHERE evidence_id = 1")
    assert row is not None
    assert (row["key_id"], row["signature_base"]) == ("hdfc:1", files[f"{FIRST}/signature-base"])


@pytest.mark.parametrize("change", ["headers = '[]'", "path = '/'", "digest = sha256('x')"])
async def test_what_is_changed_in_the_database_is_found(ctx: Context, change: str) -> None:
    _, case_no = await rich_case(ctx)
    async with ctx.pool.acquire() as connection, connection.transaction():
        await connection.execute("ALTER TABLE bank_evidence DISABLE TRIGGER USER")
        last = "SELECT max(evidence_id) FROM bank_evidence WHERE institution = 'HDFC'"
        await connection.execute(f"UPDATE bank_evidence SET {change} WHERE evidence_id = ({last})")
        await connection.execute("ALTER TABLE bank_evidence ENABLE TRIGGER USER")
    async with ctx.pool.acquire() as connection, connection.transaction():
        (record,) = [record async for record in case_records(connection, BodyOpener(ctx.persons), case_no)]
    assert {found.check for found in examine(record)} == {Check.WORDS_CHANGED}
    with pytest.raises((NotEvidence, CannotOpen), match=r"bound|changed"), written(await packed(ctx, case_no)) as path:
        check(path)


def test_a_signature_is_kept_only_if_the_key_made_it() -> None:
    key = Ed25519PrivateKey.generate()
    headers = signed_headers("GET", URL, b"", key_id="HDFC-1", private_key=key) | {"Host": "police.example"}
    lines = list(headers.items())
    for private_key, found in ((key, True), (Ed25519PrivateKey.generate(), False)):
        known = BankKey(
            key_id="HDFC-1",
            institution="HDFC",
            public_key=private_key.public_key().public_bytes_raw(),
            not_before=datetime(2026, 1, 1, tzinfo=UTC),
        )
        signed = signed_now("GET", "/api/v1/bank/holds", lines, None, known)
        assert (signed is not None) is found
        other = signed_now("GET", "/api/v1/bank/orders", lines, None, known)
        assert other is None
