"""Control API under `/sim/`: start the day, read state and tickets, script a bank.

For demos, benchmarks and tests. It has no authentication, because the simulator listens on loopback and holds only
invented data.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from simulator.banks.faults import Faults
from simulator.banks.messages import ScriptedAnswer, ScriptedReply, WrittenRow
from simulator.net.http_client import HttpClientError
from simulator.people.callers import Json, Person, Staff

READS = ("state", "tickets", "layers", "directory", "keys")


class PersonInput(BaseModel):
    """An officer who signs in: id, password, and the secret of the authenticator in base32."""

    model_config = ConfigDict(extra="forbid")
    officer_id: str
    password: str
    secret: str
    districts: tuple[str, ...] = ()

    def person(self) -> Person:
        """Return the officer, not signed in yet."""
        return Person(self.officer_id, self.password, self.secret, districts=self.districts)


class SignIn(BaseModel):
    """Body of `POST /sim/sign-in`: the officers of the day, who sign in at once. Without it no officer works.

    `police` has the officers of each role. Without them no money is restored and no holder files a grievance.
    """

    model_config = ConfigDict(extra="forbid")
    api_url: str
    desk: PersonInput | None = None
    police: dict[Literal["io", "dy_sp", "sp", "supervisor", "district_gro", "state_gro"], tuple[PersonInput, ...]] = {}


class Start(BaseModel):
    """Body of `POST /sim/start`. Complaints and banks' calls go to `intake_url`, which defaults to `api_url`.

    Citizens open pages at `public_url`, which defaults to `api_url` too. Banks sign for `signed_url`, the public
    address of the police, which defaults to `intake_url`.
    """

    model_config = ConfigDict(extra="forbid")
    api_url: str
    intake_url: str | None = None
    signed_url: str | None = None
    public_url: str | None = None
    intake_token: str


class Connect(BaseModel):
    """Body of `POST /sim/connect`: only the banks' side, no complaints. `api_url` is where banks call."""

    model_config = ConfigDict(extra="forbid")
    api_url: str
    signed_url: str | None = None


class AnswerToScript(BaseModel):
    """One answer in `POST /sim/script`."""

    model_config = ConfigDict(extra="forbid")
    rows: list[WrittenRow]
    after_wall_seconds: float = 0.0
    ack_no: str | None = None
    job_id: str | None = None


class ReplyToScript(BaseModel):
    """The endpoint's reply in `POST /sim/script`."""

    model_config = ConfigDict(extra="forbid")
    status: int = 200
    code: str = "00"
    message: str = ""
    retry_after_seconds: int | None = None
    hang_wall_seconds: float = 0.0
    reset: bool = False
    times: int = 1


class ToScript(BaseModel):
    """Body of `POST /sim/script`."""

    model_config = ConfigDict(extra="forbid")
    bank: str
    rrn: str
    answers: list[AnswerToScript] | None = None
    reply: ReplyToScript | None = None


class PutFaults(BaseModel):
    """Body of `POST /sim/faults`: a bank's faults from now on."""

    model_config = ConfigDict(extra="forbid")
    bank: str
    faults: Faults


class PostAs(BaseModel):
    """Body of `POST /sim/post`: rows to post once as a bank."""

    model_config = ConfigDict(extra="forbid")
    bank: str
    ack_no: str
    rows: list[WrittenRow]
    job_id: str | None = None


class Controlled(Protocol):
    """Interface of the simulator for the control API; a SimulatorServer has it."""

    @property
    def directory(self) -> list[dict[str, object]]:
        """The institutions in the format that the product loads."""

    @property
    def public_keys(self) -> list[dict[str, str]]:
        """The keys with which banks sign."""

    def state(self) -> Json:
        """Return counts, money, true figures and latencies."""

    def ticket_rows(self) -> list[Json]:
        """Return every ticket with its times."""

    def layer_rows(self) -> list[Json]:
        """Return every first request about a hop that an answer named."""

    def connect(self, api_url: str, signed_url: str | None = None) -> None:
        """Set the address of the police API for banks, and the address for which they sign."""

    async def sign_in(self, api_url: str, staff: Staff) -> None:
        """Sign in the officers who will work in the day."""

    def start(
        self,
        api_url: str,
        intake_token: str,
        *,
        intake_url: str | None = None,
        signed_url: str | None = None,
        public_url: str | None = None,
    ) -> None:
        """Play the day and the restorations."""

    def script(
        self,
        *,
        bank: str,
        rrn: str,
        answers: Sequence[ScriptedAnswer] | None = None,
        reply: ScriptedReply | None = None,
    ) -> None:
        """Set a bank's behaviour for a transfer."""

    def put_faults(self, bank: str, faults: Faults) -> None:
        """Replace a bank's faults."""

    async def post_as(
        self, bank: str, ack_no: str, rows: Sequence[WrittenRow], job_id: str | None = None
    ) -> tuple[int, dict[str, object]]:
        """Post rows as a bank, once."""


class Control:
    """Maps requests under `/sim/` to calls."""

    def __init__(self, sim: Controlled) -> None:
        self._sim = sim

    async def handle(self, name: str, method: str, body: bytes) -> tuple[int, object]:
        """Return an HTTP status and JSON content."""
        if method == "GET" and name in READS:
            return 200, self._read(name)
        try:
            return await self._act(name, method, body)
        except ValidationError as error:
            return 422, {"detail": error.errors(include_url=False, include_context=False, include_input=False)}
        except RuntimeError as error:
            return 409, {"detail": str(error)}
        except HttpClientError as error:
            return 502, {"detail": str(error)}

    def _read(self, name: str) -> object:
        match name:
            case "state":
                return self._sim.state()
            case "tickets":
                return self._sim.ticket_rows()
            case "layers":
                return self._sim.layer_rows()
            case "keys":
                return self._sim.public_keys
            case _:
                return self._sim.directory

    async def _act(self, name: str, method: str, body: bytes) -> tuple[int, object]:
        match method, name:
            case "POST", "start":
                start = Start.model_validate_json(body)
                self._sim.start(
                    start.api_url,
                    start.intake_token,
                    intake_url=start.intake_url,
                    signed_url=start.signed_url,
                    public_url=start.public_url,
                )
            case "POST", "sign-in":
                who = SignIn.model_validate_json(body)
                police: dict[str, list[Person]] = {
                    role: [officer.person() for officer in content] for role, content in who.police.items()
                }
                await self._sim.sign_in(who.api_url, Staff(who.desk.person() if who.desk else None, police))
            case "POST", "connect":
                where = Connect.model_validate_json(body)
                self._sim.connect(where.api_url, where.signed_url)
            case "POST", "script":
                self._script(ToScript.model_validate_json(body))
            case "POST", "faults":
                put = PutFaults.model_validate_json(body)
                self._sim.put_faults(put.bank, put.faults)
            case "POST", "post":
                post = PostAs.model_validate_json(body)
                status, content = await self._sim.post_as(post.bank, post.ack_no, post.rows, post.job_id)
                return 200, {"status": status, "content": content}
            case _:
                return 404, {"detail": "no such control"}
        return 200, {"done": name}

    def _script(self, content: ToScript) -> None:
        answers = None
        if content.answers is not None:
            answers = [ScriptedAnswer(tuple(a.rows), a.after_wall_seconds, a.ack_no, a.job_id) for a in content.answers]
        reply = ScriptedReply(**content.reply.model_dump()) if content.reply is not None else None
        self._sim.script(bank=content.bank, rrn=content.rrn, answers=answers, reply=reply)
