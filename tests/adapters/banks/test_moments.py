"""Times as banks write them."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from adapters.banks.answers import LineFlag
from adapters.banks.i4c.values import format_moment, parse_moment
from tests.each import each

SEEN = datetime(2026, 4, 12, 8, 4, 5, tzinfo=UTC)
ON_THE_MINUTE = SEEN.replace(second=0)


@each(
    ("text", "moment"),
    [
        ("2026-04-12 13:34:05", SEEN),
        (" 2026-04-12   13:34:05 ", SEEN),
        ("2026-04-12T13:34:05", SEEN),
        ("2026-04-12T13:34:05.987654", SEEN),
        ("2026-04-12T08:04:05Z", SEEN),
        ("2026-04-12T08:04:05.000Z", SEEN),
        ("2026-04-12T13:34:05+05:30", SEEN),
        ("2026-04-12 13:34:05 +0530", SEEN),
        ("2026-04-12T04:04:05-04:00", SEEN),
        ("2026-04-12 13:34", ON_THE_MINUTE),
        ("12-04-2026 13:34:05", SEEN),
        ("12-4-2026 01:34:05 PM", SEEN),
        ("12-04-2026 1:34 p.m.", ON_THE_MINUTE),
        ("2026-04-12 12:00:00 AM", datetime(2026, 4, 11, 18, 30, tzinfo=UTC)),
        ("2026-04-12 12:00:00 PM", datetime(2026, 4, 12, 6, 30, tzinfo=UTC)),
    ],
)
def test_read_without_a_flag(text: str, moment: datetime) -> None:
    assert parse_moment(text) == (moment, None)


@each(
    ("text", "moment"),
    [
        ("2026-04-12 13:34:PM", ON_THE_MINUTE),
        ("2026-04-12 13:34:05 PM", SEEN),
        ("2026-04-12 13:34:05 AM", SEEN),
        ("12/04/2026 13:34:05", SEEN),
        ("12.04.2026 13:34:05", SEEN),
        ("12-Apr-2026 13:34:05", SEEN),
        ("12 April 2026 13:34:05", SEEN),
        ("2026-04-12", datetime(2026, 4, 11, 18, 30, tzinfo=UTC)),
    ],
)
def test_read_with_a_flag(text: str, moment: datetime) -> None:
    assert parse_moment(text) == (moment, LineFlag.TIME_ODD)


@each(
    "text",
    [
        "13:34:PM",
        "13:34:05",
        "31-02-2026 10:00:00",
        "2026-13-01 10:00:00",
        "04-31-2026 10:00:00",
        "2026-04-12 24:00:00",
        "2026-04-12 13:60:00",
        "0001-01-01 00:00:00",
        "9999-12-31 23:59:59",
        "2026-04-12 13:34:05+99:99",
        "12-Zzz-2026",
        "1775981045",
        "yesterday",
        "२०२६-०४-१२ १३:३४:०५",
        "2026-04-12 13:34:05" + " " * 64 + "x",
        "2026-04/12 10:00",
    ],
)
def test_unreadable_but_no_error(text: str) -> None:
    assert parse_moment(text) == (None, LineFlag.TIME_UNREADABLE)


@each("text", ["", "  \n"])
def test_nothing_is_missing_not_unreadable(text: str) -> None:
    assert parse_moment(text) == (None, LineFlag.TIME_MISSING)


@given(text=st.text(alphabet="0123456789-/:. TZ+apmAPMnJ", max_size=40))
def test_never_raises(text: str) -> None:
    moment, flag = parse_moment(text)
    assert moment is None or moment.tzinfo is UTC
    assert (moment is None) <= (flag is not None)


@given(
    moment=st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1)),  # noqa: DTZ001 - Hypothesis adds the zone
    offset_hours=st.integers(-12, 14),
)
def test_there_and_back_to_the_second(moment: datetime, offset_hours: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(hours=offset_hours)))
    date, time = format_moment(aware)
    assert parse_moment(f"{date} {time}") == (aware.astimezone(UTC).replace(microsecond=0), None)


def test_midnight_in_india_is_the_next_day() -> None:
    assert format_moment(datetime(2026, 4, 12, 18, 30, tzinfo=UTC)) == ("2026-04-13", "00:00:00")
