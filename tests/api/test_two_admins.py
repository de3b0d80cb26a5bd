"""N6, N7: no admin alone holds what signs in as an officer or a bank. One has the link, another one the code."""

import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from html import unescape
from itertools import product
from typing import Any, Final

import asyncpg
import httpx
import pytest

from activities.banks import proposals
from activities.officers.enrolment import import_officers
from activities.officers.sign_in import code_at, step_at
from activities.outgoing import Routes, Ways, send_due
from activities.people.retention import forget_entries
from activities.recovery.access_letters import SIGN_IN_LINK_LETTERS
from activities.recovery.bank_letters import LOGIN_CHANGE_LETTERS
from activities.work_items.task_notices import TaskNotices
from adapters.messages.smtp import MailError, MailUnreachable
from api.services import Services
from db import outgoing, tasks
from db.banks import institutions
from db.outgoing import OutgoingKind
from db.proofs import ProofPurpose
from domain.officers import officers
from schemas.enums import Role, TaskKind
from schemas.officers.officers import OfficerEntry
from schemas.tasks import TaskCause
from tests.api.answer_post import read, switched
from tests.api.conftest import Doors, opened
from tests.api.gateway.test_logins import Mail
from tests.clock import Clock
from tests.domain.officers.test_sign_in import LONG_TO_JUDGE
from tests.officers import enrol
from tests.signed_in import PASSWORD, with_clock

PROPOSALS: Final = "/api/v1/administration/proposals"
SAME: Final = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}
NONE: Final = ""
"""what a person has who was shown nothing"""
A_GUESS: Final = "aaaa-bbbb-cccc-dddd"
SIGN_IN, BANK_LOGIN = ProofPurpose.SIGN_IN_LINK.value, ProofPurpose.BANK_LOGIN_LINK.value


@dataclass
class Agreed:
    """A proposal that another admin agreed to, with what each person was shown."""

    link: str
    code: str
    proposed: dict[str, Any]
    decided: dict[str, Any]

    def holds(self, who: str) -> tuple[str, str]:
        """The link and the code that a person was shown."""
        return {
            "proposer": (NONE, self.code),
            "decider": (self.link, NONE),
            "other admin": (NONE, NONE),
            "the officer": (self.link, self.code),
        }[who]


@dataclass
class Office:
    """Three admins at the application, and its time."""

    doors: Doors
    clock: Clock

    async def send(self, who: str, path: str, body: Any) -> dict[str, Any]:
        """Post as an admin; return what the response shows."""
        answer = await self.doors.client.post(path, json=body, headers=self.doors.officer(Role.ADMIN, who))
        assert answer.status_code in {200, 201}, answer.text
        return dict(answer.json())

    async def agree(self, asked: dict[str, Any]) -> Agreed:
        """Let `asha` propose, and `bela` agree."""
        proposed = await self.send("asha", PROPOSALS, {"reason": "as the roster says", "asked": asked})
        seen = {"decision": "agreed", "reason": "compared with the order", "version": proposed["version"]}
        decided = await self.send("bela", f"{PROPOSALS}/{proposed['proposal_id']}/decide", seen)
        shown = decided["sign_in_link"] or decided["bank_login_link"]
        return Agreed(shown["path"], proposed["code"], proposed, decided)

    async def come_in(self, link: str, code: str) -> int:
        """Try to set password and authenticator; return the status."""
        page = await self.doors.client.get(link or "/first/none", headers=SAME)
        if page.status_code != 200:
            return page.status_code
        (key,) = re.findall(r'<dd id="key">([A-Z2-7 ]+)</dd>', page.text)
        (sealed,) = re.findall(r'name="sealed" value="([^"]+)"', page.text)
        now = code_at(key.replace(" ", ""), step_at(self.clock.at))
        form = {"sealed": unescape(sealed), "password": PASSWORD, "again": PASSWORD, "code": now, "link_code": code}
        return (await self.doors.client.post(link, data=form, headers=SAME)).status_code

    async def has_credentials(self, officer_id: str) -> bool:
        """Whether an officer can sign in."""
        pool = self.doors.services.ctx.pool
        found: bool = await pool.fetchval(
            "SELECT EXISTS (SELECT FROM officer_password WHERE officer_id = $1)", officer_id
        )
        return found


