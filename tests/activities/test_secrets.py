"""Secrets at rest."""

from base64 import urlsafe_b64decode

import pytest
from pydantic import SecretStr

from activities.secrets import (
    NONCE_BYTES,
    OF_OFFICERS,
    BadOfficersKey,
    CannotOpen,
    OfficersKeys,
    Purpose,
    SecretBox,
    hash_password,
    officers_key,
    password_fits,
)

KEY = SecretStr("one secret key of more than 32 characters")
SEALED_BY_0_2_0 = "9e8749be5e4451c164c2756a6c8ffd302078d490384d73a214c89cf791375b2fcf6d8b1af7e2"
ANSWER_LINKS_OF_0_2_0 = "ce042d7557b5833448e4e842ddbe4e87405816dfeda1e4683a26d893b0e816b9"
OTHER = SecretStr("another secret key of more than 32 characters")


def test_what_is_sealed_opens_for_its_owner_under_its_key() -> None:
    sealed = SecretBox(KEY).seal(b"a password", "SBIN")
    assert SecretBox(KEY).open(sealed, "SBIN") == b"a password"
    assert b"a password" not in sealed
    assert SecretBox(KEY).seal(b"a password", "SBIN") != sealed


@pytest.mark.parametrize("change", range(0, 40, 7))
def test_what_was_changed_does_not_open(change: int) -> None:
    sealed = bytearray(SecretBox(KEY).seal(b"a password", "SBIN"))
    sealed[change % len(sealed)] ^= 1
    with pytest.raises(CannotOpen):
        SecretBox(KEY).open(bytes(sealed), "SBIN")


def test_nobody_else_opens_it() -> None:
    sealed = SecretBox(KEY).seal(b"a password", "SBIN")
    for secret_box, owner, text in (
        (SecretBox(OTHER), "SBIN", sealed),
        (SecretBox(KEY), "HDFC", sealed),
        (SecretBox(KEY), "SBIN", b""),
        (SecretBox(KEY), "SBIN", sealed[:NONCE_BYTES]),
    ):
        with pytest.raises(CannotOpen):
            secret_box.open(text, owner)


def test_every_purpose_has_a_key_of_its_own() -> None:
    keys = {SecretBox(key).derive_key(purpose) for key in (KEY, OTHER) for purpose in Purpose}
    assert len(keys) == 2 * len(Purpose)
    assert {len(key) for key in keys} == {32}


def test_the_officers_process_has_its_keys_and_no_other() -> None:
    known, own = OfficersKeys(officers_key(KEY)), SecretBox(KEY)
    assert {known.derive_key(purpose) == own.derive_key(purpose) for purpose in OF_OFFICERS} == {True}
    for purpose in (Purpose.SEALING, Purpose.BANK_TOKENS):
        with pytest.raises(KeyError):
            known.derive_key(purpose)
        assert own.derive_key(purpose).hex() not in opened(officers_key(KEY))
    assert KEY.get_secret_value() not in opened(officers_key(KEY))


def opened(officers_key: SecretStr) -> str:
    return urlsafe_b64decode(officers_key.get_secret_value()).decode()


@pytest.mark.parametrize("text", ["", "hunter2", "e30=", "W10=", "\u0905", KEY.get_secret_value()])
def test_another_text_is_no_officers_key(text: str) -> None:
    with pytest.raises(BadOfficersKey, match="officers-key"):
        OfficersKeys(SecretStr(text))


def test_v0_2_0_a_sealed_credential_and_a_link_of_the_release_still_open() -> None:
    """What version 0.2.0 wrote under this key."""
    box = SecretBox(SecretStr("written by version 0.2.0 of goldenhour!!"))
    assert box.open(bytes.fromhex(SEALED_BY_0_2_0), "SBIN") == b"a password"
    assert box.derive_key(Purpose.ANSWER_LINKS).hex() == ANSWER_LINKS_OF_0_2_0


def test_a_password_is_recognised_and_cannot_be_read() -> None:
    hashed = hash_password(SecretStr("correct horse"))
    assert "correct" not in hashed
    assert password_fits(SecretStr("correct horse"), hashed)
    assert not password_fits(SecretStr("correct house"), hashed)
    assert not password_fits(SecretStr("correct horse"), "no hash at all")
