"""A browser at the public pages: it follows forms, keeps cookies, and reads what a visitor sees."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import httpx

from activities.recovery.message_outbox import use_of_message
from db.recovery import complainant_messages
from schemas.text import IST
from tests.api.conftest import Doors
from tests.factories import rrn

SITE = "https://my.police.example"


@dataclass
class Visitor:
    """A visitor without scripts."""

    doors: Doors

    @property
    def client(self) -> httpx.AsyncClient:
        return self.doors.client

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(f"{SITE}{path}")

    async def post(self, path: str, **fields: str) -> httpx.Response:
        sent = {name.rstrip("_"): value for name, value in fields.items()}
        # A browser says that it sends a form, also when the form is empty.
        return await self.client.post(f"{SITE}{path}", data=sent or {"empty": ""})

    async def go(self, path: str, **fields: str) -> str:
        """Send a form that is taken; the path that it leads to, without its query."""
        answer = await self.post(path, **fields)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"]).removeprefix(SITE).partition("?")[0]

    async def form_code(self) -> str:
        """The code that opens the complaint again, as its pages show it."""
        page = await self.get("/complain/who")
        (code,) = re.findall(r'<b class="number">([A-Z0-9-]{14})</b>', page.text)
        return str(code)

    async def messages(self) -> list[str]:
        """The short messages to complainants that wait, each as its number and text; they count as sent then."""
        ctx = self.doors.services.ctx
        now = ctx.now() + timedelta(seconds=5)
        async with ctx.pool.acquire() as connection:
            waiting = "SELECT message_id::text FROM complainant_message WHERE sealed IS NOT NULL ORDER BY written_at"
            names = [name for (name,) in await connection.fetch(waiting)]
            due = await complainant_messages.due(connection, names)
            for name in names:
                await complainant_messages.sent(connection, due[name].message_id, now)
        return [
            ctx.persons.open_text(due[name].key, due[name].sealed, use_of_message(due[name].message_id))
            for name in names
        ]

    async def code(self) -> str:
        """The one-time code of the newest short message."""
        found = [str(code) for text in await self.messages() for code in re.findall(r"\b[0-9]{8}\b", text)]
        return found[-1]


def taken(**changes: str) -> dict[str, str]:
    """The fields of the first page: four facts, and to whom."""
    yesterday = datetime.now(IST) - timedelta(days=1)
    told = {
        "amount": "5,000",
        "bank": "State Bank of India",
        "reference": rrn(),
        "day": f"{yesterday:%Y-%m-%d}",
        "clock": "14:02",
        "to": "ravi@okhdfc",
        "to_bank": "HDFC Bank",
        "account": "",
        "step": "send",
    }
    return told | changes


WHO = {"for_": "self", "name": "Asha Devi", "woman": "woman", "age": "adult", "district": "LUCKNOW"}
STORY = {"category": "arrest", "story": "They said that I am under arrest.\nThey wanted money."}


def reach(**changes: str) -> dict[str, str]:
    return {"way": "sms", "mobile": "98765 43210", "from": "10", "until": "18"} | changes


def seen(response: httpx.Response) -> str:
    """What a reader sees of a page."""
    body = re.sub(r"<style>.*?</style>", "", response.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


async def row(doors: Doors, statement: str, *values: Any) -> Any:
    return await doors.services.ctx.pool.fetchrow(statement, *values)
