"""What a bank fetched from us, kept as it was served: an entry of its feed, or an order, as often as it has changed."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from activities.context import Hands
from adapters.transcript import Sending
from db.banks import bank_exchanges
from schemas.banks.exchanges import About
from schemas.base import Noun
from schemas.enums import ChannelKind

_AS: Final = {About.HOLD_REQUEST: "hold", About.ORDER: "order"}


async def keep_served(hands: Hands, about: About, entries: Mapping[UUID, Noun]) -> None:
    """Keep these entries, each as it stands in the reply; before the bank has it, so that none is lost."""
    if not entries:
        return
    now = hands.now()
    exchanges = [
        Sending(f"FEED {_AS[about]} {subject}", (), entry.model_dump_json().encode(), at=now).exchange(ChannelKind.PULL)
        for subject, entry in entries.items()
    ]
    async with hands.pool.acquire() as connection:
        await bank_exchanges.keep_each(connection, about, list(entries), exchanges)
