"""Releases on a bench: an IO who answers for the case, the time of the hearing, and a second officer who confirms."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from activities.context import Context
from activities.recovery.hold_releases import confirm_release
from db.pool import Pool
from schemas.recovery.orders import ReleaseProposal
from tests.clock import Clock

SECOND: Final = "officer:second"
HEARING: Final = timedelta(days=2)


async def make_io(pool: Pool, case_no: str, subject: str = "io") -> None:
    """Make an officer the IO of a case, without the messages that an assignment writes."""
    await pool.execute(
        "INSERT INTO case_officer (case_no, duty, assignment_no, subject, name, rank, police_station, district, phone,"
        " assigned_by, assigned_at) SELECT $1, 'io', 1 + count(*), $2, 'R. Verma', 'Inspector', 'Cyber Cell',"
        " 'LUCKNOW', '9000000009', 'officer:chief', now() FROM case_officer WHERE case_no = $1 AND duty = 'io'",
        case_no,
        subject,
    )


async def confirmed(ctx: Context, clock: Clock, hold_id: UUID, by: str = SECOND) -> ReleaseProposal:
    """Let the time of the hearing pass, and confirm the release that waits."""
    clock.at += HEARING
    return await confirm_release(ctx, hold_id, "documents and the victim's statement read", by)


async def was_confirmed(pool: Pool, case_no: str, hold_id: UUID, paise: int, grievance_id: UUID | None) -> None:
    """Write a release of a hold that two officers have decided, so that an order for it can be made."""
    await pool.execute(
        "INSERT INTO proposal (kind, case_no, subject, body, reason, proposed_by, proposed_at, not_before, decision,"
        " decided_at, decided_by) VALUES ('release', $1, $2::uuid::text, jsonb_build_object('grievance_id', $3::uuid,"
        " 'objection_id', NULL, 'paise', $4::bigint, 'whole', false, 'hold_limit_paise', 0, 'day_limit_paise', 0,"
        " 'policy', '1'), 'seen',"
        " 'officer:io', now() - interval '3 days', now() - interval '1 day', 'agreed', now(), $5)",
        case_no,
        hold_id,
        grievance_id,
        paise,
        SECOND,
    )
