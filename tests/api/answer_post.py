"""The e-mail channel on a bench: real letters, the doors they lead to, and a reader of pages."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import httpx

from activities.banks.delivery import BankDelivery
from activities.banks.directory import load_directory
from activities.case.hold_requests import CaseActivities
from activities.case.reply_links import LetterLinks
from activities.secrets import SecretBox
from adapters.banks.email import EmailAdapter
from adapters.messages.smtp import Mailer
from domain.policy.telephone import HolidayRules
from schemas.banks.institutions import InstitutionEntry
from schemas.case.case_workflow import SendHoldRequest
from schemas.enums import ChannelKind
from tests.api.conftest import SECRET, Doors, transfer
from tests.factories import rrn
from tests.mail_server import Postbox, mail_server

PUBLIC_URL = "https://police.example/gh"
MAIL_BANKS: list[dict[str, Any]] = [
    {
        "code": code,
        "name": f"{code} Co-operative Bank",
        "ifsc_prefixes": [code],
        "desk_email": f"desk@{code.lower()}.example",
        "nodal_officers": [{"name": "N. Officer", "email": f"nodal@{code.lower()}.example", "mobile": "9000000001"}],
    }
    for code in ("GRAM", "NAGR")
]
WHO = {"name": "R. Verma", "designation": "Manager"}
GOOD = {
    "t1.m1.amount": "100",
    "t1.m1.rrn": "512345678901",
    "t1.m1.when": "2026-11-24T10:05",
    "t1.m1.bank": "HDFC",
    "t1.m1.account": "501",
    "t1.o1.how": "pos",
    "t1.o1.amount": "100",
    "t1.o1.when": "2026-11-24T10:05",
}
"""fields of money that moved and of money that was taken out, all fit"""
BAD = {
    "t1.held": ("12.345", "five", "-5"),
    "t1.phone": ("12345", "none"),
    "t1.email": ("none", "a@b c"),
    "t1.no": ("99",),
    "t1.m1.amount": ("", "0", "x"),
    "t1.m1.whole": ("10",),
    "t1.m1.rrn": ("", "000000000000", "नहीं", "ROOT", "1-" * 33),
    "t1.m1.when": ("", "yesterday", "2031-01-01T10:00"),
    "t1.m1.bank": ("", "b" * 101),
    "t1.m1.account": ("",),
    "t1.m1.ifsc": ("SBIN123",),
    "t1.o1.how": ("", "mail"),
    "t1.o1.amount": ("", "0"),
    "t1.o1.when": ("", "2026-13-01 10:00"),
    "name": ("", "  "),
    "designation": ("", "x" * 101),
}
"""values that no form may have, by field; `ROOT` is the reference of the transfer itself"""


@dataclass
class Page(HTMLParser):
    """A page, read as a phone without script reads it."""

    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    words: str = ""
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._select = self._error = self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.append((tag, told))
        name = told.get("name") or ""
        if tag == "input" and name:
            self.fields[name] = told.get("value") or ""
        elif tag == "select":
            self._select = name
            self.fields[name] = ""
        elif tag == "textarea":
            self._text = name
            self.fields[name] = ""
        elif tag == "option" and "selected" in told:
            self.fields[self._select] = told.get("value") or ""
        elif tag == "button":
            self.buttons.append(told.get("value") or "")
        self._error = (told.get("id") or "*") if told.get("class") == "error" else ""

    def handle_endtag(self, tag: str) -> None:
        self._error = self._text = ""

    def handle_data(self, data: str) -> None:
        self.words += data
        if self._text:
            self.fields[self._text] += data.removeprefix("\n")
        if self._error:
            self.errors[self._error.removesuffix("-error")] = data


def read(response: httpx.Response, status: int = 200) -> Page:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page = Page()
    page.feed(response.text)
    return page


async def switched(post: Callable[..., Awaitable[httpx.Response]], path: str, page: Page, **typed: str) -> Page:
    """Return the page at a path in the other language, with what was typed. Nothing that was typed is lost."""
    buttons = [told for tag, told in page.tags if tag == "button" and "formaction" in told]
    (switch,) = [told for told in buttons if told.get("lang") == "hi"]
    # Enter presses the first button of the form, which is none of the switches.
    (first, *_) = [told for tag, told in page.tags if tag == "button" and told.get("form") == "question"]
    assert (first["class"], "formaction" in first) == ("away", False)
    sent = page.fields | typed | {"step": switch["value"] or ""}
    shown = read(await post(urljoin(path, switch["formaction"] or ""), data=sent))
    assert ("html", {"lang": "hi"}) in shown.tags
    assert {name: shown.fields.get(name) for name in typed} == typed
    assert not shown.errors, "no fault is told before the form is sent"
    return shown


@dataclass
class Post:
    """The e-mail channel on a bench: real letters, and the doors they lead to."""

    doors: Doors
    box: Postbox
    freeze: CaseActivities
    links: LetterLinks

    async def ask(self, *transfers: dict[str, Any]) -> str:
        """Take a complaint and write to every bank that is asked about it; return its number."""
        receipt = await self.doors.complain(transfers=list(transfers))
        case_no: str = receipt["ack_no"]
        rows = await self.pool.fetch("SELECT request_id, institution FROM hold_request WHERE case_no = $1", case_no)
        for row in rows:
            sent = await self.freeze.send_hold_request(
                SendHoldRequest(case_no=case_no, request_id=str(row["request_id"]), institution=row["institution"])
            )
            assert sent.delivered
        return case_no

    @property
    def pool(self) -> Any:
        return self.doors.services.ctx.pool

    def path(self, number: int = -1) -> str:
        """The path of the link in a letter."""
        (found,) = re.findall(rf"{PUBLIC_URL}(/a/\S+)", body_of(self.box, number))
        assert isinstance(found, str)
        return found

    async def open(self, path: str | None = None, status: int = 200) -> Page:
        return read(await self.doors.client.get(path or self.path()), status)

    async def send(self, fields: dict[str, str], step: str, path: str | None = None) -> httpx.Response:
        return await self.doors.client.post(path or self.path(), data=fields | {"step": step})

    async def answer(self, path: str | None = None, **stated: str) -> Page:
        """Open the page, fill it in, check it, send it; names have _ for the dot."""
        page = await self.open(path)
        filled = page.fields | WHO | {name.replace("_", "."): value for name, value in stated.items()}
        check = read(await self.send(filled, "check", path))
        return read(await self.send(check.fields | {"code": await newest_code(self.pool)}, "send", path))

    async def buckets(self, case_no: str) -> dict[str, int]:
        rows = await self.pool.fetch(
            "SELECT bucket, sum(amount_paise)::bigint AS paise FROM ledger_entry WHERE case_no = $1"
            " GROUP BY bucket HAVING sum(amount_paise) <> 0",
            case_no,
        )
        return {row["bucket"]: row["paise"] for row in rows}

    async def answers(self) -> int:
        return int(await self.pool.fetchval("SELECT count(*) FROM status_update"))


async def newest_code(pool: Any) -> str:
    """Return the code in the newest short message to a nodal officer, or "" without one."""
    text = await pool.fetchval(
        "SELECT body FROM message WHERE kind = 'link_code' ORDER BY written_at DESC, message_id LIMIT 1"
    )
    found = re.search(r"\b\d{8}\b", text or "")
    return found[0] if found else ""


def body_of(box: Postbox, number: int = -1) -> str:
    part = box.letters[number].get_body(("plain",))
    assert part is not None
    text: str = part.get_content()
    return text


def at_gram(reference: str | None = None, **changes: Any) -> dict[str, Any]:
    payee = {"institution": "GRAM", "account": "10000000001", "ifsc": "GRAM0000001"}
    return transfer(rrn=reference or rrn(), payee=payee, **changes)


@asynccontextmanager
async def posted(doors: Doors) -> AsyncIterator[Post]:
    ctx, secret_box = doors.services.ctx, SecretBox(SECRET)
    await load_directory(ctx.pool, secret_box, [InstitutionEntry.model_validate(bank) for bank in MAIL_BANKS])
    await ctx.directory.refresh()
    box = Postbox()
    async with mail_server(box) as port:
        links = LetterLinks(ctx, secret_box, PUBLIC_URL)
        mailer = Mailer.from_url(f"smtp://127.0.0.1:{port}?from=freeze@police.example")
        adapter = EmailAdapter(mailer, links, lambda: HolidayRules(source="none of them"))
        yield Post(doors, box, CaseActivities(ctx, BankDelivery(ctx, {ChannelKind.EMAIL: adapter}), None), links)
