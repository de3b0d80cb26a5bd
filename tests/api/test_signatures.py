"""Signed requests of banks: what is let through, and every rule that refuses, over the application's own HTTP."""

import asyncio
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI, Request
from http_message_signatures import ContentDigest, HTTPMessageSigner, MappingKeyResolver, algorithms
from hypothesis import given, settings
from hypothesis import strategies as st

from api import problems, signatures
from api.signatures import FIELD_MAX_BYTES, REQUIRED, signed_by
from domain.policy import load_policy
from schemas.bank_keys import BankKey
from simulator.signing import COVERED, signed_headers

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
        body = await request.body()
        key = await signed_by(request, body, stands, stands, window_seconds=WINDOW_SECONDS, origin=stands.origin)
        return {"institution": key.institution, "key": key.key_id}

    async with client:
        yield stands


@pytest.fixture
async def bank() -> AsyncIterator[Bank]:
    async with opened() as stands:
        yield stands


def sign(body: bytes = BODY, url: str = URL, method: str = "POST", **changes: Any) -> dict[str, str]:
    values: dict[str, Any] = {"key_id": "sbin-1", "private_key": OLD}
    return signed_headers(method, url, body, **(values | changes))


def refusal(response: httpx.Response) -> tuple[str, str]:
    """Its kind, and what it says besides."""
    problem = response.json()
    assert problem["status"] == response.status_code
    return problem["type"].removeprefix("urn:goldenhour:problem:"), problem["detail"]


# -- what is let through -----------------------------------------------------------------------------------------------


async def test_a_signed_request_names_its_bank(bank: Bank) -> None:
    response = await bank.call(sign())
    assert response.status_code == 200, response.text
    assert response.json() == {"institution": "SBIN", "key": "sbin-1"}
    assert len(bank.nonces) == 1


@pytest.mark.parametrize("url", [URL, f"{ORIGIN}{PATH}", f"{ORIGIN}:443{PATH}", f"{ORIGIN}{PATH}?a=%20b&c"])
async def test_without_a_body_no_digest_is_needed(bank: Bank, url: str) -> None:
    headers = sign(b"", url, "GET")
    assert "Content-Digest" not in headers
    assert (await bank.call(headers, b"", url, "GET")).status_code == 200


async def test_both_keys_open_while_they_are_changed(bank: Bank) -> None:
    for key_id, key in (("sbin-1", OLD), ("sbin-2", NEXT)):
        response = await bank.call(sign(key_id=key_id, private_key=key))
        assert response.json()["key"] == key_id


async def test_the_same_nonce_of_another_key_is_another(bank: Bank) -> None:
    assert (await bank.call(sign(nonce=NONCE))).status_code == 200
    assert (await bank.call(sign(nonce=NONCE, key_id="sbin-2", private_key=NEXT))).status_code == 200


async def test_a_digest_with_a_further_algorithm(bank: Bank) -> None:
    headers = sign_over(f"sha-512=:{b64(sha512(BODY))}:, sha-256=:{b64(sha256(BODY))}:")
    assert (await bank.call(headers)).status_code == 200


async def test_further_covered_fields_are_checked_too(bank: Bank) -> None:
    headers = sign(headers={"Content-Type": "application/json"}, covered=(*COVERED, "content-type"))
    assert (await bank.call(headers)).status_code == 200
    again = sign(headers={"Content-Type": "application/json"}, covered=(*COVERED, "content-type"))
    response = await bank.call(again | {"Content-Type": "text/plain"})
    assert refusal(response) == ("signature-wrong", signatures.SIGNATURE_WRONG.title)


# -- behind a proxy ----------------------------------------------------------------------------------------------------


async def test_behind_a_proxy_our_origin_counts_and_not_the_host_header(bank: Bank) -> None:
    bank.origin = ORIGIN
    inside = f"http://10.0.0.7:8000{PATH}?part=1"
    assert (await bank.call(sign(), url=inside)).status_code == 200
    assert (await bank.call(sign(covered=("@method", "@target-uri")), url=inside)).status_code == 200
    elsewhere = sign(url=URL.replace("freeze.example", "other.example"))
    assert refusal(await bank.call(elsewhere | {"Host": "other.example"}, url=inside))[0] == "signature-wrong"


