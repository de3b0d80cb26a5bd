"""Secrets at rest."""

from base64 import urlsafe_b64decode

import pytest
from pydantic import SecretStr

from activities.secrets import (
    LASTING,
    NONCE_BYTES,
    PURPOSES,
    SEAL,
    SEALED_VERSION,
    BadProcessKey,
    CannotOpen,
    Process,
    ProcessKeys,
    Purpose,
    SecretBox,
    hash_password,
    password_fits,
)
from tests.each import each

KEY = SecretStr("one secret key of more than 32 characters")
OTHER = SecretStr("another secret key of more than 32 characters")
OF_INTAKE = SecretBox(KEY).process_key(Process.INTAKE)


def test_what_is_sealed_opens_for_its_owner_under_its_key() -> None:
    sealed = SecretBox(KEY).seal(b"a password", "SBIN")
    assert SecretBox(KEY).open(sealed, "SBIN") == b"a password"
    assert b"a password" not in sealed
    assert SecretBox(KEY).seal(b"a password", "SBIN") != sealed


@each("change", range(48))
def test_what_was_changed_does_not_open(change: int) -> None:
    sealed = bytearray(SecretBox(KEY).seal(b"a password", "SBIN"))
    sealed[change % len(sealed)] ^= 1
    with pytest.raises(CannotOpen):
        SecretBox(KEY).open(bytes(sealed), "SBIN")


def test_no_other_key_or_owner_opens_it() -> None:
    sealed = SecretBox(KEY).seal(b"a password", "SBIN")
    for secret_box, owner, text in (
        (SecretBox(OTHER), "SBIN", sealed),
        (SecretBox(KEY), "HDFC", sealed),
        (SecretBox(KEY), "SBIN", b""),
        (SecretBox(KEY), "SBIN", sealed[:NONCE_BYTES]),
        (SecretBox(KEY), "SBIN", sealed[len(SEALED_VERSION) + 8 :]),
    ):
        with pytest.raises(CannotOpen):
            secret_box.open(text, owner)


def test_every_purpose_has_a_key_of_its_own() -> None:
    keys = {SecretBox(key).derive_key(purpose) for key in (KEY, OTHER) for purpose in Purpose}
    assert len(keys) == 2 * len(Purpose)
    assert {len(key) for key in keys} == {32}


@each("process", Process)
def test_c2_a_process_has_the_keys_of_its_purposes_and_no_other(process: Process) -> None:
    box = SecretBox(KEY)
    text = box.process_key(process)
    known = ProcessKeys(text, process)
    for purpose in PURPOSES[process]:
        assert known.derive_key(purpose) == box.derive_key(purpose)
    for purpose in set(Purpose) - PURPOSES[process]:
        with pytest.raises(KeyError):
            known.derive_key(purpose)
        assert box.derive_key(purpose).hex() not in opened(text)
    assert KEY.get_secret_value() not in opened(text)


def test_c2_no_worker_makes_a_token_or_a_session_and_officers_opens_no_credential() -> None:
    makes = {Purpose.SESSIONS, Purpose.BANK_TOKENS, Purpose.TOTP_SECRETS, Purpose.EVIDENCE}
    assert not PURPOSES[Process.WORKER] & makes
    assert not PURPOSES[Process.OFFICERS] & {Purpose.SEALING, Purpose.BANK_TOKENS}
    assert not PURPOSES[Process.INTAKE] & {Purpose.SESSIONS, Purpose.TOTP_SECRETS, Purpose.EVIDENCE}
    assert ProcessKeys(SecretBox(KEY).process_key(Process.OFFICERS), Process.OFFICERS).sealer(Purpose.SEALING) is None


@each("process", Process)
def test_a_process_opens_what_the_previous_key_sealed_and_has_nothing_else_of_it(process: Process) -> None:
    before, now = SecretBox(OTHER), SecretBox(KEY, OTHER)
    keys = ProcessKeys(now.process_key(process), process)
    assert keys.key_ids == now.key_ids == (SecretBox(KEY).key_ids[0], before.key_ids[0])
    for purpose in PURPOSES[process] & SEAL:
        sealer = keys.sealer(purpose)
        assert sealer is not None
        assert sealer.open(before.sealer(purpose).seal(b"a password", "SBIN"), "SBIN") == b"a password"
        assert now.sealer(purpose).open(sealer.seal(b"another", "SBIN"), "SBIN") == b"another"
        with pytest.raises(CannotOpen):
            before.sealer(purpose).open(sealer.seal(b"another", "SBIN"), "SBIN")
    for purpose in set(Purpose) - LASTING:
        assert before.derive_key(purpose).hex() not in opened(now.process_key(process))


def test_a_sealed_value_names_its_version_and_key() -> None:
    sealed, again = SecretBox(KEY).seal(b"a password", "SBIN"), SecretBox(OTHER).seal(b"a password", "SBIN")
    header = len(SEALED_VERSION) + 8
    assert sealed.startswith(SEALED_VERSION)
    assert again.startswith(SEALED_VERSION)
    assert sealed[:header] == SecretBox(KEY).sealer(Purpose.SEALING).header != again[:header]


def opened(process_key: SecretStr) -> str:
    return urlsafe_b64decode(process_key.get_secret_value()).decode()


@each(
    "text",
    [
        "",
        "hunter2",
        "e30=",
        "W10=",
        "\u0905",
        KEY.get_secret_value(),
        OF_INTAKE.get_secret_value(),
    ],
)
def test_another_text_is_no_key_of_a_process(text: str) -> None:
    with pytest.raises(BadProcessKey, match="process-key"):
        ProcessKeys(SecretStr(text), Process.WORKER)


def test_the_key_of_answer_links_stays_the_same() -> None:
    """A link in a letter opens after an update."""
    box = SecretBox(SecretStr("a secret key of a test, of 40 characters"))
    key = "f25bc71c6f35afda99b1d320ffe34f31ab2b558b2ee0eb94ee28b5b3ab2a7cf7"
    assert box.derive_key(Purpose.ANSWER_LINKS).hex() == key


def test_a_password_is_recognised_and_cannot_be_read() -> None:
    hashed = hash_password(SecretStr("correct horse"))
    assert "correct" not in hashed
    assert password_fits(SecretStr("correct horse"), hashed)
    assert not password_fits(SecretStr("correct house"), hashed)
    assert not password_fits(SecretStr("correct horse"), "no hash at all")
