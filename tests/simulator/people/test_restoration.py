"""The officers of simulated restorations go on until their step is over."""

import asyncio
from collections.abc import Mapping

import pytest

from simulator.config import Delay, RestorationHabits, SimulatorConfig
from simulator.people.callers import Caller, Json, Person
from simulator.people.officers import Officers
from simulator.people.police import CasePolice
from simulator.people.restoration import ROLES, TRIES, RestorationPeople
from tests.each import each

RESTORATION = "11111111-1111-1111-1111-111111111111"
AT_ONCE = Delay(median=1.0, most=0.0)


class Engine(Officers):
    """The engine's answers about one restoration at its approval. After the decision it is at its bond."""

    def __init__(self, refuses: Mapping[str, int], answers_lost: int = 0, held_paise: int = 100) -> None:
        self.refusals, self.answers_lost, self.held_paise = dict(refuses), answers_lost, held_paise
        self.prepared_by: str | None = None
        self.state, self.step = "open", "approval"
        self.asked: list[str] = []

    async def call(
        self, method: str, path: str, caller: Caller, body: Json | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Json]:
        if method == "GET" and path.endswith(RESTORATION):
            lines = [{"due_paise": 100 if self.prepared_by else None, "held_paise": self.held_paise}]
            state = {"state": self.state, "step": self.step, "visit_no": 1, "prepared_by": self.prepared_by}
            return 200, state | {"lines": lines}
        if method == "GET" and path.startswith("/api/v1/restorations?"):
            head = {"restoration_id": RESTORATION, "case_ack_no": "1", "ack_no": "1", "step": self.step, "visit_no": 1}
            return 200, {"restorations": [head]}
        if method == "GET" and path.endswith("/police"):
            return 200, {"officers": [{"duty": "io", "subject": "io"}, {"duty": "supervising", "subject": "sp"}]}
        if not path.startswith(f"/api/v1/restorations/{RESTORATION}"):
            return 404, {}
        verb = path.rpartition("/")[2]
        self.asked.append(verb)
        return self.act(verb)

    def act(self, verb: str) -> tuple[int, Json]:
        if self.refusals.get(verb, 0):
            self.refusals[verb] -= 1
            return 409, {}
        if verb == "prepare":
            if self.prepared_by is not None:
                return 409, {"code": "already_prepared"}
            self.prepared_by = "io"
            if self.answers_lost:
                self.answers_lost -= 1
                return 503, {}
        elif verb == "send-back":
            self.step = "bond"
        elif verb == "approve":
            if self.prepared_by is None:
                return 409, {"code": "not_prepared"}
            self.step = "bond"
        return 200, {}


async def approved(engine: Engine) -> None:
    habits = RestorationHabits(visit=AT_ONCE, poll_wall_seconds=0.001, sp_refuses=0)
    people_of_roles = {role: [Person(role, role, role, districts=("LUCKNOW",))] for role in ROLES}
    people = RestorationPeople(
        SimulatorConfig(restoration=habits), CasePolice(engine, people_of_roles, habits.poll_wall_seconds)
    )
    task = asyncio.create_task(people.work())
    async with asyncio.timeout(20):
        while engine.step != "bond":  # noqa: ASYNC110 - the engine of the test sets no event
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises((asyncio.CancelledError, BaseExceptionGroup)):
        await task


@each("verb", ["prepare", "approve"])
async def test_an_officer_who_is_refused_many_times_goes_on_until_the_step_is_over(verb: str) -> None:
    engine = Engine({verb: TRIES + 5})
    await approved(engine)
    assert engine.asked.count(verb) == TRIES + 6


async def test_a_preparation_whose_answer_was_lost_is_approved() -> None:
    engine = Engine({}, answers_lost=1)
    await approved(engine)
    assert engine.asked.count("approve") == 1


async def test_a_preparation_whose_money_was_released_is_sent_back() -> None:
    engine = Engine({}, held_paise=40)
    await approved(engine)
    assert engine.asked[:2] == ["prepare", "send-back"]