@pytest.fixture
async def office(services: Services) -> Any:
    own, clock = with_clock(services, datetime.now(UTC))
    async with opened(own) as doors:
        yield Office(doors, clock)


async def test_n6_no_admin_alone_becomes_another_officer(office: Office) -> None:
    pool = office.doors.services.ctx.pool
    ravi = OfficerEntry(officer_id="ravi", name="Ravi", email="ravi@police.example", roles=(Role.SP,))
    await import_officers(pool, [ravi], "command:test")
    first = await office.agree({"kind": "officer_reset", "officer_id": "ravi"})
    again = await office.agree({"kind": "officer_reset", "officer_id": "ravi"})
    assert await office.come_in(first.link, first.code) == 410, "the second link has taken its place"
    # Who agrees sees no code, and who proposes no link, also when it is read later.
    read = await office.doors.read(f"{PROPOSALS}/{again.proposed['proposal_id']}", Role.ADMIN)
    assert again.code not in str(again.decided) + str(read)
    assert again.link not in str(again.proposed) + str(read)
    persons = ("proposer", "decider", "other admin")
    for who, tried in product(persons, (NONE, A_GUESS, first.code)):
        link, code = again.holds(who)
        if who == "decider" and tried == NONE:
            continue
        assert await office.come_in(link, code or tried) != 200, who
        assert not await office.has_credentials("ravi")
    assert await pool.fetchval("SELECT tries FROM proof WHERE used_at IS NULL AND ended_at IS NULL") == 2
    assert await office.come_in(*again.holds("the officer")) == 200
    assert await office.has_credentials("ravi")
    assert await office.come_in(*again.holds("the officer")) == 410


async def test_n6_a_link_is_over_after_five_wrong_codes_and_its_time(office: Office) -> None:
    pool = office.doors.services.ctx.pool
    await enrol(pool, ["ravi"], [Role.IO])
    guessed = await office.agree({"kind": "officer_reset", "officer_id": "ravi"})
    tries = [await office.come_in(guessed.link, A_GUESS) for _ in range(5)]
    assert tries == [422, 422, 422, 422, 410]
    assert await office.come_in(guessed.link, guessed.code) == 410
    late = await office.agree({"kind": "officer_reset", "officer_id": "ravi"})
    office.clock.at += timedelta(minutes=16)
    assert await office.come_in(late.link, late.code) == 410
    outcomes = await pool.fetch("SELECT outcome FROM sign_in_entry WHERE officer_id = 'ravi' ORDER BY entry_id")
    assert [row["outcome"] for row in outcomes] == ["wrong_code"] * 5


