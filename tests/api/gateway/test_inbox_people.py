"""People of a bank in its inbox: own logins by a code, who has answered, and replies by two of them."""

import asyncio
import hashlib
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr

from activities.banks import people
from activities.banks.changes import write_login
from activities.banks.directory import DirectoryRefused
from activities.banks.proposals import decide, propose
from activities.context import Context
from activities.gateway import inbox
from activities.outgoing import Routes, Ways, send_due
from activities.people.retention import forget_entries
from activities.recovery.signatures import PERSON_CODES, first_sign_in_address
from activities.secrets import hash_password, is_outdated, new_grouped_code
from adapters.messages.smtp import MailRefused, MailUnreachable
from db import outgoing
from db.banks import bank_logins, bank_people
from db.banks.bank_logins import BankSession
from db.clock import present_moment
from db.outgoing import OutgoingKind
from db.pool import Pool
from domain.errors.banks import BankPeopleAddedTooMany, BankPeopleTooFew, BankPersonKnown
from schemas.banks.administration import (
    BankPeopleConfirmed,
    InstitutionChanged,
    NewProposal,
    ProposalAnswer,
    ProposalDecision,
    ProposalKind,
)
from schemas.enums import Role
from tests.api.answer_post import WHO, read, switched
from tests.api.conftest import Doors, transfer
from tests.api.gateway.test_inbox import HDFC, SBIN, Browser, browser, links_of, trail
from tests.api.gateway.test_logins import Mail
from tests.factories import rrn
from tests.officers import enrol

__all__ = ["browser"]


