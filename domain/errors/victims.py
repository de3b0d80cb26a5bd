"""Business errors about victims and their personal data."""

from domain.errors import LimitExceeded, NotFound, NotNow, SameEyes


class VictimCorrectionNotFound(NotFound):
    code = "victim_correction_not_found"
    ack_no: str
    correction_id: int


class VictimCorrectionProposed(NotNow):
    code = "victim_correction_proposed"
    correction_id: int


class VictimCorrectionDecided(NotNow):
    code = "victim_correction_decided"
    decision: str
    decided_by: str


class VictimCorrectionNeedsSecondOfficer(SameEyes):
    code = "victim_correction_needs_second_officer"
    officer: str


class VictimNameOfOneTerm(LimitExceeded):
    code = "victim_name_of_one_term"


class VictimUnchanged(NotNow):
    code = "victim_unchanged"
    ack_no: str


class VictimErased(NotNow):
    code = "victim_erased"
    ack_no: str
