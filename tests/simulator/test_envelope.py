"""The envelopes on the bank's side."""

import pytest

from simulator.envelope import Envelope, EnvelopeError, EnvelopeKind
from tests.each import each

KEY, SIGNING = bytes(range(32)), bytes(range(32, 64))
CONTENT = {"acknowledgement_no": "32411260000001", "remarks": "कोई नहीं"}


@each("kind", ["aes_cbc", "aes_gcm", "none"])
@each("signing", [None, SIGNING])
def test_what_is_sealed_opens(kind: EnvelopeKind, signing: bytes | None) -> None:
    envelope = Envelope(kind, KEY, signing)
    body, headers = envelope.seal(CONTENT)
    assert envelope.open(body, headers) == CONTENT
    assert body.startswith(b"{") == (kind == "none")


def test_no_two_envelopes_of_the_same_content_are_alike() -> None:
    for kind in ("aes_cbc", "aes_gcm"):
        envelope = Envelope(kind, KEY, None)
        assert envelope.seal(CONTENT)[0] != envelope.seal(CONTENT)[0]


@each("kind", ["aes_cbc", "aes_gcm"])
def test_another_banks_key_opens_nothing(kind: EnvelopeKind) -> None:
    body, headers = Envelope(kind, KEY, None).seal(CONTENT)
    with pytest.raises(EnvelopeError):
        Envelope(kind, SIGNING, None).open(body, headers)


def test_a_signature_is_required_where_there_is_a_key_for_it() -> None:
    body, _ = Envelope("aes_cbc", KEY, None).seal(CONTENT)
    with pytest.raises(EnvelopeError, match="signature"):
        Envelope("aes_cbc", KEY, SIGNING).open(body, {})


@each("kind", ["aes_cbc", "aes_gcm"])
@each("body", [b"", b"{}", b"not base64!", b"AAAA", b"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"])
def test_what_is_no_envelope_is_refused(kind: EnvelopeKind, body: bytes) -> None:
    headers = {"x-goldenhour-envelope": "aes-gcm"} if kind == "aes_gcm" else {}
    with pytest.raises(EnvelopeError):
        Envelope(kind, KEY, None).open(body, headers)


def test_the_kind_is_the_directorys_not_the_senders() -> None:
    body, headers = Envelope("aes_gcm", KEY, None).seal(CONTENT)
    with pytest.raises(EnvelopeError, match="aes_cbc"):
        Envelope("aes_cbc", KEY, None).open(body, headers)
