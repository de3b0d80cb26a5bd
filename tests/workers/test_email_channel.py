"""Workers that have the e-mail channel."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from activities.secrets import SecretBox
from adapters.banks.email import EmailAdapter
from adapters.messages.smtp import Mailer
from domain.policy.model import load_policy
from schemas.enums import ChannelKind
from tests.factories import SECRET
from workers.restoration_workers import Engine
from workers.settings import Settings
from workers.worker import email_channel, letter_links

MAILER = Mailer.from_url("smtp://127.0.0.1:25")


@pytest.mark.parametrize(
    ("public_url", "mailer", "asks"),
    [("https://police.example/", MAILER, True), ("https://police.example", None, False), (None, MAILER, False)],
)
def test_letters_need_a_mail_route_and_an_address_for_their_links(
    public_url: str | None, mailer: Mailer | None, asks: bool
) -> None:
    settings = Settings.model_validate({"public_url": public_url})
    engine = cast(Engine, SimpleNamespace(ctx=cast(Any, None), keys=SecretBox(SECRET)))
    adapters = email_channel(mailer, letter_links(settings, engine), lambda: load_policy().bank_holidays)
    assert set(adapters) == ({ChannelKind.EMAIL} if asks else set())
    assert all(isinstance(adapter, EmailAdapter) for adapter in adapters.values())


def test_an_address_has_no_slash_at_its_end() -> None:
    assert (
        Settings.model_validate({"public_url": "https://police.example/gh/"}).public_url == "https://police.example/gh"
    )
