"""Acts on a hold that an officer may not do because of an earlier act, said before the act is tried."""

from datetime import UTC, datetime
from uuid import UUID

from domain.recovery.grievances import GrievanceAtLevel
from domain.recovery.holds import HoldAsked, barred
from schemas.enums import Role
from schemas.officers.officers import Acting
from schemas.recovery.orders import ReleaseProposal, ReleaseState
from schemas.restoration_enums import GrievanceLevel, GrievanceState
from tests.each import each

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOLD = HoldAsked(investigates="sharma", tellers=frozenset(), waits_for_small=False, grievance=None, proposal=None)


def officer(name: str, *roles: Role) -> Acting:
    return Acting(subject=name, roles=frozenset(roles), actor=f"officer:{name}")


def appeal(level: GrievanceLevel, *deciders: str) -> GrievanceAtLevel:
    return GrievanceAtLevel(state=GrievanceState.OPEN, level=level, deciders=deciders)


def proposal(by: str) -> ReleaseProposal:
    return ReleaseProposal(
        proposal_id=1,
        hold_id=UUID(int=1),
        case_ack_no="21112600000001",
        grievance_id=None,
        objection_id=None,
        paise=100,
        whole=True,
        reason="documents",
        proposed_by=f"officer:{by}",
        proposed_at=AT,
        hear_until=AT,
        needs_second=True,
        state=ReleaseState.WAITS,
        stage=None,
        ended_at=None,
        ended_by=None,
        ended_reason="",
    )


@each(
    ("who", "changes", "wanted"),
    [
        (officer("sharma", Role.IO), {"grievance": appeal(GrievanceLevel.IO)}, []),
        (officer("singh", Role.IO), {"grievance": appeal(GrievanceLevel.IO)}, [("decide", "officer_not_of_case")]),
        (officer("singh", Role.IO), {"grievance": appeal(GrievanceLevel.DY_SP)}, []),
        (
            officer("verma", Role.DY_SP),
            {"grievance": appeal(GrievanceLevel.DY_SP, "officer:Verma"), "tellers": frozenset({"verma"})},
            [("decide", "grievance_needs_second_officer"), ("decide", "decider_told")],
        ),
        (
            officer("singh", Role.SP),
            {"waits_for_small": True, "tellers": frozenset({"singh"})},
            [("decide_small", "decider_told")],
        ),
        (
            officer("singh", Role.SP, Role.IO),
            {"proposal": proposal("Singh")},
            [("hear", "hearer_proposed"), ("confirm", "release_needs_second_officer")],
        ),
        (officer("singh", Role.SP), {"proposal": proposal("sharma")}, []),
        (officer("desk1", Role.DESK), {"waits_for_small": True, "grievance": appeal(GrievanceLevel.IO)}, []),
    ],
)
def test_what_is_for_another_officer(who: Acting, changes: dict[str, object], wanted: list[tuple[str, str]]) -> None:
    found = barred(who, HOLD.model_copy(update=changes))
    assert [(one.act.value, one.code) for one in found] == wanted
