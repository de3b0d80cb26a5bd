"""A bank's inbox in a browser: from sign-in to the answer, one request or many, and nothing of another bank."""

import csv
import io
import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from pydantic import SecretStr
from python_calamine import CalamineWorkbook

from activities.banks import key_changes
from activities.banks.loading import register_key, set_login
from activities.context import Context
from activities.gateway.inbox import TEST_CALL
from activities.outgoing import Routes, Ways, send_due
from activities.people.retention import forget_entries
from activities.recovery.bank_letters import KEY_LETTERS
from activities.secrets import hash_password
from adapters.banks.protocol import BankWire, Delivery, HoldTicket
from api.forms import FORM_TEXTS
from api.gateway.inbox_pages import TEXTS
from api.gateway.inbox_sessions import INBOX_COOKIE
from api.public_pages import LANGUAGE_COOKIE
from api.reports import XLSX
from db.banks import bank_keys
from documents.spreadsheet import table_workbook
from domain.errors.banks import BankKeyChangeDecided
from schemas.banks.institutions import InboundEntry
from schemas.banks.keys import KeyChange
from schemas.enums import ClaimKind, Disposition, KeyChangeKind, Language, Role
from tests.api.answer_post import WHO, Page, read, switched
from tests.api.conftest import Doors, new_app, transfer
from tests.api.gateway.test_logins import Mail
from tests.api.people.test_public_pages import faults
from tests.api.signed import NEXT, OLD, STRANGER, bank_key, sign
from tests.factories import rrn

BANK = "https://bank.test"
SBIN = {"email": "sbin@banks.example", "password": "the password of SBIN"}
HDFC = {"email": "hdfc@banks.example", "password": "the password of HDFC"}


SAME = {"how_aeps", "told_line", "ifsc", "reference", "order_line", "larger", "smaller"}
"""texts that are the same in both languages"""