async def test_people_of_a_bank_sign_in_by_themselves_and_are_named_in_their_answers(
    doors: Doors, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx, mail, email = doors.services.ctx, Mail(), f"{rrn()}@sbin.example"
    new = {"name": "Kavita Rao", "designation": "Nodal desk", "email": email.upper(), "step": "add"}
    post = partial(browser.client.post, "/inbox/people")
    await a_wrong_address_is_kept_over_the_language(browser, new | {"email": "x"})
    assert "has a login already" in read(await post(data=new | {"email": SBIN["email"]}), 422).words
    assert (await post(data=new)).status_code == 303
    assert "has a login already" in read(await post(data=new), 422).words
    routes = Routes(Ways(mail=mail), first_sign_in_address=first_sign_in_address("https://bank.example"))
    assert await send_due(ctx, routes, PERSON_CODES) == 1
    assert [to for to, _ in mail.letters] == ["nodal@sbin.example", email], "the contacts are told too"
    assert "Open https://bank.example/inbox/first, and set a password" in mail.letters[-1][1]
    (code,) = re.findall(r"Code +(\S+)", mail.letters[-1][1])
    assert code not in mail.letters[0][1]
    assert code not in (await browser.page("/inbox/people")).words, "the bank's login does not see it"
    password = "lantern orbit maple 47"
    first = {"email": email, "code": code, "password": password, "again": password}
    person = Browser(doors)
    set_first = partial(person.client.post, "/inbox/first")
    assert "do not fit" in read(await set_first(data=first | {"code": "AAAA-BBBB-CCCC-DDDD"}), 401).words
    await a_short_password_is_refused_and_kept_in_no_page(person, email, code)
    assert "Your password is set." in read(await set_first(data=first | {"code": code.replace("-", " ").lower()})).words
    assert "do not fit" in read(await set_first(data=first), 401).words, "a code is good once"
    login = {"email": email, "password": password}
    await person.sign_in(login | {"password": "another password"}, status=401)
    await person.sign_in(login)
    assert (await doors.client.post("/banking/login", json=login)).status_code == 401, "no login at the API"
    assert "Only the login of your bank" in read(await person.client.post("/inbox/people", data=new), 422).words

    root = rrn()
    await doors.complain(transfers=[transfer(rrn=root)])
    (row,) = [row for row in await person.waiting() if row["rrn"] == root]
    form = (await person.page(f"/inbox/holds/{row['request']}")).fields
    assert "name" not in form, "the person is known, and types no name"
    number = next(name for name in form if name.endswith(".seen")).removesuffix("seen")
    stated = form | {f"{number}held": "5000", "name": "Somebody else", "designation": "x", "step": "send"}
    assert (await person.client.post(f"/inbox/holds/{row['request']}", data=stated)).status_code == 200
    told = (await browser.page(f"/inbox/answered/{row['request']}")).words
    assert "Kavita Rao" in told
    assert "Somebody else" not in told
    (seen,) = [
        one for one in (await doors.read("/api/v1/institutions/SBIN", Role.ADMIN))["people"] if one["email"] == email
    ]
    assert (seen["name"], seen["state"]) == ("Kavita Rao", "active"), "the State sees the bank's people"
    checked, leaver = doors.services.bank_logins.check_person, {"person_id": seen["person_id"]}
    await the_end_of_a_login_is_asked_in_both_languages(browser, leaver)

    async def ends_meanwhile(*asked: Any) -> Any:
        login = await checked(*asked)
        assert (await post(data=leaver | {"step": "end_surely"})).status_code == 303
        return login

    monkeypatch.setattr(doors.services.bank_logins, "check_person", ends_meanwhile)
    await Browser(doors).sign_in(login, status=401)
    monkeypatch.undo()
    assert "Password" in (await person.page()).words, "who is ended is signed out at once"
    await person.sign_in(login, status=401)


async def a_wrong_address_is_kept_over_the_language(browser: Browser, new: dict[str, str]) -> None:
    wrong = read(await browser.client.post("/inbox/people", data=new), 422)
    assert "Please give an e-mail address" in wrong.words
    await switched(browser.client.post, "/inbox/people", wrong, name=new["name"], email="x")


async def a_short_password_is_refused_and_kept_in_no_page(person: Browser, email: str, code: str) -> None:
    typed = {"email": email, "code": code, "password": "x", "again": "x"}
    short = read(await person.client.post("/inbox/first", data=typed), 422)
    assert "less than 12" in short.words
    hindi = await switched(person.client.post, "/inbox/first", short, email=email, code=code)
    assert (hindi.fields["password"], hindi.fields["again"]) == ("", "")


async def the_end_of_a_login_is_asked_in_both_languages(browser: Browser, leaver: dict[str, str]) -> None:
    asked = read(await browser.client.post("/inbox/people", data=leaver | {"step": "end"}))
    assert "Kavita Rao is signed out at once" in asked.words
    assert "end_surely" in (await switched(browser.client.post, "/inbox/people", asked, **leaver)).buttons


async def test_a_person_is_added_by_a_live_session_and_an_old_hash_is_made_again(
    doors: Doors, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, email, password = doors.services.ctx.pool, f"{rrn()}@sbin.example", "lantern orbit maple 47"
    person_id = await people.add(pool, await session_of(pool, "SBIN"), email, "A. Name", "Manager")
    cheap = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(password)
    hashed = "UPDATE bank_person SET password_hash = $2 WHERE person_id = $1"
    await pool.execute(hashed, person_id, cheap)
    await Browser(doors).sign_in({"email": email, "password": password})
    made = await pool.fetchval("SELECT password_hash FROM bank_person WHERE person_id = $1", person_id)
    assert not is_outdated(made), "a hash of other costs is made again at the sign-in"

    async def signs_out_meanwhile(_: str) -> float:
        await pool.execute("UPDATE session SET ended_at = present_moment() WHERE ended_at IS NULL")
        return 0

    monkeypatch.setattr(doors.services.inbox_checks, "wait_seconds", signs_out_meanwhile)
    late = {"name": "A. Name", "designation": "Manager", "email": f"{rrn()}@sbin.example", "step": "add"}
    assert "Password" in read(await browser.client.post("/inbox/people", data=late), 401).words
    assert not await pool.fetchval("SELECT count(*) FROM bank_person WHERE email = $1", late["email"])


async def test_a_code_that_cannot_be_sent_or_was_not_asked_for_is_a_work_item(doors: Doors, browser: Browser) -> None:
    ctx, pool, email = doors.services.ctx, doors.services.ctx.pool, f"{rrn()}@sbin.example"
    person_id = await people.add(pool, await session_of(pool, "SBIN"), email, "A. Name", "Manager")
    named = "SELECT next_attempt_at > present_moment() FROM outgoing WHERE subject = $1"
    causes = "SELECT array_agg(cause ORDER BY cause) FROM desk_task WHERE institution = 'SBIN' AND kind = 'phone_bank'"
    assert await send_due(ctx, Routes(Ways(mail=Mail(MailUnreachable()))), PERSON_CODES) == 0
    assert await pool.fetchval(named, str(person_id)) is True, "it is tried again"
    assert await pool.fetchval(causes) is None
    await pool.execute("UPDATE outgoing SET next_attempt_at = now() WHERE subject = $1", str(person_id))
    assert await send_due(ctx, Routes(Ways(mail=Mail(MailRefused()))), PERSON_CODES) == 0
    assert await pool.fetchval(named, str(person_id)) is None
    assert await pool.fetchval(causes) == ["bank_person_code_unsent"]
    assert "the code could not be sent" in (await browser.page("/inbox/people")).words

    code, person = await coded(pool, person_id), Browser(doors)
    refuse = partial(person.client.post, "/inbox/first")
    asked = {"email": email, "code": code, "step": "not_asked"}
    assert "I did not ask for this login" in (await person.page("/inbox/first")).words
    assert "do not fit" in read(await refuse(data=asked | {"code": "AAAA-BBBB-CCCC-DDDD"}), 401).words
    assert "The login is ended" in read(await refuse(data=asked)).words
    assert "did not ask for this login" in (await browser.page("/inbox/people")).words
    assert "do not fit" in read(await refuse(data=asked), 401).words
    assert await pool.fetchval(causes) == ["bank_person_code_unsent", "bank_person_not_asked_for"]
    facts = await pool.fetch("SELECT facts FROM desk_task WHERE institution = 'SBIN'")
    assert email not in str(facts)


async def test_a_bank_replies_by_two_people_where_the_directory_says_so(doors: Doors, browser: Browser) -> None:
    ctx, pool = doors.services.ctx, doors.services.ctx.pool
    await by_two(ctx, is_so=True)
    maker, checker = [await person_of(doors, name) for name in ("A. Maker", "B. Checker")]
    await confirm(doors)
    root, held = rrn(), rrn()
    case_no = (await doors.complain(transfers=[transfer(rrn=root), transfer(rrn=held)]))["ack_no"]
    (row,) = [row for row in await maker.waiting() if row["rrn"] == root]
    path = f"/inbox/holds/{row['request']}"
    form = (await maker.page(path)).fields
    seen = {name: value for name, value in form.items() if name.endswith(".seen") or name == "made"}
    first, second = sorted(name.removesuffix("seen") for name in seen if name.endswith("seen"))
    now = read(await maker.client.post(path, data=seen | {f"{second}held": "100", "step": "hold"}))
    assert "The hold is sent: ₹100" in now.words, "a hold needs one person, because seconds count"
    stated = seen | {f"{first}no": "01"}
    alone = read(await browser.client.post(path, data=stated | WHO | {"step": "send"}), 403)
    assert "Sign in with your own login" in alone.words
    asked = read(await maker.client.post(path, data=stated | {"step": "check"})).words
    assert "Give it to a colleague to check" in asked
    assert f"account {transfer()['payee']['account']}" in asked, "who checks it knows the account"
    assert "It waits for a colleague" in read(await maker.client.post(path, data=stated | {"step": "send"})).words
    again = read(await maker.client.post(path, data=stated | {"step": "send"}), 409)
    assert "waits for a second person already" in again.words
    waits = await a_reply_that_waits_is_seen(maker, checker, path, case_no)
    read(await maker.client.post(waits, data={"step": "send"}), 403)
    assert (await checker.client.post(waits, data={"step": "return", "note": "Look again"})).status_code == 303
    again = await maker.page(path)
    assert "B. Checker gave this reply back unsent" in again.words
    assert "Look again" in again.words
    assert again.fields[f"{first}no"] == "01", "nothing is typed twice"
    assert "It waits for a colleague" in read(await maker.client.post(path, data=stated | {"step": "send"})).words
    (waits,) = [link for link in links_of(await checker.page("/inbox/checks")) if link.startswith("/inbox/checks/")]
    before = {edge["reference"]: edge["balances_paise"] for edge in await trail(doors, case_no)}
    assert before[root] == {"in_play": 5_000_00}
    assert "No record of this transfer" in (await checker.page(waits)).words
    assert "your answer is recorded" in read(await checker.client.post(waits, data={"step": "send"})).words
    assert "B. Checker has sent this reply" in read(await checker.client.get(waits), 404).words
    told = (await doors.read(f"/api/v1/cases/{case_no}/answers", Role.DESK))["items"][-1]["raw"]
    assert (told["answered_by"]["name"], told["checked_by"]["name"]) == ("A. Maker", "B. Checker")
    await a_further_statement_is_given_back_with_its_note(maker, checker, row["request"], first)
    same = hash_password(SecretStr(SBIN["password"]))
    async with pool.acquire() as connection, connection.transaction():
        await write_login(connection, "SBIN", SBIN["email"], same, ctx.now(), "command:test")
    assert "Password" in (await checker.page()).words, "a thief of the login may have added its people"
    await by_two(ctx, is_so=False)
    await pool.execute("UPDATE bank_person SET ended_at = NULL WHERE name = 'A. Maker'")
    with pytest.raises(asyncpg.CheckViolationError, match="by_two"):
        await pool.execute(SENT_BY_ONE, UUID(row["request"]))


async def a_reply_that_waits_is_seen(maker: Browser, checker: Browser, path: str, case_no: str) -> str:
    """Every page about a request says that a reply waits. Return the page of the reply."""
    assert "A reply waits for a second person" in (await checker.page()).words
    assert "Replies that wait for a second person: 1" in (await checker.page()).words
    assert "A reply about this waits for a second person. A. Maker" in (await checker.page(path)).words
    listed = await checker.page("/inbox/checks")
    assert f"Answer to a hold request, case {case_no}" in listed.words
    assert "B. Checker" in listed.words, "a page says who is signed in"
    (waits,) = waiting_of(listed)
    own = (await maker.page(waits)).words
    assert "Another person of your bank" in own
    assert "Take it back unsent" in own
    return waits


async def a_further_statement_is_given_back_with_its_note(
    maker: Browser, checker: Browser, request: str, first: str
) -> None:
    """The form has the note and what was typed. The list of answered requests shows it, and that of open ones not."""
    path = f"/inbox/answered/{request}"
    more = (await maker.page(path)).fields | {f"{first}held": "50", "step": "send"}
    assert "It waits for a colleague" in read(await maker.client.post(path, data=more)).words
    (waits,) = waiting_of(await checker.page("/inbox/checks"))
    await switched(checker.client.post, waits, await checker.page(waits), note="Which day?")
    assert (await checker.client.post(waits, data={"step": "return", "note": "Which day?"})).status_code == 303
    again = await maker.page(path)
    assert "checked by B. Checker" in again.words, "of what was told before"
    assert "B. Checker gave this reply back unsent" in again.words
    assert ("Which day?" in again.words, again.fields[f"{first}held"]) == (True, "50")
    lists = [await maker.page(one) for one in ("/inbox/answered", "/inbox")]
    assert ["A reply was given back unsent" in one.words for one in lists] == [True, False]


async def test_a_reply_that_does_not_fit_any_more_is_given_back_and_not_filled_in(
    doors: Doors, browser: Browser
) -> None:
    """Who checks a reply never gets a form, which would hold the same money twice under the own name."""
    ctx = doors.services.ctx
    await by_two(ctx, is_so=True)
    maker, checker = [await person_of(doors, name) for name in ("A. Maker", "B. Checker")]
    await confirm(doors)
    path, form = await form_of(doors, maker)
    number = next(name for name in form if name.endswith(".seen")).removesuffix("seen")
    held = {name: text for name, text in form.items() if not name.endswith(".no")} | {f"{number}held": "2000"}
    offered = read(await maker.client.post(path, data=held | {"step": "check"})).words
    assert "Send the hold now" in offered
    asked = read(await maker.client.post(path, data=held | {"step": "send"})).words
    assert "The police do not know yet about money on hold in this reply" in asked
    (waits,) = waiting_of(await checker.page("/inbox/checks"))
    shown = (await checker.page(waits)).words
    assert "₹3,000 of this transfer stays open" in shown
    assert "send the hold now" not in shown, "the second person has no such button"
    assert "The hold is sent" in read(await maker.client.post(path, data=held | {"step": "hold"})).words
    for step in ("show", "send"):
        over = read(await checker.client.post(waits, data={"step": step}), 409)
        assert "This reply cannot be sent as it is" in over.words
        assert "₹2,000 held" in over.words, "what was told since"
        assert f"{number}held" not in over.fields
    assert (await maker.client.post(waits, data={"step": "return"})).status_code == 303
    assert "A. Maker took this reply back unsent" in (await maker.page(path)).words
    late = read(await checker.client.post(waits, data={"step": "return"}), 404)
    assert "A. Maker took this reply back unsent" in late.words
    await by_two(ctx, is_so=False)


async def test_a_person_with_two_mailboxes_is_not_two(doors: Doors, browser: Browser) -> None:
    ctx, pool = doors.services.ctx, doors.services.ctx.pool
    one, other = [await person_of(doors, name) for name in ("K. Rao", "Kavita Rao")]
    await enrol(pool, ["asha"], [Role.ADMIN])
    switched_on = InstitutionChanged(kind=ProposalKind.INSTITUTION_CHANGED, code="SBIN", answers_by_two=True)
    with pytest.raises(BankPeopleTooFew):
        await propose(ctx, NewProposal(asked=switched_on, reason="the bank wants it"), "officer:asha")
    await by_two(ctx, is_so=True)
    path, form = await form_of(doors, one)
    refused = read(await one.client.post(path, data=form | {"step": "send"}), 403)
    assert "not confirmed your login yet" in refused.words
    assert "does not count as one of two" in (await one.page("/inbox/people")).words
    await confirm(doors, "K. Rao")
    assert "It waits for a colleague" in read(await one.client.post(path, data=form | {"step": "send"})).words
    (waits,) = waiting_of(await other.page("/inbox/checks"))
    assert "not confirmed your login yet" in read(await other.client.post(waits, data={"step": "send"}), 403).words
    decided = (
        "UPDATE bank_reply_check SET outcome = $2, decided_at = present_moment(), decided_by = $3 WHERE check_id = $1"
    )
    people_of = {row["name"]: row["person_id"] for row in await pool.fetch("SELECT name, person_id FROM bank_person")}
    named = UUID(waits.rpartition("/")[2].partition("?")[0])
    with pytest.raises(asyncpg.CheckViolationError, match="another confirmed person"):
        await pool.execute(decided, named, "sent", people_of["Kavita Rao"])
    confirmed = "UPDATE bank_person SET confirmed_at = now(), confirmed_proposal = $2 WHERE person_id = $1"
    of_one = await pool.fetchval("SELECT confirmed_proposal FROM bank_person WHERE name = 'K. Rao'")
    with pytest.raises(asyncpg.CheckViolationError, match="two admins confirm"):
        await pool.execute(confirmed, people_of["Kavita Rao"], of_one)
    await confirm(doors, "Kavita Rao")
    await confirm(doors, "K. Rao", taken_back=True)
    assert "taken back" in read(await other.client.post(waits, data={"step": "send"}), 409).words
    await confirm(doors, "K. Rao")
    assert "your answer is recorded" in read(await other.client.post(waits, data={"step": "send"})).words
    end = partial(browser.client.post, "/inbox/people")
    leaver = {"person_id": str(people_of["K. Rao"])}
    assert "Without K. Rao, fewer than two" in read(await end(data=leaver | {"step": "end"})).words
    assert "K. Rao" in (await one.page()).words, "the bank is asked again first"
    assert (await end(data=leaver | {"step": "end_surely"})).status_code == 303
    assert "No reply can be sent until two are" in (await browser.page("/inbox/people")).words
    await by_two(ctx, is_so=False)
    await confirm(doors, "Kavita Rao", taken_back=True)


async def test_a_reply_is_not_given_back_while_it_is_sent(
    doors: Doors, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx, pool = doors.services.ctx, doors.services.ctx.pool
    await by_two(ctx, is_so=True)
    maker, checker = [await person_of(doors, name) for name in ("A. Maker", "B. Checker")]
    await confirm(doors)
    path, form = await form_of(doors, maker)
    read(await maker.client.post(path, data=form | {"step": "send"}))
    (waits,) = waiting_of(await checker.page("/inbox/checks"))
    answer = inbox.answer
    given_back: list[asyncio.Task[Any]] = []

    async def at_the_same_time(*asked: Any) -> Any:
        given_back.append(asyncio.create_task(maker.client.post(waits, data={"step": "return"})))
        await asyncio.wait(given_back, timeout=1)
        return await answer(*asked)

    monkeypatch.setattr(inbox, "answer", at_the_same_time)
    assert "your answer is recorded" in read(await checker.client.post(waits, data={"step": "send"})).words
    assert (await given_back[0]).status_code == 409
    assert [row["outcome"] for row in await pool.fetch("SELECT outcome FROM bank_reply_check")][-1] == "sent"
    await by_two(ctx, is_so=False)


async def test_a_bank_occupies_no_mailbox_of_another_bank(doors: Doors) -> None:
    ctx, pool = doors.services.ctx, doors.services.ctx.pool
    email, password, person = f"{rrn()}@hdfc.example", "lantern orbit maple 47", Browser(doors)
    set_first = partial(person.client.post, "/inbox/first")
    first = {"email": email, "password": password, "again": password}
    by_sbin, by_hdfc = [await invited(pool, bank, email) for bank in ("SBIN", "HDFC")]
    assert (await set_first(data=first | {"code": by_hdfc})).status_code == 200, "the other bank's invitation is no bar"
    twice = read(await set_first(data=first | {"code": by_sbin}), 422)
    assert "has a login already" in twice.words, "a mailbox has one login"
    await person.sign_in({"email": email, "password": password})
    with pytest.raises(BankPersonKnown):
        await invited(pool, "HDFC", email)

    code = await invited(pool, "SBIN", HDFC["email"])
    await Browser(doors).sign_in(HDFC)
    taken = first | {"email": HDFC["email"], "code": code}
    assert "has a login already" in read(await set_first(data=taken), 422).words
    async with pool.acquire() as connection, connection.transaction():
        with pytest.raises(DirectoryRefused, match="a person of one"):
            await write_login(connection, "SBIN", email, None, ctx.now(), "command:test")


async def invited(pool: Pool, institution: str, email: str) -> str:
    """The code of a person whom a bank adds."""
    return await coded(pool, await people.add(pool, await session_of(pool, institution), email, "A. Name", "Manager"))


async def coded(pool: Pool, person_id: UUID) -> str:
    """A code as its letter has it."""
    code = new_grouped_code()
    async with pool.acquire() as connection:
        await outgoing.queue(connection, OutgoingKind.BANK_PERSON, person_id, datetime.now(UTC))
        until = await present_moment(connection) + people.CODE_LIFE
        assert await bank_people.write_code(connection, person_id, people.code_digest(code), until)
    return code


async def test_a_bank_adds_people_up_to_a_limit_and_those_who_never_came_are_forgotten(
    doors: Doors, browser: Browser
) -> None:
    ctx, pool = doors.services.ctx, doors.services.ctx.pool
    before = await pool.fetchval("SELECT count(*) FROM bank_person WHERE institution = 'SBIN'")
    session, named = await session_of(pool, "SBIN"), ("A. Name", "Manager")
    for number in range(bank_people.ADDED_MAX - before):
        await people.end(pool, session, await people.add(pool, session, f"{number}@sbin.example", *named))
    with pytest.raises(BankPeopleAddedTooMany):
        await people.add(pool, session, "one.more@sbin.example", *named)
    new = {"name": "A. Name", "designation": "Manager", "email": "one.more@sbin.example", "step": "add"}
    assert "has added 100 people" in read(await browser.client.post("/inbox/people", data=new), 422).words
    aged = "UPDATE bank_person SET ended_at = ended_at - interval '91 days' WHERE designation = 'Manager'"
    await pool.execute(aged)
    assert await forget_entries(ctx) >= bank_people.ADDED_MAX - before
    assert not await pool.fetchval("SELECT count(*) FROM bank_person WHERE name = 'A. Name'")


SENT_BY_ONE = """
INSERT INTO bank_reply_check SELECT gen_random_uuid(), institution, kind, subject_id, evidence_id, made_by, made_at,
    'sent', made_by, made_at FROM bank_reply_check WHERE subject_id = $1
"""


async def form_of(doors: Doors, person: Browser) -> tuple[str, dict[str, str]]:
    """The page of a new request, and a form that says there is no such transfer."""
    root = rrn()
    await doors.complain(transfers=[transfer(rrn=root)])
    (row,) = [row for row in await person.waiting() if row["rrn"] == root]
    path = f"/inbox/holds/{row['request']}"
    form = (await person.page(path)).fields
    seen = {name: value for name, value in form.items() if name.endswith(".seen") or name == "made"}
    number = next(name for name in seen if name.endswith(".seen")).removesuffix("seen")
    return path, seen | {f"{number}no": "01"}


def waiting_of(page: Any) -> list[str]:
    """The replies that a page of them leads to."""
    return [link for link in links_of(page) if link.startswith("/inbox/checks/")]


async def confirm(doors: Doors, *names: str, taken_back: bool = False) -> None:
    """Confirm people of SBIN as two admins do, or take that back; all of them without a name."""
    ctx, pool = doors.services.ctx, doors.services.ctx.pool
    await enrol(pool, ["asha", "bela"], [Role.ADMIN])
    rows = await pool.fetch("SELECT person_id, name FROM bank_person WHERE institution = 'SBIN' AND ended_at IS NULL")
    ids = [row["person_id"] for row in rows if not names or row["name"] in names]
    named = {"taken_back" if taken_back else "confirmed": tuple(ids)}
    asked = BankPeopleConfirmed(kind=ProposalKind.BANK_PEOPLE_CONFIRMED, code="SBIN", **named)
    proposed = await propose(ctx, NewProposal(asked=asked, reason="called at the bank"), "officer:asha")
    seen = ProposalDecision(decision=ProposalAnswer.AGREED, reason="called too", version=proposed.version)
    await decide(ctx, proposed.proposal_id, seen, "officer:bela")


async def by_two(ctx: Context, *, is_so: bool) -> None:
    """Write in the directory whether SBIN replies by two people, also before two of them are confirmed."""
    await ctx.pool.execute("UPDATE institution SET answers_by_two = $1 WHERE code = 'SBIN'", is_so)
    await ctx.directory.refresh()


async def session_of(pool: Pool, institution: str) -> BankSession:
    """A session of a bank's own login."""
    hour, digest = timedelta(hours=1), hashlib.sha256(uuid4().bytes).digest()
    async with pool.acquire() as connection:
        await bank_logins.begin_session(connection, institution, digest, "", hour)
        session = await bank_logins.find_session(connection, digest, hour)
    assert session is not None
    return session


async def person_of(doors: Doors, name: str) -> Browser:
    """A browser of a person of SBIN who has a login."""
    email, password = f"{rrn()}@sbin.example", SecretStr("lantern orbit maple 47")
    pool = doors.services.ctx.pool
    person_id = await people.add(pool, await session_of(pool, "SBIN"), email, name, "Manager")
    hashed = "UPDATE bank_person SET password_hash = $2 WHERE person_id = $1"
    await pool.execute(hashed, person_id, hash_password(password))
    found = Browser(doors)
    await found.sign_in({"email": email, "password": password.get_secret_value()})
    return found
