"""The wire to the police's register, against a station over real HTTP: what it sends, and every way it can fail."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from adapters.police.cctns import (
    REPLY_MAX_BYTES,
    CctnsRegister,
    CctnsWire,
    FirRegister,
    FirRequest,
    LostTransfer,
    PoliceError,
    PoliceLoginFailed,
    PoliceProtocolError,
    PoliceRefused,
    PoliceUnreachable,
)
from schemas.restoration_enums import FirKind
from simulator.people.police import SIGN_WITHIN_SECONDS, PoliceStation, StationHabits
from tests.asgi_server import served
from tests.each import each

KEY = b"a key of the register, thirty-two bytes and more"
TIMEOUT_SECONDS = 5.0
AT = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)


def request(kind: FirKind = FirKind.E_ZERO_FIR, fir_id: UUID | None = None) -> FirRequest:
    return FirRequest(
        fir_id=fir_id or uuid4(),
        kind=kind,
        case_no="20112400000001",
        category="upi_fraud",
        sections=("BNS 318(4)", "IT Act 66D"),
        loss_paise=1_50_000_00,
        complained_at=AT,
        complainant_name="आशा देवी",
        complainant_mobile="9876543210",
        district="LUCKNOW",
        transfers=(LostTransfer("412345678901", 1_50_000_00, AT, "HDFC"),),
    )


@pytest.fixture
def station() -> PoliceStation:
    return PoliceStation("up-cyber", KEY)


@pytest.fixture
async def register(station: PoliceStation) -> AsyncIterator[CctnsRegister]:
    async with served(station) as url, CctnsRegister(CctnsWire(url + "/cctns", "up-cyber", KEY)) as register:
        yield register


async def failing(
    register: FirRegister, asked: FirRequest | None = None, seconds: float = TIMEOUT_SECONDS
) -> PoliceError:
    with pytest.raises(PoliceError) as caught:
        await register.register(asked or request(), timeout_seconds=seconds)
    assert "आशा" not in str(caught.value)
    assert "9876543210" not in str(caught.value)
    return caught.value


async def test_an_e_zero_fir_is_registered_and_must_be_signed(station: PoliceStation, register: CctnsRegister) -> None:
    asked = request()
    told = await register.register(asked, timeout_seconds=TIMEOUT_SECONDS)
    assert told.fir_no.startswith("EZ")
    assert told.police_station.startswith("Cyber Crime")
    assert told.sign_by == told.registered_at + timedelta(seconds=SIGN_WITHIN_SECONDS)
    (report,) = station.reports.values()
    assert report.body["complainant"] == {"name": "आशा देवी", "mobile": "9876543210", "district": "LUCKNOW"}
    assert report.body["transfers"] == [
        {"reference": "412345678901", "amount_paise": 1_50_000_00, "at": AT.isoformat(), "to_institution": "HDFC"}
    ]
    assert told.document is not None
    assert told.fir_no.encode() in told.document
    assert "PDF" not in repr(told)
    assert station.sign(str(asked.fir_id))
    assert not station.sign(str(asked.fir_id))


async def test_the_same_asking_twice_is_one_report(station: PoliceStation, register: CctnsRegister) -> None:
    asked = request(FirKind.ZERO_FIR)
    first, second = [await register.register(asked, timeout_seconds=TIMEOUT_SECONDS) for _ in range(2)]
    assert first == second
    assert first.sign_by is None
    assert len(station.reports) == 1


async def test_a_report_without_a_signature_lapses_at_the_station(
    station: PoliceStation, register: CctnsRegister
) -> None:
    asked = request()
    told = await register.register(asked, timeout_seconds=TIMEOUT_SECONDS)
    assert told.sign_by is not None
    report = station.reports[str(asked.fir_id)]
    assert report.state(told.sign_by - timedelta(seconds=1)) == "registered"
    assert report.state(told.sign_by) == "lapsed"


async def test_a_refusal_keeps_the_registers_text_apart(station: PoliceStation, register: CctnsRegister) -> None:
    station.habits = StationHabits(refuses=1.0)
    error = await failing(register)
    assert isinstance(error, PoliceRefused)
    assert (error.code, error.message, error.retryable) == ("JURISDICTION", "not of this station", False)
    assert "not of this station" not in str(error)


async def test_a_station_that_is_down_says_when_to_come_back(station: PoliceStation, register: CctnsRegister) -> None:
    station.habits = StationHabits(down=True)
    error = await failing(register)
    assert isinstance(error, PoliceUnreachable)
    assert (error.retryable, error.retry_after_seconds) == (True, 1.0)


async def test_a_slow_station_costs_no_more_than_the_time_given(
    station: PoliceStation, register: CctnsRegister
) -> None:
    station.habits = StationHabits(slow_wall_seconds=3.0)
    began = asyncio.get_running_loop().time()
    assert isinstance(await failing(register, seconds=0.2), PoliceUnreachable)
    assert asyncio.get_running_loop().time() - began < 2.5


async def test_no_server_listens() -> None:
    async with CctnsRegister(CctnsWire("http://127.0.0.1:1", "up-cyber", KEY)) as register:
        assert isinstance(await failing(register), PoliceUnreachable)


@pytest.mark.parametrize(
    "wrong", [{"key": b"another"}, {"client_id": "stranger"}, {"clock": lambda: datetime.now(UTC) - timedelta(hours=1)}]
)
async def test_a_call_that_is_not_ours_is_not_taken(station: PoliceStation, wrong: dict[str, Any]) -> None:
    clock = wrong.pop("clock", lambda: datetime.now(UTC))
    async with served(station) as url:
        wire = replace(CctnsWire(url, "up-cyber", KEY), **wrong)
        async with CctnsRegister(wire, clock=clock) as register:
            assert isinstance(await failing(register), PoliceLoginFailed)
    assert station.reports == {}


GOOD = {"fir_no": "0001/2026", "police_station": "Cyber", "registered_at": "2026-11-24T12:00:00+05:30", "sign_by": None}


@each(
    ("reply", "expected"),
    [
        (JSONResponse(GOOD | {"fir_no": ""}), PoliceProtocolError),
        (JSONResponse(GOOD | {"fir_no": "x" * 65}), PoliceProtocolError),
        (JSONResponse(GOOD | {"fir_no": None}), PoliceProtocolError),
        (JSONResponse(GOOD | {"registered_at": None}), PoliceProtocolError),
        (JSONResponse(GOOD | {"registered_at": "2026-11-24T12:00:00"}), PoliceProtocolError),
        (JSONResponse(GOOD | {"sign_by": "soon"}), PoliceProtocolError),
        (JSONResponse(GOOD | {"sign_by": 5}), PoliceProtocolError),
        (JSONResponse(GOOD | {"document": "***"}), PoliceProtocolError),
        (JSONResponse(GOOD | {"document": "TVo="}), PoliceProtocolError),
        (JSONResponse(GOOD | {"document": 5}), PoliceProtocolError),
        (JSONResponse([GOOD]), PoliceProtocolError),
        (Response("<html>maintenance</html>", media_type="text/html"), PoliceProtocolError),
        (Response(b"x" * (REPLY_MAX_BYTES + 1)), PoliceProtocolError),
        (RedirectResponse("https://elsewhere.example/"), PoliceProtocolError),
        (Response("", 500), PoliceUnreachable),
        (Response("", 429), PoliceUnreachable),
        (Response("no", 403), PoliceLoginFailed),
        (JSONResponse({"code": "DUPLICATE", "message": "आशा देवी"}, 409), PoliceRefused),
        (Response("what", 400), PoliceRefused),
    ],
)
async def test_replies_that_are_no_report(reply: Response, expected: type[PoliceError]) -> None:
    async def says(scope: Scope, receive: Receive, send: Send) -> None:
        await reply(scope, receive, send)

    async with served(says) as url, CctnsRegister(CctnsWire(url, "up-cyber", KEY)) as register:
        assert type(await failing(register)) is expected


async def test_a_time_is_read_as_the_moment_it_names() -> None:
    async with served(JSONResponse(GOOD)) as url, CctnsRegister(CctnsWire(url, "up-cyber", KEY)) as register:
        told = await register.register(request(FirKind.FIR), timeout_seconds=TIMEOUT_SECONDS)
    assert told.registered_at == AT
    assert told.registered_at.tzinfo is UTC


@each(
    "url", ["http://register.example", "ftp://127.0.0.1", "https://u:p@register.example", "https://r.example/?a=1", "r"]
)
def test_addresses_to_which_no_secret_goes(url: str) -> None:
    with pytest.raises(ValueError, match=r"plain http|must look like"):
        CctnsRegister(CctnsWire(url, "up-cyber", KEY))


@each("url", ["https://up-cyber@r.example", "https://:" + "k" * 40 + "@r.example", "https://a:short@r.example"])
def test_settings_that_name_no_register(url: str) -> None:
    with pytest.raises(ValueError, match="looks like") as caught:
        CctnsWire.from_url(url)
    assert "kkkk" not in str(caught.value)


def test_a_setting_names_address_client_and_key() -> None:
    wire = CctnsWire.from_url("https://up-cyber:" + "k%40" * 10 + "@cctns.example:8443/api/")
    assert (wire.base_url, wire.client_id, wire.key) == ("https://cctns.example:8443/api", "up-cyber", b"k@" * 10)
    assert "k@k@" not in repr(wire)
