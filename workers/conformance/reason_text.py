"""Text of a bank's refusal, made safe for a terminal, and what to look at."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Final

from adapters.banks.answers import JsonObject
from adapters.banks.protocol import BankWire

TEXT_MAX_CHARS: Final = 160
READ_MAX_CHARS: Final = 4096
NOT_SHOWN: Final = "(not shown: it repeats a secret)"

_MESSAGE_NAMES: Final = ("response_message", "message", "detail", "error_description", "error", "title")
_UNKNOWN_TRANSFER: Final = frozenset({"01", "02", "03", "15", "20"})
"""codes of the wire for a transfer that the bank does not find"""
_UNREADABLE: Final = (
    "the bank cannot read the ticket; compare envelope, aes_key, hmac_key and ciphertext_member of its wire with it"
)
_TICKET_HINTS: Final[Mapping[int, str]] = {
    HTTPStatus.BAD_REQUEST: _UNREADABLE,
    HTTPStatus.UNAUTHORIZED: "the bank does not take the token that it has just given; ask the bank",
    HTTPStatus.FORBIDDEN: "ask the bank whether this login and our address may send tickets",
    HTTPStatus.NOT_FOUND: "compare base_url and report_path of its wire with the bank",
    HTTPStatus.METHOD_NOT_ALLOWED: "compare base_url and report_path of its wire with the bank",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the bank takes smaller bodies than the agreed 1 MiB",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "the bank takes another Content-Type; see ciphertext_member of its wire",
    HTTPStatus.UNPROCESSABLE_ENTITY: "the bank reads the ticket, but refuses its content; ask which field",
}
_LOGIN_HINTS: Final[Mapping[int, str]] = {
    HTTPStatus.NOT_FOUND: "compare base_url and login_path of its wire with the bank",
    HTTPStatus.METHOD_NOT_ALLOWED: "compare base_url and login_path of its wire with the bank",
    HTTPStatus.UNAUTHORIZED: "compare email and password of its wire with the bank",
    HTTPStatus.FORBIDDEN: "compare email and password of its wire with the bank; ask whether our address may call it",
}


def text_of(body: bytes, document: JsonObject | None, secrets: Iterable[str]) -> str:
    """Return the bank's own text in a reply.

    It is the bank's message, or the beginning of a body that is no JSON object. Characters that a terminal could act on
    are left out, and long text is cut. Text with one of the secrets is not returned.
    """
    text = body[:READ_MAX_CHARS].decode(errors="replace") if document is None else _message(document)
    clean = _printable(text[:READ_MAX_CHARS])
    if _repeats(clean, secrets):
        return NOT_SHOWN
    return clean if len(clean) <= TEXT_MAX_CHARS else f"{clean[:TEXT_MAX_CHARS]}…"


def secrets_of(bank: BankWire) -> set[str]:
    """Return the secrets of a bank's address as text, in the forms in which they are written."""
    keys = [key for key in (bank.aes_key, bank.hmac_key, *bank.webhook_secrets) if key]
    return {bank.password, *(key.hex() for key in keys), *(b64encode(key).decode() for key in keys)}


def hint_on_ticket(status: int, code: str) -> str:
    """Return what to look at when a bank refuses a valid ticket with this status and code."""
    if code in _UNKNOWN_TRANSFER:
        return "unknown transfers are reported by status update, not in the reply"
    if status in _TICKET_HINTS:
        return _TICKET_HINTS[status]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "the bank fails; ask it for the cause"
    named = f"the wire has no meaning for code {code}; ask the bank. " if code else "ask the bank for the cause. "
    return f"{named}If it cannot read the ticket, compare envelope, keys and ciphertext_member of its wire"


def hint_on_login(status: int) -> str:
    """Return what to look at when a bank refuses our login with this status."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "the bank fails; ask it for the cause"
    return _LOGIN_HINTS.get(status, "compare login_path, email and password of its wire with the bank")


def _message(document: JsonObject) -> str:
    """Return the bank's message, behind the code of a webhook's reply.

    Only known members are read, because others may hold a token.
    """
    inner = [part for part in (document.get("meta"), document.get("error")) if isinstance(part, dict)]
    candidates = (part.get(name) for part in (*inner, document) for name in _MESSAGE_NAMES)
    message = next((text for text in candidates if isinstance(text, str) and text.strip()), "")
    code = document.get("code")
    return ": ".join(text for text in (code, message) if isinstance(text, str) and text)


def _printable(text: str) -> str:
    """Return the text as one line of printable characters; escape, control and direction characters go."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _repeats(text: str, secrets: Iterable[str]) -> bool:
    squeezed = "".join(text.split()).casefold()
    return any("".join(secret.split()).casefold() in squeezed for secret in secrets if secret.strip())
