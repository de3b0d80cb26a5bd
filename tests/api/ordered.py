"""Orders at the doors: a case with money on hold at SBIN, and orders about it as a decision would plan them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from activities.case.transaction import case_transaction
from activities.recovery import hold_lifecycle
from activities.recovery.orders import plan_order
from db.recovery import bank_orders
from schemas.enums import ChannelKind
from schemas.recovery.orders import Beneficiary, NewOrder, NewOrderLine
from schemas.restoration_enums import OrderKind, OrderReason
from tests.api.conftest import Doors, line, transfer

ORDERS = "/api/v1/bank/orders"
HELD_PAISE = 5_000_00
DONE_AT = "2026-11-25T09:00:00Z"
VICTIM = Beneficiary(institution="HDFC", holder="50100000000001", ifsc="HDFC0000001")


def done(paise: int = HELD_PAISE, reference: str = "UTR1", **more: Any) -> dict[str, Any]:
    """Return a bank's statement that it has done so much of the first line."""
    return {"lines": [{"line_no": 1, "amount_paise": paise, "done_at": DONE_AT, "reference": reference, **more}]}


@dataclass
class Ordering:
    """Orders about money that SBIN has on hold."""

    doors: Doors

    async def case(self, rrn: str = "412345678901", account: str = "30000000001") -> str:
        """A case with ₹5,000 on hold, its clocks begun; its number."""
        payee = {"institution": "SBIN", "account": account, "ifsc": "SBIN0000001"}
        receipt = await self.doors.complain(transfers=[transfer(rrn, payee=payee)])
        case_no: str = receipt["ack_no"]
        answered = await self.doors.answer("SBIN", case_no, line("held", rrn, account))
        assert answered.status_code == 200, answered.text
        await hold_lifecycle.open_for_new_holds(self.doors.services.ctx, case_no)
        return case_no

    async def plan(
        self, case_no: str, kind: OrderKind = OrderKind.RESTORE, paise: int = HELD_PAISE, *, delivered: bool = True
    ) -> UUID:
        """An order about the case's first hop, as a decision plans it; `delivered`: and its bank has it."""
        ctx, restores = self.doors.services.ctx, kind is OrderKind.RESTORE
        found = await self.row(
            "SELECT h.hold_id, r.restoration_id FROM account_hold h LEFT JOIN restoration r USING (case_no)"
            " WHERE h.case_no = $1",
            case_no,
        )
        planned = NewOrderLine(
            hop_no=1,
            hold_id=found["hold_id"],
            amount_paise=paise,
            ack_no=case_no if restores else None,
            beneficiary=VICTIM if restores else None,
        )
        order = NewOrder(
            kind=kind,
            reason=OrderReason.RESTORATION if restores else OrderReason.LAPSED,
            case_no=case_no,
            institution="SBIN",
            ordered_by="officer:sp",
            lines=(planned,),
            restoration_id=found["restoration_id"] if restores else None,
        )
        async with case_transaction(ctx, case_no, order.ordered_by) as work:
            order_id = await plan_order(work, order)
            if delivered:
                await bank_orders.delivered(work.connection, order_id, ChannelKind.PUSH, "J-1", work.now)
        return order_id

    async def restore(self, **more: Any) -> UUID:
        return await self.plan(await self.case(), **more)

    async def get(self, path: str = "", bank: str = "SBIN", **query: Any) -> httpx.Response:
        return await self.doors.client.get(f"{ORDERS}{path}", params=query, headers=self.doors.bank(bank))

    async def say(self, order_id: UUID, verb: str, body: Any, bank: str = "SBIN", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.doors.client.post(
            f"{ORDERS}/{order_id}/{verb}", json=body, headers={**self.doors.bank(bank), **named}
        )

    async def row(self, query: str, *values: Any) -> Any:
        return await self.doors.services.ctx.pool.fetchrow(query, *values)

    async def value(self, query: str, *values: Any) -> Any:
        return await self.doors.services.ctx.pool.fetchval(query, *values)

    async def buckets(self) -> dict[str, int]:
        rows = await self.doors.services.ctx.pool.fetch(
            "SELECT bucket, sum(balance_paise)::bigint AS paise FROM ledger_balance"
            " WHERE bucket IN ('held', 'restored', 'released') GROUP BY bucket"
        )
        return {row["bucket"]: row["paise"] for row in rows if row["paise"]}

    async def state(self, order_id: UUID) -> str:
        found: str = await self.value("SELECT state FROM bank_order WHERE order_id = $1", order_id)
        return found

    async def events(self) -> list[str]:
        rows = await self.doors.services.ctx.pool.fetch("SELECT kind FROM case_event ORDER BY case_no, seq")
        return [row["kind"] for row in rows]


@pytest.fixture
def ordering(doors: Doors) -> Ordering:
    return Ordering(doors)
