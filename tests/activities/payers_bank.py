"""A policy that asks victims' banks, and what such a bank says."""

import dataclasses
from typing import Any

from activities.context import Context
from tests.factories import moved

PAYER, PAYEE = "30000000001", "50100000000001"


def asking_context(ctx: Context, **rules: Any) -> Context:
    """The same context with a policy that asks victims' banks."""
    payer_bank = ctx.policy.payer_bank.model_copy(update={"ask": True, "retry_seconds": 0.001} | rules)
    return dataclasses.replace(ctx, policy=ctx.policy.model_copy(update={"payer_bank": payer_bank}))


def debit(root: str, rupees: str = "1000.00", *, reference: str | None = None, **changes: Any) -> dict[str, Any]:
    """A row *Money Transfer To* of the victim's bank; by default it is the told transfer."""
    told = {"rrn_transaction_id": reference or root, "root_account_number": PAYER}
    return moved(root, rupees, "HDFC", PAYEE) | told | changes
