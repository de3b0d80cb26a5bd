"""The suite that checks a bank's interface, its settings, and how liens are set."""

from collections.abc import Mapping, Sequence
from typing import Final

from activities.banks.directory import Way
from adapters.banks.posting import Poster
from adapters.banks.protocol import BankWire
from domain.banks.directory import BalanceMeaning, HoldBalances, meaning_of
from schemas.enums import ChannelKind
from workers.conformance.calls import Line
from workers.conformance.findings import Finding, Verdict
from workers.conformance.i4c import check_i4c
from workers.conformance.push import check_push

CONNECT_TIMEOUT_SECONDS = 3.0
CHECKED = {ChannelKind.I4C: check_i4c, ChannelKind.PUSH: check_push}


async def check_bank(
    ways: Mapping[ChannelKind, Way], *, timeout_seconds: float, allow_plain_http: bool
) -> Sequence[Finding]:
    """Check every channel that can be called; report the others as untried."""
    poster = Poster(connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS, allow_plain_http=allow_plain_http)
    findings: list[Finding] = []
    try:
        for kind, way in ways.items():
            if kind in CHECKED and isinstance(way, BankWire):
                findings += await CHECKED[kind](Line(way, poster, timeout_seconds))
            else:
                findings.append(
                    Finding(kind, "all", Verdict.UNTRIED, "the bank has no endpoint to call on this channel")
                )
    finally:
        await poster.close()
    return findings


def settings_of(bank: BankWire) -> dict[str, str]:
    """Return the settings by name: of the I4C wire its addresses and outer form, of a webhook its address."""
    if bank.webhook_secrets:
        return {"address": bank.base_url, "secrets": str(len(bank.webhook_secrets))}
    address = bank.base_url.rstrip("/")
    return {
        "login": address + bank.login_path,
        "report": address + bank.report_path,
        "envelope": bank.envelope,
        "ciphertext": f"member {bank.ciphertext_member}" if bank.ciphertext_member else "the body itself",
        "signed": "yes" if bank.hmac_key else "no",
        "balances": "include money on hold" if bank.balance_includes_liens else "leave out money on hold",
    }


CHECK: Final = "balances"
HOW_TO_FIND_OUT: Final = (
    "No test ticket shows whether the bank's balances include money on hold, because nothing is held for it."
    " Ask the bank: if ₹40 of an account with ₹100 are on hold, is root_effective_balance 100.00 or 60.00?"
    " For 60.00 its wire needs balance_includes_liens: false (`bank add … --free-balance --over`)."
    " By default 100.00 is assumed; at a bank that says 60.00 a hold then opens a needless work item,"
    " balance_below_hold. When the bank has answered some holds, this test tells by itself."
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
