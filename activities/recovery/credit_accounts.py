"""Other accounts to credit for a victim: entered by one officer with proof, confirmed by a second officer.

Two officers are needed, because one officer alone could redirect the money to an account of their own. The victim hears
of both steps, and can end the account. Each restoration under way then needs a new application.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from activities.case.transaction import CaseTransaction, case_transaction
from activities.context import Context
from activities.privacy.person_keys import PersonKeys
from activities.recovery import restoration_transitions
from activities.recovery.message_recipients import Concerned, notify_people
from db.case import cases
from db.pool import Connection
from db.privacy import person_keys
from db.recovery import credit_accounts, restorations
from db.recovery.credit_accounts import StoredCreditAccount
from domain.errors import RuleBroken
from domain.errors.people import VictimErased
from domain.errors.restoration import (
    CreditAccountDiffers,
    CreditAccountNeedsSecondOfficer,
    CreditAccountOrdered,
    CreditAccountOver,
)
from domain.message_rules import NotificationEvent
from schemas.base import Flag
from schemas.enums import TaskKind
from schemas.events import EventKind
from schemas.identifiers import is_same_person
from schemas.notifications import MessageFacts, masked_account
from schemas.recovery.credit_accounts import (
    CreditAccount,
    CreditAccountEnd,
    CreditAccounts,
    CreditAccountShown,
    NewCreditAccount,
    SeenAccount,
)
from schemas.restoration_enums import Step
from schemas.tasks import NewTask, Subject, TaskCause, TaskFacts, TaskSubject, about

THROUGH_SPONSOR: Final = "asked_through_sponsor"
CREDIT_PATH: Final = "/c"
"""the path of the victims' page about an account, below the public address; short, for a short message"""
VICTIM: Final = "victim"
"""the actor in the case log for a victim who objects on that page"""
TOKEN_BYTES: Final = 9
"""short enough for a short message; tries are counted, and a guessed one can only end an account"""
TOKEN_CHARS: Final = 12


def credit_address(public_url: str | None) -> str:
    """Return the address of the victims' page about an account; empty without a public address."""
    return f"{public_url}{CREDIT_PATH}" if public_url else ""


class NoSuchAccount(RuleBroken):
    """Bank and IFSC do not match, or the directory does not know them."""

    def __init__(self, flag: Flag) -> None:
        """Build the error from the flag that says what does not match."""
        super().__init__(flag.message)
        self.flag = flag


async def propose(ctx: Context, ack_no: str, new: NewCreditAccount, by: str, *, page: str = "") -> CreditAccount:
    """Record an account to credit, and tell the victim. It is used only after a second officer has confirmed it.

    `page` is the address of the page on which the victim can object. Raises `NotFound`, `NoSuchAccount`. Raises
    `NotNow` while a bank is ordered to credit another account.
    """
    bank, flags = ctx.directory.current.resolve(new.institution, new.ifsc, new.account, "account")
    mismatches = [flag for flag in flags if flag.code != THROUGH_SPONSOR]
    if bank is None or mismatches:
        raise NoSuchAccount(mismatches[0])
    async with case_transaction(ctx, partial(cases.case_of_complaint, ack_no=ack_no), by) as work:
        connection = work.connection
        await _refuse_ordered(connection, ack_no)
        stored = await person_keys.of_complaint(connection, ack_no)
        assert stored is not None, "the case was found by the complaint"
        if stored.is_erased:
            raise VictimErased(ack_no)
        victim = ctx.persons.open(stored)
        account_id = await credit_accounts.insert(
            connection,
            ack_no,
            work.case_no,
            new,
            stored,
            ctx.persons.seal_text(stored, new.holder_name, _use_of_name(new.account, ack_no)),
            institution=bank.code,
            same_name=_plain(victim.name) == _plain(new.holder_name),
            by=by,
            at=work.now,
        )
        cause, subject = TaskCause.CREDIT_ACCOUNT_TO_CONFIRM, _subject(account_id)
        await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=cause, subject=subject, caused_by=by))
        data = {"ack_no": ack_no, "account_id": account_id, "institution": bank.code}
        await work.log(EventKind.CREDIT_ACCOUNT_TOLD, **data)
        await _tell_victim(work, account_id, NotificationEvent.CREDIT_ACCOUNT_TOLD, page)
        return _unnamed(await credit_accounts.get(connection, ack_no, account_id))


