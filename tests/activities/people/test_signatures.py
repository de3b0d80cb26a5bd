"""A victim signs the application by a code: what that ends, what it leaves behind, and when it is refused."""

from datetime import timedelta

import asyncpg
import pytest

from activities.people import my_case
from activities.people.retention import forget_entries
from activities.recovery.credit_accounts import confirm, propose
from db.recovery import document_register
from domain.errors.restoration import ApplicationNamesOtherAccount, ApplicationNotOpen, MobileTooNew
from schemas.recovery.document_facts import SignedApplication
from schemas.restoration_enums import AddressClass
from tests.activities.my_case_world import ADDRESS, MOBILE, Visitor
from tests.activities.recovery.test_credit_accounts import END, NEW, SEEN
from tests.activities.restoration_bench import SP

OTHER_MOBILE = "9822222229"


async def test_a_code_signs_the_application_and_ends_its_step(visitor: Visitor) -> None:
    case_no, restoration = await visitor.at_application()
    before = await my_case.look(visitor.home.ctx, case_no)
    assert before.application is not None
    await visitor.door.send_signature_code(case_no)
    ((code, address),) = await visitor.codes("signature_code", case_no)
    assert address == MOBILE
    document_id = await visitor.application(restoration)
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    assert not await visitor.door.sign(case_no, document_id, wrong, ADDRESS)
    assert (await visitor.home.seen(restoration))["step"] == "application"
    assert await visitor.door.sign(case_no, document_id, code, ADDRESS)
    assert (await visitor.home.seen(restoration))["step"] == "verification"
    with pytest.raises(ApplicationNotOpen):
        await visitor.door.send_signature_code(case_no)

    found = await my_case.look(visitor.home.ctx, case_no)
    assert found.application is None
    assert found.signature is not None
    assert (found.signature.digest, found.signature.mobile_end) == (before.application.digest, MOBILE[-2:])
    ((actor, told),) = await visitor.home.bench.rows(
        "SELECT actor, data FROM case_event WHERE case_no = $1 AND kind = 'application_signed'", case_no
    )
    assert (actor, told["digest"]) == ("victim", before.application.digest)
    assert told["address_class"] == AddressClass.IPV4
    assert MOBILE not in str(told)
    (signed,) = [one for one in found.documents if one.kind.value == "signed_application"]
    async with visitor.home.ctx.pool.acquire() as connection:
        told = await document_register.facts_of(connection, signed.document_id, visitor.home.ctx.opens)
    facts = SignedApplication.model_validate(told)
    assert facts.signature.application_digest == before.application.digest
    assert facts.accounts[0].amount_paise == 400_00
    messages = await visitor.home.bench.said("application_signed", case_no)
    assert [one.address[-10:] for one in messages] == [MOBILE]
    await visitor.home.check(case_no)
    with pytest.raises(asyncpg.RestrictViolationError):
        await visitor.home.bench.pool.execute(
            "UPDATE application_signature SET mobile_end = '00' WHERE restoration_id = $1", restoration
        )


async def test_a_signature_needs_its_own_code_and_the_database_refuses_any_other(visitor: Visitor) -> None:
    case_no, restoration = await visitor.at_application()
    document_id = await visitor.application(restoration)
    await visitor.door.send_code(case_no)
    await visitor.door.send_signature_code(case_no)
    ((entry, _),) = await visitor.codes("my_case_code", case_no)
    assert not await visitor.door.sign(case_no, document_id, entry, ADDRESS), "a code to read signs nothing"
    pool = visitor.home.bench.pool
    insert = (
        "INSERT INTO application_signature (document_id, restoration_id, visit_no, ack_no, digest, code_id, mobile_end,"
        " address_class, signed_at) SELECT d.document_id, d.restoration_id, 1, d.ack_no, {digest}, p.proof_id,"
        " p.contact_end, 'ipv4', now() FROM document d JOIN proof p USING (document_id) WHERE d.document_id = $1"
    )
    for digest, name in (
        ("d.digest", "application_signature_by_a_code"),
        ("sha256('another')", "application_signature_of_the_step"),
    ):
        with pytest.raises(asyncpg.CheckViolationError) as error:
            await pool.execute(insert.format(digest=digest), document_id)
        assert error.value.constraint_name == name
    with pytest.raises(asyncpg.CheckViolationError) as error:
        await pool.execute(
            "UPDATE restoration_step SET ended_at = now(), ended_by = 'victim', outcome = 'done'"
            " WHERE restoration_id = $1 AND step = 'application'",
            restoration,
        )
    assert error.value.constraint_name == "restoration_step_signed"


