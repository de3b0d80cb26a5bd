"""Which officers of a bank get the letter of an escalation level: by their rosters, at any moment of the week."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from activities.banks.directory import load_directory
from activities.case.answer_links import NO_ADDRESS, nodal_letter
from activities.secrets import SecretBox
from adapters.messages.smtp import Mailer
from db.case.requests import RequestRow
from db.pool import Pool
from domain.policy.telephone import HolidayRules
from schemas.banks.institutions import Institution
from schemas.banks.rosters import NodalOfficer
from schemas.enums import AnswerClass, EscalationLevel, InstitutionKind, RequestState
from tests.activities.bench import Bench
from tests.each import each
from tests.factories import SECRET, institution, make_context
from tests.mail_server import Postbox, mail_server

NO_HOLIDAYS = HolidayRules(source="none of them")
NOON = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
NIGHT = datetime(2026, 11, 24, 20, 30, tzinfo=UTC)
OFFICE = [{"days": ["mon", "tue", "wed", "thu", "fri"], "starts": "10:00", "ends": "18:00"}]
FIRST: dict[str, Any] = {"name": "A. First", "email": "first@bank.example", "shifts": OFFICE}
SECOND: dict[str, Any] = {"name": "B. Second", "role": "principal nodal officer", "email": "second@bank.example"}
REQUEST = RequestRow(
    request_id=UUID(int=7),
    case_no="30911260000001",
    batch_no=1,
    institution="GRAM",
    state=RequestState.DELIVERED,
    job_id="BANKS-1",
    level=None,
    sent_at=NOON,
    delivered_at=NOON,
    first_answered_at=None,
    refusal_code=None,
    channel=None,
    round=0,
)


def bank(*officers: dict[str, Any], desk_email: str = "desk@bank.example") -> Institution:
    return Institution(
        code="GRAM",
        name="Gram Bank",
        kind=InstitutionKind.BANK,
        ifsc_prefixes=(),
        vpa_handles=(),
        aliases=(),
        answer_class=AnswerClass.MAIL,
        channels=(),
        desk_email=desk_email,
        nodal_officers=tuple(NodalOfficer.model_validate(one) for one in officers),
    )


ASLEEP = "no officer is on duty: sent to the desk and to the next officer on duty"


@each(
    ("asked", "at", "to", "cc", "remark"),
    [
        (bank(FIRST, SECOND), NOON, "first@bank.example", ("second@bank.example",), ""),
        (bank(FIRST, SECOND), NIGHT, "second@bank.example", (), ""),
        (bank(FIRST), NIGHT, "desk@bank.example", ("first@bank.example",), ASLEEP),
        (bank(FIRST, desk_email=""), NIGHT, "first@bank.example", (), ASLEEP),
        (bank(FIRST, desk_email="first@bank.example"), NIGHT, "first@bank.example", (), ASLEEP),
        (bank(), NOON, "desk@bank.example", (), NO_ADDRESS),
        (bank({"name": "C.", "mobile": "9000000001"}), NOON, "desk@bank.example", (), NO_ADDRESS),
        (bank(FIRST, {"name": "D.", "email": "D <d@bank.example>"}), NOON, "first@bank.example", (), ""),
        (bank(desk_email=""), NOON, "", (), NO_ADDRESS),
    ],
)
def test_the_letter_goes_to_who_is_on_duty_else_to_the_desk_and_who_is_next(
    asked: Institution, at: datetime, to: str, cc: tuple[str, ...], remark: str
) -> None:
    letter = nodal_letter(asked, REQUEST, [], NO_HOLIDAYS, at)
    assert (letter.to, letter.cc, letter.remark) == (to, cc, remark)


def test_the_letter_names_those_it_goes_to_with_their_role_and_when_they_are_back() -> None:
    assert nodal_letter(bank(FIRST, SECOND), REQUEST, [], NO_HOLIDAYS, NOON).body_text.startswith(
        "To A. First, nodal officer\nTo B. Second, principal nodal officer\n\nGram Bank\n"
    )
    assert nodal_letter(bank(FIRST), REQUEST, [], NO_HOLIDAYS, NIGHT).body_text.startswith(
        "To A. First, nodal officer (off duty until 25-11-2026 10:00 IST)\n\n"
    )


async def test_the_log_says_that_no_officer_was_on_duty_and_names_no_person(database: Pool) -> None:
    ctx = await make_context(database)
    away = {**FIRST, "shifts": [], "leaves": [{"first_day": "2026-01-01", "last_day": "2028-12-31"}]}
    entry = institution("HDFC").model_copy(update={"nodal_officers": (NodalOfficer.model_validate(away),)})
    await load_directory(database, SecretBox(SECRET), [entry])
    await ctx.directory.refresh()
    box = Postbox()
    async with mail_server(box) as port:
        bench = Bench(ctx, Mailer.from_url(f"smtp://127.0.0.1:{port}?from=police@up.example"))
        case_no = await bench.complain()
        escalated = await bench.escalate(case_no, await bench.ask_one(case_no), EscalationLevel.NODAL_OFFICER)
    assert (escalated.done, escalated.reason) == (True, ASLEEP)
    assert box.recipients == [["desk@hdfc.example", "first@bank.example"]]
    ((data,),) = await bench.rows("SELECT data FROM case_event WHERE case_no = $1 AND kind = 'level_reached'", case_no)
    assert (data["sent"], data["reason"]) == (True, ASLEEP)
    assert "First" not in str(data)
