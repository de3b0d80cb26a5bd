"""Business errors about reports of the police and statutory duties."""

from datetime import datetime
from uuid import UUID

from domain.errors import NotFound, NotNow, SameEyes


class FirNotFound(NotFound):
    code = "fir_not_found"
    fir_id: UUID


class FirCopyNotFound(NotFound):
    code = "fir_copy_not_found"
    fir_id: UUID


class DutyNotFound(NotFound):
    code = "duty_not_found"
    duty: str
    case_no: str


class AssignedByThemselves(SameEyes):
    code = "assigned_by_themselves"
    officer: str


class FirStands(NotNow):
    code = "fir_stands"
    fir_no: str
    state: str


class OtherFirRequested(NotNow):
    code = "other_fir_requested"
    kind: str


class FirNotRegistered(NotNow):
    code = "fir_not_registered"
    state: str


class FirReplaced(NotNow):
    code = "fir_replaced"
    fir_no: str


class FirNeedsNoSignature(NotNow):
    code = "fir_needs_no_signature"
    kind: str
    state: str


class TimeInFuture(NotNow):
    code = "time_in_future"
    field: str


class SignedBeforeRegistered(NotNow):
    code = "signed_before_registered"
    registered_at: datetime


class SignatureTooLate(NotNow):
    code = "signature_too_late"
    sign_by: datetime


class SignatureTimeMissing(NotNow):
    code = "signature_time_missing"
    sign_by: datetime


class DutyDone(NotNow):
    code = "duty_done"
    done_at: datetime


class DutyDoneByReport(NotNow):
    code = "duty_done_by_report"


class DiaryEntryMissing(NotNow):
    code = "diary_entry_missing"


class DutyNotHandedIn(NotNow):
    code = "duty_not_handed_in"
    duty: str


class HandedInBeforeHold(NotNow):
    code = "handed_in_before_hold"
    opened_at: datetime


class DiaryNoUsed(NotNow):
    code = "diary_no_used"
    diary_no: str
