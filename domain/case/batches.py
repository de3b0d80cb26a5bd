"""Batches: the requests about the hops of one case that are sent together, one for each bank."""

from collections.abc import Iterable
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from schemas.base import FrozenModel
from schemas.case.case_workflow import HopBrief

HOPS_MAX: Final = 500
"""the most incidents that one ticket of the bank wire carries"""


class PlannedRequest(FrozenModel):
    """A request to be written: its hops are those of one bank."""

    request_id: UUID
    batch_no: int
    institution: str
    hops: tuple[HopBrief, ...]


def planned_requests(case_no: str, last_batch_no: int, hops: Iterable[HopBrief]) -> list[PlannedRequest]:
    """Return the requests about these hops; `last_batch_no` is that of the case's last batch.

    The hops of one bank that do not fit into one request go into the next batches.
    """
    by_bank: dict[str, list[HopBrief]] = {}
    for hop in hops:
        by_bank.setdefault(hop.institution, []).append(hop)
    return [
        PlannedRequest(
            request_id=request_id(case_no, batch_no, institution),
            batch_no=batch_no,
            institution=institution,
            hops=tuple(part),
        )
        for institution, of_bank in by_bank.items()
        for batch_no, part in enumerate(_parts(of_bank), start=last_batch_no + 1)
    ]


def request_id(case_no: str, batch_no: int, institution: str) -> UUID:
    """Return the id of a request; the same request always has the same id."""
    return uuid5(NAMESPACE_URL, f"urn:goldenhour:request:{case_no}:{batch_no}:{institution}")


def _parts(hops: list[HopBrief]) -> list[list[HopBrief]]:
    return [hops[first : first + HOPS_MAX] for first in range(0, len(hops), HOPS_MAX)]
