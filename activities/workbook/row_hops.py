"""Hops that a row of a money-trail workbook names, also in merged cases."""

from collections.abc import Iterable, Sequence

from db.workbook.trail_import import NamedHop
from domain.workbook.row import TrailRow
from schemas.identifiers import account_key, reference_key


class HopIndex:
    """The hops that rows can name, by reference and by account. A row means hops of one case."""

    def __init__(self, hops: Iterable[NamedHop], case_nos: Sequence[str]) -> None:
        self._case_nos = case_nos
        self._by_reference: dict[str, list[NamedHop]] = {}
        self._by_account: dict[str, list[NamedHop]] = {}
        for hop in hops:
            self._by_reference.setdefault(hop.reference_key, []).append(hop)
            self._by_account.setdefault(hop.account_key, []).append(hop)

    def of(self, row: TrailRow) -> list[NamedHop]:
        """Return the hops that a row names, by the same rule as the processing of answers.

        A transfer that merged cases tell twice is meant where its money counts.
        """
        account = account_key(row.account) if row.account else ""
        if not row.root_reference:
            found = _counted(self._by_account.get(account, []))
            return found if len(found) == 1 else []
        named = _counted(self._by_reference.get(reference_key(row.root_reference), []))
        for case_no in self._case_nos:
            found = [hop for hop in named if hop.case_no == case_no]
            if found:
                return [hop for hop in found if hop.account_key == account] or found
        return []


def _counted(hops: list[NamedHop]) -> list[NamedHop]:
    return [hop for hop in hops if not hop.is_aside] or hops
