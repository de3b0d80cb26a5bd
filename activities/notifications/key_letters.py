"""Letters that tell a bank's contacts of a change of its keys.

The contacts so notice a change that the bank did not want.
"""

from typing import Final

from activities.context import Context
from activities.notifications.bank_contacts import BankLetter, DueLetter, deliver_due, send_to_bank
from activities.notifications.sending import Ways
from db.banks import bank_key_changes
from schemas.banks.institutions import Institution
from schemas.banks.keys import KeyChange, KeyChangeKind, KeyChangeOutcome
from schemas.tasks import TaskCause, TaskFacts
from schemas.text import indian_minute

_VERBS: Final = {KeyChangeKind.ADD: "add", KeyChangeKind.END: "end"}
_SAYS: Final = {
    None: "Your bank asked the police to {verb} a key. It is not done yet: the police will call you before.",
    KeyChangeOutcome.DONE: "The police have done it: {verb} a key of your bank.",
    KeyChangeOutcome.REFUSED: "The police refused to {verb} a key of your bank: {reason}",
    KeyChangeOutcome.WITHDRAWN: "Your bank withdrew that it asked the police to {verb} a key.",
    KeyChangeOutcome.EXPIRED: "Your bank asked the police to {verb} a key. It is over: no one confirmed it in time.",
}


async def tell_of_key_changes(ctx: Context, ways: Ways) -> int:
    """Tell the contacts of banks of changes of their keys; return how many were told."""
    return await deliver_due(ctx, bank_key_changes.claim, lambda due: _due(ways, *due))


def _due(ways: Ways, change: KeyChange, attempts: int) -> DueLetter:
    return DueLetter(
        institution=change.institution,
        attempts=attempts,
        send=lambda bank: send_to_bank(ways, bank, _letter(bank, change)),
        told=lambda connection, at: bank_key_changes.told(connection, change, at),
        put_off=lambda connection, again_at: bank_key_changes.put_off(connection, change, again_at),
        cause=TaskCause.BANK_KEY_UNTOLD,
        facts=TaskFacts(institution=change.institution, key_change=change.kind, detail=change.key_id),
    )


def _letter(bank: Institution, change: KeyChange) -> BankLetter:
    verb = _VERBS[change.kind]
    says = _SAYS[change.outcome].format(verb=verb, reason=change.reason)
    at = change.decided_at or change.asked_at
    text = (
        f"To the nodal officer of {bank.name}\n\n{says}\n\n"
        f"  Key      {change.key_id}\n"
        f"  SHA-256  {change.fingerprint}\n"
        f"  Time     {indian_minute(at)}\n\n"
        "If your bank did not want this, please call the police at once: someone else then knows your login.\n"
    )
    short = f"Police interface for banks: {verb} key {change.key_id}. {says} If you did not want this, call the police."
    state = change.outcome.value if change.outcome else "asked"
    return BankLetter(
        f"{bank.name}: change of a key", text, short, f"{change.institution}.key.{change.change_id}.{state}"
    )