async def test_n6_the_database_refuses_a_link_that_one_admin_makes(office: Office) -> None:
    pool = office.doors.services.ctx.pool
    await enrol(pool, ["ravi", "mina"], [Role.IO])
    agreed = await office.agree({"kind": "officer_reset", "officer_id": "ravi"})
    number = agreed.proposed["proposal_id"]
    insert = (
        "INSERT INTO proof (proof_id, purpose, digest, subject, made_at, made_by, valid_until, proposal_id,"
        " code_digest) SELECT gen_random_uuid(), $5, sha256(gen_random_uuid()::text::bytea), $1, now(), $2,"
        " now() + interval '1 minute', $3,"
        " (SELECT coalesce($4, code_digest) FROM proposal WHERE proposal_id = $3)"
    )
    for purpose, subject, by, proposal_id, code, rule in (
        (SIGN_IN, "ravi", "officer:bela", None, None, "proof_link_of_officers_has_code"),
        (SIGN_IN, "ravi", "officer:asha", number, None, "proof_of_two"),
        (SIGN_IN, "mina", "officer:bela", number, None, "proof_of_two"),
        (SIGN_IN, "ravi", "officer:bela", number, b"x" * 32, "proof_of_two"),
        (BANK_LOGIN, "SBIN", "officer:bela", number, None, "proof_of_two"),
        (BANK_LOGIN, "SBIN", "command:test", None, None, "proof_bank_has_code"),
    ):
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await pool.execute(insert, subject, by, proposal_id, code, purpose)
        assert refused.value.constraint_name == rule
    change = (
        "INSERT INTO bank_login_change (change_id, institution, email, made_at, made_by, proof_id)"
        " VALUES (gen_random_uuid(), 'SBIN', 'a@sbin.example', now(), 'officer:bela', $1)"
    )
    for proof_id in (None, await pool.fetchval("SELECT proof_id FROM proof WHERE proposal_id = $1", number)):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await pool.execute(change, proof_id)
    open_one = "WHERE subject = 'ravi' AND used_at IS NULL AND ended_at IS NULL"
    await pool.execute(f"UPDATE proof SET tries = 4 {open_one}")
    for change in ("tries = 0", "code_digest = NULL, proposal_id = NULL"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await pool.execute(f"UPDATE proof SET {change} {open_one}")


async def test_n6_officer_and_admins_are_told_of_a_link_and_of_its_use(office: Office) -> None:
    ctx = office.doors.services.ctx
    ravi = {"officer_id": "ravi", "name": "Ravi", "email": "ravi@police.example", "roles": ["admin"]}
    agreed = await office.agree({"kind": "officer_added", "officer": ravi})
    for name in ("asha", "bela"):
        await ctx.pool.execute("UPDATE officer SET email = $1 WHERE officer_id = $2", f"{name}@police.example", name)
    mail = Mail()
    assert await send_due(ctx, Routes(Ways(mail=mail)), SIGN_IN_LINK_LETTERS) == 1
    assert await office.come_in(agreed.link, agreed.code) == 200
    assert await send_due(ctx, Routes(Ways(mail=mail)), SIGN_IN_LINK_LETTERS) == 1
    assert await send_due(ctx, Routes(Ways(mail=mail)), SIGN_IN_LINK_LETTERS) == 0
    told = [f"{name}@police.example" for name in ("asha", "bela", "ravi")]
    assert [to for to, _ in mail.letters] == told * 2
    texts = [text for _, text in mail.letters]
    assert ["was made" in text for text in texts] == [True] * 3 + [False] * 3
    assert ["disable the officer" in text for text in texts] == [True, True, False] * 2
    assert agreed.link not in str(texts)
    assert agreed.code not in str(texts)
    # One admin alone ends what a thief of the link has set.
    assert (await office.doors.post("/api/v1/officers/ravi/disable", {}, Role.ADMIN)).status_code == 204


async def test_n6_a_link_of_which_no_person_could_be_told_is_logged_without_names(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    ctx = office.doors.services.ctx
    await office.agree(
        {"kind": "officer_added", "officer": {"officer_id": "ravi", "name": "Ravi", "email": "ravi@x.in"}}
    )
    unreachable, refused = MailUnreachable(), MailError("refused")
    for failure, is_over in ((unreachable, False), (refused, True)):
        caplog.clear()
        await ctx.pool.execute("UPDATE outgoing SET next_attempt_at = $1 WHERE kind = 'sign_in_link'", ctx.now())
        assert await send_due(ctx, Routes(Ways(mail=Mail(failure))), SIGN_IN_LINK_LETTERS) == 0
        assert ("no person could be told of a sign-in link" in caplog.text) is is_over
        assert type(failure).__name__ in caplog.text
        assert "ravi" not in caplog.text


async def test_n7_no_officer_has_the_password_of_a_bank_and_its_contacts_are_told(office: Office) -> None:
    ctx, client = office.doors.services.ctx, office.doors.client
    mail = Mail()
    await send_due(ctx, Routes(Ways(mail=mail)), LOGIN_CHANGE_LETTERS)
    mail.letters.clear()
    agreed = await office.agree({"kind": "bank_login_replaced", "code": "SBIN", "email": "new@sbin.example"})
    async with ctx.pool.acquire() as connection:
        assert await institutions.login_row(connection, "new@sbin.example") is None, "the password of before is over"
    path = agreed.link[agreed.link.index("/inbox/") :]
    form = {"password": PASSWORD, "again": PASSWORD}

    async def put(**changes: str) -> httpx.Response:
        return await client.post(path, data=form | changes, headers=SAME)

    page = await client.get(path, headers=SAME)
    assert "new@sbin.example" in page.text
    refused = [await put(), await put(link_code=A_GUESS), await put(link_code=agreed.code, again="x")]
    assert [answer.status_code for answer in refused] == [422] * 3
    assert "It takes 3 more" in refused[1].text
    await switched(partial(client.post, headers=SAME), path, read(refused[2], 422), link_code=agreed.code)
    assert (await put(link_code=agreed.code)).status_code == 200
    assert (await put(link_code=agreed.code)).status_code == 410
    login = {"email": "new@sbin.example", "password": PASSWORD}
    assert (await client.post("/inbox/sign-in", data=login, headers=SAME)).status_code == 303
    item = TaskKind.PHONE_BANK, TaskCause.BANK_LOGIN_UNTOLD
    async with ctx.pool.acquire() as connection:
        await tasks.open_for_institution(connection, "SBIN", *item, ctx.now())
    assert await send_due(ctx, Routes(Ways(mail=Mail(MailError("refused")))), LOGIN_CHANGE_LETTERS) == 0
    causes = "SELECT array_agg(cause ORDER BY cause) FROM desk_task WHERE institution = 'SBIN' AND kind = 'phone_bank'"
    untold = ["bank_login_change_untold", "bank_login_untold"]
    assert await ctx.pool.fetchval(causes) == untold, "another call to the bank that is open hides nothing"
    async with ctx.pool.acquire() as connection:
        change_id = await connection.fetchval(
            "SELECT change_id FROM bank_login_change JOIN proof USING (proof_id) WHERE used_at IS NOT NULL"
        )
        await outgoing.queue(connection, OutgoingKind.BANK_LOGIN_CHANGE, change_id, ctx.now())
    assert await send_due(ctx, Routes(Ways(mail=mail)), LOGIN_CHANGE_LETTERS) == 1
    assert [to for to, _ in mail.letters] == ["nodal@sbin.example"]
    assert "was set by the link" in mail.letters[0][1]


async def test_n1_a_password_is_judged_in_no_event_loop_and_only_for_who_typed_the_code(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, judged = office.doors.client, list[bool]()

    def guesses(*_: str) -> float:
        judged.append(threading.current_thread() is threading.main_thread())
        return 0

    monkeypatch.setattr(officers, "_guesses", guesses)
    await enrol(office.doors.services.ctx.pool, ["ravi"], [Role.IO])
    of_officer = await office.agree({"kind": "officer_reset", "officer_id": "ravi"})
    of_bank = await office.agree({"kind": "bank_login_replaced", "code": "SBIN", "email": "new@sbin.example"})
    path = of_bank.link[of_bank.link.index("/inbox/") :]
    form = {"email": "x@y.example", "code": "AAAA", "password": LONG_TO_JUDGE, "again": LONG_TO_JUDGE}
    assert await office.come_in(of_officer.link, A_GUESS) == 422
    assert (await client.post(path, data=form | {"link_code": A_GUESS}, headers=SAME)).status_code == 422
    assert (await client.post("/inbox/first", data=form, headers=SAME)).status_code == 401
    assert judged == []
    assert await office.come_in(of_officer.link, of_officer.code) == 422
    answer = await client.post(path, data=form | {"link_code": of_bank.code}, headers=SAME)
    assert (answer.status_code, "common or easily" in answer.text) == (422, True)
    assert judged == [False, False]


async def test_who_did_not_ask_for_a_link_ends_it_and_admins_are_told(office: Office) -> None:
    pool, client = office.doors.services.ctx.pool, office.doors.client
    await enrol(pool, ["ravi"], [Role.IO])
    for asked in (
        {"kind": "officer_reset", "officer_id": "ravi"},
        {"kind": "bank_login_replaced", "code": "SBIN", "email": "new@sbin.example"},
    ):
        agreed = await office.agree(asked)
        link = agreed.link[agreed.link.index("/", 8) :] if "://" in agreed.link else agreed.link
        assert "did not ask for this link" in (await client.get(link, headers=SAME)).text
        ended = await client.post(link, data={"step": "not_asked"}, headers=SAME)
        assert (ended.status_code, "The link is ended" in ended.text) == (200, True)
        assert (await client.get(link, headers=SAME)).status_code == 410
        told = "SELECT task_id, kind, facts ->> 'detail' AS detail FROM desk_task WHERE cause = $1 AND subject_id = $2"
        rows = await pool.fetch(told, "link_not_asked_for", str(agreed.proposed["proposal_id"]))
        assert [(row["kind"], row["detail"]) for row in rows] == [("supervise", asked["kind"])]
        close = f"/api/v1/desk/tasks/{rows[0]['task_id']}/close"
        proposer = office.doors.officer(Role.ADMIN, "asha")
        closed = await client.post(close, json={"reason": "it is nothing"}, headers=proposer)
        assert (closed.status_code, closed.json()["code"]) == (403, "task_about_officer"), "N6: not by who proposed it"
        again = await client.post(link, data={"step": "not_asked"}, headers=SAME)
        assert again.status_code == 410


async def test_the_item_of_a_proposal_closes_with_the_proposal_and_by_no_officer(office: Office) -> None:
    ctx = office.doors.services.ctx
    await enrol(ctx.pool, ["ravi"], [Role.DESK])
    asked = {"kind": "role_given", "officer_id": "ravi", "role": "io"}
    proposed = await office.send("asha", PROPOSALS, {"reason": "as the roster says", "asked": asked})
    item = "SELECT task_id, state FROM desk_task WHERE cause = 'proposal_to_decide' AND subject_id = $1"
    about = str(proposed["proposal_id"])
    task_id = await ctx.pool.fetchval(item, about)
    state = "SELECT state FROM desk_task WHERE cause = 'proposal_to_decide' AND subject_id = $1"
    for who, role in (("ravi", Role.DESK), ("bela", Role.ADMIN), ("chief", Role.SUPERVISOR)):
        headers = office.doors.officer(role, who)
        closed = await office.doors.client.post(
            f"/api/v1/desk/tasks/{task_id}/close", json={"reason": "not needed"}, headers=headers
        )
        assert closed.status_code in {403, 409}, closed.text
        if closed.status_code == 409:
            assert (closed.json()["code"], closed.json()["params"]["proposal_id"]) == ("task_of_proposal", int(about))
    assert await ctx.pool.fetchval(state, about) == "open"
    await forget_entries(ctx)
    assert await ctx.pool.fetchval(state, about) == "open", "its time is not over"
    office.clock.at += timedelta(seconds=ctx.policy.administration.valid_seconds + 1)
    async with ctx.pool.acquire() as connection:
        assert await proposals.close_over(connection, office.clock.at) == 1
    assert await ctx.pool.fetchval(state, about) == "closed"


async def test_admins_are_told_that_a_proposal_waits_and_its_proposer_that_it_was_decided(office: Office) -> None:
    ctx = office.doors.services.ctx
    await enrol(ctx.pool, ["ravi", "desk.only"], [Role.DESK])
    await enrol(ctx.pool, ["bela", "cleo"], [Role.ADMIN])
    asked = {"kind": "role_given", "officer_id": "ravi", "role": "io"}
    proposed = await office.send("asha", PROPOSALS, {"reason": "as the roster says", "asked": asked})
    about = str(proposed["proposal_id"])

    async def told() -> set[tuple[str, str]]:
        await TaskNotices(ctx).write()
        rows = await ctx.pool.fetch(
            "SELECT n.officer_id, t.cause FROM task_notice n JOIN desk_task t USING (task_id)"
            " WHERE t.subject_kind = 'proposal' AND t.subject_id = $1 AND t.state = 'open'",
            about,
        )
        return {(row["officer_id"], row["cause"]) for row in rows}

    waiting = {who for who, cause in await told() if cause == "proposal_to_decide"}
    assert waiting >= {"bela", "cleo"}
    assert waiting.isdisjoint({"asha", "ravi", "desk.only"}), "none of them decides on it"
    seen = {"decision": "refused", "reason": "not in the order", "version": proposed["version"]}
    await office.send("bela", f"{PROPOSALS}/{about}/decide", seen)
    assert await told() == {("asha", "proposal_decided")}
