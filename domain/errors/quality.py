"""Business errors about what victims say of how they were treated."""

from domain.errors import NotFound, NotNow


class TreatmentNotAsked(NotNow):
    code = "treatment_not_asked"
    ack_no: str


class TreatmentAnswered(NotNow):
    code = "treatment_answered"
    ack_no: str


class TreatmentReportNotFound(NotFound):
    code = "treatment_report_not_found"
    ack_no: str