async def confirm(
    ctx: Context, ack_no: str, account_id: int, seen: SeenAccount, by: str, *, page: str = ""
) -> CreditAccount:
    """Confirm an account as the second officer, who has checked the proof, and tell the victim.

    Later orders credit it, once the victim's time to object is over. A repeated confirmation changes nothing. The
    victim must sign a new application for each restoration under way. `page` is as in `propose`. Raises `NotFound`,
    `SameEyes`, `NotNow`.
    """
    async with case_transaction(ctx, partial(cases.case_of_complaint, ack_no=ack_no), by) as work:
        connection = work.connection
        account = await credit_accounts.get(connection, ack_no, account_id)
        if (seen.account, seen.ifsc) != (account.account, account.ifsc):
            raise CreditAccountDiffers
        _refuse_over(account)
        if account.confirmed_at is not None:
            return _unnamed(account)
        if is_same_person(account.told_by, by):
            raise CreditAccountNeedsSecondOfficer(by)
        await _refuse_ordered(connection, ack_no)
        await credit_accounts.confirm(connection, account_id, by, work.now, _object_until(work))
        causes = [TaskCause.CREDIT_ACCOUNT_TO_CONFIRM]
        await work.close_tasks(_subject(account_id), causes, "it is confirmed")
        data = {"ack_no": ack_no, "account_id": account_id, "institution": account.institution}
        await work.log(EventKind.CREDIT_ACCOUNT_CONFIRMED, **data)
        await _apply_anew(work, ack_no, "another account is to be credited")
        await _tell_victim(work, account_id, NotificationEvent.CREDIT_ACCOUNT_CONFIRMED, page)
        return _unnamed(await credit_accounts.get(connection, ack_no, account_id))


async def withdraw(ctx: Context, ack_no: str, account_id: int, reason: str, by: str) -> CreditAccount:
    """Withdraw an account, and tell the victim. The account that was to be credited before it is credited again.

    A repeated withdrawal changes nothing. Raises `NotFound`. Raises `NotNow` while a bank is ordered to credit it, and
    after the victim's objection.
    """
    async with case_transaction(ctx, partial(cases.case_of_complaint, ack_no=ack_no), by) as work:
        account = await credit_accounts.get(work.connection, ack_no, account_id)
        if account.ended_as is CreditAccountEnd.WITHDRAWN:
            return _unnamed(account)
        _refuse_over(account)
        if account.is_standing:
            await _refuse_ordered(work.connection, ack_no)
        return await _end(work, account, CreditAccountEnd.WITHDRAWN, reason)


async def object_to(ctx: Context, ack_no: str, account_id: int, reason: str, by: str) -> CreditAccount:
    """Record that the victim does not want an account to be credited. This ends the account at once.

    A supervisor gets a task. It names the order, if a bank is ordered to credit the account. A repeated objection
    changes nothing. Raises `NotFound`. Raises `NotNow` for a withdrawn account.
    """
    async with case_transaction(ctx, partial(cases.case_of_complaint, ack_no=ack_no), by) as work:
        account = await credit_accounts.get(work.connection, ack_no, account_id)
        if account.ended_as is CreditAccountEnd.OBJECTED:
            return _unnamed(account)
        _refuse_over(account)
        order_id = await credit_accounts.order_under_way(work.connection, ack_no) if account.is_standing else None
        facts, cause = TaskFacts(order_id=order_id or ""), TaskCause.CREDIT_ACCOUNT_OBJECTED
        await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=cause, subject=_subject(account_id), facts=facts))
        return await _end(work, account, CreditAccountEnd.OBJECTED, reason)


async def tell_again(work: CaseTransaction, ack_no: str, correction_id: int, page: str) -> None:
    """Tell the victim, whose contact a correction has just changed, of the accounts that are or may be credited.

    The links to the contact of before are void, so each message has a new one. Of a confirmed account the victim has
    the whole time to object again, because the contact of before may be a stranger's. `page` is as in `propose`.
    """
    for account in await credit_accounts.to_be_told_again(work.connection, ack_no):
        event = NotificationEvent.CREDIT_ACCOUNT_TOLD
        if account.is_standing:
            event = NotificationEvent.CREDIT_ACCOUNT_CONFIRMED
            await credit_accounts.object_again(work.connection, account.account_id, _object_until(work))
        await _tell_victim(work, account.account_id, event, page, again=f".{correction_id}")


def _object_until(work: CaseTransaction) -> datetime:
    seconds = work.ctx.policy.restoration.credit_account_objection_seconds / work.ctx.procedure_clock_factor
    return work.now + timedelta(seconds=seconds)


