"""Another account of a victim for the credit: one officer proposes it, and a second officer confirms it."""

from typing import Annotated

from fastapi import APIRouter, Path

from activities.recovery import credit_accounts
from activities.recovery.credit_accounts import NoSuchAccount, credit_address
from api.officers.auth import may
from api.officers.tokens import Officer
from api.params import AckNo
from api.problems import FOUR_EYES, IN_THE_DESCRIPTION, INVALID, NOT_FOUND, NOT_NOW, Refused, Violation, says
from api.roles import Action
from api.services import TheServices
from schemas.base import WithReason
from schemas.recovery.credit_accounts import CreditAccount, CreditAccounts, NewCreditAccount, SeenAccount

router = APIRouter(
    prefix="/api/v1/complaints/{ack_no}/credit-accounts", tags=["restorations"], responses=IN_THE_DESCRIPTION
)

AccountId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("", name="read_credit_accounts", responses=says(NOT_FOUND))
async def read(
    services: TheServices, officer: Annotated[Officer, may(Action.READ_RESTORATION)], ack_no: AckNo
) -> CreditAccounts:
    """List the accounts that were proposed in place of the one that paid, the newest first."""
    return await credit_accounts.told_for(services.ctx, ack_no)


@router.post("", name="tell_credit_account", responses=says(NOT_NOW, NOT_FOUND))
async def tell(
    services: TheServices,
    officer: Annotated[Officer, may(Action.TELL_CREDIT_ACCOUNT)],
    ack_no: AckNo,
    new: NewCreditAccount,
) -> CreditAccount:
    """Propose another account with its proof, and tell the victim.

    It is credited only after a second officer has confirmed it, and after the victim's time to object.
    """
    page = credit_address(services.public_url)
    try:
        return await credit_accounts.propose(services.ctx, ack_no, new, officer.actor, page=page)
    except NoSuchAccount as error:
        field = error.flag.field.removeprefix("account.")
        raise Refused(INVALID, violations=[Violation(field, error.flag.message, "")]) from None


@router.post("/{account_id}/confirm", name="confirm_credit_account", responses=says(FOUR_EYES, NOT_NOW, NOT_FOUND))
async def confirm(
    services: TheServices,
    officer: Annotated[Officer, may(Action.CONFIRM_CREDIT_ACCOUNT)],
    ack_no: AckNo,
    account_id: AccountId,
    seen: SeenAccount,
) -> CreditAccount:
    """Confirm an account that another officer has proposed, and tell the victim.

    Each restoration under way needs a new application, and none is approved before the victim's time to object is over.
    """
    page = credit_address(services.public_url)
    return await credit_accounts.confirm(services.ctx, ack_no, account_id, seen, officer.actor, page=page)


@router.post("/{account_id}/object", name="object_to_credit_account", responses=says(NOT_NOW, NOT_FOUND))
async def object_to(
    services: TheServices,
    officer: Annotated[Officer, may(Action.OBJECT_TO_CREDIT_ACCOUNT)],
    ack_no: AckNo,
    account_id: AccountId,
    why: WithReason,
) -> CreditAccount:
    """Record that the victim does not want an account to be credited. This ends the account at once."""
    return await credit_accounts.object_to(services.ctx, ack_no, account_id, why.reason, officer.actor)


@router.post("/{account_id}/withdraw", name="withdraw_credit_account", responses=says(NOT_NOW, NOT_FOUND))
async def withdraw(
    services: TheServices,
    officer: Annotated[Officer, may(Action.WITHDRAW_CREDIT_ACCOUNT)],
    ack_no: AckNo,
    account_id: AccountId,
    why: WithReason,
) -> CreditAccount:
    """Withdraw an account that is wrong, and tell the victim."""
    return await credit_accounts.withdraw(services.ctx, ack_no, account_id, why.reason, officer.actor)
