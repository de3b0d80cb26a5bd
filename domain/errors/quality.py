"""Business errors about what victims say of how they were treated."""

from domain.errors import NotFound, NotNow


class TreatmentNotAsked(NotNow):
    ack_no: str


class TreatmentAnswered(NotNow):
    ack_no: str


class TreatmentReportNotFound(NotFound):
    ack_no: str
