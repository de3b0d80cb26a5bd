"""The page with the messages that were sent."""

from email.message import EmailMessage

import httpx
import pytest

from simulator.people.message_page import SHOWN_MAX, SentMessages
from simulator.people.sms_gateway import ShortMessage


def short(to: str, text: str) -> ShortMessage:
    return ShortMessage("k", to, "GOLDHR", text, "gsm")


def letter(to: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["to"], message["subject"] = to, "Hold request"
    message.set_content(text)
    return message


async def shown(page: SentMessages, address: str = "127.0.0.1", **query: str) -> httpx.Response:
    transport = httpx.ASGITransport(page, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://sim") as client:
        return await client.get("/sent", params=query)


async def test_the_newest_come_first_and_what_they_say_is_text() -> None:
    messages = [short("9876500001", f"code 1234{number:04}") for number in range(SHOWN_MAX + 1)]
    page = SentMessages(lambda: messages, lambda: [letter("desk@hdfc.example", "<b>hold</b>")])
    text = (await shown(page)).text
    assert text.index("code 12340200") < text.index("code 12340199")
    assert "code 12340000" not in text, "only so many are shown"
    assert "&lt;b&gt;hold&lt;/b&gt;" in text
    assert "desk@hdfc.example" in text


async def test_one_number_is_picked_and_nothing_sent_is_said() -> None:
    page = SentMessages(lambda: [short("9876500001", "yours"), short("9876500002", "hers")], list)
    text = (await shown(page, to="9876500002")).text
    assert ("hers" in text, "yours" in text, "None yet." in text) == (True, False, True)
    assert '"><script' not in (await shown(page, to='"><script')).text


@pytest.mark.parametrize(("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("192.0.2.7", 404)])
async def test_only_this_machine_sees_it(address: str, status: int) -> None:
    assert (await shown(SentMessages(list, list), address)).status_code == status
