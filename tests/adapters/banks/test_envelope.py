"""The envelopes: against vectors of other makers, there and back, and against every kind of tampering."""

import json
from base64 import b64decode, b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.banks.envelope import (
    BODY_MAX_BYTES,
    ENVELOPE_HEADER,
    SIGNATURE_HEADER,
    EnvelopeError,
    EnvelopeReason,
    decode_key,
    open_envelope,
    seal,
    sign,
)
from adapters.banks.protocol import BankWire
from schemas.banks.institutions import EnvelopeKind
from tests.adapters.wires import AES_KEY, HMAC_KEY, key_text, wire
from tests.each import each

ENCRYPTED: tuple[EnvelopeKind, ...] = ("aes_cbc", "aes_gcm")
EVERY: tuple[EnvelopeKind, ...] = (*ENCRYPTED, "none")

# openssl enc -aes-256-cbc -K 0001…1f -iv f0e1d2c3b4a5968778695a4b3c2d1e0f; IV in front; base64.
OPENSSL_PLAIN = b'{"acknowledgement_no":"31204260000017"}'
OPENSSL_BODY = b"8OHSw7Sllod4aVpLPC0eD21tmo2i9gFYrCwD7Qh/RTGz41QoXTkc0M4QdNy5zWR9Xs9I5PnwEiqLnmHH8klSVA=="
# openssl dgst -sha256 -mac HMAC -macopt hexkey:0001…1f, over that body.
OPENSSL_SIGNATURE = "bf189be8fc01cf7f5019ed9a6eb66ac8b607a1fa0f53ef59f062d00028720a26"
# NIST GCM specification, test case 14: AES-256, zero key, zero nonce, sixteen zero bytes.
NIST_GCM_WRAPPED = bytes(12) + bytes.fromhex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")


def refused(body: bytes, headers: dict[str, str], bank: BankWire) -> EnvelopeReason:
    with pytest.raises(EnvelopeError) as caught:
        open_envelope(body, headers, bank)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value.reason


def test_what_openssl_encrypts_and_signs_is_opened() -> None:
    bank = replace(wire(), hmac_key=AES_KEY)
    assert open_envelope(OPENSSL_BODY, {SIGNATURE_HEADER: OPENSSL_SIGNATURE}, bank) == OPENSSL_PLAIN


def test_what_openssl_encrypts_is_what_we_encrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.urandom", lambda _: b64decode(OPENSSL_BODY)[:16])
    sealed = seal(OPENSSL_PLAIN, replace(wire(), hmac_key=AES_KEY))
    assert sealed.body == OPENSSL_BODY
    assert sealed.headers == {"Content-Type": "text/plain", SIGNATURE_HEADER: OPENSSL_SIGNATURE}


def test_the_gcm_vector_of_nist_opens() -> None:
    bank = replace(wire("aes_gcm", hmac_key=None), aes_key=bytes(32))
    assert open_envelope(b64encode(NIST_GCM_WRAPPED), {ENVELOPE_HEADER: "AES-GCM"}, bank) == bytes(16)


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("hmac_key", [None, bytes(32)])
@given(text=st.text(max_size=300))
def test_there_and_back(kind: EnvelopeKind, hmac_key: bytes | None, text: str) -> None:
    bank = wire(kind, hmac_key=hmac_key)
    plaintext = b'{"a":"' + text.encode("utf-8", "replace") + b'"}'
    sealed = seal(plaintext, bank)
    assert open_envelope(sealed.body, sealed.headers, bank) == plaintext
    assert (SIGNATURE_HEADER in sealed.headers) == (hmac_key is not None)
    if kind != "none":
        assert plaintext not in b64decode(sealed.body)


@each("kind", ENCRYPTED)
def test_the_same_document_never_looks_the_same(kind: EnvelopeKind) -> None:
    bank = wire(kind)
    assert len({seal(b"{}", bank).body for _ in range(50)}) == 50


@pytest.mark.parametrize("kind", ENCRYPTED)
@given(junk=st.binary(max_size=200))
def test_junk_is_undecipherable(kind: EnvelopeKind, junk: bytes) -> None:
    bank = wire(kind, hmac_key=None)
    reason = None
    try:
        open_envelope(b64encode(junk), {}, bank)
    except EnvelopeError as error:
        reason = error.reason
    # One CBC body of junk in about 256 has valid padding: only a signature can tell.
    assert reason is EnvelopeReason.UNDECIPHERABLE or (reason is None and kind == "aes_cbc")


