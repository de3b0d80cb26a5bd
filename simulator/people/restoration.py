"""People in restorations, over the officer API: victims sign, the IO verifies, holders may object, courts order.

Each officer acts in a session of their own. Account holders and victims have none: an officer records their
statements, as at a police station.
"""

import asyncio
import logging
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from simulator.clock import chance, unit, wall_clock
from simulator.config import Delay, SimulatorConfig
from simulator.people.callers import Json
from simulator.people.officers import HTTP_BAD_REQUEST, PAGE_ITEMS, PAGES_MOST
from simulator.people.police import SEES_ALL, CasePolice, Court, StatutoryWork

ROLES: Final = ("io", "dy_sp", "sp", "supervisor", "district_gro", "state_gro")
TRIES: Final = 20
PAUSES_MOST: Final = 8
"""pauses between two looks at a step that refuses, at most"""
_SIGNED_WAIVER: Final = b64encode(b"%PDF-1.4 signed by the holder").decode()
SIGNED: Final = 0.7
"""share of e-Zero FIRs that their complainants sign in time"""
HTTP_CONFLICT: Final = 409
HEARD_WALL_SECONDS: Final = 0.2
"""a release is confirmed so long after the end of the hearing"""
_RELEASE_BRAKE: Final = "/api/v1/release-brake"
_ORDER_OF: Final = {"court_order": "bnss_503", "lok_adalat_award": "lok_adalat", "distribution": "bnss_107"}
log = logging.getLogger(__name__)


