"""Whether a bank's setting for balances agrees with its answers."""

from typing import Final

from domain.banks.lien_setting import BalanceMeaning, HoldBalances, meaning_of
from schemas.enums import ChannelKind
from workers.conformance.findings import Finding, Verdict

CHECK: Final = "balances"
HOW_TO_FIND_OUT: Final = (
    "No test ticket shows whether the bank's balances include money on hold, because nothing is held for it."
    " Ask the bank: if ₹40 of an account with ₹100 are on hold, is root_effective_balance 100.00 or 60.00?"
    " For 60.00 its wire needs balance_includes_liens: false (`bank add … --free-balance --over`)."
    " By default 100.00 is assumed; at a bank that says 60.00 a hold then opens two work items,"
    " balance_below_hold and held_above_balance. When the bank has answered some holds, this test tells by itself."
)


def check_balances(counts: HoldBalances, *, include_liens: bool) -> Finding | None:
    """Return whether the directory's setting agrees with the bank's answers; None if they do not show it."""
    meaning = meaning_of(counts)
    if meaning is BalanceMeaning.UNCLEAR:
        return None
    seen = f"{counts.below} of {counts.holds} holds above the balance in the line"
    if meaning is BalanceMeaning.INCLUDE:
        seen += f", {counts.equal} equal to it"
    verb = "include" if meaning is BalanceMeaning.INCLUDE else "leave out"
    detail = f"balances {verb} money on hold ({seen})"
    if (meaning is BalanceMeaning.INCLUDE) == include_liens:
        return Finding(ChannelKind.I4C, CHECK, Verdict.RIGHT, f"{detail}, as the directory says")
    option = "without --free-balance" if include_liens is False else "with --free-balance"
    remedy = f"the directory says the opposite, so holds open needless work items; `bank add … --over` {option}"
    return Finding(ChannelKind.I4C, CHECK, Verdict.WRONG, f"{detail}; {remedy}")
