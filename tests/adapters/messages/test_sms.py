"""Short messages through a gateway over real HTTP."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import JSONResponse, RedirectResponse, Response

from adapters.messages.sms import (
    SmsError,
    SmsGateway,
    SmsLoginFailed,
    SmsProtocolError,
    SmsRefused,
    SmsUnreachable,
    SmsUnsendable,
    SmsWire,
    mobile_of,
)
from schemas.notifications import SMS_PARTS_MAX, SmsIds, SmsParts, sms_parts
from simulator.people import sms_gateway
from tests.asgi_server import served
from tests.each import each

TOKEN = "the token"
TO = "98765 43210"
ENTITY = "1201000000000000001"


@pytest.fixture
def far() -> sms_gateway.SmsGateway:
    return sms_gateway.SmsGateway(TOKEN)


@pytest.fixture
async def gateway(far: sms_gateway.SmsGateway) -> AsyncIterator[SmsGateway]:
    async with served(far) as url, SmsGateway(wire(url)) as gateway:
        yield gateway


def wire(url: str) -> SmsWire:
    return SmsWire.from_url(url.replace("http://", "http://:the%20token@") + "/send?from=UPCOPS")


async def failing(gateway: SmsGateway, to: str = TO, body: str = "text", key: str = "k") -> SmsError:
    with pytest.raises(SmsError) as caught:
        await gateway.send(to, body, key)
    assert TO not in str(caught.value)
    assert "9876543210" not in str(caught.value)
    return caught.value


async def test_a_message_arrives_as_it_was_written(far: sms_gateway.SmsGateway, gateway: SmsGateway) -> None:
    assert await gateway.send(TO, "आपका ₹5,000 रुका है", "6f1c-1") == "SMS-1"
    (message,) = far.messages
    assert (message.to, message.sender, message.text, message.encoding, message.key) == (
        "+919876543210",
        "UPCOPS",
        "आपका ₹5,000 रुका है",
        "ucs2",
        "6f1c-1",
    )


async def test_the_same_key_is_the_same_message(far: sms_gateway.SmsGateway, gateway: SmsGateway) -> None:
    assert [await gateway.send(TO, "text", "k") for _ in range(2)] == ["SMS-1", "SMS-1"]
    assert (far.taken, far.repeated) == (1, 1)


async def test_a_gateway_that_is_down_is_tried_on(far: sms_gateway.SmsGateway, gateway: SmsGateway) -> None:
    far.down = True
    error = await failing(gateway)
    assert isinstance(error, SmsUnreachable)
    assert error.retryable


async def test_an_unknown_number_is_refused(far: sms_gateway.SmsGateway, gateway: SmsGateway) -> None:
    far.unknown.add("+919876543210")
    error = await failing(gateway)
    assert isinstance(error, SmsRefused)
    assert "UNKNOWN-NUMBER" in str(error)
    assert not error.retryable


async def test_a_wrong_token_is_for_a_person_to_mend(far: sms_gateway.SmsGateway) -> None:
    async with served(far) as url, SmsGateway(SmsWire(url, "UPCOPS", "wrong")) as gateway:
        error = await failing(gateway)
    assert isinstance(error, SmsLoginFailed)
    assert error.retryable, "it is mended while we wait"


@each(
    ("reply", "expected"),
    [
        (RedirectResponse("https://elsewhere.example/"), SmsProtocolError),
        (Response(b"x" * 100_000), SmsProtocolError),
        (Response("", 503), SmsUnreachable),
        (JSONResponse({"code": "SPAM"}, 400), SmsRefused),
    ],
)
async def test_replies_that_are_no_receipt(reply: Response, expected: type[SmsError]) -> None:
    async with served(reply) as url, SmsGateway(wire(url)) as gateway:
        assert type(await failing(gateway)) is expected


async def test_a_receipt_without_an_id_is_one() -> None:
    async with served(Response("OK")) as url, SmsGateway(wire(url)) as gateway:
        assert await gateway.send(TO, "text", "k") == ""


async def test_no_server_listens() -> None:
    async with SmsGateway(SmsWire("http://127.0.0.1:1", "UPCOPS", TOKEN)) as gateway:
        assert isinstance(await failing(gateway), SmsUnreachable)


@pytest.mark.parametrize(
    ("to", "body", "key"),
    [
        ("5876543210", "text", "k"),
        ("", "text", "k"),
        ("987654321", "text", "k"),
        (TO, "", "k"),
        (TO, "आ" * 269, "k"),
        (TO, "a" * 613, "k"),
        (TO, "text", "k\r\nX: y"),
        (TO, "text", ""),
    ],
)
async def test_messages_that_are_not_sent(
    far: sms_gateway.SmsGateway, gateway: SmsGateway, to: str, body: str, key: str
) -> None:
    assert isinstance(await failing(gateway, to, body, key), SmsUnsendable)
    assert far.calls == 0


@each(
    ("body", "expected"),
    [
        ("", SmsParts("gsm7", 0)),
        ("a" * 160, SmsParts("gsm7", 1)),
        ("a" * 161, SmsParts("gsm7", 2)),
        ("a" * 306, SmsParts("gsm7", 2)),
        ("a" * 307, SmsParts("gsm7", 3)),
        ("€" * 80, SmsParts("gsm7", 1)),
        ("€" * 81, SmsParts("gsm7", 2)),
        ("₹" * 70, SmsParts("ucs2", 1)),
        ("₹" * 71, SmsParts("ucs2", 2)),
        ("आ" * 134, SmsParts("ucs2", 2)),
        ("आ" * 268, SmsParts("ucs2", SMS_PARTS_MAX)),
        ("आ" * 269, SmsParts("ucs2", SMS_PARTS_MAX + 1)),
        ("😀" * 35, SmsParts("ucs2", 1)),
        ("😀" * 36, SmsParts("ucs2", 2)),
    ],
)
def test_how_many_parts(body: str, expected: SmsParts) -> None:
    assert sms_parts(body) == expected


@given(st.text(), st.text())
def test_a_longer_text_never_has_fewer_parts(text: str, more: str) -> None:
    assert sms_parts(text + more).count >= sms_parts(text).count


@each(
    ("written", "mobile"),
    [
        ("9876543210", "9876543210"),
        ("+91 98765-43210", "9876543210"),
        ("919876543210", "9876543210"),
        ("09876543210", "9876543210"),
        ("0091 9876543210", "9876543210"),
        ("(+91) 9876543210", "9876543210"),
        ("1876543210", None),
        ("98765432101234", None),
        ("NA", None),
        ("", None),
    ],
)
def test_mobiles_as_people_write_them(written: str, mobile: str | None) -> None:
    assert mobile_of(written) == mobile


@each(
    "url",
    [
        "https://sms.example/send?from=UPCOPS",
        "https://:t0ken@sms.example/send",
        "https://:t0ken@sms.example/send?from=U",
        "http://:t0ken@sms.example/send?from=UPCOPS",
        "https://:t%0d%0aX@sms.example/send?from=UPCOPS",
        "smtp://:t0ken@sms.example?from=UPCOPS",
    ],
)
def test_settings_that_name_no_gateway(url: str) -> None:
    with pytest.raises(ValueError, match=r"looks? like|loopback") as caught:
        SmsWire.from_url(url)
    assert "t0ken" not in str(caught.value)


def test_a_setting_names_address_sender_and_token() -> None:
    wire = SmsWire.from_url("https://:t0ken@sms.example:8443/v2/send?from=UPCOPS")
    assert (wire.url, wire.sender, wire.token) == ("https://sms.example:8443/v2/send", "UPCOPS", "t0ken")
    assert "t0ken" not in repr(wire)


async def test_a_gateway_under_dlt_refuses_wrong_ids_and_other_texts() -> None:
    far = sms_gateway.SmsGateway(TOKEN, ENTITY, {"1107": "Case {#var#}: {#var#} is on hold."})
    good = SmsIds(entity_id=ENTITY, template_id="1107")
    async with served(far) as url, SmsGateway(wire(url)) as gateway:
        assert await gateway.send(TO, "Case 7: Rs 5 is on hold.", "k1", good)
        for key, text, ids, code in (
            ("k2", "Case 7: Rs 5 is on hold.", None, "ENTITY"),
            ("k3", "Case 7: Rs 5 is on hold.", SmsIds(entity_id="1202", template_id="1107"), "ENTITY"),
            ("k4", "Case 7: Rs 5 is on hold.", SmsIds(entity_id=ENTITY, template_id="1108"), "TEMPLATE"),
            ("k5", "Case 7: Rs 5 is gone.", good, "TEXT"),
        ):
            with pytest.raises(SmsRefused, match=code):
                await gateway.send(TO, text, key, ids)
    assert len(far.messages) == 1