async def test_without_our_origin_the_scheme_is_not_known_so_target_uri_is_not_enough(bank: Bank) -> None:
    kind, detail = refusal(await bank.call(sign(covered=("@method", "@target-uri"))))
    assert kind == "signature-incomplete"
    assert detail == "it must cover, without parameters: @authority, @path, @query"


# -- what is not covered -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("left_out", REQUIRED)
async def test_every_component_must_be_covered(bank: Bank, left_out: str) -> None:
    headers = sign(covered=tuple(name for name in COVERED if name != left_out))
    assert refusal(await bank.call(headers)) == (
        "signature-incomplete",
        f"it must cover, without parameters: {left_out}",
    )
    assert bank.nonces == set()


async def test_a_body_without_a_digest(bank: Bank) -> None:
    assert refusal(await bank.call(sign(b""))) == (
        "signature-incomplete",
        "it must cover, without parameters: content-digest",
    )


async def test_a_digest_that_is_not_covered(bank: Bank) -> None:
    headers = sign(b"") | {"Content-Digest": f"sha-256=:{b64(sha256(BODY))}:"}
    assert refusal(await bank.call(headers))[0] == "signature-incomplete"
    assert refusal(await bank.call(sign(b"") | {"Content-Digest": headers["Content-Digest"]}, b""))[0] == (
        "signature-incomplete"
    )


@pytest.mark.parametrize("component", ['"content-digest";key="sha-256"', '"content-digest";sf', '"content-digest";bs'])
async def test_a_digest_covered_with_a_parameter_is_not_covered(bank: Bank, component: str) -> None:
    headers = sign_over(f"sha-256=:{b64(sha256(BODY))}:", component=component)
    assert refusal(await bank.call(headers))[0] == "signature-incomplete"


async def test_a_digest_without_sha_256(bank: Bank) -> None:
    headers = sign_over(f"sha-512=:{b64(sha512(BODY))}:")
    assert refusal(await bank.call(headers)) == ("signature-incomplete", "Content-Digest must hold a sha-256")


async def test_a_covered_field_that_a_proxy_took_away_is_named(bank: Bank) -> None:
    headers = sign(headers={"X-Bank": "1"}, covered=(*COVERED, "x-bank"))
    del headers["X-Bank"]
    assert refusal(await bank.call(headers)) == ("signature-incomplete", "X-Bank is covered and did not arrive")


@pytest.mark.parametrize("name", ["created", "keyid", "nonce"])
async def test_every_parameter_must_be_there(bank: Bank, name: str) -> None:
    headers = sign()
    headers["Signature-Input"] = re.sub(rf';{name}=("[^"]*"|\d+)', "", headers["Signature-Input"])
    assert refusal(await bank.call(headers)) == ("signature-incomplete", f"the parameter {name} is missing")


# -- what was changed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "method"),
    [
        (URL, "PUT"),
        (URL.replace("part=1", "part=2"), "POST"),
        (URL.replace("?part=1", ""), "POST"),
        (URL + "&more=1", "POST"),
        (URL.replace("%2F1", "%2F2"), "POST"),
        (URL.replace("%2F1", "/1"), "POST"),
        (URL.replace("%2F1", "%2f1"), "POST"),
        (URL.replace("freeze.example", "other.example"), "POST"),
        (URL.replace("freeze.example", "freeze.example:8443"), "POST"),
    ],
)
async def test_a_changed_request_does_not_fit_its_signature(bank: Bank, url: str, method: str) -> None:
    assert refusal(await bank.call(sign(), url=url, method=method))[0] == "signature-wrong"
    assert bank.nonces == set()


@pytest.mark.parametrize("body", [BODY + b" ", BODY.replace(b"450050", b"450051"), b""])
async def test_a_changed_body_does_not_fit_its_digest(bank: Bank, body: bytes) -> None:
    assert refusal(await bank.call(sign(), body))[0] == "digest-wrong"
    assert bank.nonces == set()


