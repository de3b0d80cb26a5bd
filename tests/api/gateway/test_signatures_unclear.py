"""Signed requests that cannot be read, or in two ways: refused by name, never chosen between, never failed over."""

import asyncio
import re
import time
from collections.abc import AsyncIterator

import httpx
import orjson
import pytest
import uvicorn
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from api import problems
from api.gateway import signatures
from api.gateway.signature_check import REQUEST_MAX_CHARS, request_in
from api.gateway.signatures import FIELD_MAX_BYTES, REQUIRED
from simulator.wires.letters import COVERED
from tests.api.signed import (
    BODY,
    PATCHES,
    PATH,
    STRANGER,
    URL,
    WINDOW_SECONDS,
    Bank,
    opened,
    printable,
    refusal,
    sign,
    sign_over,
)
from tests.deep import examples
from tests.paths import ROOT


@pytest.fixture
async def bank() -> AsyncIterator[Bank]:
    async with opened() as stands:
        yield stands


# -- smuggling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Signature-Input", "Signature", "Content-Digest", "Host"])
@pytest.mark.parametrize("first", [True, False])
async def test_a_field_that_stands_there_twice_is_not_chosen_between(bank: Bank, name: str, first: bool) -> None:
    headers = {"Host": "freeze.example", **sign()}
    other = {"Host": "freeze.example", **sign(b"other")}[name]
    lines = [(name, other), *headers.items()] if first else [*headers.items(), (name, other)]
    assert refusal(await bank.call(lines)) == ("signature-malformed", f"{name} appears twice")


async def test_a_covered_field_that_stands_there_twice(bank: Bank) -> None:
    headers = sign(headers={"Idempotency-Key": "a"}, covered=(*COVERED, "idempotency-key"))
    response = await bank.call([*headers.items(), ("Idempotency-Key", "b")])
    assert refusal(response) == ("signature-malformed", "Idempotency-Key appears twice")


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
    assert refusal(twice) == ("signature-malformed", "Signature appears twice")


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


async def test_what_cannot_be_read(bank: Bank, subtests: pytest.Subtests) -> None:
    for value in ("", "sig", "sig=1", "other=(:AAAA:)", "sig=:****:", "(", "sig=((((", "\xff", "sig=?1", 'sig="x"'):
        for name in ("Signature-Input", "Signature"):
            with subtests.test(value=value, name=name):
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
    page = (ROOT / "docs" / "banks" / "bank-api.md").read_text()
    kinds = [value for value in vars(signatures).values() if isinstance(value, problems.Kind)]
    assert len(kinds) == 8
    for kind in kinds:
        assert f"| `{kind.name}` | {kind.status} |" in page
    assert f"{FIELD_MAX_BYTES:,} bytes" in page
    assert WINDOW_SECONDS == 300, "five minutes, says the page"
    assert ", ".join(f"`{name}`" for name in REQUIRED[:3]) + f" and `{REQUIRED[3]}`" in page


@settings(max_examples=examples(60))
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


def test_n2_a_pasted_header_of_blanks_is_read_at_once() -> None:
    """The reading stands in the loop of the process that takes complaints."""
    blanks = " \t" * (REQUEST_MAX_CHARS // 4)
    began = time.process_time()
    assert request_in(f"POST /x HTTP/1.1\nDate:{blanks}x{blanks}\x0b\n\n") is not None
    pasted = request_in(f"POST /x HTTP/1.1\nDate:{blanks}x\n\n")
    assert time.process_time() - began < 1
    assert pasted is not None
    assert pasted.lines == [("date", "x")]
