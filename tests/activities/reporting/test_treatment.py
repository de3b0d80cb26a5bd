"""Figures of what victims say of how they were treated."""

from datetime import date, timedelta

from activities.context import Context
from activities.reporting import scorecards
from activities.reporting.stage_figures import Days
from db.people import statements
from schemas.people.my_case import SaidAnswer, TreatmentFigures, TreatmentGroup, TreatmentQuestion

# Days that no other test has.
FIRST = date(2031, 5, 4)


async def test_counts_by_district_have_intervals_and_few_answers_are_left_out(ctx: Context) -> None:
    said = [("LUCKNOW", "yes", 8), ("LUCKNOW", "no", 2), ("LUCKNOW", "dont_know", 1), ("AGRA", "no", 3)]
    said += [("VARANASI", "yes", 6), ("A VILLAGE", "yes", 7), ("LUCKNOW", "yes", 1)]
    for place, (district, respected, count) in enumerate(said):
        # The last answer is of the day after the period.
        on = FIRST + timedelta(days=place == len(said) - 1)
        await ctx.pool.executemany(
            "INSERT INTO treatment_answer (answered_on, district, respected, knows_next) VALUES ($1, $2, $3, 'yes')",
            [(on, district, respected)] * count,
        )
    days = Days(first_day=FIRST, end_day=FIRST + timedelta(days=1), as_of=ctx.now())
    report = await scorecards.read(ctx, days, TreatmentGroup.DISTRICT, None)

    def of(rows: tuple[TreatmentFigures, ...], question: TreatmentQuestion) -> dict[str, TreatmentFigures]:
        return {row.about: row for row in rows if row.question is question}

    (total,) = of(report.total, TreatmentQuestion.RESPECTED).values()
    assert (total.yes, total.no, total.dont_know) == (21, 5, 1)
    rows = of(report.rows, TreatmentQuestion.RESPECTED)
    assert rows.keys() == {"LUCKNOW", "AGRA", "VARANASI", ""}, "a typed text is not named"
    lucknow = rows["LUCKNOW"]
    assert (lucknow.yes, lucknow.no, lucknow.share, lucknow.is_small) == (8, 2, 0.8, True)
    assert lucknow.low is not None
    assert lucknow.high is not None
    assert 0.4 < lucknow.low < 0.8 < lucknow.high < 1
    assert (rows["AGRA"].is_shown, rows["AGRA"].yes, rows["AGRA"].share) == (False, None, None)
    assert not rows["VARANASI"].is_shown, "Agra would follow from the total"
    header, *lines = scorecards.table(report).to_csv().splitlines()
    assert header.startswith("\ufeffrow,question,about,is_shown,yes,no,")
    assert any(line.startswith("row,respected,LUCKNOW,1,8,2,1,0.8,") for line in lines)
    assert lines[-2].startswith("total,respected,,1,21,5,1,")
    of_agra = await scorecards.read(ctx, days, None, ("AGRA",))
    assert [row.is_shown for row in of_agra.total] == [False, False]
    async with ctx.pool.acquire() as connection:
        counted = await statements.counts(connection, FIRST, FIRST + timedelta(days=1), ["AGRA"])
    assert {(one.question, one.answer, one.count) for one in counted} == {
        (TreatmentQuestion.RESPECTED, SaidAnswer.NO, 3),
        (TreatmentQuestion.KNOWS_NEXT, SaidAnswer.YES, 3),
    }
