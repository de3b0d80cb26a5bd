"""Secrets at rest."""

import pytest
from pydantic import SecretStr

from activities.secrets import NONCE_BYTES, CannotOpen, SecretBox, hash_password, password_fits

KEY = SecretStr("one secret key of more than 32 characters")
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
    keys = {SecretBox(key).derive_key(purpose) for key in (KEY, OTHER) for purpose in ("a", "b")}
    assert len(keys) == 4
    assert {len(key) for key in keys} == {32}


def test_a_password_is_recognised_and_cannot_be_read() -> None:
    hashed = hash_password(SecretStr("correct horse"))
    assert "correct" not in hashed
    assert password_fits(SecretStr("correct horse"), hashed)
    assert not password_fits(SecretStr("correct house"), hashed)
    assert not password_fits(SecretStr("correct horse"), "no hash at all")
