"""Letters that tell a bank's contacts of a change of its keys.

The contacts so notice a change that the bank did not want. The row of the change is the outbox. A letter that cannot be
sent becomes a work item: the desk telephones the bank.
"""

from datetime import datetime, timedelta
from typing import Final

from activities.context import Context
from activities.notifications.bank_contacts import BankLetter, send_to_bank
from activities.notifications.sending import Ways
from adapters.messages.sms import SmsError
from adapters.messages.smtp import MailError
from db.banks import bank_key_changes
from db.cases import tasks
from schemas.banks.institutions import Institution
from schemas.banks.keys import KeyChange, KeyChangeKind, KeyChangeOutcome
from schemas.enums import TaskKind
from schemas.tasks import TaskCause, TaskFacts
from schemas.text import IST

TELL_LIMIT: Final = 20
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
    now = ctx.now()
    lease_until = now + timedelta(seconds=3 * ctx.policy.messages.trying.call_timeout_seconds)
    async with ctx.pool.acquire() as connection:
        due = await bank_key_changes.claim(connection, now, lease_until, TELL_LIMIT)
    return sum([await _tell(ctx, ways, change, attempts) for change, attempts in due])


async def _tell(ctx: Context, ways: Ways, change: KeyChange, attempts: int) -> bool:
    trying = ctx.policy.messages.trying
    bank = ctx.directory.current.get(change.institution)
    try:
        sent = bank is not None and await send_to_bank(ways, bank, _letter(bank, change))
    except (MailError, SmsError) as error:
        again_at = ctx.now() + timedelta(seconds=trying.wait_seconds(attempts))
        if error.retryable and attempts < trying.attempts:
            async with ctx.pool.acquire() as connection:
                await bank_key_changes.put_off(connection, change, again_at)
            return False
        sent = False
    now = ctx.now()
    async with ctx.pool.acquire() as connection, connection.transaction():
        if sent:
            await bank_key_changes.told(connection, change, now)
            return True
        await bank_key_changes.put_off(connection, change, None)
        facts = TaskFacts(institution=change.institution, key_change=change.kind, detail=change.key_id)
        kind, cause = TaskKind.PHONE_BANK, TaskCause.BANK_KEY_UNTOLD
        await tasks.open_for_institution(connection, change.institution, kind, cause, now, facts=facts)
    return False


def _letter(bank: Institution, change: KeyChange) -> BankLetter:
    verb = _VERBS[change.kind]
    says = _SAYS[change.outcome].format(verb=verb, reason=change.reason)
    at = change.decided_at or change.asked_at
    text = (
        f"To the nodal officer of {bank.name}\n\n{says}\n\n"
        f"  Key      {change.key_id}\n"
        f"  SHA-256  {change.fingerprint}\n"
        f"  Time     {_moment(at)}\n\n"
        "If your bank did not want this, please call the police at once: someone else then knows your login.\n"
    )
    short = f"Police interface for banks: {verb} key {change.key_id}. {says} If you did not want this, call the police."
    state = change.outcome.value if change.outcome else "asked"
    return BankLetter(
        f"{bank.name}: change of a key", text, short, f"{change.institution}.key.{change.change_id}.{state}"
    )


def _moment(at: datetime) -> str:
    return f"{at.astimezone(IST):%d-%m-%Y %H:%M} IST"
