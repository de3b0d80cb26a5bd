"""JSON replies of this wire, {meta, data}, as our side sends them."""

from enum import StrEnum
from typing import Final

from adapters.banks.answers import JsonObject

MESSAGE_MAX_CHARS: Final = 500


class ReplyCode(StrEnum):
    """Response codes that we send.

    00 and 01 belong to the wire; the others are ours and repeat the HTTP status.
    """

    OK = "00"
    NOT_FOUND = "01"
    NOT_DECIPHERED = "400"
    NOT_LOGGED_IN = "401"
    TOO_LARGE = "413"
    NOT_THE_SHAPE = "422"
    TOO_MANY_CALLS = "429"
    FAILED = "500"


def login_reply(token: str, expires_in_seconds: int) -> JsonObject:
    """Return the reply to a login: a bearer token and its lifetime in seconds."""
    return _reply(ReplyCode.OK, "Logged in", {"token": token, "expires_in": expires_in_seconds})


def accepted_reply(
    ack_no: str, job_id: str | None, *, accepted: int, duplicates: int, contradictions: int
) -> JsonObject:
    """Return the reply to a status update, all of whose lines were stored.

    The three counts add up to the number of its lines.
    """
    counts: JsonObject = {"accepted": accepted, "duplicates": duplicates, "contradictions": contradictions}
    data: JsonObject = {"acknowledgement_no": ack_no, "job_id": job_id, **counts}
    return _reply(ReplyCode.OK, "Accepted", data)


def ticket_reply(ack_no: str, job_id: str) -> JsonObject:
    """Return a bank's reply to a fraud report that it accepted under `job_id`."""
    return _reply(ReplyCode.OK, "Accepted", {"acknowledgement_no": ack_no, "job_id": job_id})


def refusal_reply(code: str, message: str) -> JsonObject:
    """Return a refusal; `message` says which field is wrong and how, cut at MESSAGE_MAX_CHARS."""
    return _reply(code, message[:MESSAGE_MAX_CHARS], {})


def _reply(code: str, message: str, data: JsonObject) -> JsonObject:
    return {"meta": {"response_code": code, "response_message": message}, "data": data}
