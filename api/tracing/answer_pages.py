"""The pages about hold requests: an officer of a bank states for each transfer where the money is."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from activities.tracing.answer_links import AnswerForm, AnswerLinks, AnswerView
from adapters.banks.stated import CARD, way_of
from api.reply_pages import Reading, ReplyPages
from api.services import Services
from api.tracing.answer_forms import NAMES, NOT_FOUND, ROWS, is_filled, numbers_in, read_form

WAY_NAMES: Final = {"atm": "ATM", "aeps": "AEPS", CARD: "POS (card machine)", "cheque": "Cheque"}


class AnswerPages(ReplyPages[AnswerView, AnswerForm]):
    """The pages behind the reply links about hold requests."""

    folder = "answer"
    names = NAMES
    # The chase of the money does not wait for a telephone call.
    taken_without_mobile = True
    template_names: ClassVar[Mapping[str, Any]] = {
        "rows": ROWS,
        "not_found": NOT_FOUND,
        "way_names": WAY_NAMES,
        "way_of": way_of,
        "is_filled": lambda fields, errors, prefix: is_filled(fields, prefix) or is_filled(errors, prefix),
    }

    def __init__(self, services: Services) -> None:
        super().__init__(services, AnswerLinks(services.ctx, services.keys))

    def read(self, view: AnswerView, fields: dict[str, str]) -> Reading[AnswerForm]:
        """Read a form about the transfers that are open now."""
        return read_form(fields, view.items, self._ctx.now())

    def numbers_in(self, fields: Mapping[str, str]) -> set[int]:
        """Return the numbers of the transfers that a form has fields of."""
        return numbers_in(fields)
