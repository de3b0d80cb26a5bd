"""A page with the short messages and letters that were sent, for who tries the demo.

It is shown on this machine only, because it has codes with which people sign in. All of them are invented.
"""

from collections.abc import Callable, Iterable, Sequence
from email.message import EmailMessage
from html import escape
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from simulator.people.sms_gateway import ShortMessage
from simulator.wires.letters import text_of

SHOWN_MAX = 200
REFRESH_SECONDS = 5
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Messages sent</title>
<meta http-equiv="refresh" content="{refresh}"><meta name="viewport" content="width=device-width">
<style>body{{font:16px/1.4 system-ui,sans-serif;margin:16px auto;max-width:60em;padding:0 12px;color-scheme:light dark}}
li{{margin:0 0 12px}}pre{{white-space:pre-wrap;margin:2px 0;font:inherit}}b{{font-variant-numeric:tabular-nums}}</style>
</head><body><h1>Messages sent</h1><p>Invented people and banks. The newest come first, {most} at most of each kind.</p>
<form><label>To <input name="to" value="{to}"></label> <button>Show</button></form>
<h2>Short messages</h2>{short}<h2>Letters to banks</h2>{letters}</body></html>"""


class SentMessages:
    """The page, a plain ASGI application."""

    def __init__(
        self, short: Callable[[], Sequence[ShortMessage]], letters: Callable[[], Sequence[EmailMessage]]
    ) -> None:
        """`short` and `letters` return what was sent, the newest last."""
        self._short = short
        self._letters = letters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await self._serve(Request(scope, receive))(scope, receive, send)

    def _serve(self, request: Request) -> Response:
        if request.client is None or not ip_address(request.client.host).is_loopback:
            return Response(status_code=404)
        to = request.query_params.get("to", "").strip()
        short = ((message.to, message.text) for message in reversed(self._short()) if to in message.to)
        letters = (
            (str(letter["to"]), f"{letter['subject']}\n{text_of(letter)}")
            for letter in reversed(self._letters())
            if to.lower() in str(letter["to"]).lower()
        )
        page = PAGE.format(
            refresh=REFRESH_SECONDS, most=SHOWN_MAX, to=escape(to), short=_listed(short), letters=_listed(letters)
        )
        return HTMLResponse(page, headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})


def _listed(messages: Iterable[tuple[str, str]]) -> str:
    rows = [
        f"<li><b>{escape(to)}</b><pre>{escape(text)}</pre></li>"
        for (to, text), _ in zip(messages, range(SHOWN_MAX), strict=False)
    ]
    return f"<ul>{''.join(rows)}</ul>" if rows else "<p>None yet.</p>"
