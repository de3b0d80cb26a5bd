"""A small police API for banks and victims, with an engine that asks the next bank at once.

It has enough of the public interfaces to test the simulator, and keeps all received data.
"""

import asyncio
import uuid
from base64 import b64decode
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from simulator.envelope import Envelope
from simulator.server import QuietServer, listen, until

Json = dict[str, Any]


@dataclass
class Update:
    """A received status update."""

    bank: str
    ack_no: str
    job_id: str | None
    rows: list[Json]


@dataclass
class Police:
    """`async with Police(directory) as police`: `url` is the address for banks and victims."""

    directory: list[Json]
    refuse_updates: list[int] = field(default_factory=list)
    """HTTP statuses for the next updates, before any is accepted"""
    updates: list[Update] = field(default_factory=list)
    complaints: dict[str, Json] = field(default_factory=dict)
    tasks: list[Json] = field(default_factory=list)
    corrections: list[tuple[str, int, Json]] = field(default_factory=list)
    closed: list[tuple[str, Json]] = field(default_factory=list)
    asks_on: bool = False
    url: str = ""
    port: int = 0

    async def __aenter__(self) -> Self:
        self._banks = {entry["code"]: entry for entry in self.directory}
        self._envelopes = {code: envelope_of(entry) for code, entry in self._banks.items()}
        self._tokens: dict[str, str] = {}
        self._hops: list[tuple[str, str, str]] = []
        self._asked: set[tuple[str, str, str]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.client = httpx.AsyncClient(timeout=20, trust_env=False)
        self._outbound: dict[str, str] = {}
        routes = [
            Route("/banking/login", self._login, methods=["POST"]),
            Route("/banking/FraudReportStatusUpdate", self._update, methods=["POST"]),
            Route("/api/v1/complaints", self._complaint, methods=["POST"]),
            Route("/api/v1/desk/tasks", self._desk, methods=["GET"]),
            Route("/api/v1/desk/tasks/{task_id}/close", self._close, methods=["POST"]),
            Route("/api/v1/cases/{ack_no}/hops/{hop_no:int}/correct", self._correct, methods=["POST"]),
        ]
        sock = listen("127.0.0.1", self.port)
        self.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        options = uvicorn.Config(Starlette(routes=routes), log_level="warning", access_log=False, lifespan="off")
        self._server = QuietServer(options)
        self._serving = asyncio.create_task(self._server.serve([sock]))
        await until(lambda: self._server.started)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._server.should_exit = True
        await self._serving
        await self.client.aclose()

    # -- police to bank ------------------------------------------------------------------------------------------------

    async def ask(
        self,
        bank: str,
        ack_no: str,
        incidents: list[Json],
        *,
        key: str | None = None,
        nested: bool = False,
        instrument: bool = True,
    ) -> httpx.Response:
        """Send a fraud report, with a login if needed."""
        report: Json = {"acknowledgement_no": ack_no, "sub_category": "upi_fraud"}
        if instrument:
            report["instrument"] = (
                {"requestor": "police", "incidents": incidents} if nested else {"requestor": "police"}
            )
        if not nested:
            report["incidents"] = incidents
        body, headers = self._envelopes[bank].seal(report)
        headers["idempotency-key"] = key or str(uuid.uuid4())
        base = self._banks[bank]["wire"]["base_url"]
        while True:
            fresh = bank not in self._outbound
            if fresh:
                await self._log_in(bank)
            headers["authorization"] = f"Bearer {self._outbound[bank]}"
            response = await self.client.post(f"{base}/transaction-fraud", content=body, headers=headers)
            if response.status_code != 401 or fresh:
                return response
            del self._outbound[bank]

    async def _log_in(self, bank: str) -> None:
        wire = self._banks[bank]["wire"]
        answer = await self.client.post(
            f"{wire['base_url']}/login", json={"email": wire["email"], "password": wire["password"]}
        )
        self._outbound[bank] = answer.json()["data"]["token"]

    async def _chase(self, ack_no: str, rows: list[tuple[str, str, str, str]]) -> None:
        """Ask about hops: (bank, rrn, amount, disputed); one report per bank, repeated while the bank is down."""
        by_bank: dict[str, list[Json]] = {}
        for bank, rrn, amount, disputed in rows:
            if bank in self._banks and (ack_no, rrn, disputed) not in self._asked:
                self._asked.add((ack_no, rrn, disputed))
                by_bank.setdefault(bank, []).append(incident(rrn, amount, disputed))
        await asyncio.gather(*(self._ask_until_taken(bank, ack_no, hops) for bank, hops in by_bank.items()))

    async def _ask_until_taken(self, bank: str, ack_no: str, hops: list[Json]) -> None:
        key = str(uuid.uuid4())
        while True:
            try:
                if (await self.ask(bank, ack_no, hops, key=key)).status_code == 200:
                    return
            except (httpx.HTTPError, orjson.JSONDecodeError, KeyError):
                pass
            await asyncio.sleep(0.02)

    def _start(self, ack_no: str, rows: list[tuple[str, str, str, str]]) -> None:
        task = asyncio.create_task(self._chase(ack_no, rows))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- bank to police ------------------------------------------------------------------------------------------------

    async def _login(self, request: Request) -> JSONResponse:
        told = orjson.loads(await request.body())
        for code, entry in self._banks.items():
            if entry["inbound"] == told:
                token = str(uuid.uuid4())
                self._tokens[token] = code
                return JSONResponse({"meta": {"response_code": "00"}, "data": {"token": token, "expires_in": 3600}})
        return JSONResponse({"meta": {"response_code": "97"}}, 401)

    async def _update(self, request: Request) -> JSONResponse:
        bank = self._tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        if bank is None:
            return JSONResponse({"meta": {"response_code": "97"}}, 401)
        if self.refuse_updates:
            status = self.refuse_updates.pop(0)
            if status == 401:
                self._tokens.clear()
            return JSONResponse({"meta": {"response_code": "99"}}, status)
        content = self._envelopes[bank].open(await request.body(), request.headers)
        assert isinstance(content, dict)
        update = Update(bank, content["acknowledgement_no"], content.get("job_id"), content["transactions"])
        self.updates.append(update)
        self._open_tasks(update)
        if self.asks_on:
            moved = [row for row in update.rows if row["txn_type_id"] == 3 and row["status_code"] == "00"]
            self._start(
                update.ack_no,
                [(r["payee_bank_code"], r["rrn_transaction_id"], r["amount"], r["disputed_amount"]) for r in moved],
            )
        data = {"acknowledgement_no": update.ack_no, "job_id": update.job_id, "accepted": len(update.rows)}
        return JSONResponse({"meta": {"response_code": "00"}, "data": data})

    def _open_tasks(self, update: Update) -> None:
        """Open a task for a hop that the bank cannot find."""
        for row in update.rows:
            if row["status_code"] == "02":
                hop_no = len(self._hops)
                self._hops.append((update.bank, row["root_rrn_transaction_id"], row["disputed_amount"]))
                self.add_task(
                    "correct_reference",
                    update.ack_no,
                    hop={"hop_no": hop_no, "reference": row["root_rrn_transaction_id"]},
                )

    def add_task(self, kind: str, ack_no: str, **more: Any) -> None:
        """Open a task for the desk."""
        task = {"task_id": len(self.tasks) + 1, "kind": kind, "state": "open", "case_ack_no": ack_no}
        self.tasks.append(task | more)

    # -- officers ------------------------------------------------------------------------------------------------------

    async def _complaint(self, request: Request) -> JSONResponse:
        key = request.headers["idempotency-key"]
        if key not in self.complaints:
            body = orjson.loads(await request.body())
            ack_no = f"3241126{len(self.complaints):07d}"
            self.complaints[key] = {"ack_no": ack_no, "body": body, "token": request.headers["authorization"]}
            if self.asks_on:
                self._start(ack_no, [_as_hop(transfer) for transfer in body["transfers"]])
        ack_no = self.complaints[key]["ack_no"]
        return JSONResponse({"ack_no": ack_no, "case_ack_no": ack_no, "joined": False, "flags": []}, 201)

    async def _desk(self, request: Request) -> JSONResponse:
        return JSONResponse({"items": [task for task in self.tasks if task["state"] == "open"], "next": None})

    async def _close(self, request: Request) -> JSONResponse:
        self.closed.append((request.path_params["task_id"], orjson.loads(await request.body())))
        for task in self.tasks:
            if str(task["task_id"]) == request.path_params["task_id"]:
                task["state"] = "closed"
        return JSONResponse({})

    async def _correct(self, request: Request) -> JSONResponse:
        body = orjson.loads(await request.body())
        ack_no, hop_no = request.path_params["ack_no"], request.path_params["hop_no"]
        self.corrections.append((ack_no, hop_no, body))
        bank, reference, amount = self._hops[hop_no]
        bank = body.get("payee", {}).get("institution", bank)
        reference = body.get("rrn") or body.get("utr") or reference
        self._start(ack_no, [(bank, reference, amount, amount)])
        return JSONResponse({})


def envelope_of(entry: Json) -> Envelope:
    """Return the envelope that a directory entry describes."""
    wire = entry["wire"]
    return Envelope(
        wire["envelope"], b64decode(wire["aes_key"]), b64decode(wire["hmac_key"]) if wire["hmac_key"] else None
    )


def incident(rrn: str, amount: str, disputed: str | None = None, layer: int = 1) -> Json:
    """Return an incident of a fraud report."""
    return {
        "amount": amount,
        "rrn": rrn,
        "transaction_date": "2026-11-24",
        "transaction_time": "10:00:00",
        "disputed_amount": disputed or amount,
        "layer": layer,
    }


def _as_hop(transfer: Json) -> tuple[str, str, str, str]:
    amount = f"{transfer['amount_paise'] // 100}.{transfer['amount_paise'] % 100:02d}"
    return transfer["payee"]["institution"], transfer.get("rrn") or transfer["utr"], amount, amount
