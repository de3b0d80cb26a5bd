"""People of a bank in its inbox: own logins by a code, who has answered, and replies by two of them."""

import re
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from pydantic import SecretStr

from activities.banks import people
from activities.banks.changes import change_institution, write_login
from activities.context import Context
from activities.notifications.person_codes import send_person_codes
from activities.notifications.sending import Ways
from activities.secrets import hash_password
from schemas.banks.institutions import InstitutionFields
from schemas.enums import Role
from tests.api.answer_post import WHO, read
from tests.api.bank_gateway.test_inbox import HDFC, SBIN, Browser, browser, links_of, trail
from tests.api.bank_gateway.test_logins import Mail
from tests.api.conftest import Doors, transfer
from tests.factories import rrn

__all__ = ["browser"]


async def test_people_of_a_bank_sign_in_by_themselves_and_are_named_in_their_answers(
    doors: Doors, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx, mail, email = doors.services.ctx, Mail(), f"{rrn()}@sbin.example"
    new = {"name": "Kavita Rao", "designation": "Nodal desk", "email": email.upper(), "step": "add"}
    post = partial(browser.client.post, "/inbox/people")
    assert "Please give an e-mail address" in read(await post(data=new | {"email": "x"}), 422).words
    assert "has a login already" in read(await post(data=new | {"email": HDFC["email"]}), 422).words
    assert (await post(data=new)).status_code == 303
    assert "has a login already" in read(await post(data=new), 422).words
    assert await send_person_codes(ctx, Ways(mail=mail)) == 1
    assert [to for to, _ in mail.letters] == ["nodal@sbin.example", email], "the contacts are told too"
    (code,) = re.findall(r"Code +(\S+)", mail.letters[-1][1])
    assert code not in mail.letters[0][1]
    assert code not in (await browser.page("/inbox/people")).words, "the bank's login does not see it"
    password = "lantern orbit maple 47"
    first = {"email": email, "code": code, "password": password, "again": password}
    person = Browser(doors)
    set_first = partial(person.client.post, "/inbox/first")
    assert "do not fit" in read(await set_first(data=first | {"code": "AAAA-BBBB-CCCC-DDDD"}), 401).words
    assert "less than 12" in read(await set_first(data=first | {"password": "x", "again": "x"}), 422).words
    assert "Your password is set." in read(await set_first(data=first | {"code": code.replace("-", " ").lower()})).words
    assert "do not fit" in read(await set_first(data=first), 401).words, "a code is good once"
    login = {"email": email, "password": password}
    await person.sign_in(login | {"password": "another password"}, status=401)
    await person.sign_in(login)
    asked = await doors.client.post("/banking/login", json=login)
    assert asked.status_code == 401, "a person has no login at the API"
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
    checked = doors.services.bank_logins.check_person

    async def ends_meanwhile(*asked: Any) -> None:
        await checked(*asked)
        assert (await post(data={"person_id": seen["person_id"], "step": "end"})).status_code == 303

    monkeypatch.setattr(doors.services.bank_logins, "check_person", ends_meanwhile)
    await Browser(doors).sign_in(login, status=401)
    monkeypatch.undo()
    assert "Password" in (await person.page()).words, "who is ended is signed out at once"
    await person.sign_in(login, status=401)


async def test_a_bank_replies_by_two_people_where_the_directory_says_so(doors: Doors, browser: Browser) -> None:
    ctx, pool = doors.services.ctx, doors.services.ctx.pool
    await by_two(ctx, is_so=True)
    maker, checker = [await person_of(doors, name) for name in ("A. Maker", "B. Checker")]
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
    assert (
        "Give it to a colleague to check" in read(await maker.client.post(path, data=stated | {"step": "check"})).words
    )
    assert "It waits for a colleague" in read(await maker.client.post(path, data=stated | {"step": "send"})).words
    again = read(await maker.client.post(path, data=stated | {"step": "send"}), 409)
    assert "waits for a second person already" in again.words
    assert "A reply waits for a second person" in (await checker.page()).words
    listed = await checker.page("/inbox/checks")
    assert f"Answer to a hold request, case {case_no}" in listed.words
    assert "B. Checker" in listed.words, "a page says who is signed in"
    (waits,) = [link for link in links_of(listed) if link.startswith("/inbox/checks/")]
    assert "Another person of your bank" in (await maker.page(waits)).words
    read(await maker.client.post(waits, data={"step": "send"}), 403)
    before = {edge["reference"]: edge["balances_paise"] for edge in await trail(doors, case_no)}
    assert before[root] == {"in_play": 5_000_00}
    assert "No record of this transfer" in (await checker.page(waits)).words
    assert "your answer is recorded" in read(await checker.client.post(waits, data={"step": "send"})).words
    read(await checker.client.get(waits), 404)
    told = (await doors.read(f"/api/v1/cases/{case_no}/answers", Role.DESK))["items"][-1]["raw"]
    assert (told["answered_by"]["name"], told["checked_by"]["name"]) == ("A. Maker", "B. Checker")
    same = hash_password(SecretStr(SBIN["password"]))
    async with pool.acquire() as connection, connection.transaction():
        await write_login(connection, "SBIN", SBIN["email"], same, ctx.now(), "command:test")
    assert "Password" in (await checker.page()).words, "a thief of the login may have added its people"
    await by_two(ctx, is_so=False)
    with pytest.raises(asyncpg.CheckViolationError, match="by_two"):
        await pool.execute(
            "INSERT INTO bank_reply_check SELECT gen_random_uuid(), institution, kind, subject_id, evidence_id,"
            " made_by, made_at, 'sent', made_by, made_at FROM bank_reply_check WHERE subject_id = $1",
            UUID(row["request"]),
        )


async def by_two(ctx: Context, *, is_so: bool) -> None:
    """Write in the directory whether SBIN replies by two people."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        fields = InstitutionFields(answers_by_two=is_so)
        await change_institution(connection, "SBIN", fields, ctx.now(), "command:test")
    await ctx.directory.refresh()


async def person_of(doors: Doors, name: str) -> Browser:
    """A browser of a person of SBIN who has a login."""
    email, password = f"{rrn()}@sbin.example", SecretStr("lantern orbit maple 47")
    person_id = await people.add(doors.services.ctx.pool, "SBIN", email, name, "Manager")
    hashed = "UPDATE bank_person SET password_hash = $2, next_attempt_at = NULL WHERE person_id = $1"
    await doors.services.ctx.pool.execute(hashed, person_id, hash_password(password))
    found = Browser(doors)
    await found.sign_in({"email": email, "password": password.get_secret_value()})
    return found
