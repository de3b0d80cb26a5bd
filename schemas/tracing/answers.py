"""A bank's answer, line by line, in the engine's own words, and what the engine makes of it."""

from typing import Any

from schemas.base import Flag, FrozenModel, UtcDatetime
from schemas.enums import Bucket, ClaimKind, ContradictionKind, Disposition, HopSource, HopState
from schemas.tasks import NewTask

NOT_STATED = "not stated"
"""what stands where a bank names no account"""


class PayeeClaim(FrozenModel):
    """Where a bank says the money went on to. `institution` is None when no directory entry fits."""

    institution: str | None
    institution_as_told: str
    account: str
    ifsc: str | None = None


class Claim(FrozenModel):
    """One line of a bank's answer.

    `claim_paise` is the tainted part the line speaks of, `amount_paise` the whole transaction.
    """

    kind: ClaimKind
    natural_key: str
    """equal for two lines that say the same"""
    root_reference_key: str
    root_account_key: str
    root_account: str = ""
    """as the bank writes it"""
    amount_paise: int
    claim_paise: int
    reference: str = ""
    payee: PayeeClaim | None = None
    occurred_at: UtcDatetime | None = None
    status_code: str = "00"
    remarks: str = ""
    balance_paise: int | None = None
    """what the account has, by this line; may be below zero"""
    balance_is_free: bool = False
    """whether that leaves out what is on hold in the account"""
    flags: tuple[Flag, ...] = ()
    raw: dict[str, Any]


class KnownLines(FrozenModel):
    """The natural keys of the lines that an institution told before of a case."""

    taken: frozenset[str] = frozenset()
    stray: frozenset[str] = frozenset()
    """those that named no hop of that institution: nothing came of them yet"""


class HopPosition(FrozenModel):
    """A hop as the reconciliation sees it: who it is, and what of it lies where (paise)."""

    hop_no: int
    revision: int
    parent_hop_no: int | None
    institution: str | None
    reference_key: str
    account_key: str
    layer: int
    source: HopSource
    state: HopState
    amount_paise: int
    disputed_paise: int
    in_play_paise: int
    untraced_paise: int
    refused_paise: int
    held_paise: int = 0
    """on hold, or given back from a hold"""
    asked_anew: int = 0
    """how often a settlement put money back in play: what was said before may then be said again"""


class Entry(FrozenModel):
    """One ledger entry: `amount_paise` is signed."""

    hop_no: int
    bucket: Bucket
    amount_paise: int


class NewHop(FrozenModel):
    """A hop that a bank's answer opens."""

    hop_no: int
    claim_index: int
    """which line of the answer opened it"""
    parent_hop_no: int
    layer: int
    payee: PayeeClaim
    reference: str
    amount_paise: int
    disputed_paise: int
    transferred_at: UtcDatetime | None
    state: HopState
    flags: tuple[Flag, ...] = ()


class Confirmation(FrozenModel):
    """A hop of the desk's of which a bank tells as well, as it stands after the answer.

    It grew by `more_paise`; with none the bank told nothing the desk did not know, and only `flags` are new.
    """

    hop_no: int
    revision: int
    state: HopState
    institution: str | None
    reference_key: str
    amount_paise: int
    disputed_paise: int
    more_paise: int
    flags: tuple[Flag, ...] = ()

    @property
    def asks_again(self) -> bool:
        """Whether its bank must be asked anew, with the greater figure."""
        return self.more_paise > 0 and self.state is HopState.OPEN


class Judgement(FrozenModel):
    """What became of one line: on which hops it worked and how much of it was applied."""

    claim: Claim
    disposition: Disposition
    hop_nos: tuple[int, ...] = ()
    applied_paise: int = 0


class Contradiction(FrozenModel):
    """A claim that cannot be taken as it stands, kept for a person.

    `claimed_paise` stands against `applied_paise`: what was taken of it, or the figure that it contradicts.
    """

    kind: ContradictionKind
    claim_index: int
    hop_no: int | None
    claimed_paise: int
    applied_paise: int


class Reconciliation(FrozenModel):
    """Everything that one answer changes, to be written in one transaction."""

    judgements: tuple[Judgement, ...]
    entries: tuple[Entry, ...]
    new_hops: tuple[NewHop, ...]
    confirmed: tuple[Confirmation, ...]
    closed: tuple[int, ...]
    """hops that now have nothing in play"""
    parked: tuple[int, ...]
    """hops that wait for a correction by the desk"""
    contradictions: tuple[Contradiction, ...]
    tasks: tuple[NewTask, ...]
