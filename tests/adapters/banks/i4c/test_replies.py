"""The replies we give."""

from adapters.banks.i4c.values import (
    MESSAGE_MAX_CHARS,
    ReplyCode,
    accepted_reply,
    login_reply,
    refusal_reply,
    ticket_reply,
)


def test_the_replies_to_the_letter() -> None:
    assert login_reply("t", 900) == {
        "meta": {"response_code": "00", "response_message": "Logged in"},
        "data": {"token": "t", "expires_in": 900},
    }
    assert accepted_reply("3", "J", accepted=2, duplicates=1, contradictions=0) == {
        "meta": {"response_code": "00", "response_message": "Accepted"},
        "data": {"acknowledgement_no": "3", "job_id": "J", "accepted": 2, "duplicates": 1, "contradictions": 0},
    }
    assert ticket_reply("3", "J")["data"] == {"acknowledgement_no": "3", "job_id": "J"}
    assert refusal_reply(ReplyCode.NOT_FOUND, "no such case") == {
        "meta": {"response_code": "01", "response_message": "no such case"},
        "data": {},
    }


def test_a_message_has_its_limit() -> None:
    meta = refusal_reply("422", "x" * 1000)["meta"]
    assert isinstance(meta, dict)
    assert meta["response_message"] == "x" * MESSAGE_MAX_CHARS
