"""Corrections of victims: by two officers, told at both contacts, and kept by the database."""

import asyncpg
import pytest

from activities.context import Context
from activities.people import victims
from domain.errors.people import (
    VictimCorrectionDecided,
    VictimCorrectionNeedsSecondOfficer,
    VictimCorrectionNotFound,
    VictimCorrectionProposed,
    VictimErased,
    VictimUnchanged,
)
from schemas.privacy.personal_data import CorrectionDecision, NewVictimCorrection, PersonalData, VictimQuestion
from tests.activities.bench import Bench
from tests.factories import rrn, transfer

RAVI, SITA = "officer:ravi", "officer:sita"
ASHA = {"name": "Asha Devi", "mobile": "9876543210", "district": "LUCKNOW", "email": "asha@example.org"}
TOLD = PersonalData(name="Asha Devi", mobile="9876543210", email="asha@example.org")
NEW = NewVictimCorrection(mobile="9123456789", reason="Asha Devi, 9123456789, came with her passport")


@pytest.fixture
def bench(ctx: Context) -> Bench:
    return Bench(ctx)


async def complained(bench: Bench) -> str:
    return await bench.complain(transfer(1_000_00, reference=rrn()), victim=ASHA)


async def corrected(bench: Bench, case_no: str, new: NewVictimCorrection = NEW) -> int:
    correction = await victims.propose(bench.ctx, case_no, new, RAVI)
    await victims.agree(bench.ctx, case_no, correction.correction_id, SITA)
    return correction.correction_id


async def addresses(bench: Bench, case_no: str, kind: str = "victim_corrected") -> list[str]:
    return [one.address for one in await bench.said(kind, case_no)]


async def test_m10_a_wrong_number_is_corrected_by_two_officers_and_both_numbers_are_told(bench: Bench) -> None:
    case_no = await complained(bench)
    proposed = await victims.propose(bench.ctx, case_no, NEW, RAVI)
    assert await bench.victims(case_no) == [TOLD]
    assert proposed.fields == ("mobile",)
    (read,) = (await victims.corrections(bench.ctx, case_no)).corrections
    assert (read.before, read.after.mobile, read.reason) == (TOLD, "9123456789", NEW.reason)
    task = "SELECT state FROM desk_task WHERE case_no = $1 AND cause = 'victim_correction_to_decide'"
    assert await bench.rows(task, case_no) == [("open",)]
    done = await victims.agree(bench.ctx, case_no, proposed.correction_id, SITA)
    assert (done.decision, done.decided_by) == (CorrectionDecision.AGREED, SITA)
    for act in (proposed, done):
        assert not {"before", "after", "reason"} & set(act.model_dump()), "an act is no read"
    assert await bench.victims(case_no) == [TOLD.model_copy(update={"mobile": "9123456789"})]
    assert sorted(await addresses(bench, case_no)) == [
        *("9123456789", "9876543210"),
        *("asha@example.org", "asha@example.org"),
    ]
    assert await bench.rows(task, case_no) == [("closed",)]
    found = await victims.find(bench.ctx, VictimQuestion(mobile="9123456789"), None)
    assert case_no in [item.ack_no for item in found.items]
    found = await victims.find(bench.ctx, VictimQuestion(mobile="9876543210"), None)
    assert case_no not in [item.ack_no for item in found.items]


async def test_the_log_says_what_was_corrected_and_nothing_of_the_person(bench: Bench) -> None:
    case_no = await complained(bench)
    number = await corrected(bench, case_no)
    logged = await bench.rows(
        "SELECT kind, actor, data::text FROM case_event WHERE case_no = $1 AND kind LIKE 'victim_%' ORDER BY seq",
        case_no,
    )
    assert [(kind, actor) for kind, actor, _ in logged] == [
        ("victim_correction_proposed", RAVI),
        ("victim_corrected", SITA),
    ]
    assert all(f'"correction_id": {number}' in text and '"mobile"' in text for _, _, text in logged)
    stored = str(logged) + str(await bench.rows("SELECT * FROM proposal WHERE case_no = $1", case_no))
    stored += str(await bench.rows("SELECT facts FROM desk_task WHERE case_no = $1", case_no))
    assert not [text for text in ("9123456789", "9876543210", "Asha", "passport") if text in stored]


async def test_one_officer_corrects_no_person(bench: Bench) -> None:
    case_no = await complained(bench)
    proposed = await victims.propose(bench.ctx, case_no, NEW, RAVI)
    for same in (RAVI, "officer:Ravi"):
        with pytest.raises(VictimCorrectionNeedsSecondOfficer):
            await victims.agree(bench.ctx, case_no, proposed.correction_id, same)
    decide = "UPDATE proposal SET decision = 'agreed', decided_by = $2, decided_at = now()"
    for no_second in ("officer:RAVI", "import:ravi", "script:helpline", "command:root"):
        with pytest.raises(asyncpg.CheckViolationError, match="no second officer"):
            await bench.pool.execute(f"{decide} WHERE proposal_id = $1", proposed.correction_id, no_second)
    with pytest.raises(asyncpg.RestrictViolationError, match="two officers"):
        await bench.pool.execute(
            "UPDATE victim v SET sealed = decode(c.body ->> 'after', 'hex') FROM proposal c"
            " WHERE c.victim_id = v.victim_id AND c.proposal_id = $1",
            proposed.correction_id,
        )
    assert await bench.victims(case_no) == [TOLD]