@dataclass(slots=True)
class RestorationPeople:
    """All people in restorations. `police` has at least one officer for each of `ROLES`."""

    config: SimulatorConfig
    police: CasePolice
    court: Court = field(init=False)
    done: Counter[str] = field(default_factory=Counter)
    """number of actions, by kind"""
    under_way: int = 0
    """open restorations whose victim applies, at the last check"""
    statutory_work: StatutoryWork = field(init=False)
    _cases: set[str] = field(default_factory=set)
    _seen: set[tuple[str, str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Create a court with the configured share of refusals, and an IO who handles the documents."""
        self.statutory_work = StatutoryWork(self._post, self.police, self.config.restoration.poll_wall_seconds)
        self.court = Court(self.config.seed, self.config.restoration.court_refuses)

    async def work(self) -> None:
        """Look again and again for steps that need a person."""
        async with asyncio.TaskGroup() as group:
            while True:
                heads = await self._open_restorations()
                if heads is not None:
                    self.under_way = sum(1 for head in heads if self._applies(str(head["ack_no"])))
                    for head in heads:
                        self._begin(group, head)
                await self.statutory_work.start_new_tasks(group)
                await self._continue_releases()
                await asyncio.sleep(self.config.restoration.poll_wall_seconds)

    async def _continue_releases(self) -> None:
        """Continue, as the supervisor, automatic releases that wait because many fell due at once."""
        status, answer = await self.police.read(_RELEASE_BRAKE)
        waiting = answer.get("waiting")
        if status < HTTP_BAD_REQUEST and isinstance(waiting, dict):
            seen = {name: waiting[name] for name in ("brake_id", "releases", "paise")}
            body: Json = {**seen, "reason": "the clocks are right"}
            await self._post(SEES_ALL, "", f"{_RELEASE_BRAKE}/continue", body, "continue-releases")

    def _begin(self, group: asyncio.TaskGroup, head: Json) -> None:
        case, visit_no = str(head["case_ack_no"]), int(str(head["visit_no"]))
        if case not in self._cases:
            self._cases.add(case)
            group.create_task(self._register(case))
        key = (str(head["restoration_id"]), str(head["step"]), visit_no)
        do = self._actions().get(str(head["step"]))
        if do is not None and key not in self._seen:
            self._seen.add(key)
            group.create_task(do(_StepState(*key, case, str(head["ack_no"]))))

    def _actions(self) -> Mapping[str, Callable[["_StepState"], Coroutine[None, None, None]]]:
        return {
            "application": self._apply,
            "verification": self._verify,
            "holder_notice": self._respond_to_notice,
            "show_cause": self._respond_to_notice,
            "court_order": self._order,
            "lok_adalat_award": self._order,
            "distribution": self._order,
            "approval": self._approve,
            "bond": self._submit_bond,
        }

    # -- once per case -------------------------------------------------------------------------------------------------

    async def _register(self, case: str) -> None:
        """Let the investigating officer register an FIR, or have an e-Zero FIR signed."""
        if self._chance(self.config.restoration.fir, "fir", case):
            await self._after(self.config.restoration.visit, "fir", case)
            await self._post("io", case, f"/api/v1/cases/{case}/fir", {"kind": "fir"}, "fir")
        elif self._chance(SIGNED, "e-zero signed", case):
            await self._sign_e_zero(case)

    async def _sign_e_zero(self, case: str) -> None:
        for _ in range(TRIES):
            await asyncio.sleep(self.config.restoration.poll_wall_seconds)
            status, answer = await self.police.read(f"/api/v1/cases/{case}/police")
            firs = answer.get("firs") if status < HTTP_BAD_REQUEST else None
            for fir in firs if isinstance(firs, list) else []:
                if fir.get("kind") == "e_zero_fir" and fir.get("state") == "registered":
                    body: Json = {"signed_at": wall_clock().isoformat(), "reason": "signed at the station"}
                    path = f"/api/v1/cases/{case}/fir/{fir['fir_id']}/sign"
                    await self._post("io", case, path, body, "e_zero_signed")
                    return

    # -- steps of a restoration ----------------------------------------------------------------------------------------

    async def _apply(self, at: "_StepState") -> None:
        if self._applies(at.ack_no):
            await self._wait_for_person(at)
            await self._do("io", at, "receive-application")

    async def _verify(self, at: "_StepState") -> None:
        await self._wait_for_person(at)
        if at.visit_no == 1 and self._chance(self.config.restoration.sent_back, "sent back", at.ack_no):
            await self._do("io", at, "send-back", reason="the account to be credited is not the victim's own")
        else:
            await self._do("io", at, "verify")

    async def _respond_to_notice(self, at: "_StepState") -> None:
        """Let the account holder object, consent, or not respond until the deadline."""
        habits, draw = self.config.restoration, unit(self.config.seed, "holder", at.ack_no)
        if draw < habits.objects:
            await self._wait_for_person(at)
            for hold_id in _holds_of(await self._read(at))[:1]:
                await self._object(at, hold_id)
        elif draw < habits.objects + habits.consents:
            await self._wait_for_person(at)
            for hold_id in _holds_of(await self._read(at)):
                await self._waive(at, hold_id)

    async def _object(self, at: "_StepState", hold_id: str) -> None:
        """Let the holder of one hold object, and the Deputy Superintendent decide on the amounts in the view."""
        text = "The money is the price of goods that I have sold; the documents are with the bank."
        answer = await self._do("io", at, "object", by_whom="holder", text=text, hold_id=hold_id)
        if answer.get("objection_id") is None:
            return
        await self._wait_for_person(at, "decided")
        upheld = self._chance(self.config.restoration.objection_upheld, "objection upheld", at.ack_no)
        decided = await self._do(
            "dy_sp",
            at,
            "decide-objection",
            objection_id=answer["objection_id"],
            decision="upheld" if upheld else "dismissed",
            reason="invoices seen" if upheld else "no invoice could be shown",
            releases=_releases_of(await self._read(at), answer["objection_id"]),
        )
        self.done["objection_upheld" if upheld else "objection_dismissed"] += 1
        if upheld and decided:
            await self._confirm_release(at, hold_id)

    async def _confirm_release(self, at: "_StepState", hold_id: str) -> None:
        """Confirm the release of an upheld objection as a second officer, when the time to hear the victim is over."""
        status, answer = await self.police.read(f"/api/v1/holds/{hold_id}/releases")
        releases = _rows(answer, "releases") if status < HTTP_BAD_REQUEST else []
        until = [str(release["hear_until"]) for release in releases if release["state"] == "waits"]
        if not until:
            return
        left_seconds = (datetime.fromisoformat(until[0]) - wall_clock()).total_seconds()
        await asyncio.sleep(max(left_seconds, 0.0) + HEARD_WALL_SECONDS)
        body: Json = {"reason": "invoices and the victim's statement read"}
        await self._post("sp", at.case, f"/api/v1/holds/{hold_id}/release/confirm", body, "objection_released")

    async def _waive(self, at: "_StepState", hold_id: str) -> None:
        """Bring the signed waiver of one holder, once the holder has the notice."""
        for _ in range(TRIES):
            if (hold_id, at.visit_no) in _served(await self._read(at)):
                fields = {"reason": "the holder has no objection", "hold_id": hold_id, "document": _SIGNED_WAIVER}
                await self._do("io", at, "waive-notice", **fields)
                return
            await asyncio.sleep(self.config.restoration.poll_wall_seconds)

    async def _order(self, at: "_StepState") -> None:
        """Make the court's order, record it as one officer and confirm it as another; the engine does the rest."""
        await self._after(self.config.restoration.court, at.step, at.ack_no)
        body, path = self.court.order(at.case, _ORDER_OF[at.step]), f"/api/v1/cases/{at.case}/court-orders"
        taken = await self._post("io", at.case, path, body, at.step)
        if taken.get("court_order_id") is not None:
            read: Json = {"reason": "read against the court's copy"}
            await self._post("sp", at.case, f"{path}/{taken['court_order_id']}/confirm", read, "court_order_confirmed")

    async def _approve(self, at: "_StepState") -> None:
        """Prepare as the IO, then decide as the Superintendent. Each tries again until the step is over."""
        await self._wait_for_person(at)
        # The accounts are allocated first, and again if more money comes on hold.
        if not await self._until_taken(at, self._prepare):
            return
        await self._wait_for_person(at, "decided")
        # Neither objections nor grievances of the holders may be open, and their decisions may take weeks.
        await self._until_taken(at, self._decide)

    async def _prepare(self, at: "_StepState", view: Json) -> bool:
        """Prepare unless it is prepared: an answer may have been lost. Return whether it is."""
        return view.get("prepared_by") is not None or bool(await self._do("io", at, "prepare"))

    async def _decide(self, at: "_StepState", view: Json) -> bool:
        """Refuse or approve; return whether it was taken."""
        if self._chance(self.config.restoration.sp_refuses, "sp refuses", at.ack_no):
            return bool(await self._do("sp", at, "refuse", reason="the transfer was a loan between friends"))
        if not await self._prepare(at, view):
            return False
        if any(int(str(line["due_paise"] or 0)) > int(str(line["held_paise"])) for line in _rows(view, "lines")):
            # A grievance was decided after the preparation, and its holder has the money.
            return bool(await self._do("sp", at, "send-back", reason="less is on hold than was prepared"))
        # The lines are of the moment of the view. Without an amount the next view has it.
        due_paise = sum(int(str(line["due_paise"] or 0)) for line in _rows(view, "lines"))
        if not due_paise:
            return False
        return bool(await self._do("sp", at, "approve", due_paise=due_paise, account_end=_other_account_of(view)))

    async def _until_taken(
        self, at: "_StepState", act: Callable[["_StepState", Json], Coroutine[None, None, bool]]
    ) -> bool:
        """Act on the view again after each refusal; return False if the step is over first."""
        pauses = 1
        while True:
            view = await self._read(at)
            if view and (view["state"], view["step"], view["visit_no"]) != ("open", at.step, at.visit_no):
                return False
            if view and await act(at, view):
                return True
            await asyncio.sleep(self.config.restoration.poll_wall_seconds * pauses)
            pauses = min(pauses + 1, PAUSES_MOST)

    async def _submit_bond(self, at: "_StepState") -> None:
        await self._wait_for_person(at)
        await self._do("io", at, "receive-bond")

    # -- requests ------------------------------------------------------------------------------------------------------

    def _applies(self, ack_no: str) -> bool:
        return self._chance(self.config.restoration.applies, "applies", ack_no)

    def _chance(self, rate: float, *labels: str) -> bool:
        return chance(self.config.seed, rate, *labels)

    async def _wait_for_person(self, at: "_StepState", *more: str) -> None:
        await self._after(self.config.restoration.visit, at.step, str(at.visit_no), at.ack_no, *more)

    async def _after(self, delay: Delay, *labels: str) -> None:
        seconds = delay.drawn(self.config.seed, "restoration", *labels)
        await asyncio.sleep(seconds / self.config.procedure_clock_factor)

    async def _do(self, role: str, at: "_StepState", verb: str, **more: object) -> Json:
        """Perform an action at the step that was seen; return {} if the engine refuses it."""
        body: Json = {"step": at.step, "visit_no": at.visit_no, **more}
        return await self._post(role, at.case, f"/api/v1/restorations/{at.restoration_id}/{verb}", body, verb)

    async def _read(self, at: "_StepState") -> Json:
        """Return the restoration as the officers see it; {} if it could not be read."""
        status, view = await self.police.read(f"/api/v1/restorations/{at.restoration_id}")
        return view if status < HTTP_BAD_REQUEST else {}

    async def _post(self, role: str, case: str, path: str, body: Json, what: str) -> Json:
        status, answer = await self.police.post(role, case, path, body)
        if status < HTTP_BAD_REQUEST:
            self.done[what.replace("-", "_")] += 1
            return answer or {"done": what}
        self.done["refused"] += 1
        # A 409 is common: another officer was quicker, or the money has gone.
        log.log(logging.DEBUG if status == HTTP_CONFLICT else logging.WARNING, "%s: HTTP %s %s", path, status, answer)
        return {}

    async def _open_restorations(self) -> list[Json] | None:
        """Return every open restoration, or None if they could not be read."""
        restorations: list[Json] = []
        after = ""
        for _ in range(PAGES_MOST):
            status, page = await self.police.read(f"/api/v1/restorations?state=open&limit={PAGE_ITEMS}{after}")
            items = page.get("restorations")
            if status >= HTTP_BAD_REQUEST or not isinstance(items, list):
                return None
            restorations += [item for item in items if isinstance(item, dict)]
            if not page.get("next"):
                break
            after = f"&after={page['next']}"
        return restorations


def _holds_of(view: Json) -> list[str]:
    """Return the holds with money, the largest first."""
    by_hold: Counter[str] = Counter()
    for line in _rows(view, "lines"):
        by_hold[str(line["hold_id"])] += int(str(line["held_paise"]))
    return [hold_id for hold_id, paise in by_hold.most_common() if paise]


def _served(view: Json) -> set[tuple[str, int]]:
    """Return the holds whose holders have the notice, with the visit of the step."""
    return {
        (str(notice["hold_id"]), int(str(notice["visit_no"])))
        for notice in _rows(view, "notices")
        if notice["step"] == "holder_notice" and notice["state"] in {"issued", "served"}
    }


def _releases_of(view: Json, objection_id: object) -> list[Json]:
    """Return the amounts that an objection would release, as the decision repeats them."""
    return [
        {"hold_id": row["hold_id"], "paise": row["paise"]}
        for objection in _rows(view, "objections")
        if objection["objection_id"] == objection_id
        for row in _rows(objection, "releases")
    ]


def _other_account_of(view: Json) -> object:
    """Return the last four digits of another account to be credited, or None for the account that paid."""
    return next(
        (
            beneficiary["account_end"]
            for beneficiary in _rows(view, "beneficiaries")
            if beneficiary.get("credit_account_id") is not None
        ),
        None,
    )


def _rows(view: Json, name: str) -> list[Json]:
    rows = view.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


@dataclass(frozen=True, slots=True)
class _StepState:
    """State of a restoration when a person began to act on it."""

    restoration_id: str
    step: str
    visit_no: int
    case: str
    ack_no: str
