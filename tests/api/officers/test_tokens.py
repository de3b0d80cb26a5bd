"""Tokens of banks: what they say, and which are refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from pydantic import SecretStr

from activities.secrets import Purpose, SecretBox
from api.officers.tokens import TTL_SECONDS, BadToken, BankDoor, Tokens


@pytest.fixture
def secret_box() -> SecretBox:
    return SecretBox(SecretStr("k" * 40))


@pytest.mark.parametrize(
    ("changes", "drop"),
    [
        ({"exp": 1}, None),
        ({"iss": "somebody"}, None),
        ({"aud": "goldenhour/officers"}, None),
        ({}, "exp"),
        ({}, "aud"),
        ({}, "sub"),
    ],
)
def test_a_token_that_lacks_anything_is_none(secret_box: SecretBox, changes: dict[str, Any], drop: str | None) -> None:
    key = secret_box.derive_key(Purpose.BANK_TOKENS)
    assert Tokens(secret_box).bank(Tokens(secret_box).for_bank("SBIN"), BankDoor.API) == ("SBIN", None)
    good = jwt.decode(Tokens(secret_box).for_bank("SBIN"), key, ["HS256"], audience="goldenhour/banks")
    claims = {**good, **changes}
    claims.pop(drop or "", None)
    with pytest.raises(BadToken):
        Tokens(secret_box).bank(jwt.encode(claims, key, "HS256"), BankDoor.API)


def test_a_token_under_another_key_or_none_is_none(secret_box: SecretBox) -> None:
    claims = {"iss": "goldenhour", "aud": "goldenhour/banks", "sub": "SBIN", "iat": 1, "exp": 2**33}
    for token in (
        Tokens(SecretBox(SecretStr("j" * 40))).for_bank("SBIN"),
        jwt.encode(claims, "", algorithm="none"),
        jwt.encode(claims, secret_box.derive_key(Purpose.SESSIONS), "HS256"),
        "",
    ):
        with pytest.raises(BadToken):
            Tokens(secret_box).bank(token, BankDoor.API)


@pytest.mark.parametrize(("seconds", "live"), [(-6, False), (-5, True), (3_604, True), (3_605, False)])
def test_a_token_lives_by_the_given_clock_alone(secret_box: SecretBox, seconds: int, live: bool) -> None:
    made_at = datetime(2020, 1, 1, tzinfo=UTC)
    token = Tokens(secret_box, lambda: made_at).for_bank("SBIN")
    reader = Tokens(secret_box, lambda: made_at + timedelta(seconds=seconds))
    if live:
        assert reader.bank(token, BankDoor.API) == ("SBIN", None)
    else:
        with pytest.raises(BadToken):
            reader.bank(token, BankDoor.API)


def test_a_bank_token_lives_an_hour(secret_box: SecretBox) -> None:
    key = secret_box.derive_key(Purpose.BANK_TOKENS)
    claims = jwt.decode(Tokens(secret_box).for_bank("SBIN"), key, ["HS256"], audience="goldenhour/banks")
    assert claims["exp"] - claims["iat"] == TTL_SECONDS == 3600