async def test_a_changed_body_with_a_digest_of_its_own_does_not_fit_the_signature(bank: Bank) -> None:
    forged = BODY.replace(b"450050", b"1")
    headers = sign() | {"Content-Digest": f"sha-256=:{b64(sha256(forged))}:"}
    assert refusal(await bank.call(headers, forged))[0] == "signature-wrong"


@pytest.mark.parametrize(
    ("pattern", "by"),
    [
        (r'nonce="[^"]*"', 'nonce="another-0123456789abcdef"'),
        (r'"@path" ', '"@path" "@scheme" '),
        (r'keyid="sbin-1"', 'keyid="sbin-2"'),
    ],
)
async def test_a_changed_parameter_does_not_fit_the_signature(bank: Bank, pattern: str, by: str) -> None:
    headers = sign()
    headers["Signature-Input"], changes = re.subn(pattern, by, headers["Signature-Input"])
    assert changes == 1
    assert refusal(await bank.call(headers))[0] == "signature-wrong"


async def test_a_changed_time_does_not_fit_the_signature(bank: Bank) -> None:
    headers = sign()
    later = int(datetime.now(UTC).timestamp()) + 30
    headers["Signature-Input"] = re.sub(r"created=\d+", f"created={later}", headers["Signature-Input"])
    assert refusal(await bank.call(headers))[0] == "signature-wrong"


async def test_a_changed_signature(bank: Bank) -> None:
    headers = sign()
    headers["Signature"] = f"sig=:{b64encode(bytes(64)).decode()}:"
    assert refusal(await bank.call(headers))[0] == "signature-wrong"


# -- keys --------------------------------------------------------------------------------------------------------------


async def test_a_strangers_key_and_an_unknown_one_are_refused_alike(bank: Bank) -> None:
    known = await bank.call(sign(private_key=STRANGER))
    unknown = await bank.call(sign(key_id="sbin-9", private_key=STRANGER))
    assert refusal(known) == refusal(unknown) == ("signature-wrong", signatures.SIGNATURE_WRONG.title)
    assert known.status_code == unknown.status_code == 401


@pytest.mark.parametrize(
    ("bound", "away"), [("not_after", -MINUTE), ("not_before", MINUTE), ("not_after", timedelta())]
)
async def test_a_key_outside_its_time_is_told_so_to_its_holder_only(bank: Bank, bound: str, away: timedelta) -> None:
    bank.keys["sbin-1"] = bank_key("sbin-1", OLD, **{bound: datetime.now(UTC) + away})
    assert refusal(await bank.call(sign()))[0] == "key-not-valid"
    assert refusal(await bank.call(sign(private_key=STRANGER)))[0] == "signature-wrong"
    assert bank.nonces == set()


@pytest.mark.parametrize("alg", ["hmac-sha256", "ecdsa-p256-sha256", "none"])
async def test_no_other_algorithm(bank: Bank, alg: str) -> None:
    headers = sign()
    headers["Signature-Input"] = headers["Signature-Input"].replace('alg="ed25519"', f'alg="{alg}"')
    assert refusal(await bank.call(headers)) == ("signature-malformed", "alg must be ed25519")


# -- time and replay ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skew", [-290, 0, 290])
async def test_a_clock_may_be_off_by_the_window(bank: Bank, skew: int) -> None:
    created = datetime.now(UTC) + timedelta(seconds=skew)
    assert (await bank.call(sign(created=created))).status_code == 200


@pytest.mark.parametrize(("skew", "word"), [(-310, "ago"), (310, "ahead"), (-86_400, "ago"), (10**8, "ahead")])
async def test_beyond_the_window_it_is_not(bank: Bank, skew: int, word: str) -> None:
    kind, detail = refusal(await bank.call(sign(created=datetime.now(UTC) + timedelta(seconds=skew))))
    assert (kind, detail) == ("signature-out-of-time", f"created is more than 300 seconds {word}")


@pytest.mark.parametrize("created", ["-1", "999999999999999", "0"])
async def test_times_beyond_any_calendar(bank: Bank, created: str) -> None:
    headers = sign()
    headers["Signature-Input"] = re.sub(r"created=\d+", f"created={created}", headers["Signature-Input"])
    assert refusal(await bank.call(headers))[0] == "signature-out-of-time"


