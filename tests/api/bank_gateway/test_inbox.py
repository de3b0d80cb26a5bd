"""A bank's inbox in a browser: from sign-in to the answer, one request or many, and nothing of another bank."""

import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from python_calamine import CalamineWorkbook

from activities.retention import forget_entries
from activities.secrets import hash_password
from api.bank_gateway.inbox_sessions import INBOX_COOKIE
from api.reports import XLSX
from documents.spreadsheet import table_workbook
from schemas.enums import Role
from tests.api.answer_post import WHO, Page, read
from tests.api.conftest import Doors, new_app, transfer
from tests.factories import rrn

BANK = "https://bank.test"
SBIN = {"email": "sbin@banks.example", "password": "the password of SBIN"}
HDFC = {"email": "hdfc@banks.example", "password": "the password of HDFC"}


class Browser:
    """A browser of an officer of a bank."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        transport = httpx.ASGITransport(new_app(doors.services))
        self.client = httpx.AsyncClient(transport=transport, base_url=BANK, headers={"Origin": BANK})

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
        return list(csv.DictReader(io.StringIO(response.text)))

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
    assert "₹5,000.00" in shown.words
    assert case_no in shown.words
    assert "Asha" not in shown.words
    path = f"/inbox/holds/{row['request']}"
    form = (await browser.page(path)).fields
    number = next(name for name in form if name.endswith(".seen")).removesuffix("seen")
    filled = form | WHO | {f"{number}held": "2000"}
    check = read(await browser.client.post(path, data=filled | {"step": "check"}))
    assert "₹3,000.00 of this transfer stays open" in check.words
    taken = read(await browser.client.post(path, data=check.fields | {"step": "send"}))
    assert "your answer is recorded" in taken.words
    (edge,) = await trail(doors, case_no)
    assert edge["balances_paise"] == {"held": 2_000_00, "in_play": 3_000_00}
    again = read(await browser.client.post(path, data=check.fields | {"step": "send"}), 422)
    assert "its open amount changed" in again.words
    events = [event["kind"] for event in (await doors.read(f"/api/v1/cases/{case_no}/events"))["items"]]
    assert "bank_spoke" in events
    assert "request_acknowledged" in events


async def test_a_table_answers_many_and_says_of_each_row_what_is_wrong(doors: Doors, browser: Browser) -> None:
    good, moved, wrong = rrn(), rrn(), rrn()
    cases = [(await doors.complain(transfers=[transfer(rrn=one)]))["ack_no"] for one in (good, moved, wrong)]
    rows = {row["rrn"]: row for row in await browser.waiting()}
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
    again = await browser.upload_workbook([rows[good] | {"what": "held", "rupees": "5000"}])
    assert "Nothing is sent yet. 1 row, 0 with a mistake." in " ".join(again.words.split())
    assert "Nothing is sent yet. 5 rows, 2 with a mistake." in " ".join(shown.words.split())
    assert "Please give rupees, like 5000 or 5000.50." in shown.words
    assert "This is no request of your bank that waits for an answer." in shown.words
    assert [(await trail(doors, one))[0]["balances_paise"] for one in cases] == [{"in_play": 5_000_00}] * 3
    unnamed = read(await browser.client.post("/inbox/table", data=shown.fields | {"step": "send"}))
    assert "Your name and designation are needed." in unnamed.words
    sent = read(await browser.client.post("/inbox/table", data=shown.fields | WHO | {"step": "send"}))
    assert "What was sent" in sent.words
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
    assert "Keys: SBIN" in (await browser.client.get("/inbox/keys")).text
    await browser.client.post("/inbox/sign-out", data={"step": "out"})
    browser.client.cookies.set(INBOX_COOKIE, cookie, domain="bank.test")
    assert "Password" in (await browser.page()).words
    await browser.sign_in()
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
        old = "SELECT gen_random_uuid(), sha256('old'), 'SBIN', t.at, t.at, t.at + interval '1 hour', '192.0.2.1'"
        await connection.execute(
            "INSERT INTO bank_session (session_id, token_digest, institution, began_at, last_seen_at, ends_at, address)"
            f" {old} FROM (SELECT present_moment() - interval '40 days' AS at) t"
        )
        await forget_entries(doors.services.ctx)
        left = "SELECT count(*) FROM bank_session WHERE token_digest = sha256('old')"
        assert await connection.fetchval(left) == 0, "also when no bank signs in any more"
