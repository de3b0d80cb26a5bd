"""Business errors about reports of the police and statutory duties."""

from datetime import datetime
from uuid import UUID

from domain.errors import NotFound, NotNow, SameEyes


class FirNotFound(NotFound):
    fir_id: UUID


class FirCopyNotFound(NotFound):
    fir_id: UUID


class DutyNotFound(NotFound):
    duty: str
    case_no: str


class AssignedByThemselves(SameEyes):
    officer: str


class FirStands(NotNow):
    fir_no: str
    state: str


class OtherFirRequested(NotNow):
    kind: str


class FirNotRegistered(NotNow):
    state: str


class FirReplaced(NotNow):
    fir_no: str


class FirNeedsNoSignature(NotNow):
    kind: str
    state: str


class TimeInFuture(NotNow):
    field: str


class SignedBeforeRegistered(NotNow):
    registered_at: datetime


class SignatureTooLate(NotNow):
    sign_by: datetime


class SignatureTimeMissing(NotNow):
    sign_by: datetime


class DutyDone(NotNow):
    done_at: datetime


class DutyDoneByReport(NotNow):
    pass


class DiaryEntryMissing(NotNow):
    pass


class DutyNotHandedIn(NotNow):
    duty: str


class HandedInBeforeHold(NotNow):
    opened_at: datetime


class DiaryNoUsed(NotNow):
    diary_no: str