async def test_its_own_end_is_kept_to_the_second(bank: Bank) -> None:
    headers = sign()
    headers["Signature-Input"] += f";expires={int(datetime.now(UTC).timestamp()) - 2}"
    assert refusal(await bank.call(headers)) == ("signature-out-of-time", "expires is over")


async def test_a_replay_is_refused(bank: Bank) -> None:
    headers = sign()
    assert (await bank.call(headers)).status_code == 200
    assert refusal(await bank.call(headers))[0] == "signature-replayed"


# -- smuggling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Signature-Input", "Signature", "Content-Digest", "Host"])
@pytest.mark.parametrize("first", [True, False])
async def test_a_field_that_stands_there_twice_is_not_chosen_between(bank: Bank, name: str, first: bool) -> None:
    headers = {"Host": "freeze.example", **sign()}
    other = {"Host": "freeze.example", **sign(b"other")}[name]
    lines = [(name, other), *headers.items()] if first else [*headers.items(), (name, other)]
    assert refusal(await bank.call(lines)) == ("signature-malformed", f"{name} stands there twice")


async def test_a_covered_field_that_stands_there_twice(bank: Bank) -> None:
    headers = sign(headers={"Idempotency-Key": "a"}, covered=(*COVERED, "idempotency-key"))
    response = await bank.call([*headers.items(), ("Idempotency-Key", "b")])
    assert refusal(response) == ("signature-malformed", "Idempotency-Key stands there twice")


async def test_two_signatures_are_not_chosen_between(bank: Bank) -> None:
    mine, other = sign(), sign(private_key=STRANGER)
    both = mine | {
        name: f"{mine[name]}, {other[name].replace('sig=', 'two=', 1)}" for name in ("Signature-Input", "Signature")
    }
    assert refusal(await bank.call(both))[0] == "signature-malformed"
    again = mine | {name: f"{other[name]}, {mine[name]}" for name in ("Signature-Input", "Signature")}
    assert refusal(await bank.call(again))[0] == "signature-malformed"


async def test_a_parameter_said_twice(bank: Bank) -> None:
    headers = sign()
    headers["Signature-Input"] += ';keyid="sbin-2"'
    assert refusal(await bank.call(headers))[0] == "signature-malformed"


@pytest.mark.parametrize("name", ["Signature-Input", "Signature", "Content-Digest"])
async def test_huge_fields_are_not_read(bank: Bank, name: str) -> None:
    headers = sign()
    headers[name] += ";x=" + "1" * FIELD_MAX_BYTES
    assert refusal(await bank.call(headers)) == ("signature-malformed", f"{name} has more than 2048 bytes")


async def test_very_many_components(bank: Bank) -> None:
    headers = sign()
    many = " ".join(f'"x-{number}"' for number in range(100))
    headers["Signature-Input"] = headers["Signature-Input"].replace("sig=(", f"sig=({many} ")
    assert refusal(await bank.call(headers)) == ("signature-malformed", "more than 20 components")


async def test_over_a_real_server_the_path_and_every_header_line_arrive_as_they_were_sent() -> None:
    app = FastAPI()
    serving = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    async with opened(app):
        running = asyncio.create_task(serving._serve())
        while not serving.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.005)
        port = serving.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}{PATH}?part=1"
        async with httpx.AsyncClient() as client:
            taken = await client.post(url, content=BODY, headers=sign(url=url))
            merged = await client.post(url.replace("%2F", "/"), content=BODY, headers=sign(url=url))
            lines = [*sign(url=url).items(), ("signature", "sig=:AAAA:")]
            twice = await client.post(url, content=BODY, headers=lines)
        serving.should_exit = True
        await running
    assert taken.json() == {"institution": "SBIN", "key": "sbin-1"}
    assert refusal(merged)[0] == "signature-wrong"
    assert refusal(twice) == ("signature-malformed", "Signature stands there twice")


# -- what is no signature ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Signature-Input", "Signature"])
async def test_unsigned_requests_are_told_what_is_wanted(bank: Bank, name: str) -> None:
    headers = sign()
    del headers[name]
    response = await bank.call(headers)
    assert refusal(response) == ("signature-missing", f"{name} is missing")
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Signature ")
    wanted = response.headers["accept-signature"]
    assert all(f'"{component}"' in wanted for component in (*REQUIRED, "content-digest"))


