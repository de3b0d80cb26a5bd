"""Merge of two cases that are one matter: its preview, its decision, and its undo by two officers."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel, Reason, UtcDatetime
from schemas.enums import Bucket, Differing
from schemas.identifiers import ACK_NO_PATTERN
from schemas.recovery.officer_steps import WithdrawalDecision

SAME_TRANSFERS_MAX = 100
"""most transfers that an officer names as told in both cases"""

AckNo = Annotated[str, Field(pattern=ACK_NO_PATTERN.pattern)]
HopNo = Annotated[int, Field(ge=1, le=2**31 - 1)]


class MergeState(StrEnum):
    """State of a merge."""

    PROPOSED = "proposed"
    """a second officer has to agree"""
    REJECTED = "rejected"
    IN_FORCE = "in_force"
    UNDO_PROPOSED = "undo_proposed"
    """in force; a second officer has to agree to the undo"""
    UNDONE = "undone"


class SameTransfer(FrozenModel):
    """A transfer that both cases tell, although its reference or its bank differs."""

    hop_no: HopNo
    """in the case that stays the primary one"""
    other_hop_no: HopNo
    """in the other case"""


class MergeQuestion(FrozenModel):
    """The case to merge into the case of the path."""

    other_ack_no: AckNo
    """any number of the other case, which is merged into this one"""
    same_transfers: Annotated[tuple[SameTransfer, ...], Field(max_length=SAME_TRANSFERS_MAX)] = ()
    """transfers that are one, beyond those with one reference at one bank"""
    victims_agree: bool = False
    """both victims agree that their cases are treated as one; it counts only where they are two persons"""


class NewMerge(MergeQuestion):
    """Merge as an officer asks for it."""

    reason: Reason


class MergedTransfer(FrozenModel):
    """A transfer that both cases tell. It counts in one of them."""

    counted_case_no: str
    counted_hop_no: int
    aside_case_no: str
    """its hop is set aside here: no bank is asked about it, and it is no loss of this case"""
    aside_hop_no: int
    aside_paise: int
    """what is set aside, with the hops below"""
    differing: tuple[Differing, ...] = ()
    """what the two tell differently"""


class LikelySame(FrozenModel):
    """Two hops with one amount on one day into one account. An officer says whether they are one transfer."""

    case_no: str
    hop_no: int
    other_hop_no: int
    amount_paise: int


class MergeBlock(FrozenModel):
    """Why two cases cannot be merged, as the problem document of the merge would have it."""

    code: str
    params: Mapping[str, object]
    detail: str


class MergePreview(FrozenModel):
    """Effect that a merge would have. Nothing is written."""

    primary_case_no: str
    merged_case_no: str
    primary_paise: dict[Bucket, int]
    merged_paise: dict[Bucket, int]
    together_paise: dict[Bucket, int]
    """of both after the merge; a transfer told in both counts once"""
    transfers: tuple[MergedTransfer, ...]
    likely: tuple[LikelySame, ...]
    """further transfers that may be the same (the first 50)"""
    needs_second: bool
    """a second officer has to agree: money on hold may change whom it goes to, the two complaints name two payers of a
    transfer, or the victims are two persons"""
    blocks: tuple[MergeBlock, ...]
    """empty if the cases can be merged"""


class CaseMerge(FrozenModel):
    """A merge, with its decisions."""

    merge_id: int
    primary_case_no: str
    merged_case_no: str
    state: MergeState
    reason: str
    victims_agree: bool
    needs_second: bool
    proposed_by: str
    proposed_at: UtcDatetime
    decision: WithdrawalDecision | None
    decided_by: str | None
    decided_at: UtcDatetime | None
    decided_reason: str | None
    undo_reason: str | None
    undo_proposed_by: str | None
    undo_proposed_at: UtcDatetime | None
    undone_by: str | None
    undone_at: UtcDatetime | None
    undone_reason: str | None
    transfers: tuple[MergedTransfer, ...]
    """transfers told in both, as they count now; after an undo as they counted last"""


class CaseMerges(FrozenModel):
    """Merges of a case, the newest first."""

    merges: tuple[CaseMerge, ...]
    together_paise: dict[Bucket, int]
    """of this case and those merged with it now; empty if the reader does not read all of them"""