@pytest.mark.parametrize("kind", EVERY)
@given(data=st.data())
def test_a_changed_bit_breaks_the_signature(kind: EnvelopeKind, data: st.DataObject) -> None:
    bank = wire(kind)
    sealed = seal(b'{"amount":"5000.00"}', bank)
    bit = data.draw(st.integers(0, len(sealed.body) * 8 - 1))
    changed = bytearray(sealed.body)
    changed[bit // 8] ^= 1 << bit % 8
    assert refused(bytes(changed), sealed.headers, bank) is EnvelopeReason.SIGNATURE_WRONG


@given(bit=st.integers(0, (12 + 20 + 16) * 8 - 1))
def test_a_changed_bit_breaks_the_gcm_tag(bit: int) -> None:
    bank = wire("aes_gcm", hmac_key=None)
    wrapped = bytearray(b64decode(seal(b'{"amount":"5000.00"}', bank).body))
    wrapped[bit // 8] ^= 1 << bit % 8
    assert refused(b64encode(bytes(wrapped)), {}, bank) is EnvelopeReason.UNDECIPHERABLE


@each("body", [b"", b"A", b"not base64!", b"AAAA", b64encode(bytes(16)), b64encode(bytes(33)), b"\xff\xfe"])
@each("kind", ENCRYPTED)
def test_short_or_malformed_bodies(kind: EnvelopeKind, body: bytes) -> None:
    assert refused(body, {}, wire(kind, hmac_key=None)) is EnvelopeReason.UNDECIPHERABLE


def test_base64_wrapped_by_lines_opens() -> None:
    bank = wire(hmac_key=None)
    body = seal(b'{"remarks":"' + b"x" * 200 + b'"}', bank).body
    wrapped = b"\r\n".join(body[i : i + 76] for i in range(0, len(body), 76)) + b"\r\n"
    assert open_envelope(wrapped, {}, bank).startswith(b'{"remarks"')


@each("kind", ENCRYPTED)
def test_plain_json_is_taken_only_where_it_is_agreed(kind: EnvelopeKind) -> None:
    body = b' {"acknowledgement_no":"1"}'
    assert refused(body, {}, wire(kind, hmac_key=None)) is EnvelopeReason.NOT_THE_AGREED_KIND
    assert open_envelope(body, {}, wire("none", hmac_key=None)) == body


def test_an_encrypted_body_is_not_taken_where_plain_json_is_agreed() -> None:
    body = seal(b"{}", wire(hmac_key=None)).body
    assert refused(body, {}, wire("none", hmac_key=None)) is EnvelopeReason.NOT_THE_AGREED_KIND


@each(("agreed", "header"), [("aes_gcm", "aes-cbc"), ("aes_cbc", "aes-gcm"), ("aes_gcm", "none")])
def test_a_header_cannot_choose_the_envelope(agreed: EnvelopeKind, header: str) -> None:
    bank = wire(agreed, hmac_key=None)
    body = seal(b"{}", bank).body
    assert refused(body, {ENVELOPE_HEADER: header}, bank) is EnvelopeReason.NOT_THE_AGREED_KIND


def test_gcm_needs_no_header_to_be_opened_as_gcm() -> None:
    bank = wire("aes_gcm", hmac_key=None)
    assert open_envelope(seal(b"{}", bank).body, {}, bank) == b"{}"


def test_a_signature_is_required_where_there_is_a_key_and_ignored_where_there_is_none() -> None:
    body = seal(b"{}", wire()).body
    assert refused(body, {}, wire()) is EnvelopeReason.SIGNATURE_MISSING
    assert refused(body, {SIGNATURE_HEADER: ""}, wire()) is EnvelopeReason.SIGNATURE_MISSING
    assert refused(body, {SIGNATURE_HEADER: "ü" * 64}, wire()) is EnvelopeReason.SIGNATURE_WRONG
    assert open_envelope(body, {SIGNATURE_HEADER: "anything"}, wire(hmac_key=None)) == b"{}"


def test_header_names_and_hex_match_in_any_case() -> None:
    sealed = seal(b"{}", wire())
    headers = {SIGNATURE_HEADER.lower(): sealed.headers[SIGNATURE_HEADER].upper()}
    assert open_envelope(sealed.body, headers, wire()) == b"{}"


@each("kind", EVERY)
def test_too_large_a_body_is_neither_sent_nor_opened(kind: EnvelopeKind) -> None:
    bank = wire(kind, hmac_key=None)
    assert refused(b"{" * (BODY_MAX_BYTES + 1), {}, bank) is EnvelopeReason.TOO_LARGE
    with pytest.raises(EnvelopeError, match="too_large"):
        seal(b"x" * (BODY_MAX_BYTES + 1), bank)


def test_base64_counts_towards_the_limit() -> None:
    with pytest.raises(EnvelopeError, match="too_large"):
        seal(b"x" * (BODY_MAX_BYTES - 100), wire())


@each("kind", ENCRYPTED)
@each("key", [None, b"", bytes(16), bytes(33)])
def test_a_key_has_32_bytes(kind: EnvelopeKind, key: bytes | None) -> None:
    bank = replace(wire(kind, hmac_key=None), aes_key=key)
    with pytest.raises(EnvelopeError, match="key_unusable"):
        seal(b"{}", bank)
    assert refused(b"AAAA", {}, bank) is EnvelopeReason.KEY_UNUSABLE


def test_a_short_hmac_key_signs_nothing() -> None:
    with pytest.raises(EnvelopeError, match="key_unusable"):
        sign(b"{}", bytes(16))


def test_keys_are_read_from_base64() -> None:
    assert decode_key(f" {key_text(AES_KEY)}\n") == AES_KEY
    for wrong in ("", "AAAA", "no base64!", key_text(bytes(31)), "é"):
        with pytest.raises(EnvelopeError, match="key_unusable"):
            decode_key(wrong)


def test_neither_repr_nor_error_shows_a_secret() -> None:
    bank = wire(password="hunter2-made-up")
    shown = repr(bank) + str(bank)
    assert "hunter2-made-up" not in shown
    assert "\\x01" not in shown
    assert str(EnvelopeError(EnvelopeReason.UNDECIPHERABLE)) == "The envelope cannot be used. (undecipherable)"


# -- in a member of a JSON object --------------------------------------------------------------------------------------


@each("kind", ENCRYPTED)
def test_a_bank_may_wrap_the_ciphertext_in_a_member(kind: EnvelopeKind) -> None:
    bank = replace(wire(kind), ciphertext_member="encData")
    sealed = seal(b'{"a":1}', bank)
    document = json.loads(sealed.body)
    assert list(document) == ["encData"]
    assert sealed.headers["Content-Type"] == "application/json"
    assert sealed.headers[SIGNATURE_HEADER] == sign(sealed.body, HMAC_KEY)
    assert open_envelope(sealed.body, sealed.headers, bank) == b'{"a":1}'
    bare = seal(b'{"a":1}', wire(kind))
    assert open_envelope(bare.body, bare.headers, bank) == b'{"a":1}', "a bank may answer without the member"


@each(
    ("body", "reason"),
    [
        (b'{"encData":', EnvelopeReason.UNDECIPHERABLE),
        (b'{"encData":"!!"}', EnvelopeReason.UNDECIPHERABLE),
        (b'{"encData":"{}"}', EnvelopeReason.NOT_THE_AGREED_KIND),
        (b'{"other":"AAAA"}', EnvelopeReason.NOT_THE_AGREED_KIND),
        (b'{"encData":["AAAA"]}', EnvelopeReason.NOT_THE_AGREED_KIND),
        (b'{"encData":"AAAA","encData":"BBBB"}', EnvelopeReason.NOT_THE_AGREED_KIND),
        (b'{"acknowledgement_no":"31204260000017"}', EnvelopeReason.NOT_THE_AGREED_KIND),
    ],
)
def test_no_other_object_is_opened(body: bytes, reason: EnvelopeReason) -> None:
    assert refused(body, {}, replace(wire(hmac_key=None), ciphertext_member="encData")) is reason


def test_an_object_is_refused_where_no_member_was_agreed() -> None:
    sealed = seal(b"{}", replace(wire(hmac_key=None), ciphertext_member="encData"))
    assert refused(sealed.body, sealed.headers, wire(hmac_key=None)) is EnvelopeReason.NOT_THE_AGREED_KIND