@pytest.mark.parametrize("name", ["Signature-Input", "Signature"])
@pytest.mark.parametrize(
    "value", ["", "sig", "sig=1", "other=(:AAAA:)", "sig=:****:", "(", "sig=((((", "\xff", "sig=?1", 'sig="x"']
)
async def test_what_cannot_be_read(bank: Bank, name: str, value: str) -> None:
    headers = {key: text.encode("latin-1") for key, text in (sign() | {name: value}).items()}
    response = await bank.client.post(
        URL, content=BODY, headers=[(key.encode(), text) for key, text in headers.items()]
    )
    assert refusal(response)[0] == "signature-malformed"
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("pattern", "by"),
    [
        (r'nonce="[^"]*"', 'nonce="short"'),
        (r'nonce="[^"]*"', f'nonce="{"x" * 129}"'),
        (r'nonce="[^"]*"', 'nonce="with spaces in the middle"'),
        (r'nonce="[^"]*"', "nonce=a-token-and-no-string"),
        (r'keyid="[^"]*"', "keyid=sbin-1"),
        (r"created=\d+", "created=?1"),
        (r"created=\d+", "created=1.5"),
        (r"created=\d+", 'created="1"'),
    ],
)
async def test_parameters_of_the_wrong_type(bank: Bank, pattern: str, by: str) -> None:
    headers = sign()
    headers["Signature-Input"] = re.sub(pattern, by, headers["Signature-Input"])
    assert refusal(await bank.call(headers))[0] == "signature-malformed"


@pytest.mark.parametrize(
    "digest", ["", "sha-256", "sha-256=:AAAA:", "sha-256=1", "md5=:AAAA:", "sha-256=:AAAA:, sha-256=:AAAA:"]
)
async def test_digests_that_cannot_be_read(bank: Bank, digest: str) -> None:
    kind, _ = refusal(await bank.call(sign_over(digest)))
    assert kind in {"digest-wrong", "signature-incomplete"}
    assert bank.nonces == set()


async def test_no_refusal_repeats_what_was_sent(bank: Bank) -> None:
    headers = sign(key_id="sbin-secret", nonce="nonce-secret-0123456789")
    text = (await bank.call(headers)).text
    assert "secret" not in text
    assert orjson.loads(text)["title"] == signatures.SIGNATURE_WRONG.title


def test_the_page_has_every_refusal_and_limit() -> None:
    page = (Path(__file__).parents[2] / "docs" / "bank-api.md").read_text()
    kinds = [value for value in vars(signatures).values() if isinstance(value, problems.Kind)]
    assert len(kinds) == 8
    for kind in kinds:
        assert f"| `{kind.name}` | {kind.status} |" in page
    assert f"{FIELD_MAX_BYTES:,} bytes" in page
    assert WINDOW_SECONDS == 300, "five minutes, says the page"
    assert ", ".join(f"`{name}`" for name in REQUIRED[:3]) + f" and `{REQUIRED[3]}`" in page


@settings(max_examples=300, deadline=None)
@given(data=st.data())
async def test_whatever_is_sent_gets_an_answer(data: st.DataObject) -> None:
    """One field of a signed request, cut and patched at random: refused by name, never failed over."""
    async with opened() as bank:
        headers = {name.encode(): value.encode() for name, value in sign().items()}
        name = data.draw(st.sampled_from(sorted(headers)))
        value = headers[name]
        start = data.draw(st.integers(0, len(value)))
        end = data.draw(st.integers(start, len(value)))
        patch = data.draw(st.sampled_from(PATCHES) | st.binary(max_size=12).map(printable))
        headers[name] = value[:start] + patch + value[end:]
        response = await bank.client.post(URL, content=BODY, headers=list(headers.items()))
        assert response.status_code in {200, 400, 401}, response.text
        if response.status_code == 200:
            assert response.json()["institution"] == "SBIN"


# -- helpers -----------------------------------------------------------------------------------------------------------


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