class Browser:
    """A browser of an officer of a bank."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        transport = httpx.ASGITransport(new_app(doors.services))
        self.client = httpx.AsyncClient(
            transport=transport, base_url=BANK, headers={"Origin": BANK, "Accept-Language": "en"}
        )

    async def sign_in(self, login: Mapping[str, str] = SBIN, status: int = 303) -> httpx.Response:
        response = await self.client.post("/inbox/sign-in", data=dict(login))
        assert response.status_code == status, response.text
        return response

    async def page(self, path: str = "/inbox", status: int = 200) -> Page:
        return read(await self.client.get(path), status)

    async def waiting(self) -> list[dict[str, str]]:
        """The table of what waits."""
        response = await self.client.get("/inbox/waiting.csv")
        assert response.status_code == 200, response.text
        return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))

    async def upload(self, rows: list[dict[str, str]]) -> Page:
        """What the page says of a filled-in table."""
        text = io.StringIO()
        table = csv.DictWriter(text, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
        files = {"file": ("answers.csv", "\ufeff" + text.getvalue(), "text/csv")}
        response = await self.client.post("/inbox/table", files=files)
        return read(response, response.status_code)

    async def upload_workbook(self, rows: list[dict[str, str]]) -> Page:
        """What the page says of the same table as a workbook."""
        data = table_workbook("waiting", list(rows[0]), [list(row.values()) for row in rows])
        response = await self.client.post("/inbox/table", files={"file": ("answers.xlsx", data, XLSX)})
        return read(response, response.status_code)


@pytest.fixture
async def browser(doors: Doors) -> Any:
    found = Browser(doors)
    await found.sign_in()
    yield found
    await found.client.aclose()


async def trail(doors: Doors, case_no: str) -> list[dict[str, Any]]:
    edges: list[dict[str, Any]] = (await doors.read(f"/api/v1/cases/{case_no}/trail", Role.DESK))["edges"]
    return edges


async def test_from_sign_in_to_one_answer(doors: Doors, browser: Browser) -> None:
    root = rrn()
    case_no = (await doors.complain(transfers=[transfer(rrn=root)]))["ack_no"]
    (row,) = [row for row in await browser.waiting() if row["rrn"] == root]
    shown = await browser.page()
    workbook = CalamineWorkbook.from_filelike(io.BytesIO((await browser.client.get("/inbox/waiting.xlsx")).content))
    assert root in {row[1] for row in workbook.get_sheet_by_name("waiting").to_python()}
    assert "₹5,000 · account ••" in shown.words
    assert case_no in shown.words
    assert "Asha" not in shown.words
    path = f"/inbox/holds/{row['request']}"
    form = (await browser.page(path)).fields
    number = next(name for name in form if name.endswith(".seen")).removesuffix("seen")
    typed = {**WHO, f"{number}held": "five", f"{number}m1.when": "2026-11-24T10:05"}
    await switched(browser.client.post, path, await browser.page(path), **typed)
    wrong = read(await browser.client.post(path, data=form | typed | {"step": "check"}), 422)
    await switched(browser.client.post, path, wrong)
    filled = form | WHO | {f"{number}held": "2000"}
    check = read(await browser.client.post(path, data=filled | {"step": "check"}))
    hindi = await switched(browser.client.post, path, check)
    assert hindi.fields == check.fields
    assert hindi.buttons[-3:] == check.buttons[-3:] == ["send", "hold", "edit"], "it is the check in the other language"
    assert "Told so far ₹2,000 of ₹5,000." in check.words
    assert "₹3,000 are missing." in check.words
    taken = read(await browser.client.post(path, data=check.fields | {"step": "send"}))
    assert "your answer is recorded" in taken.words
    (edge,) = await trail(doors, case_no)
    assert edge["balances_paise"] == {"held": 2_000_00, "in_play": 3_000_00}
    again = read(await browser.client.post(path, data=check.fields | {"step": "send"}), 422)
    assert "its open amount changed" in again.words
    assert f"₹2,000 held, RRN / UTR {root}" in again.words, "who sends later is told what was sent"
    events = [event["kind"] for event in (await doors.read(f"/api/v1/cases/{case_no}/events"))["items"]]
    assert "bank_spoke" in events
    assert "request_acknowledged" in events
    await a_further_statement_is_judged_beside_the_first(doors, browser, row["request"], root, case_no)


async def a_further_statement_is_judged_beside_the_first(
    doors: Doors, browser: Browser, request: str, root: str, case_no: str
) -> None:
    """The bank finds what it told, and by whom. What is new is booked, what does not fit is shown to the police."""
    path = f"/inbox/answered/{request}"
    for find in (root, case_no, transfer()["payee"]["account"]):
        found = read(await browser.client.post("/inbox/answered", data={"find": find}))
        assert path in links_of(found), find
        assert path in links_of(await switched(browser.client.post, "/inbox/answered", found)), find
    assert path not in links_of(read(await browser.client.post("/inbox/answered", data={"find": rrn()})))
    assert path in links_of(await browser.page("/inbox/answered"))
    told = await browser.page(path)
    assert "₹2,000 held" in told.words
    assert WHO["name"] in told.words, "the bank sees who answered"
    assert "A part of this request still waits." in told.words
    number = next(name for name in told.fields if name.endswith(".seen")).removesuffix("seen")
    gone = {f"{number}o1.amount": "4000", f"{number}o1.how": "atm", f"{number}o1.when": "2026-11-24T10:05:00"}
    await switched(browser.client.post, path, told, **WHO, **gone)
    check = read(await browser.client.post(path, data=told.fields | WHO | gone | {"step": "check"}))
    assert (await switched(browser.client.post, path, check)).fields == check.fields
    assert "What does not fit the earlier answer moves no money" in check.words
    taken = read(await browser.client.post(path, data=check.fields | {"step": "send"}))
    assert "Discrepancies with earlier statements: 1." in taken.words
    (edge,) = await trail(doors, case_no)
    assert edge["balances_paise"] == {"held": 2_000_00, "withdrawn": 3_000_00}
    assert "₹3,000 booked, the police ask about the rest" in (await browser.page(path)).words
    again = read(await browser.client.post(path, data=told.fields | WHO | gone | {"step": "send"}), 422)
    assert "Another answer about this request arrived" in again.words
    other = Browser(doors)
    await other.sign_in(HDFC)
    await other.page(path, 404)
    assert path not in links_of(read(await other.client.post("/inbox/answered", data={"find": root})))


def links_of(page: Page) -> set[str]:
    """The paths to which a page leads."""
    return {(told.get("href") or "").partition("?")[0] for tag, told in page.tags if tag == "a"}


async def test_a_table_answers_many_and_says_of_each_row_what_is_wrong(doors: Doors, browser: Browser) -> None:
    good, moved, wrong = f"={rrn()}", rrn(), rrn()
    cases = [(await doors.complain(transfers=[transfer(rrn=one)]))["ack_no"] for one in (good, moved, wrong)]
    rows = {row["rrn"]: row for row in await browser.waiting()}
    assert good not in rows, "no spreadsheet reads a reference as a formula"
    assert rows[moved]["credited_account"] == "30000000001"
    assert rows[moved]["case"] == cases[1]
    rows[good] = rows[f"'{good}"]
    onward = {"reference": rrn(), "bank": "HDFC Bank", "account": "50100000000099", "when": "24-11-2026 10:05"}
    shown = await browser.upload(
        [
            rows[good] | {"what": "held", "rupees": "5000"},
            rows[moved] | {"what": "held", "rupees": "1000"},
            rows[moved] | {"what": "moved", "rupees": "4000"} | onward,
            rows[wrong] | {"what": "held", "rupees": "five"},
            rows[wrong] | {"request": str(uuid4()), "what": "held"},
        ]
    )
    assert (await switched(browser.client.post, "/inbox/table", shown, **WHO)).fields["table"] == shown.fields["table"]
    again = await browser.upload_workbook([rows[good] | {"what": "held", "rupees": "5000"}])
    unreadable = await browser.upload_workbook([rows[good] | {"what": "x" * 1_001}])
    assert "Nothing is sent yet." not in unreadable.words
    assert "more than 501 rows" in (await browser.upload_workbook([rows[good]] * 501)).words
    assert "Nothing is sent yet. Rows: 1, with a mistake: 0." in " ".join(again.words.split())
    assert "Nothing is sent yet. Rows: 5, with a mistake: 2." in " ".join(shown.words.split())
    assert "Please give rupees, like 5000 or 5000.50." in shown.words
    assert "₹4,000 moved on to HDFC Bank, 50100000000099" in shown.words
    assert "This is no request of your bank that waits for an answer." in shown.words
    assert [(await trail(doors, one))[0]["balances_paise"] for one in cases] == [{"in_play": 5_000_00}] * 3
    unnamed = read(await browser.client.post("/inbox/table", data=shown.fields | {"step": "send"}))
    assert "Your name and designation are needed." in unnamed.words
    sent = read(await browser.client.post("/inbox/table", data=shown.fields | WHO | {"step": "send"}))
    assert "What was sent" in sent.words
    told = await browser.page(f"/inbox/answered/{rows[moved]['request']}")
    assert f"HDFC Bank, 50100000000099, RRN / UTR {onward['reference']}" in told.words
    balances = [[edge["balances_paise"] for edge in await trail(doors, one)] for one in cases]
    assert balances == [
        [{"held": 5_000_00}],
        [{"held": 1_000_00}, {"in_play": 4_000_00}],
        [{"in_play": 5_000_00}],
    ]


async def test_no_bank_sees_or_answers_what_is_of_another(doors: Doors, browser: Browser) -> None:
    root = rrn()
    case_no = (await doors.complain(transfers=[transfer(rrn=root)]))["ack_no"]
    (row,) = [row for row in await browser.waiting() if row["rrn"] == root]
    other = Browser(doors)
    await other.sign_in(HDFC)
    assert root not in {row["rrn"] for row in await other.waiting()}
    await other.page(f"/inbox/holds/{row['request']}", 404)
    posted = await other.client.post(f"/inbox/holds/{row['request']}", data={"t1.held": "5000", "step": "send"})
    assert posted.status_code == 404
    shown = await other.upload([row | {"what": "held"}])
    assert "This is no request of your bank that waits for an answer." in shown.words
    assert (await trail(doors, case_no))[0]["balances_paise"] == {"in_play": 5_000_00}


async def test_a_session_ends_and_no_other_site_posts_in_it(doors: Doors, browser: Browser) -> None:
    cookie = browser.client.cookies[INBOX_COOKIE]
    foreign = await browser.client.post("/inbox/table", data={"table": "x"}, headers={"Origin": "https://evil.test"})
    assert foreign.status_code == 403
    assert "Keys of your bank" in (await browser.client.get("/inbox/keys")).text
    await browser.client.post("/inbox/sign-out", data={"step": "out"})
    browser.client.cookies.set(INBOX_COOKIE, cookie, domain="bank.test")
    assert "Password" in (await browser.page()).words
    await what_was_typed_too_late_is_kept(browser)
    date = "UPDATE institution SET signature_only_from = present_moment() + $1::interval WHERE code = 'SBIN'"
    async with doors.services.ctx.pool.acquire() as connection:
        await connection.execute(date, timedelta(days=1))
        assert "Password" not in (await browser.page()).words
        await connection.execute(date, timedelta(0))
        assert "Password" in (await browser.page()).words, "signatures alone are taken from this time on"
        await connection.execute("UPDATE institution SET signature_only_from = NULL WHERE code = 'SBIN'")
        other = hash_password(SecretStr("another password of SBIN"))
        await connection.execute("UPDATE institution SET inbound_password_hash = $1 WHERE code = 'SBIN'", other)
    assert "Password" in (await browser.page()).words, "another login of the bank ends the session"
    refused = await browser.sign_in(status=401)
    assert "no login for this page" in refused.text
    async with doors.services.ctx.pool.acquire() as connection:
        old = (
            "SELECT gen_random_uuid(), 'bank', sha256('old'), 'SBIN', t.at, t.at, t.at + interval '1 hour', '192.0.2.1'"
        )
        await connection.execute(
            "INSERT INTO session (session_id, kind, token_digest, subject, began_at, last_seen_at, ends_at, address)"
            f" {old} FROM (SELECT present_moment() - interval '40 days' AS at) t"
        )
        await forget_entries(doors.services.ctx)
        left = "SELECT count(*) FROM session WHERE token_digest = sha256('old')"
        assert await connection.fetchval(left) == 0, "also when no bank signs in any more"


async def what_was_typed_too_late_is_kept(browser: Browser) -> None:
    """The form to sign in keeps it, and so does the page after it. The other language does not drop it."""
    path, typed = f"/inbox/holds/{uuid4()}", {f"kept-{name}": text for name, text in WHO.items()}
    late = read(await browser.client.post(path, data=WHO | {"step": "check"}), 401)
    hindi = await switched(browser.client.post, "/inbox/sign-in", late, **typed, email=SBIN["email"])
    assert TEXTS[Language.HI]["session_over_kept"] in hindi.words
    assert hindi.fields["kept-path"] == path
    again = read(await browser.client.post("/inbox/sign-in", data=late.fields | SBIN))
    assert (late.fields["kept-name"], again.fields["name"]) == (WHO["name"], WHO["name"])
    switches = [told["formaction"] for tag, told in again.tags if tag == "button" and "formaction" in told]
    assert switches == [f"{path}?lang=hi&size=l", f"{path}?lang=en"], "they lead to the form, in that language"
    browser.client.cookies.delete(LANGUAGE_COOKIE)


async def test_the_hold_goes_first_and_a_colleague_sees_that_the_form_is_open(doors: Doors, browser: Browser) -> None:
    small, large = rrn(), rrn()
    sums = {small: 90_00, large: 7_000_00}
    cases = {
        one: (await doors.complain(transfers=[transfer(rrn=one, amount_paise=sums[one])]))["ack_no"] for one in sums
    }
    waiting = [row["rrn"] for row in await browser.waiting() if row["rrn"] in {small, large}]
    assert waiting == [large, small], "where the most can still be caught comes first"
    (row,) = [row for row in await browser.waiting() if row["rrn"] == large]
    path = f"/inbox/holds/{row['request']}"
    form = (await browser.page(path)).fields
    number = next(name for name in form if name.endswith(".seen")).removesuffix("seen")
    colleague = Browser(doors)
    await colleague.sign_in()
    assert "Opened by a colleague" in (await colleague.page()).words
    later = form | WHO | {f"{number}m1.amount": "3000", f"{number}m1.bank": "HDFC Bank"}
    nothing = read(await browser.client.post(path, data=later | {"step": "hold"}), 422)
    assert "Nothing is on hold in this form." in nothing.words
    sent = read(await browser.client.post(path, data=later | {f"{number}held": "4000", "step": "hold"}))
    assert "The hold is sent: ₹4,000" in sent.words
    assert sent.fields[f"{number}m1.bank"] == "HDFC Bank", "the rest is still typed"
    assert (sent.fields[f"{number}held"], sent.fields[f"{number}seen"]) == ("", "300000")
    (edge,) = await trail(doors, cases[large])
    assert edge["balances_paise"] == {"held": 4_000_00, "in_play": 3_000_00}


async def test_a_bank_asks_for_keys_and_the_police_confirm(doors: Doors, browser: Browser) -> None:
    ctx = doors.services.ctx
    post = partial(browser.client.post, "/inbox/keys")
    keys = [b64encode(one.public_key().public_bytes_raw()).decode() for one in (OLD, NEXT, STRANGER)]
    first = {"key_id": "sbin-1", "public_key": keys[0], "step": "add"}
    unnamed = read(await post(data=first), 422)
    assert "Your name is needed." in unnamed.words
    private = read(await post(data=first | WHO | {"public_key": "-----BEGIN PRIVATE KEY-----"}), 422)
    assert "Never paste a private key" in private.words
    await a_key_that_is_typed_is_switched_and_a_private_one_is_not(browser, keys[0])
    assert (await post(data=first | WHO)).status_code == 303
    waits = await browser.page("/inbox/keys")
    assert "To add the key sbin-1." in waits.words
    assert "No key is registered." in waits.words, "it is not there before the police confirm"
    again = read(await post(data=first | WHO | {"key_id": "other"}), 422)
    assert "another change, which waits" in again.words
    change_id = UUID(waits.fields["change_id"])
    (seen,) = (await doors.read("/api/v1/institutions/SBIN"))["key_requests"]
    assert (seen["change_id"], seen["key_id"]) == (str(change_id), "sbin-1")
    assert (seen["asker_name"], seen["asker_designation"]) == (WHO["name"], WHO["designation"])
    assert WHO["name"] not in str(await ctx.pool.fetch("SELECT * FROM bank_key_change"))
    with pytest.raises(asyncpg.CheckViolationError, match="by_two"):
        await ctx.pool.execute(
            "UPDATE bank_key_change SET outcome = 'done', decided_by = 'bank:SBIN', decided_at = now()"
            " WHERE change_id = $1",
            change_id,
        )
    mail = Mail()
    assert await send_due(ctx, Routes(Ways(mail=mail)), KEY_LETTERS) == 1
    await key_changes.confirm(ctx.pool, ctx.policy.signatures, "SBIN", change_id, "command:test")
    assert await send_due(ctx, Routes(Ways(mail=mail)), KEY_LETTERS) == 1
    assert [to for to, _ in mail.letters] == ["nodal@sbin.example"] * 2
    assert ["not done yet" in text for _, text in mail.letters] == [True, False]
    with pytest.raises(BankKeyChangeDecided):
        await key_changes.confirm(ctx.pool, ctx.policy.signatures, "SBIN", change_id, "command:test")
    assert (await doors.read("/api/v1/institutions/SBIN"))["key_requests"] == []
    kept = "SELECT wrapped FROM bank_key_change JOIN person_key USING (person_id) WHERE change_id = $1"
    assert await ctx.pool.fetchval(kept, change_id) is None, "the key of who asked ended with the decision"
    end = WHO | {"end_key_id": "sbin-1", "step": "end"}
    last = read(await post(data=end), 422)
    assert "This is the last key of your bank." in last.words
    second = WHO | {"key_id": "sbin-2", "public_key": keys[1], "step": "add"}
    assert (await post(data=second)).status_code == 303
    (waiting,) = await open_changes(ctx, "SBIN")
    await key_changes.confirm(ctx.pool, ctx.policy.signatures, "SBIN", waiting.change_id, "command:test")
    third = read(await post(data=second | {"key_id": "sbin-3", "public_key": keys[2]}), 422)
    assert "Your bank has two keys." in third.words
    assert (await post(data=end)).status_code == 303
    (waiting,) = await open_changes(ctx, "SBIN")
    await key_changes.refuse(ctx.pool, "SBIN", waiting.change_id, "command:test", "not known to the nodal officer")
    assert "refused: not known to the nodal officer" in (await browser.page("/inbox/keys")).words
    async with ctx.pool.acquire() as connection:
        assert await bank_keys.take_nonce(connection, "sbin-1", "nonce-0123456789abcdef", ctx.now())
    assert "to the hour" in (await browser.page("/inbox/keys")).words
    await no_change_outlives_its_time_or_the_login(ctx, partial(post, data=end))


async def test_n9_a_bank_ends_its_password_on_the_day_its_key_lives(doors: Doors, browser: Browser) -> None:
    ctx, login = doors.services.ctx, {"email": SBIN["email"], "password": SBIN["password"]}
    await register_key(ctx.pool, ctx.policy.signatures, bank_key("sbin-1", OLD), ctx.now())
    ends = partial(browser.client.post, "/inbox/keys", data=WHO | {"step": "end_password"})
    assert "No key of your bank has signed" in read(await ends(), 422).words
    assert "end_password" not in (await browser.page("/inbox/keys")).buttons
    async with ctx.pool.acquire() as connection:
        assert await bank_keys.take_nonce(connection, "sbin-1", "nonce-0123456789abcdef", ctx.now())
    await ctx.directory.refresh()
    token = doors.bank("SBIN")
    assert (await doors.client.get("/api/v1/bank/holds", headers=token)).status_code == 200
    page = await browser.page("/inbox/keys")
    assert "end_password" in page.buttons
    assert (await ends()).status_code == 303
    await ctx.directory.refresh()
    refused = await doors.client.get("/api/v1/bank/holds", headers=token)
    assert (refused.status_code, refused.json()["code"]) == (401, "signature_missing")
    assert "Keys of your bank" not in (await browser.client.get("/inbox/keys")).text
    await Browser(doors).sign_in(login, status=401)


async def a_key_that_is_typed_is_switched_and_a_private_one_is_not(browser: Browser, key: str) -> None:
    path, typed = "/inbox/keys", {**WHO, "key_id": "sbin-1"}
    await switched(browser.client.post, path, await browser.page(path), **typed, public_key=key)
    secret = {"public_key": "-----BEGIN PRIVATE KEY-----", "step": "show"}
    assert read(await browser.client.post(path, data=typed | secret)).fields["public_key"] == ""


async def no_change_outlives_its_time_or_the_login(ctx: Context, ask: Callable[[], Awaitable[httpx.Response]]) -> None:
    """A change that waits is over after its time, and with the login with which it was asked for."""
    old = KeyChange(
        change_id=uuid4(),
        institution="SBIN",
        kind=KeyChangeKind.ADD,
        key_id="sbin-old",
        public_key=STRANGER.public_key().public_bytes_raw(),
        asked_by="bank:SBIN",
        asked_at=ctx.now() - timedelta(days=15),
    )
    async with ctx.pool.acquire() as connection:
        await bank_keys.ask(connection, old)
    with pytest.raises(BankKeyChangeDecided):
        await key_changes.confirm(ctx.pool, ctx.policy.signatures, "SBIN", old.change_id, "command:test")
    await forget_entries(ctx)
    assert not await open_changes(ctx, "SBIN")
    mail = Mail()
    await send_due(ctx, Routes(Ways(mail=mail)), KEY_LETTERS)
    assert any("no one confirmed it in time" in text for _, text in mail.letters)
    assert (await ask()).status_code == 303
    await set_login(ctx.pool, "SBIN", InboundEntry.model_validate(SBIN), "command:test")
    assert not await open_changes(ctx, "SBIN"), "a thief of the login may have asked"
    await send_due(ctx, Routes(Ways(mail=mail)), KEY_LETTERS)
    assert "login was replaced" in mail.letters[-1][1]


async def open_changes(ctx: Context, code: str) -> list[KeyChange]:
    async with ctx.pool.acquire() as connection:
        return await bank_keys.open_ones(connection, code)


async def test_the_test_tool_names_the_part_that_is_wrong(doors: Doors, browser: Browser) -> None:
    ctx = doors.services.ctx
    await register_key(ctx.pool, ctx.policy.signatures, bank_key("sbin-9", STRANGER), ctx.now())
    url, body = "https://bank.test/api/v1/bank/holds/1/answer", '{"lines": []}'
    headers = sign(body.encode(), url, key_id="sbin-9", private_key=STRANGER)
    good = pasted(url, headers, body)
    for text, said in (
        (good, ["right"] * 6),
        (good.replace("[]", "[1]"), ["right"] * 4 + ["the header says", "right"]),
        (good.replace("sbin-9", "hdfc-1"), ["right"] * 3 + ["hdfc-1 is no key of your bank", "right", "could not"]),
        (good.replace("answer HTTP", "other HTTP"), ["right"] * 5 + ["The signature is not one of a key"]),
        (good.replace("Signature:", "Signatures:"), ["Signature is missing", *["could not"] * 5]),
    ):
        answer = await browser.client.post("/inbox/test", data={"request": text, "step": "signature"})
        found = re.findall(r'<th scope="row">[^<]*</th><td>(.*?)</td>', answer.text, re.DOTALL)
        assert [part in shown for part, shown in zip(said, found, strict=True)] == [True] * 6, (said, found)
    late = sign(body.encode(), url, key_id="sbin-9", private_key=STRANGER, created=ctx.now() - timedelta(hours=1))
    answer = await browser.client.post("/inbox/test", data={"request": pasted(url, late, body), "step": "signature"})
    assert "created is more than 300 seconds ago" in answer.text
    tool = read(answer)
    assert tool.fields["request"].replace("\r", "") == pasted(url, late, body).replace("\r", "")
    await switched(
        browser.client.post, "/inbox/test", tool, request="POST / HTTP/1.1", schema="answer", body='{"lines": []}'
    )
    assert not await ctx.pool.fetchval("SELECT EXISTS (SELECT FROM bank_nonce WHERE key_id = 'sbin-9')")
    for typed, told in (('{"lines": []}', "lines"), ("{", "Invalid JSON"), ("", "Choose which body it is")):
        page = await browser.client.post("/inbox/test", data={"schema": "answer", "body": typed, "step": "body"})
        assert told in page.text
    asked = [await browser.client.post("/inbox/test", data={"step": "event"}) for _ in range(8)]
    assert {one.status_code for one in asked} == {303, 429}
    assert await send_due(ctx, Routes(Ways(), NoSender()), TEST_CALL) > 0
    assert "the directory has no webhook of your bank" in (await browser.page("/inbox/test")).words


class NoSender:
    async def send_hold_request(self, bank: BankWire, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        raise AssertionError("SBIN has no webhook")


def pasted(url: str, headers: Mapping[str, str], body: str) -> str:
    """A signed request as a form sends it, with line ends of its own."""
    path = url.removeprefix("https://bank.test")
    lines = [f"POST {path} HTTP/1.1", "Host: bank.test", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", body])


@pytest.mark.parametrize("language", ["en", "hi"])
async def test_every_page_is_whole_and_accessible_in_its_language(
    doors: Doors, browser: Browser, language: str
) -> None:
    root = rrn()
    await doors.complain(transfers=[transfer(rrn=root)])
    (row,) = [row for row in await browser.waiting() if row["rrn"] == root]
    query = f"?lang={language}"
    path = f"/inbox/holds/{row['request']}{query}"
    pages = [f"/inbox/{name}{query}" for name in ("orders", "answered", "checks", "keys", "test", "people", "first")]
    for one in (f"/inbox{query}", *pages, path):
        response = await browser.client.get(one)
        assert (response.status_code, faults(response, language)) == (200, []), one
    form = (await browser.page(path)).fields
    number = next(name for name in form if name.endswith(".seen")).removesuffix("seen")
    wrong = await browser.client.post(path, data=form | {f"{number}held": "five", "step": "check"})
    answer = await browser.client.post(path, data=form | {f"{number}held": "2000", **WHO, "step": "check"})
    assert (faults(wrong, language), faults(answer, language)) == ([], [])
    check = read(answer).fields
    await browser.client.post(path, data=check | {"step": "send"})
    told = await browser.client.get(path.replace("/holds/", "/answered/"))
    assert (told.status_code, faults(told, language)) == (200, [])
    table = await browser.client.post(f"/inbox/table{query}", data={"table": "request,rrn,what,rupees\n1,2,held,3"})
    assert faults(table, language) == []


def test_every_result_that_a_bank_is_shown_has_a_text() -> None:
    shown = {f"result_{one}" for one in Disposition if one is not Disposition.DUPLICATE}
    assert (shown | {f"told_{kind}" for kind in ClaimKind}) <= TEXTS[Language.EN].keys()


def test_every_text_of_the_inbox_and_of_forms_is_there_in_both_languages() -> None:
    for tables in (TEXTS, FORM_TEXTS):
        english, hindi = tables[Language.EN], tables[Language.HI]
        assert english.keys() == hindi.keys()
        for key in english:
            places = [set(re.findall(r"\{[a-z_]*\}", table[key])) for table in (english, hindi)]
            assert places[0] == places[1], key
            assert english[key] != hindi[key] or key in SAME, key