async def _end(work: CaseTransaction, account: CreditAccount, ended_as: CreditAccountEnd, reason: str) -> CreditAccount:
    connection, account_id = work.connection, account.account_id
    await credit_accounts.end(connection, account_id, ended_as, work.actor, work.now, reason)
    causes = [TaskCause.CREDIT_ACCOUNT_TO_CONFIRM]
    await work.close_tasks(_subject(account_id), causes, f"it is {ended_as.value}")
    data = {"ack_no": account.ack_no, "account_id": account_id, "institution": account.institution}
    await work.log(EventKind.CREDIT_ACCOUNT_ENDED, **data, ended_as=ended_as.value, reason=reason)
    if account.is_standing:
        await _apply_anew(work, account.ack_no, f"the account to be credited is {ended_as.value}")
    await _tell_victim(work, account_id, NotificationEvent.CREDIT_ACCOUNT_ENDED)
    return _unnamed(await credit_accounts.get(connection, account.ack_no, account_id))


async def _apply_anew(work: CaseTransaction, ack_no: str, reason: str) -> None:
    """Send the victim's restorations back to the application, which names the account to be credited."""
    for restoration_id in await restorations.under_way(work.connection, ack_no):
        row = await restorations.lock(work.connection, restoration_id)
        await restoration_transitions.go_back(restoration_transitions.Work.of(work, row=row), Step.APPLICATION, reason)


async def _tell_victim(
    work: CaseTransaction, account_id: int, event: NotificationEvent, page: str = "", *, again: str = ""
) -> None:
    """Tell the victim, at the number of the complaint, about an account to be credited.

    With `page` the message has a link of its own to object. `again` makes it another occasion.
    """
    shown = await credit_accounts.shown(work.connection, account_id)
    link = ""
    if page:
        token = secrets.token_urlsafe(TOKEN_BYTES)
        await credit_accounts.add_link(work.connection, account_id, _digest(token), work.now)
        link = f"{page}/{token}"
    objectable = event is NotificationEvent.CREDIT_ACCOUNT_CONFIRMED
    facts = MessageFacts(
        occasion=f"{account_id}{again}",
        to_account=masked_account(shown.account_end, shown.bank),
        until=shown.object_until if objectable else None,
    )
    await notify_people(work.connection, work.ctx, event, Concerned(ack_no=shown.ack_no, link=link), facts, work.now)


# -- the victim's page -------------------------------------------------------------------------------------------------


async def look(ctx: Context, token: str) -> CreditAccountShown | None:
    """Return the account of the link with this token, or None. Changes nothing."""
    if len(token) != TOKEN_CHARS or not token.isascii():
        return None
    async with ctx.pool.acquire() as connection:
        return await credit_accounts.of_link(connection, _digest(token))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


# -- reading and checking ----------------------------------------------------------------------------------------------


async def told_for(ctx: Context, ack_no: str) -> CreditAccounts:
    """Return all accounts recorded for a complaint. Raises `NotFound`."""
    async with ctx.pool.acquire() as connection:
        await cases.case_of_complaint(connection, ack_no)
        rows = await credit_accounts.of_complaint(connection, ack_no)
    return CreditAccounts(accounts=tuple(open_account(ctx.persons, account) for account in rows))


def open_account(persons: PersonKeys, stored: StoredCreditAccount) -> CreditAccount:
    """Return an account to be credited; without its name if the key is destroyed. Raises `CannotOpen`."""
    account = CreditAccount(**stored.model_dump(exclude={"sealed_name", "key"}))
    name = persons.open_text(stored.key, stored.sealed_name, _use_of_name(stored.account, stored.ack_no))
    return account.model_copy(update={"holder_name": name})


def _use_of_name(account: str, ack_no: str) -> str:
    """Return what the name of an account's holder is bound to."""
    return f"holder of {account} for {ack_no}"


def _unnamed(stored: StoredCreditAccount) -> CreditAccount:
    """Return an account without the name of its holder.

    An act is no read: it asks for no reason, and the read log does not have it.
    """
    return CreditAccount(**stored.model_dump(exclude={"sealed_name", "key"}))


def _refuse_over(account: CreditAccount) -> None:
    """Raise `CreditAccountOver` for an account that the victim or an officer has ended."""
    if account.ended_as is not None:
        raise CreditAccountOver(account.account_id, account.ended_as)


async def _refuse_ordered(connection: Connection, ack_no: str) -> None:
    if (order := await credit_accounts.order_under_way(connection, ack_no)) is not None:
        raise CreditAccountOrdered(order)


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace(".", " ").split())


def _subject(account_id: int) -> Subject:
    return about(TaskSubject.CREDIT_ACCOUNT, account_id)
