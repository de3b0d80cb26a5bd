"""Documents to holders and victims that come by themselves; the time to object runs from the notice."""

from activities.people import victims
from activities.recovery.document_issuing import approve_attachment
from schemas.privacy.personal_data import NewVictimCorrection
from schemas.restoration_enums import ObjectionDecision, RestorationVerb
from tests.activities.document_issuing import APPEAL, KIND, IssuingBench, issuing
from tests.activities.restoration_bench import DAY, DESK, SP

__all__ = ["issuing"]

LACKS_IO = "the investigating officer, the officer's rank, the officer's police station, the officer's telephone"


# -- notice to the holder ----------------------------------------------------------------------------------------------


async def test_a_holder_has_notice_in_two_languages_and_the_time_to_object_runs_from_it(issuing: IssuingBench) -> None:
    case_no, restoration = await issuing.at_notice()
    home = issuing.home
    home.clock.at += 2 * DAY
    await issuing.issue()
    assert await issuing.documents(case_no, KIND.HOLDER_NOTICE) == [
        ("holder_notice", "hi", 1),
        ("holder_notice", "en", 1),
    ]
    said = await issuing.facts(case_no, KIND.HOLDER_NOTICE)
    due_at = await home.bench.value(
        "SELECT due_at FROM restoration_step WHERE restoration_id = $1 AND ended_at IS NULL", restoration
    )
    assert due_at == home.clock.at + 15 * DAY
    assert said["object_by"].startswith(due_at.strftime("%Y-%m-%dT%H:%M"))
    assert said["appeal"]["address"] == APPEAL
    await issuing.post()
    ((to, files),) = await issuing.mails("objection_window", case_no)
    assert to == "desk@hdfc.example", "the bank has told no way to its customer"
    assert [name.rsplit(".", 2)[1] for name in files] == ["hi", "en"]
    assert "end_step" not in await home.tick(restoration, 14.9)
    assert "end_step" in await home.tick(restoration, 0.2)


async def test_a_step_does_not_end_before_its_notice_is_issued(issuing: IssuingBench) -> None:
    case_no = await issuing.home.hold(400)
    restoration = await issuing.home.of(case_no)
    await issuing.home.tick(restoration, 3)
    await issuing.home.apply(restoration)
    await issuing.home.verify(restoration)
    await issuing.issue()
    assert any(f"the notice to the account holder lacks {LACKS_IO}" in note for note in await issuing.task(case_no))
    issuing.home.clock.at += 40 * DAY
    assert {due.what for due in (await issuing.home.look(restoration)).dues} == {"remind", "escalate"}
    await issuing.assign(case_no)
    await issuing.issue()
    dues = {due.what: due.at for due in (await issuing.home.look(restoration)).dues}
    assert dues["end_step"] == issuing.home.clock.at + 15 * DAY
    assert not any("holder_notice" in note for note in await issuing.task(case_no))


async def test_every_visit_has_a_notice_of_its_own_and_one_that_ended_needs_none(issuing: IssuingBench) -> None:
    case_no, restoration = await issuing.at_notice()
    await issuing.issue()
    await issuing.home.send_back(restoration)
    await issuing.home.verify(restoration)
    await issuing.issue()
    revisions = [revision for _, _, revision in await issuing.documents(case_no, KIND.HOLDER_NOTICE)]
    assert revisions == [1, 1, 2, 2]
    await issuing.home.send_back(restoration)
    await issuing.home.verify(restoration)
    await issuing.home.waive(restoration)
    await issuing.issue()
    assert len(await issuing.documents(case_no, KIND.HOLDER_NOTICE)) == 4


