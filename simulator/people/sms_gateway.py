"""An SMS gateway: accepts messages once per key, refuses some numbers, and is down when a test says so.

Under DLT it refuses a message whose ids or text are not registered. A real one accepts it, and an operator drops it.
"""

import asyncio
import hmac
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulator.net.http_client import body_of, json_reply

MAX_BODY_BYTES = 16 * 1024
TEXT_MAX_CHARS = 640
KEPT_MESSAGES = 10_000
KEPT_OF_A_PHONE = 20
CODE_WAIT_WALL_SECONDS = 20.0
POLL_WALL_SECONDS = 0.1
VARIABLE = "{#var#}"
_CODE = re.compile(r"\b\d{8}\b")


@dataclass(frozen=True, slots=True)
class ShortMessage:
    """An accepted message."""

    key: str
    to: str
    sender: str
    text: str = field(repr=False)
    encoding: str


class SmsGateway:
    """Endpoint of the gateway, a plain ASGI application. `token` authenticates senders."""

    def __init__(self, token: str, entity_id: str = "", templates: Mapping[str, str] | None = None) -> None:
        """Know a sender by `entity_id`, with registered texts by their ids; without it no message needs ids."""
        self.messages: list[ShortMessage] = []
        """the first messages, in order"""
        self.taken = 0
        self.repeated = 0
        self.calls = 0
        self.down = False
        self.unknown: set[str] = set()
        """numbers that do not exist"""
        self._token = token
        self._entity_id = entity_id
        self._templates = {id_: _pattern(text) for id_, text in (templates or {}).items()}
        self._ids: dict[str, str] = {}
        self._phones: dict[str, deque[ShortMessage]] = {}
        """the newest messages of each number"""

    async def code(self, mobile: str, case_no: str) -> str:
        """Wait for a message with a code and this case number at a phone; return the newest code, or ""."""
        for _ in range(round(CODE_WAIT_WALL_SECONDS / POLL_WALL_SECONDS)):
            for message in reversed(self._phones.get(mobile, ())):
                if case_no in message.text and (code_match := _CODE.search(message.text)):
                    return code_match[0]
            await asyncio.sleep(POLL_WALL_SECONDS)
        return ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            request = Request(scope, receive)
            await self._serve(request, await body_of(request, MAX_BODY_BYTES))(scope, receive, send)

    def _serve(self, request: Request, body: bytes | None) -> Response:
        self.calls += 1
        if self.down:
            return json_reply(503, {"code": "DOWN"})
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {self._token}".encode()):
            return json_reply(401, {"code": "TOKEN"})
        if request.method != "POST" or body is None:
            return json_reply(400, {"code": "SHAPE"})
        return self._read(request.headers.get("idempotency-key", ""), body)

    def _read(self, key: str, body: bytes) -> Response:
        try:
            content = orjson.loads(body)
            message = ShortMessage(
                key, str(content["to"]), str(content["from"]), str(content["text"]), str(content["encoding"])
            )
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return json_reply(400, {"code": "SHAPE"})
        if message.to in self.unknown:
            return json_reply(422, {"code": "UNKNOWN-NUMBER"})
        if not 0 < len(message.text) <= TEXT_MAX_CHARS:
            return json_reply(422, {"code": "LENGTH"})
        if wrong := self._wrong_ids(content, message.text):
            return json_reply(422, {"code": wrong})
        return self._take(message)

    def _wrong_ids(self, content: Mapping[str, object], text: str) -> str:
        """Return why the register refuses a message, or "" if it does not."""
        if not self._entity_id:
            return ""
        if content.get("entity_id") != self._entity_id:
            return "ENTITY"
        pattern = self._templates.get(str(content.get("template_id")))
        if pattern is None:
            return "TEMPLATE"
        return "" if pattern.fullmatch(text) else "TEXT"

    def _take(self, message: ShortMessage) -> Response:
        known = self._ids.get(message.key)
        if known is not None:
            self.repeated += 1
            return json_reply(202, {"id": known})
        self.taken += 1
        self._ids[message.key] = f"SMS-{self.taken}"
        if len(self.messages) < KEPT_MESSAGES:
            self.messages.append(message)
        phone = message.to.removeprefix("+91")
        self._phones.setdefault(phone, deque(maxlen=KEPT_OF_A_PHONE)).append(message)
        return json_reply(202, {"id": self._ids[message.key]})


def _pattern(registered: str) -> re.Pattern[str]:
    """Return the pattern of messages with a registered text."""
    return re.compile(".*".join(map(re.escape, registered.split(VARIABLE))), re.DOTALL)
