"""Signed requests of banks: what is let through, and what does not prove who signed this request now."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256, sha512

import pytest

from api.gateway import signatures
from api.gateway.signatures import REQUIRED
from simulator.wires.letters import COVERED
from tests.api.signed import (
    BODY,
    MINUTE,
    NEXT,
    NONCE,
    OLD,
    ORIGIN,
    PATH,
    STRANGER,
    URL,
    Bank,
    b64,
    bank_key,
    opened,
    refusal,
    sign,
    sign_over,
)


@pytest.fixture
async def bank() -> AsyncIterator[Bank]:
    async with opened() as stands:
        yield stands


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
    assert detail == "the signature must cover, without parameters: @authority, @path, @query"


# -- what is not covered -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("excluded", REQUIRED)
async def test_every_component_must_be_covered(bank: Bank, excluded: str) -> None:
    headers = sign(covered=tuple(name for name in COVERED if name != excluded))
    assert refusal(await bank.call(headers)) == (
        "signature-incomplete",
        f"the signature must cover, without parameters: {excluded}",
    )
    assert bank.nonces == set()


async def test_a_body_without_a_digest(bank: Bank) -> None:
    assert refusal(await bank.call(sign(b""))) == (
        "signature-incomplete",
        "the signature must cover, without parameters: content-digest",
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


async def test_the_window_goes_by_the_given_clock_alone(bank: Bank) -> None:
    ahead = datetime.now(UTC) + timedelta(days=2)
    bank.clock = lambda: ahead
    assert refusal(await bank.call(sign()))[0] == "signature-out-of-time"
    assert (await bank.call(sign(created=ahead))).status_code == 200


async def test_an_end_beyond_any_calendar(bank: Bank) -> None:
    headers = sign()
    headers["Signature-Input"] += ";expires=999999999999999"
    assert refusal(await bank.call(headers))[0] == "signature-wrong"


@pytest.mark.parametrize("created", ["-1", "999999999999999", "0"])
async def test_times_beyond_any_calendar(bank: Bank, created: str) -> None:
    headers = sign()
    headers["Signature-Input"] = re.sub(r"created=\d+", f"created={created}", headers["Signature-Input"])
    assert refusal(await bank.call(headers))[0] == "signature-out-of-time"


async def test_its_own_end_is_kept_to_the_second(bank: Bank) -> None:
    headers = sign()
    headers["Signature-Input"] += f";expires={int(datetime.now(UTC).timestamp()) - 2}"
    assert refusal(await bank.call(headers)) == ("signature-out-of-time", "expires is in the past")


async def test_a_replay_is_refused(bank: Bank) -> None:
    headers = sign()
    assert (await bank.call(headers)).status_code == 200
    assert refusal(await bank.call(headers))[0] == "signature-replayed"