async def test_cause_is_shown_by_a_notice_that_an_officer_has_issued(issuing: IssuingBench) -> None:
    case_no, restoration = await issuing.at_notice()
    hold_id = await issuing.home.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
    await issuing.home.register_fir(case_no)
    await issuing.home.give_notice(restoration)
    await issuing.pool.execute(
        "UPDATE restoration_step SET ended_at = $2, ended_by = 'engine', outcome = 'cancelled'"
        " WHERE restoration_id = $1 AND ended_at IS NULL",
        restoration,
        issuing.home.clock.at,
    )
    await issuing.pool.execute(
        "INSERT INTO restoration_step (restoration_id, step, visit_no, opened_at, due_at)"
        " VALUES ($1, 'show_cause', 1, $2, $3)",
        restoration,
        issuing.home.clock.at,
        issuing.home.clock.at + 14 * DAY,
    )
    await issuing.pool.execute(
        "UPDATE restoration SET step = 'show_cause', visit_no = 1, route = 'magistrate_107' WHERE restoration_id = $1",
        restoration,
    )
    await issuing.issue()
    (task,) = [note for note in await issuing.task(case_no) if "the notice to show cause" in note]
    assert "the notice to show cause lacks" in task
    assert "the number of the court's order" in task
    assert "who approved it" in task
    await approve_attachment(issuing.home.ctx, hold_id, "the trail is clear", SP)
    await issuing.home.court_order(case_no, "bnss_107", "keep_hold")
    await issuing.issue()
    (task,) = [note for note in await issuing.task(case_no) if "the notice to show cause" in note]
    assert "the notice to show cause lacks the place, the day on which cause is shown, the grounds" in task
    by = issuing.home.clock.at + 22 * DAY
    await issuing.issue_about(
        case_no, KIND.NOTICE_107, str(hold_id), place="CJM Lucknow", by=by, grounds="came from the victim"
    )
    await issuing.issue()
    due_at = await issuing.home.bench.value(
        "SELECT due_at FROM restoration_step WHERE restoration_id = $1 AND ended_at IS NULL", restoration
    )
    assert due_at == by
    told = await issuing.home.bench.rows(
        "SELECT to_whom, count(p.*) FROM message m LEFT JOIN message_document p USING (message_id)"
        " WHERE case_no = $1 AND kind = 'objection_window' AND to_whom = 'bank' GROUP BY to_whom",
        case_no,
    )
    assert told == [("bank", 1)]


# -- letters to the victim ---------------------------------------------------------------------------------------------


async def test_the_victim_has_a_letter_when_it_is_opened_approved_and_over(issuing: IssuingBench) -> None:
    home = issuing.home
    case_no = await home.hold(400)
    new = NewVictimCorrection(email="asha@example.org", reason="at the desk")
    correction = await victims.propose(home.ctx, case_no, new, DESK.actor)
    await victims.agree(home.ctx, case_no, correction.correction_id, "officer:another")
    await home.bench.pool.execute(
        "UPDATE victim SET language = 'hi' WHERE victim_id = (SELECT victim_id FROM complaint WHERE ack_no = $1)",
        case_no,
    )
    await issuing.assign(case_no)
    await issuing.issue()
    restoration = await home.of(case_no)
    await home.to_credit(restoration)
    await issuing.issue()
    await home.confirm(restoration)
    await home.tick(restoration)
    await home.do(restoration, RestorationVerb.RECEIVE_BOND, DESK)
    await issuing.issue()
    letters = await issuing.documents(case_no, KIND.STATUS_LETTER)
    assert letters == [("status_letter", "hi", revision) for revision in (1, 2, 3)]
    last = await issuing.facts(case_no, KIND.STATUS_LETTER, 3)
    assert {one["bucket"]: one["amount_paise"] for one in last["buckets"]} == {"restored": 400_00}
    await issuing.post()
    sent = [files for to, files in await issuing.mails("status_letter", case_no) if files]
    assert [name.startswith("GH-UP-SL-") for (name,) in sent] == [True, True, True]
    texts = await home.bench.rows(
        "SELECT count(*) FROM message WHERE case_no = $1 AND kind = 'status_letter' AND medium = 'sms'", case_no
    )
    assert texts == [(3,)]


async def test_of_the_letters_that_wait_the_newest_says_it_all(issuing: IssuingBench) -> None:
    case_no, restoration, holds = await issuing.home.two_accounts()
    await issuing.issue()
    for hold in holds:
        await issuing.home.decide(restoration, await issuing.home.object(restoration, hold), ObjectionDecision.UPHELD)
    await issuing.assign(case_no)
    await issuing.issue()
    assert len(await issuing.documents(case_no, KIND.STATUS_LETTER)) == 1
