"""Other accounts to credit for a victim: entered by one officer with proof, confirmed by a second officer.

Two officers are needed, because one officer alone could redirect the money to an account of their own.
"""

from functools import partial
from typing import Final

from activities.cases.transaction import case_transaction
from activities.context import Context
from db.pool import Connection
from db.restoration import credit_accounts, restorations
from domain.errors import RuleBroken
from domain.errors.restoration import CreditAccountDiffers, CreditAccountNeedsSecondOfficer, CreditAccountOrdered
from domain.officers import same_person
from schemas.base import Flag
from schemas.enums import EventKind, ProcedureKind, TaskKind
from schemas.restoration.credit_accounts import CreditAccount, CreditAccounts, NewCreditAccount, SeenAccount
from schemas.tasks import NewTask, Subject, TaskCause, TaskSubject, about

THROUGH_SPONSOR: Final = "asked_through_sponsor"


class NoSuchAccount(RuleBroken):
    """Bank and IFSC do not match, or the directory does not know them."""

    def __init__(self, flag: Flag) -> None:
        """Build the error from the flag that says what does not match."""
        super().__init__(flag.message)
        self.flag = flag


async def propose(ctx: Context, ack_no: str, new: NewCreditAccount, by: str) -> CreditAccount:
    """Record an account to credit. It is used only after a second officer has confirmed it.

    Raises `NotFound`, `NoSuchAccount`. Raises `NotNow` while a bank is ordered to credit another account.
    """
    found, flags = ctx.directory.current.resolve(new.institution, new.ifsc, new.account, "account")
    mismatches = [flag for flag in flags if flag.code != THROUGH_SPONSOR]
    if found is None or mismatches:
        raise NoSuchAccount(mismatches[0])
    async with case_transaction(ctx, partial(credit_accounts.case_of, ack_no=ack_no), by) as work:
        connection = work.connection
        await _refuse_ordered(connection, ack_no)
        victim = await credit_accounts.victim_name(connection, ack_no)
        account_id = await credit_accounts.insert(
            connection,
            ack_no,
            work.case_no,
            new,
            institution=found.code,
            same_name=_plain(victim) == _plain(new.holder_name),
            by=by,
            at=work.now,
        )
        cause, subject = TaskCause.CREDIT_ACCOUNT_TO_CONFIRM, _subject(account_id)
        await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=cause, subject=subject))
        data = {"ack_no": ack_no, "account_id": account_id, "institution": found.code}
        await work.log(EventKind.CREDIT_ACCOUNT_TOLD, **data)
        return await credit_accounts.get(connection, ack_no, account_id)


async def confirm(ctx: Context, ack_no: str, account_id: int, seen: SeenAccount, by: str) -> CreditAccount:
    """Confirm an account as the second officer, who has checked the proof. Later orders credit it.

    A repeated confirmation changes nothing. Restorations that are prepared for approval must be prepared again. Raises
    `NotFound`, `SameEyes`, `NotNow`.
    """
    async with case_transaction(ctx, partial(credit_accounts.case_of, ack_no=ack_no), by) as work:
        connection = work.connection
        told = await credit_accounts.get(connection, ack_no, account_id)
        if (seen.account, seen.ifsc) != (told.account, told.ifsc):
            raise CreditAccountDiffers
        if told.confirmed_at is not None:
            return told
        if same_person(told.told_by, by):
            raise CreditAccountNeedsSecondOfficer(by)
        await _refuse_ordered(connection, ack_no)
        await credit_accounts.confirm(connection, account_id, by, work.now)
        causes = [TaskCause.CREDIT_ACCOUNT_TO_CONFIRM]
        await work.close_tasks(_subject(account_id), causes, "it is confirmed")
        for restoration_id in await restorations.made_ready(connection, ack_no):
            await restorations.unprepare(connection, restoration_id)
            await work.notify(ProcedureKind.RESTORATION, restoration_id)
        data = {"ack_no": ack_no, "account_id": account_id, "institution": told.institution}
        await work.log(EventKind.CREDIT_ACCOUNT_CONFIRMED, **data)
        return await credit_accounts.get(connection, ack_no, account_id)


async def told_for(ctx: Context, ack_no: str) -> CreditAccounts:
    """Return all accounts recorded for a complaint. Raises `NotFound`."""
    async with ctx.pool.acquire() as connection:
        await credit_accounts.case_of(connection, ack_no)
        return CreditAccounts(accounts=tuple(await credit_accounts.of_complaint(connection, ack_no)))


async def _refuse_ordered(connection: Connection, ack_no: str) -> None:
    if (order := await credit_accounts.order_under_way(connection, ack_no)) is not None:
        raise CreditAccountOrdered(order)


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace(".", " ").split())


def _subject(account_id: int) -> Subject:
    return about(TaskSubject.CREDIT_ACCOUNT, account_id)
