"""Figures of the wall as a busy day has them, to look at it full: the tests of the API compute such figures."""

from datetime import UTC, datetime, timedelta
from typing import Final

from domain.districts import districts
from domain.reporting.figures import tiles
from schemas.case.trail_layout import LETTERS, BucketShare
from schemas.enums import TimedStage
from schemas.reporting.figures import Sum, TargetShare
from schemas.reporting.scorecards import Percentiles
from schemas.reporting.wall import (
    LateStage,
    Wall,
    WallBank,
    WallBreaches,
    WallDistrict,
    WallFunnel,
    WallHour,
    WallNow,
    WallRecent,
    WallTeam,
    WallToday,
    WallWeeks,
)
from schemas.text import IST

LAKH: Final = 1_00_000
LAKHS: Final = {"H": 242, "P": 206, "W": 125, "S": 47, "U": 44, "X": 20}
P95_MINUTES: Final = (9.6, 10.8, 9.1, 11.9, 10.4, 8.8, 8.1, 7.6, 7.9, 8.4, 9.8, 14.2, 12.6, 9.4, 8.9)
BANKS: Final = (("Indian Bank", 0.31), ("UCO Bank", 0.24), ("Bandhan Bank", 0.35), ("Airtel Payments Bank", 0.4))


def busy_day(*, age: timedelta = timedelta()) -> Wall:
    """Return the figures of a busy day; `age` is how old they are."""
    now = datetime.now(UTC)
    return Wall(
        now=now,
        current=_current(now - age),
        recent=_recent(now - age),
        weeks=WallWeeks(
            as_of=now - age,
            funnel=WallFunnel(
                days=90,
                lost=Sum(paise=41_260 * LAKH * 100, cases=18_204),
                held_paise=15_890 * LAKH * 100,
                restored=Sum(paise=6_130 * LAKH * 100, cases=2_206),
            ),
        ),
    )


def _current(at: datetime) -> WallNow:
    rupees = {bucket: LAKHS.get(letter, 0) * LAKH for bucket, letter in LETTERS.items()}
    total = sum(rupees.values())
    return WallNow(
        as_of=at,
        today=WallToday(
            day=at.astimezone(IST).date(),
            complaints=412,
            complaints_yesterday=389,
            cases=397,
            paise=total * 100,
            rupees=total,
            buckets=tuple(
                BucketShare(bucket=bucket, letter=letter, paise=rupees[bucket] * 100, rupees=rupees[bucket])
                for bucket, letter in LETTERS.items()
            ),
        ),
        breaches=WallBreaches(
            stages=(
                LateStage(stage=TimedStage.COMPLAINT_TO_HELD, late=7, most_seconds=2_460),
                LateStage(stage=TimedStage.DELIVERED_TO_ANSWERED, late=4, most_seconds=7_800),
                LateStage(stage=TimedStage.APPROVAL, late=14, most_seconds=518_400),
            ),
            lapsing_holds=12,
            lapsing_paise=38_40_000_00,
            unowned_tasks=9,
            unowned_most_seconds=1_320,
        ),
        teams=(WallTeam(name="1930 calls", on_shift=22, tasks=38), WallTeam(name="Desk Meerut", on_shift=8, tasks=171)),
    )


def _recent(at: datetime) -> WallRecent:
    names = {one.code: one for one in districts()}
    return WallRecent(
        as_of=at,
        first_hold_seconds=600,
        hours=tuple(
            WallHour(
                hour=hour,
                cases=20 + hour,
                waiting=0,
                first_hold=Percentiles(
                    count=20 + hour, p50_seconds=minutes * 24, p95_seconds=minutes * 60, p99_seconds=minutes * 140
                ),
                in_time=TargetShare(),
            )
            for hour, minutes in enumerate(P95_MINUTES)
        ),
        banks=tuple(
            WallBank(
                institution=f"BK{place:02}",
                name=name,
                requests=60 - 9 * place,
                answer=Percentiles(count=40, p50_seconds=1_200 + 300 * place, p95_seconds=6_000, p99_seconds=9_000),
                in_time=TargetShare(
                    within=20, judged=50, share=share, low=share - 0.09, high=share + 0.08, is_small=False
                ),
                is_slow=True,
                waiting_requests=9,
                waiting_paise=(31 - 6 * place) * LAKH * 100,
            )
            for place, (name, share) in enumerate(BANKS)
        ),
        share_days=7,
        districts=tuple(
            WallDistrict(
                code=tile.code,
                english=names[tile.code].english,
                hindi=names[tile.code].hindi,
                column=tile.column,
                row=tile.row,
                complaints=None if place % 9 == 4 else place % 7 * 8,
                in_play_paise=None if place % 9 == 4 else place % 7 * 3 * LAKH * 100,
                is_late=place % 17 == 6,
                judged=120,
                in_time=0.81,
                low=0.74,
                high=0.87,
            )
            for place, tile in enumerate(tiles())
        ),
        elsewhere=11,
    )
