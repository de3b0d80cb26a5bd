"""Tokens of officers and of banks: what they say, and which are refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from pydantic import SecretStr

from activities.secrets import Purpose, SecretBox
from api.tokens import TTL_SECONDS, BadToken, BankDoor, Tokens
from schemas.enums import Role


@pytest.fixture
def secret_box() -> SecretBox:
    return SecretBox(SecretStr("k" * 40))


def test_a_token_says_who_and_what(secret_box: SecretBox) -> None:
    tokens = Tokens(secret_box)
    officer = tokens.officer(tokens.for_officer("r.sharma", Role.DESK))
    assert (officer.subject, officer.role) == ("r.sharma", Role.DESK)
    assert tokens.officer(tokens.for_officer("R.Sharma", Role.DESK)).subject == "r.sharma"
    assert tokens.bank(tokens.for_bank("SBIN"), BankDoor.API) == "SBIN"


@pytest.mark.parametrize(
    ("changes", "drop"),
    [
        ({"exp": 1}, None),
        ({"iss": "somebody"}, None),
        ({"aud": "goldenhour/banks"}, None),
        ({"role": "king"}, None),
        ({"sub": "ravi\nverma"}, None),
        ({"sub": "script:helpline"}, None),
        ({}, "exp"),
        ({}, "aud"),
        ({}, "sub"),
        ({}, "role"),
    ],
)
def test_a_token_that_lacks_anything_is_none(secret_box: SecretBox, changes: dict[str, Any], drop: str | None) -> None:
    key = secret_box.derive_key(Purpose.OFFICER_TOKENS)
    good = jwt.decode(Tokens(secret_box).for_officer("x", Role.DESK), key, ["HS256"], audience="goldenhour/officers")
    claims = {**good, **changes}
    claims.pop(drop or "", None)
    with pytest.raises(BadToken):
        Tokens(secret_box).officer(jwt.encode(claims, key, "HS256"))


def test_a_token_under_another_key_or_none_is_none(secret_box: SecretBox) -> None:
    claims = {"iss": "goldenhour", "aud": "goldenhour/officers", "sub": "x", "role": "admin", "iat": 1, "exp": 2**33}
    for token in (
        Tokens(SecretBox(SecretStr("j" * 40))).for_officer("x", Role.ADMIN),
        jwt.encode(claims, "", algorithm="none"),
        jwt.encode(claims, secret_box.derive_key(Purpose.BANK_TOKENS), "HS256"),
        "",
    ):
        with pytest.raises(BadToken):
            Tokens(secret_box).officer(token)


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("", 60), ("a b", 60), ("x" * 65, 60), ("a:b", 60), ("x", 0), ("x", 10**9)],
)
def test_no_token_is_made_for_nobody_or_for_ever(secret_box: SecretBox, name: str, seconds: int) -> None:
    with pytest.raises(ValueError, match=r"name|lives"):
        Tokens(secret_box).for_officer(name, Role.DESK, seconds)


@pytest.mark.parametrize(("seconds", "live"), [(-6, False), (-5, True), (64, True), (65, False)])
def test_a_token_lives_by_the_given_clock_alone(secret_box: SecretBox, seconds: int, live: bool) -> None:
    made_at = datetime(2020, 1, 1, tzinfo=UTC)
    token = Tokens(secret_box, lambda: made_at).for_officer("x", Role.DESK, ttl_seconds=60)
    reader = Tokens(secret_box, lambda: made_at + timedelta(seconds=seconds))
    if live:
        assert reader.officer(token).subject == "x"
    else:
        with pytest.raises(BadToken):
            reader.officer(token)


def test_a_bank_token_lives_an_hour(secret_box: SecretBox) -> None:
    key = secret_box.derive_key(Purpose.BANK_TOKENS)
    claims = jwt.decode(Tokens(secret_box).for_bank("SBIN"), key, ["HS256"], audience="goldenhour/banks")
    assert claims["exp"] - claims["iat"] == TTL_SECONDS == 3600
