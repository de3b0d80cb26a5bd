"""The controls under `/sim/`: start the day, read state and tickets, script a bank. For demos, benchmarks and tests.

They carry no authentication: the simulator listens on loopback and holds only invented data.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from simulator.banks.faults import Faults
from simulator.banks.script import ScriptedAnswer, ScriptedReply, WrittenRow
from simulator.people.complaints import Json
from simulator.people.restoration import Badge


class BadgeTold(BaseModel):
    """An officer of the way home: the token, and the name on it."""

    model_config = ConfigDict(extra="forbid")
    token: str
    subject: str


class Start(BaseModel):
    """The body of `POST /sim/start`. `desk_token` defaults to `intake_token`; `desk` false: nobody at the desk.

    `police`: the officers of the way home, one of each role; without them nothing goes home and nobody appeals.
    """

    model_config = ConfigDict(extra="forbid")
    api_url: str
    intake_token: str
    desk_token: str | None = None
    desk: bool = True
    police: dict[Literal["io", "dy_sp", "sp", "supervisor", "district_gro", "state_gro"], BadgeTold] = {}


class Connect(BaseModel):
    """The body of `POST /sim/connect`: only the banks' side, no complaints."""

    model_config = ConfigDict(extra="forbid")
    api_url: str


class AnswerToScript(BaseModel):
    """One answer of `POST /sim/script`."""

    model_config = ConfigDict(extra="forbid")
    rows: list[WrittenRow]
    after_wall_seconds: float = 0.0
    ack_no: str | None = None
    job_id: str | None = None


class ReplyToScript(BaseModel):
    """The door's reply of `POST /sim/script`."""

    model_config = ConfigDict(extra="forbid")
    status: int = 200
    code: str = "00"
    message: str = ""
    retry_after_seconds: int | None = None
    hang_wall_seconds: float = 0.0
    reset: bool = False
    times: int = 1


class ToScript(BaseModel):
    """The body of `POST /sim/script`."""

    model_config = ConfigDict(extra="forbid")
    bank: str
    rrn: str
    answers: list[AnswerToScript] | None = None
    reply: ReplyToScript | None = None


class PutFaults(BaseModel):
    """The body of `POST /sim/faults`: a bank's faults from now on."""

    model_config = ConfigDict(extra="forbid")
    bank: str
    faults: Faults


class PostAs(BaseModel):
    """The body of `POST /sim/post`: rows to post once as a bank."""

    model_config = ConfigDict(extra="forbid")
    bank: str
    ack_no: str
    rows: list[WrittenRow]
    job_id: str | None = None


class Controlled(Protocol):
    """What the controls work on: a SimulatorServer."""

    @property
    def directory(self) -> list[dict[str, object]]:
        """The institutions as the product loads them."""

    @property
    def public_keys(self) -> list[dict[str, str]]:
        """The keys with which banks sign."""

    def state(self) -> Json:
        """Counts, money, truth, latencies."""

    def ticket_rows(self) -> list[Json]:
        """Every ticket with its times."""

    def connect(self, api_url: str) -> None:
        """Say where the police API is."""

    def start(
        self,
        api_url: str,
        intake_token: str,
        desk_token: str | None = None,
        police: Mapping[str, Badge] | None = None,
    ) -> None:
        """Play the day, and the way home."""

    def script(
        self,
        *,
        bank: str,
        rrn: str,
        answers: Sequence[ScriptedAnswer] | None = None,
        reply: ScriptedReply | None = None,
    ) -> None:
        """Say what a bank does about a transfer."""

    def put_faults(self, bank: str, faults: Faults) -> None:
        """Give a bank these faults, in place of those it had."""

    async def post_as(
        self, bank: str, ack_no: str, rows: Sequence[WrittenRow], job_id: str | None = None
    ) -> tuple[int, dict[str, object]]:
        """Post rows as a bank, once."""


class Control:
    """Turns requests under `/sim/` into calls."""

    def __init__(self, sim: Controlled) -> None:
        self._sim = sim

    async def handle(self, name: str, method: str, body: bytes) -> tuple[int, object]:
        """Give an HTTP status and a JSON-able content."""
        if method == "GET" and name in ("state", "tickets", "directory", "keys"):
            return 200, self._read(name)
        try:
            return await self._act(name, method, body)
        except ValidationError as error:
            return 422, {"detail": error.errors(include_url=False, include_context=False, include_input=False)}
        except RuntimeError as error:
            return 409, {"detail": str(error)}

    def _read(self, name: str) -> object:
        match name:
            case "state":
                return self._sim.state()
            case "tickets":
                return self._sim.ticket_rows()
            case "keys":
                return self._sim.public_keys
            case _:
                return self._sim.directory

    async def _act(self, name: str, method: str, body: bytes) -> tuple[int, object]:
        match method, name:
            case "POST", "start":
                start = Start.model_validate_json(body)
                desk_token = (start.desk_token or start.intake_token) if start.desk else None
                police: dict[str, Badge] = {
                    role: Badge(told.token, told.subject) for role, told in start.police.items()
                }
                self._sim.start(start.api_url, start.intake_token, desk_token, police)
            case "POST", "connect":
                self._sim.connect(Connect.model_validate_json(body).api_url)
            case "POST", "script":
                self._script(ToScript.model_validate_json(body))
            case "POST", "faults":
                told = PutFaults.model_validate_json(body)
                self._sim.put_faults(told.bank, told.faults)
            case "POST", "post":
                post = PostAs.model_validate_json(body)
                status, content = await self._sim.post_as(post.bank, post.ack_no, post.rows, post.job_id)
                return 200, {"status": status, "content": content}
            case _:
                return 404, {"detail": "no such control"}
        return 200, {"done": name}

    def _script(self, told: ToScript) -> None:
        answers = None
        if told.answers is not None:
            answers = [ScriptedAnswer(tuple(a.rows), a.after_wall_seconds, a.ack_no, a.job_id) for a in told.answers]
        reply = ScriptedReply(**told.reply.model_dump()) if told.reply is not None else None
        self._sim.script(bank=told.bank, rrn=told.rrn, answers=answers, reply=reply)
