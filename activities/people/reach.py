"""How a victim can be reached without danger, and who complained for the victim, as the complaint tells it."""

from activities.case.transaction import CaseTransaction
from activities.context import Context
from db.people.statements import SentComplaint
from db.pool import Connection
from db.privacy import victim_reach
from domain.errors.victims import VictimErased
from schemas.people.drafts import Reach, ReachWay, Teller, ToldReach


async def tell_reach(
    work: CaseTransaction, sent: SentComplaint, reach: Reach | None, teller: Teller | None
) -> tuple[str, ...]:
    """Keep how the victim can be reached beside what was told before; return what is new of it. Raises `NotNow`.

    What the draft does not say takes nothing back.
    """
    if reach is None and teller is None:
        return ()
    ack_no = sent.receipt.ack_no
    before = await victim_reach.newest(work.connection, ack_no)
    teller_before = _teller(work.ctx, ack_no, before) if before else None
    was = (before.reach if before else None, teller_before)
    now = (reach or was[0] or Reach(way=ReachWay.CALL), teller or teller_before)
    if now == was:
        return ()
    if sent.person.is_erased:
        raise VictimErased(ack_no)
    reach_no = before.reach_no + 1 if before else 1
    sealed = None
    if now[1] is not None:
        sealed = work.ctx.persons.seal_text(sent.person, now[1].model_dump_json(), _use(ack_no, reach_no))
    person_id = sent.person.person_id if sealed else None
    await victim_reach.add(work.connection, ack_no, reach_no, now[0], person_id, sealed, work.now, work.actor)
    return tuple(name for name, old, new in zip(("reach", "teller"), was, now, strict=True) if old != new)


async def told_reach(ctx: Context, connection: Connection, ack_no: str) -> ToldReach | None:
    """Return how a victim can be reached, or None if the complaint does not say so. Raises `CannotOpen`."""
    stored = await victim_reach.newest(connection, ack_no)
    if stored is None:
        return None
    return ToldReach(**stored.reach.model_dump(), teller=_teller(ctx, ack_no, stored), told_at=stored.told_at)


def _teller(ctx: Context, ack_no: str, stored: victim_reach.StoredReach) -> Teller | None:
    if stored.key is None or stored.sealed is None:
        return None
    opened = ctx.persons.open_text(stored.key, stored.sealed, _use(ack_no, stored.reach_no))
    return Teller.model_validate_json(opened) if opened else Teller()


def _use(ack_no: str, reach_no: int) -> str:
    """Return what the sealed text of a statement is bound to."""
    return f"reach {reach_no} of {ack_no}"
