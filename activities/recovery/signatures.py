"""Signatures of people, and their codes.

The victim's signature by code under the application of a restoration. The victim ends the step with it, as an officer
does who has the application signed by hand. The signature is an event of the log, a row that never changes, and a page
of the application.

Letters that bring people of banks their code for a first password. The contacts of the bank are told too. The code is
made when it is sent, and only its digest is stored.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from activities.banks.people import CODE_LIFE, code_digest
from activities.case.transaction import case_transaction
from activities.context import Context
from activities.outgoing import Attempt, Kind, NotDue, NoWay
from activities.recovery.bank_letters import BankLetter, bank_of, phone_bank, send_to_bank
from activities.recovery.document_issuing import issue_about
from activities.recovery.message_sending import application_signed
from activities.recovery.restoration_transitions import Work, move_on
from activities.secrets import new_grouped_code
from db import proofs
from db.banks import bank_people
from db.outgoing import OutgoingKind
from db.pool import Connection
from db.privacy import victim_corrections
from db.recovery import (
    credit_accounts,
    document_facts,
    document_register,
    notifications,
    restoration_facts,
    restorations,
    signatures,
)
from db.recovery.signatures import NewSignature, OpenApplication
from domain.errors.recovery import DocumentErased
from domain.errors.restoration import ApplicationNamesOtherAccount, ApplicationNotOpen, MobileTooNew
from schemas.banks.institutions import BankPerson, Institution
from schemas.events import EventKind
from schemas.identifiers import IFSC_PATTERN
from schemas.recovery.document_facts import RestorationApplication
from schemas.recovery.officer_steps import CreditedAccount, CreditedAccounts
from schemas.recovery.orders import Beneficiary
from schemas.restoration_enums import AddressClass, DocumentKind, StepOutcome
from schemas.tasks import TaskCause, TaskFacts
from schemas.text import indian_minute

VICTIM: Final = "victim"
"""the actor in the case log for a victim who signs on the page"""


async def signs_from(ctx: Context, connection: Connection, ack_no: str, now: datetime) -> datetime | None:
    """Return when a code to the victim may sign; None if it may now.

    Officers who corrected the mobile or the e-mail address could sign in place of the victim. The earlier contact has
    been told of the correction by then.
    """
    since = await victim_corrections.contact_corrected_at(connection, ack_no)
    seconds = ctx.policy.my_case.mobile_settles_seconds / ctx.procedure_clock_factor
    if since is None or (until := since + timedelta(seconds=seconds)) <= now:
        return None
    return until


async def to_sign(ctx: Context, connection: Connection, ack_no: str, now: datetime) -> OpenApplication:
    """Return the application that the victim can sign now by a code.

    Raises `ApplicationNotOpen`, `ApplicationNamesOtherAccount` and `MobileTooNew`.
    """
    application = await signatures.open_application(connection, ack_no)
    if application is None:
        raise ApplicationNotOpen(ack_no)
    if not await names_standing_account(ctx, connection, ack_no, application.document_id):
        raise ApplicationNamesOtherAccount
    if (until := await signs_from(ctx, connection, ack_no, now)) is not None:
        raise MobileTooNew(until)
    return application


async def names_standing_account(ctx: Context, connection: Connection, ack_no: str, document_id: UUID) -> bool:
    """Return whether an application names the account that would be credited now. Raises `DocumentErased`.

    Where no other account stands, the money goes back to accounts that paid.
    """
    application = await _application(ctx, connection, document_id)
    standing = await document_facts.credit_account(connection, ack_no)
    if standing is not None:
        return application.beneficiary.account == standing.account
    lost = await document_facts.transfers(connection, application.case_no, ack_no)
    return application.beneficiary.account in {transfer.from_account for transfer in lost}


async def _application(ctx: Context, connection: Connection, document_id: UUID) -> RestorationApplication:
    """Return what an application says. Raises `DocumentErased`."""
    fields = await document_register.facts_of(connection, document_id, ctx.opens)
    if fields is None:
        raise DocumentErased(str(document_id))
    return RestorationApplication.model_validate(fields)


async def sign(
    ctx: Context, ack_no: str, document_id: UUID, code_id: UUID, mobile_end: str, address: AddressClass
) -> bool:
    """Sign an application with a code that was right, and end its step; false if the code was used before.

    Raises as `to_sign`.
    """
    async with case_transaction(ctx, ack_no, VICTIM) as of_case:
        connection, now = of_case.connection, of_case.now
        application = await to_sign(ctx, connection, ack_no, now)
        if application.document_id != document_id:
            raise ApplicationNotOpen(ack_no)
        work = Work.of(of_case, row=await restorations.lock(connection, application.restoration_id))
        if not await proofs.use(connection, code_id, now):
            return False
        new = NewSignature(ack_no=ack_no, code_id=code_id, mobile_end=mobile_end, address_class=address, signed_at=now)
        await signatures.insert(connection, application, new)
        await work.log(
            EventKind.APPLICATION_SIGNED,
            ack_no=ack_no,
            visit_no=application.visit_no,
            document_id=str(document_id),
            number=application.number,
            digest=application.digest,
            code_id=str(code_id),
            mobile_end=mobile_end,
            address_class=address.value,
        )
        language = (await notifications.victim(connection, ack_no)).language
        issued = await issue_about(work.as_engine, DocumentKind.SIGNED_APPLICATION, str(document_id), language=language)
        named = await credit_accounts.standing(connection, ack_no)
        await restorations.note_application(connection, work.row.restoration_id, named.account_id if named else None)
        facts = await _application(ctx, connection, document_id)
        await application_signed(connection, ctx, work.row, issued, facts, now)
        await move_on(work, StepOutcome.DONE, f"signed by a code, {issued.number}")
    return True


async def by_hop(
    ctx: Context, connection: Connection, ack_no: str, case_no: str, hop_nos: Sequence[int]
) -> dict[int, Beneficiary]:
    """Return by hop the account that the victim paid from, or the replacement that two officers confirmed."""
    instead = await credit_accounts.standing(connection, ack_no)
    if instead is not None:
        to = Beneficiary(institution=instead.institution, holder=instead.account, ifsc=instead.ifsc)
        return dict.fromkeys(hop_nos, to)
    directory = ctx.directory.current
    accounts = {}
    for payer in await restoration_facts.payers(connection, case_no, hop_nos):
        known, _ = directory.resolve(payer.institution_as_told, payer.ifsc, payer.holder, "payer")
        institution = known.code if known else payer.institution_as_told
        ifsc = (payer.ifsc or "").strip().upper()
        accounts[payer.hop_no] = Beneficiary(
            institution=institution, holder=payer.holder, ifsc=ifsc if IFSC_PATTERN.fullmatch(ifsc) else ""
        )
    return accounts


async def credited(ctx: Context, restoration_id: UUID) -> CreditedAccounts:
    """Return in full the accounts that an approval would credit. Raises `RestorationNotFound`."""
    async with (
        ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        of = await restoration_facts.hops(connection, restoration_id)
        beneficiaries = await by_hop(ctx, connection, of.ack_no, of.case_no, of.hop_nos)
    accounts = {
        (beneficiary.institution, beneficiary.holder, beneficiary.ifsc or None)
        for beneficiary in beneficiaries.values()
    }
    return CreditedAccounts(
        items=tuple(
            CreditedAccount(institution=institution, account=holder, ifsc=ifsc)
            for institution, holder, ifsc in sorted(accounts, key=str)
        )
    )


FIRST_SIGN_IN_PATH: Final = "/inbox/first"
"""path of the page on which a person sets a password by the code"""


def first_sign_in_address(bank_url: str | None) -> str:
    """Return the address of that page at the address at which banks reach us, or an empty text without one."""
    return f"{bank_url}{FIRST_SIGN_IN_PATH}" if bank_url else ""


async def _send(attempt: Attempt, person: BankPerson) -> None:
    """Tell the contacts and then the person, so no person has a code of whom they do not know.

    Both letters are named by the code: a mail system may drop a second letter with the name of another one.
    """
    bank, mail, pool = bank_of(attempt, person), attempt.routes.ways.mail, attempt.ctx.pool
    if mail is None:
        raise NoWay
    code = new_grouped_code()
    digest = code_digest(code)
    name = f"{person.institution}.person.{person.person_id}.{digest.hex()[:16]}"
    await send_to_bank(attempt.routes.ways, bank, _to_contacts(bank, person, name))
    async with pool.acquire() as connection:
        if not await bank_people.write_code(connection, person.person_id, digest, attempt.ctx.now() + CODE_LIFE):
            raise NotDue
    subject, text = _to_person(bank, person, code, attempt.routes.first_sign_in_address)
    await mail.send(person.email, subject, text, f"{name}.code")
    async with pool.acquire() as connection:
        if not await bank_people.has_code(connection, person.person_id, digest):
            # Another attempt has written its code over this one, so that attempt counts.
            raise NotDue


def _to_person(bank: Institution, person: BankPerson, code: str, address: str) -> tuple[str, str]:
    opens = f"Open {address}" if address else 'Open the inbox, choose "First sign-in"'
    return f"{bank.name}: your login at the police's inbox for banks", (
        f"To {person.name}\n\n{bank.name} has given you a login at the police's inbox for banks.\n\n"
        f"  E-mail  {person.email}\n"
        f"  Code    {code}\n\n"
        f"{opens}, and set a password of your own with this code. It is good once, for"
        f" {CODE_LIFE.days} days. Give it to no other person: what is answered under your login is answered by you.\n\n"
        'If you did not ask for this login, give e-mail and code on the same page, and choose "I did not ask for this'
        ' login". The login is then ended, and the police are told.\n'
    )


def _to_contacts(bank: Institution, person: BankPerson, name: str) -> BankLetter:
    sentence = f"{person.name}, {person.designation} ({person.email}) gets a login for your bank at the police's inbox."
    text = (
        f"To the nodal officer of {bank.name}\n\n{sentence}\n\n"
        "If your bank did not want this, end this person in the inbox, and call the police at once: someone else then"
        " knows your login.\n"
    )
    short = f"Police inbox for banks: {sentence} If you did not want this, call the police."
    return BankLetter(f"{bank.name}: a new login", text, short, f"{name}.told")


def _facts(person: BankPerson) -> TaskFacts:
    # Work items are kept, so this one does not name the person. The page of the bank shows whose code was not sent.
    return TaskFacts(institution=person.institution, at=indian_minute(person.added_at))


PERSON_CODES: Final = Kind(
    OutgoingKind.BANK_PERSON, bank_people.to_send, _send, phone_bank(TaskCause.BANK_PERSON_CODE_UNSENT, _facts)
)
