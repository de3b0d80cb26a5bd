"""Which act a restoration waits for, and which roles do it. Pure, from the rules of the actions."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from domain.recovery.procedure import CREDIT_ACCOUNT_CONFIRMERS, ORDERS_OF, RULES
from schemas.enums import Role
from schemas.recovery.officer_steps import OfficerAct
from schemas.recovery.restorations import RestorationVerb
from schemas.restoration_enums import Step

WAITS_FOR: Final[Mapping[Step, OfficerAct]] = {
    Step.APPLICATION: OfficerAct.RECEIVE_APPLICATION,
    Step.VERIFICATION: OfficerAct.VERIFY,
    Step.HOLDER_NOTICE: OfficerAct.WAIVE_NOTICE,
    **dict.fromkeys(ORDERS_OF, OfficerAct.TAKE_ORDER),
    Step.APPROVAL: OfficerAct.PREPARE,
    Step.BOND: OfficerAct.RECEIVE_BOND,
}
"""The act that each step waits for. At `approval` it is the approval, once the restoration is prepared."""

OBJECTIONS_DECIDED_AT: Final = RULES[RestorationVerb.DECIDE_OBJECTION].steps
CREDIT_ACCOUNTS_CONFIRMED_AT: Final = frozenset(Step) - {Step.CREDIT, Step.BOND}
"""steps before the banks have their orders"""

_ROLES: Final[Mapping[OfficerAct, AbstractSet[Role]]] = {
    OfficerAct.CONFIRM_CREDIT_ACCOUNT: CREDIT_ACCOUNT_CONFIRMERS,
    **{act: RULES[RestorationVerb(act.value)].roles for act in OfficerAct if act.value in set(RestorationVerb)},
}


def acts_of(roles: AbstractSet[Role]) -> tuple[OfficerAct, ...]:
    """Return the acts that officers of these roles do."""
    return tuple(act for act in OfficerAct if _ROLES[act] & roles)