async def test_a_code_to_a_mobile_that_officers_changed_signs_only_after_two_days(visitor: Visitor) -> None:
    case_no, restoration = await visitor.at_application()
    await visitor.door.send_signature_code(case_no)
    ((code, _),) = await visitor.codes("signature_code", case_no)
    token = await visitor.enter(case_no)
    await visitor.correct_mobile(case_no, OTHER_MOBILE)
    assert await visitor.door.visit(token) is None, "a visit of the mobile of before is over"
    assert not await visitor.door.sign(case_no, await visitor.application(restoration), code, ADDRESS)
    with pytest.raises(MobileTooNew):
        await visitor.door.send_signature_code(case_no)
    visitor.home.clock.at += timedelta(hours=48, seconds=1)
    assert await visitor.sign(case_no, restoration)
    left = "SELECT count(*) FROM proof WHERE ack_no = $1"
    await forget_entries(visitor.home.ctx)
    assert await visitor.home.bench.value(left, case_no) > 0
    told = {one.address[-10:] for one in await visitor.home.bench.said("application_signed", case_no)}
    assert told == {MOBILE, OTHER_MOBILE}, "the number as first told hears of it"
    visitor.home.clock.at += timedelta(days=9)
    await forget_entries(visitor.home.ctx)
    unsigned = f"{left} AND proof_id NOT IN (SELECT code_id FROM application_signature)"
    assert await visitor.home.bench.value(unsigned, case_no) == 0, "also when no further code is asked for"


async def test_another_account_needs_another_signature(visitor: Visitor) -> None:
    case_no, restoration = await visitor.at_application()
    await visitor.door.send_signature_code(case_no)
    ((code, _),) = await visitor.codes("signature_code", case_no)
    first = await visitor.application(restoration)
    told = await propose(visitor.home.ctx, case_no, NEW, "officer:desk")
    await confirm(visitor.home.ctx, case_no, told.account_id, SEEN, "officer:boss")
    with pytest.raises(ApplicationNotOpen):
        await visitor.door.sign(case_no, first, code, ADDRESS)
    await visitor.home.engine.write_application(visitor.home.asked(restoration))
    second = await visitor.application(restoration)
    assert second != first
    assert not await visitor.door.sign(case_no, second, code, ADDRESS), "the code was for the first application"
    assert await visitor.sign(case_no, restoration)
    found = await my_case.look(visitor.home.ctx, case_no)
    assert [one.account_end for one in found.credit_accounts] == [END]
    await visitor.home.send_back(restoration, by=SP)
    assert (await my_case.look(visitor.home.ctx, case_no)).application is None, "it is written again first"


async def test_an_account_that_ended_is_not_signed_for(visitor: Visitor) -> None:
    case_no, restoration = await visitor.at_application()
    told = await propose(visitor.home.ctx, case_no, NEW, "officer:desk")
    await confirm(visitor.home.ctx, case_no, told.account_id, SEEN, "officer:boss")
    await visitor.home.engine.write_application(visitor.home.asked(restoration))
    await visitor.door.send_signature_code(case_no)
    ((code, _),) = await visitor.codes("signature_code", case_no)
    # As when the application is written while the account ends.
    await visitor.home.bench.pool.execute(
        "UPDATE credit_account SET ended_as = 'objected', ended_by = 'victim', ended_at = now(), ended_reason = 'no'"
        " WHERE account_id = $1",
        told.account_id,
    )
    with pytest.raises(ApplicationNamesOtherAccount):
        await visitor.door.sign(case_no, await visitor.application(restoration), code, ADDRESS)
    assert (await visitor.home.seen(restoration))["step"] == "application"


async def test_with_a_signed_document_an_officer_ends_the_step(visitor: Visitor) -> None:
    case_no, restoration = await visitor.at_application()
    await visitor.home.apply(restoration)
    found = await my_case.look(visitor.home.ctx, case_no)
    assert (found.signature, found.application) == (None, None)
    assert (await visitor.home.seen(restoration))["step"] == "verification"
