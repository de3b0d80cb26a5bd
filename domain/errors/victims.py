"""Business errors about victims and their personal data."""

from domain.errors import LimitExceeded, NotFound, NotNow, SameEyes


class VictimCorrectionNotFound(NotFound):
    ack_no: str
    correction_id: int


class VictimCorrectionProposed(NotNow):
    correction_id: int


class VictimCorrectionDecided(NotNow):
    decision: str
    decided_by: str


class VictimCorrectionNeedsSecondOfficer(SameEyes):
    officer: str


class VictimNameOfOneTerm(LimitExceeded):
    pass


class VictimUnchanged(NotNow):
    ack_no: str


class VictimErased(NotNow):
    ack_no: str