async def test_a_rejected_correction_changes_nothing(bench: Bench) -> None:
    case_no = await complained(bench)
    proposed = await victims.propose(bench.ctx, case_no, NEW, RAVI)
    await victims.reject(bench.ctx, case_no, proposed.correction_id, RAVI)
    assert (await bench.victims(case_no), await addresses(bench, case_no)) == ([TOLD], [])
    with pytest.raises(VictimCorrectionDecided):
        await victims.agree(bench.ctx, case_no, proposed.correction_id, SITA)


async def test_low_an_officer_who_guesses_a_victims_data_learns_nothing_from_the_verb(bench: Bench) -> None:
    """The verb asks for no reason and is in no log of reads, so a guess gets the same answer whether it is right."""
    answers = []
    for mobile in (TOLD.mobile, "9000000000"):
        case_no = await complained(bench)
        guess = NewVictimCorrection(name="Nobody", mobile=mobile, reason="by telephone")
        done = await victims.propose(bench.ctx, case_no, guess, RAVI)
        answers.append(done.model_dump(exclude={"correction_id", "ack_no", "proposed_at"}))
    assert answers[0] == answers[1]
    case_no = await complained(bench)
    same = await victims.propose(bench.ctx, case_no, NewVictimCorrection(name=TOLD.name, reason="again"), RAVI)
    with pytest.raises(VictimUnchanged):
        await victims.agree(bench.ctx, case_no, same.correction_id, SITA)
    await victims.reject(bench.ctx, case_no, same.correction_id, SITA)
    assert (await bench.victims(case_no), await addresses(bench, case_no)) == ([TOLD], [])


async def test_a_correction_waits_for_no_other(bench: Bench) -> None:
    case_no = await complained(bench)
    first = await victims.propose(bench.ctx, case_no, NEW, RAVI)
    with pytest.raises(VictimCorrectionProposed):
        await victims.propose(bench.ctx, case_no, NEW, SITA)
    other = await complained(bench)
    with pytest.raises(VictimCorrectionNotFound):
        await victims.agree(bench.ctx, other, first.correction_id, SITA)


async def test_a_corrected_name_is_told_once(bench: Bench) -> None:
    case_no = await complained(bench)
    await corrected(bench, case_no, NewVictimCorrection(name="Asha Rani", reason="her passport says so"))
    assert sorted(await addresses(bench, case_no)) == ["9876543210", "asha@example.org"]
    assert [one.name for one in await bench.victims(case_no)] == ["Asha Rani"]


async def test_a_victim_whose_key_does_not_open_keeps_no_other_from_being_found(bench: Bench) -> None:
    unopened, opened = await complained(bench), await complained(bench)
    await bench.pool.execute(
        "UPDATE person_key SET wrapped = '\\x676801' || sha512('') WHERE person_id ="
        " (SELECT person_id FROM victim JOIN complaint USING (victim_id) WHERE ack_no = $1)",
        unopened,
    )
    found = await victims.find(bench.ctx, VictimQuestion(mobile=ASHA["mobile"]), None)
    names = {item.ack_no: item.name for item in found.items}
    assert (names[unopened], names[opened]) == ("", "Asha Devi")


async def test_destroyed_data_are_not_corrected_and_their_corrections_are_empty(bench: Bench) -> None:
    case_no = await complained(bench)
    await corrected(bench, case_no)
    waiting = await victims.propose(bench.ctx, case_no, NewVictimCorrection(name="A. Devi", reason="again"), RAVI)
    await bench.pool.execute(
        "UPDATE person_key SET wrapped = NULL, destroyed_at = now(), destroyed_for = 'test' WHERE person_id ="
        " (SELECT person_id FROM victim JOIN complaint USING (victim_id) WHERE ack_no = $1)",
        case_no,
    )
    with pytest.raises(VictimErased):
        await victims.agree(bench.ctx, case_no, waiting.correction_id, SITA)
    told = (await victims.corrections(bench.ctx, case_no)).corrections
    assert {(one.before, one.after, one.reason) for one in told} == {(PersonalData(), PersonalData(), "")}
    await victims.reject(bench.ctx, case_no, waiting.correction_id, SITA)
    with pytest.raises(VictimErased):
        await victims.propose(bench.ctx, case_no, NEW, RAVI)
