"""Secrets at rest."""

import pytest
from pydantic import SecretStr

from activities.secrets import NONCE_BYTES, CannotOpen, Vault, hash_password, password_fits

KEY = SecretStr("one secret key of more than 32 characters")
OTHER = SecretStr("another secret key of more than 32 characters")


def test_what_is_sealed_opens_for_its_owner_under_its_key() -> None:
    sealed = Vault(KEY).seal(b"a password", "SBIN")
    assert Vault(KEY).open(sealed, "SBIN") == b"a password"
    assert b"a password" not in sealed
    assert Vault(KEY).seal(b"a password", "SBIN") != sealed


@pytest.mark.parametrize("change", range(0, 40, 7))
def test_what_was_changed_does_not_open(change: int) -> None:
    sealed = bytearray(Vault(KEY).seal(b"a password", "SBIN"))
    sealed[change % len(sealed)] ^= 1
    with pytest.raises(CannotOpen):
        Vault(KEY).open(bytes(sealed), "SBIN")


def test_nobody_else_opens_it() -> None:
    sealed = Vault(KEY).seal(b"a password", "SBIN")
    for vault, owner, text in (
        (Vault(OTHER), "SBIN", sealed),
        (Vault(KEY), "HDFC", sealed),
        (Vault(KEY), "SBIN", b""),
        (Vault(KEY), "SBIN", sealed[:NONCE_BYTES]),
    ):
        with pytest.raises(CannotOpen):
            vault.open(text, owner)


def test_every_purpose_has_a_key_of_its_own() -> None:
    keys = {Vault(key).derive_key(purpose) for key in (KEY, OTHER) for purpose in ("a", "b")}
    assert len(keys) == 4
    assert {len(key) for key in keys} == {32}


def test_a_password_is_recognised_and_cannot_be_read() -> None:
    hashed = hash_password(SecretStr("correct horse"))
    assert "correct" not in hashed
    assert password_fits(SecretStr("correct horse"), hashed)
    assert not password_fits(SecretStr("correct house"), hashed)
    assert not password_fits(SecretStr("correct horse"), "no hash at all")
