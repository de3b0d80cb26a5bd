"""Another account of a victim for the credit: one officer proposes it, and a second officer confirms it."""

from typing import Annotated

from fastapi import APIRouter, Path

from activities.restoration import credit_accounts
from activities.restoration.credit_accounts import NoSuchAccount
from api.auth import may
from api.params import AckNo
from api.problems import FOUR_EYES, IN_THE_DESCRIPTION, INVALID, NOT_FOUND, NOT_NOW, Refused, Violation, says
from api.roles import Action
from api.services import TheServices
from api.tokens import Officer
from schemas.restoration.credit_accounts import CreditAccount, CreditAccounts, NewCreditAccount, SeenAccount

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
    """Propose another account with its proof. It is credited only after a second officer has confirmed it."""
    try:
        return await credit_accounts.propose(services.ctx, ack_no, new, officer.actor)
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
    """Confirm an account that another officer has proposed. The victim is credited there from now on."""
    return await credit_accounts.confirm(services.ctx, ack_no, account_id, seen, officer.actor)
