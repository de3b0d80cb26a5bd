"""Restorations that wait in the running stack: officers do each step over HTTP, and no day has to pass."""

import asyncio
from base64 import b64encode
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from adapters.clock import wall_clock
from db.case.case_outbox import notify
from schemas.enums import ProcedureKind, Role
from simulator import ScriptedAnswer, hold_row
from tests.e2e.live import Live
from tests.factories import rrn, transfer
from tests.signed_in import headers_of

PATH: Final = "/api/v1/restorations"
ENGINE_SECONDS: Final = 180.0
"""the longest that banks and the engine need for a step on a busy machine"""
_WAIVER: Final = b64encode(b"%PDF-1.4 a signed waiver").decode()


@dataclass(frozen=True)
class Restorable:
    """A restoration whose holder has waived the time to object."""

    restoration_id: str
    ack_no: str


@dataclass
class Officers:
    """Officers of the police at the API of a stack."""

    engine: Live

    async def held(self, paise: int) -> Restorable:
        """Let a bank hold all of a transfer; return its restoration, which waits for the application."""
        bank = next(one for one in self.engine.sim.institutions if one.answer_class == "api")
        root = rrn()
        self.engine.sim.script(bank=bank.code, rrn=root, answers=[ScriptedAnswer((hold_row(root, paise),))])
        payee = {"institution": bank.code, "account": f"5{root}"}
        ack_no = await self.complain(transfer(paise, reference=root, payee=payee))
        found: list[str] = []

        async def begun() -> bool:
            answer = await self.engine.api.get(
                PATH, params={"ack_no": ack_no, "step": "application"}, headers=self.engine.officer(Role.DESK)
            )
            found[:] = [one["restoration_id"] for one in answer.json()["restorations"]]
            return bool(found)

        await self.engine.until(begun, ENGINE_SECONDS, f"the restoration of {ack_no} begins")
        return Restorable(found[0], ack_no)

    async def complain(self, told: dict[str, Any]) -> str:
        """Complain of one transfer as a victim of its own; return the number of the complaint."""
        body = {
            "channel": "helpline_1930",
            "category": "upi_fraud",
            "victim": {"name": "Sunita Devi", "mobile": f"9{rrn()[-9:]}", "district": "LUCKNOW"},
            "transfers": [told],
        }
        headers = {**self.engine.officer(Role.INTAKE), "Idempotency-Key": uuid4().hex}
        answer = await self.engine.intake.post("/api/v1/complaints", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        ack_no: str = answer.json()["ack_no"]
        return ack_no

    async def at_approval(self, paise: int) -> Restorable:
        """Return a restoration that waits to be prepared."""
        one = await self.held(paise)
        await self.act(one, "receive-application", self.engine.officer(Role.DESK))
        await self.act(one, "verify", self.engine.officer(Role.IO))
        waived = {"reason": "the holder has no objection", "document": _WAIVER}

        async def is_waived() -> bool:
            # The notice lacks facts of the case, or is being written.
            await self.engine.pool.execute(
                "UPDATE due_document SET state = 'issued', lacking = '{}', ended_at = now()"
                " WHERE restoration_id = $1 AND ended_at IS NULL",
                one.restoration_id,
            )
            return await self._is_taken(one, "waive-notice", self.engine.officer(Role.IO), waived)

        async def is_over() -> bool:
            if await self._is_at(one, "approval"):
                return True
            # A notice that is written meanwhile gives its holder time again.
            async with self.engine.pool.acquire() as connection, connection.transaction():
                await connection.execute(
                    "UPDATE restoration_step SET due_at = now() WHERE restoration_id = $1 AND ended_at IS NULL",
                    one.restoration_id,
                )
                await notify(connection, ProcedureKind.RESTORATION, one.restoration_id, wall_clock())
            return False

        await self.engine.until(is_waived, ENGINE_SECONDS, "the holder waives the rest of the time")
        await self.engine.until(is_over, ENGINE_SECONDS, "the notice ends")
        return one

    async def prepared(self, paise: int, token: str) -> Restorable:
        """Return a restoration that the officer of this session has prepared."""
        one = await self.at_approval(paise)
        await self.act(one, "prepare", headers_of(token))
        return one

    async def all_prepared(self, token: str, *sums: int) -> tuple[Restorable, ...]:
        """Return restorations of these sums that the officer of this session has prepared."""
        return tuple(await asyncio.gather(*(self.prepared(paise, token) for paise in sums)))

    async def read(self, one: Restorable) -> dict[str, Any]:
        """Return a restoration as the desk reads it."""
        return await self.engine.read(f"/restorations/{one.restoration_id}")

    async def act(self, one: Restorable, verb: str, headers: dict[str, str], **more: str) -> None:
        """Do an act at the step that stands. The first division of an account may still be under way."""

        await self.engine.until(lambda: self._is_taken(one, verb, headers, more), ENGINE_SECONDS, f"{verb} is taken")

    async def _is_taken(self, one: Restorable, verb: str, headers: dict[str, str], more: dict[str, str]) -> bool:
        seen = await self.read(one)
        body = {"step": seen["step"], "visit_no": seen["visit_no"], **more}
        answer = await self.engine.api.post(f"{PATH}/{one.restoration_id}/{verb}", json=body, headers=headers)
        assert answer.status_code in {200, 409}, answer.text
        return answer.status_code == 200

    async def _is_at(self, one: Restorable, step: str) -> bool:
        return bool((await self.read(one))["step"] == step)
