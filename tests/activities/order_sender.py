"""A process that sends one order by webhook and is killed before it hears the reply."""

import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

from activities.banks.delivery import BankDelivery
from activities.banks.directory import DirectoryCache
from activities.context import Context
from activities.privacy.person_keys import PersonKeys
from activities.recovery.orders import OrderActivities
from activities.secrets import SecretBox
from adapters.banks.protocol import BankWire, Delivery, OrderTicket
from adapters.banks.push.client import PushAdapter
from db.pool import open_pool
from domain.policy.model import load_policy
from schemas.enums import ChannelKind
from schemas.procedures import ActionInput
from tests.factories import SECRET


class ToPort:
    """The webhook of whatever bank, on this machine."""

    def __init__(self, port: int) -> None:
        self._push, self._port = PushAdapter(), port

    async def send_order(self, _: Any, ticket: OrderTicket, *, timeout_seconds: float) -> Delivery:
        bank = BankWire(
            code="HDFC",
            base_url=f"http://127.0.0.1:{self._port}/",
            email="",
            password="",
            envelope="none",
            webhook_secrets=(b"s" * 32,),
        )
        return await self._push.send_order(bank, ticket, timeout_seconds=60)


async def no_document(_: object) -> bytes:
    return b""


async def main(dsn: str, order_id: str, port: int) -> None:
    pool = await open_pool(dsn, min_size=1, max_size=5)
    directory = DirectoryCache(pool, SecretBox(SECRET))
    await directory.refresh()
    ctx = Context(pool, directory, load_policy(), person_keys=PersonKeys(SecretBox(SECRET)))
    adapters: Any = {ChannelKind.I4C: ToPort(port)}
    orders = OrderActivities(ctx, BankDelivery(ctx, adapters), None, no_document)
    await orders.send_order(ActionInput(subject=order_id, case_no="", at=datetime.now(UTC)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
