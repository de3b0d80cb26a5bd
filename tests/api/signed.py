"""A bank that signs, its doors, and signers that do not mind what they sign."""

from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI, Request
from http_message_signatures import ContentDigest, HTTPMessageSigner, MappingKeyResolver, algorithms

from adapters.clock import wall_clock
from api import problems
from api.gateway.signatures import signed_by
from domain.policy.model import load_policy
from schemas.banks.keys import BankKey
from simulator.wires.letters import COVERED, signed_headers

ORIGIN = "https://freeze.example"
PATH = "/bank/v1/holds%2F1/answer"
URL = f"{ORIGIN}{PATH}?part=1"
BODY = b'{"hop": 3, "held_paise": 450050}'
WINDOW_SECONDS = load_policy().signatures.window_seconds
MINUTE = timedelta(minutes=1)
NONCE = "nonce-0123456789abcdef"
OLD, NEXT, STRANGER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3))


def bank_key(key_id: str, key: Ed25519PrivateKey, **changes: Any) -> BankKey:
    values: dict[str, Any] = {
        "institution": "SBIN",
        "not_before": datetime.now(UTC) - timedelta(days=1),
        "not_after": None,
    }
    return BankKey(key_id=key_id, public_key=key.public_key().public_bytes_raw(), **(values | changes))


@dataclass
class Bank:
    """The doors of a bank that signs, and what they keep."""

    client: httpx.AsyncClient
    keys: dict[str, BankKey] = field(default_factory=dict)
    nonces: set[tuple[str, str]] = field(default_factory=set)
    origin: str | None = None
    clock: Callable[[], datetime] = wall_clock

    async def key(self, key_id: str) -> BankKey | None:
        return self.keys.get(key_id)

    async def take(self, key_id: str, nonce: str, seen_at: datetime) -> bool:
        assert seen_at.tzinfo is not None
        known = (key_id, nonce) in self.nonces
        self.nonces.add((key_id, nonce))
        return not known

    async def call(
        self,
        headers: Mapping[str, str] | list[tuple[str, str]],
        body: bytes = BODY,
        url: str = URL,
        method: str = "POST",
    ) -> httpx.Response:
        return await self.client.request(method, url, content=body, headers=headers)


@asynccontextmanager
async def opened(app: FastAPI | None = None) -> AsyncIterator[Bank]:
    app = app or FastAPI()
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app))
    stands = Bank(client, {"sbin-1": bank_key("sbin-1", OLD), "sbin-2": bank_key("sbin-2", NEXT)})
    problems.add_handlers(app)

    @app.api_route("/bank/v1/{rest:path}", methods=["GET", "POST", "PUT"])
    async def signed(request: Request) -> dict[str, str]:
        key = await signed_by(
            request, stands, stands, stands.clock(), window_seconds=WINDOW_SECONDS, origin=stands.origin
        )
        return {"institution": key.institution, "key": key.key_id}

    async with client:
        yield stands


def sign(body: bytes = BODY, url: str = URL, method: str = "POST", **changes: Any) -> dict[str, str]:
    values: dict[str, Any] = {"key_id": "sbin-1", "private_key": OLD}
    return signed_headers(method, url, body, **(values | changes))


def refusal(response: httpx.Response) -> tuple[str, str]:
    """Its kind, and what it says besides."""
    problem = response.json()
    assert problem["status"] == response.status_code
    return problem["type"].removeprefix("urn:goldenhour:problem:"), problem["detail"]


PATCHES = (
    b"",
    b"(",
    b")",
    b";",
    b'"',
    b",",
    b"=",
    b":",
    b"?1",
    b" ",
    b"\t",
    b'"@status"',
    b'"@query-param";name="part"',
    b";req",
    b";tr",
)


def printable(raw: bytes) -> bytes:
    """What a server would let through in a header."""
    return bytes(byte for byte in raw if byte == 9 or 32 <= byte != 127)


def b64(digest: Any) -> str:
    return b64encode(digest.digest()).decode()


class _AnyDigest(ContentDigest):
    """Leaves a digest as it stands, whatever it says."""

    @classmethod
    def prepare(cls, headers: Any, body: bytes | None, *, use_existing_digest: bool) -> None:
        pass


class _CarelessSigner(HTTPMessageSigner):
    content_digest_class = _AnyDigest


def sign_over(digest: str, *, component: str = "content-digest") -> dict[str, str]:
    """Signed with a Content-Digest of one's own making."""
    request = httpx.Request("POST", URL, headers={"Content-Digest": digest})
    signer = _CarelessSigner(
        signature_algorithm=algorithms.ED25519,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={"sbin-1": OLD}),
    )
    signer.sign(request, key_id="sbin-1", nonce=NONCE, covered_component_ids=(*COVERED, component))
    names = ("Content-Digest", "Signature-Input", "Signature")
    return {name: request.headers[name] for name in names}
