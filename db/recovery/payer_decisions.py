"""Transfers that two complainants claim, and decisions of two officers on who paid."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import Field

from db import proposals
from db.pool import Connection
from db.proposals import Decision, Kind, Proposal
from domain.errors.restoration import PayerDecisionNotFound
from schemas.base import Flag, FrozenModel
from schemas.enums import Channel
from schemas.identifiers import account_end, account_key
from schemas.recovery.officer_steps import ContestedTransfer, PayerClaim, PayerDecision

MOST_SHOWN: Final = 100
_AGREED: Final = "p.kind = 'payer' AND p.decision = 'agreed'"

_CONTESTED: Final = f"""
SELECT h.hop_no, h.ack_no AS owner, x.claims, d.decisions, coalesce(b.differs, false) AS bank_differs,
    coalesce(x.undecided, false) OR coalesce(b.undecided, false) AS undecided
FROM hop h CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(jsonb_build_object('ack_no', t.ack_no, 'received_at', c.received_at,
            'payer_institution', t.payer_institution, 'holder', t.payer_holder)
            ORDER BY c.received_at, t.ack_no, t.row_no), '[]') AS claims,
        bool_or('payer' = ANY (t.differing)) AS contested,
        bool_or('payer' = ANY (t.differing) AND NOT EXISTS (
            SELECT FROM proposal p WHERE {_AGREED} AND p.case_no = t.case_no AND p.hop_no = t.hop_no
            AND p.body -> 'among' ? t.ack_no)) AS undecided
    FROM complaint_transfer t JOIN complaint c USING (ack_no) WHERE t.case_no = h.case_no AND t.hop_no = h.hop_no
) AS x CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(jsonb_build_object('decision_id', p.proposal_id, 'ack_no', p.ack_no, 'reason', p.reason,
            'proposed_by', p.proposed_by, 'proposed_at', p.proposed_at, 'given_to', p.given_to,
            'agreed_by', CASE p.decision WHEN 'agreed' THEN p.decided_by END,
            'agreed_at', CASE p.decision WHEN 'agreed' THEN p.decided_at END)
            ORDER BY p.proposal_id), '[]') AS decisions
    FROM proposal p WHERE p.kind = 'payer' AND p.case_no = h.case_no AND p.hop_no = h.hop_no
) AS d LEFT JOIN LATERAL (
    SELECT n.differs, n.differs AND NOT EXISTS (
        SELECT FROM proposal p WHERE {_AGREED} AND p.case_no = h.case_no AND p.hop_no = h.hop_no
            AND p.decided_at > n.at)
        AS undecided
    FROM (
        (SELECT 'payer' = ANY (s.differing) AS differs, s.stated_at AS at
         FROM payer_inquiry i JOIN payer_statement s USING (inquiry_id)
         WHERE i.case_no = h.case_no AND i.hop_no = h.hop_no AND i.replaced_at IS NULL
         ORDER BY s.statement_id DESC LIMIT 1)
        UNION ALL
        (SELECT f.payer_differs, f.decided_at FROM payer_inquiry i JOIN payer_found_transfer f USING (inquiry_id)
         WHERE i.case_no = h.case_no AND f.taken_hop_no = h.hop_no)
    ) AS n LIMIT 1
) AS b ON true
WHERE h.case_no = $1 AND h.parent_hop_no IS NULL AND (x.contested OR b.differs)
    AND ($2::integer[] IS NULL OR h.hop_no = ANY ($2))
ORDER BY h.hop_no LIMIT $3
"""


async def contested(
    connection: Connection, case_no: str, hop_nos: Sequence[int] | None = None
) -> list[ContestedTransfer]:
    """Return the victim's transfers whose payer complaints or the victim's bank tell differently.

    Of these hops, or of the whole case.
    """
    wanted = None if hop_nos is None else list(hop_nos)
    rows = await connection.fetch(_CONTESTED, case_no, wanted, MOST_SHOWN)
    return [
        _contested(
            dict(row), ordered=row["undecided"] and await order_of(connection, case_no, row["hop_no"]) is not None
        )
        for row in rows
    ]


def _contested(row: dict[str, Any], *, ordered: bool) -> ContestedTransfer:
    claims = [
        PayerClaim(
            ack_no=claim["ack_no"],
            received_at=claim["received_at"],
            payer_institution=claim["payer_institution"],
            account_end=account_end(account_key(claim["holder"])),
            stands=claim["ack_no"] == row["owner"],
        )
        for claim in row["claims"]
    ]
    decisions = [PayerDecision.model_validate(decision) for decision in row["decisions"]]
    return ContestedTransfer(
        hop_no=row["hop_no"],
        undecided=row["undecided"],
        bank_differs=row["bank_differs"],
        ordered=ordered,
        claims=tuple(claims),
        decisions=tuple(decisions),
    )


class PayerTold(FrozenModel):
    """The payer that a complaint names, and the amount that it tells of the transfer."""

    ack_no: str
    bank: str
    payer_key: str = Field(repr=False)
    amount_paise: int

    def is_same_payer(self, other: "PayerTold") -> bool:
        """Return whether both name one payer, as far as they name one."""
        other_bank = bool(self.bank and other.bank) and self.bank != other.bank
        return self.payer_key == other.payer_key and not other_bank


async def told(connection: Connection, case_no: str, hop_no: int) -> list[PayerTold]:
    """Return what complaints tell of a victim's transfer. A complaint may tell it in several rows."""
    rows = await connection.fetch(
        "SELECT ack_no, payer_institution, payer_holder, amount_paise FROM complaint_transfer"
        " WHERE case_no = $1 AND hop_no = $2 ORDER BY ack_no, row_no",
        case_no,
        hop_no,
    )
    return [
        PayerTold(
            ack_no=row["ack_no"],
            bank=row["payer_institution"].strip().upper(),
            payer_key=account_key(row["payer_holder"]),
            amount_paise=row["amount_paise"],
        )
        for row in rows
    ]


async def lost_before(connection: Connection, case_no: str, hop_no: int) -> frozenset[str]:
    """Return the complaints for which a transfer does not count by the newest decision that two officers agreed on."""
    rows = await connection.fetch(
        "SELECT lost AS ack_no FROM (SELECT p.body -> 'among' AS among, p.ack_no, p.given_to FROM proposal p"
        f" WHERE {_AGREED} AND p.case_no = $1 AND p.hop_no = $2"
        " ORDER BY p.decided_at DESC, p.proposal_id DESC LIMIT 1) AS newest"
        " CROSS JOIN LATERAL jsonb_array_elements_text(among) AS lost"
        " WHERE lost <> ack_no AND lost IS DISTINCT FROM given_to",
        case_no,
        hop_no,
    )
    return frozenset(row["ack_no"] for row in rows)


async def undecided(connection: Connection, restoration_id: UUID) -> dict[int, tuple[str, ...]]:
    """Return, by the victim's transfer, the undecided complaints that name another payer of a restoration's money."""
    rows = await connection.fetch(
        "SELECT hop_no, array_agg(DISTINCT ack_no ORDER BY ack_no) AS ack_nos FROM contested_transfers($1)"
        " GROUP BY hop_no ORDER BY hop_no",
        restoration_id,
    )
    return {row["hop_no"]: tuple(row["ack_nos"]) for row in rows}


async def proposed(connection: Connection, restoration_id: UUID) -> tuple[int, ...]:
    """Return the transfers of a restoration's money that only the victim's bank names, and no officer has accepted."""
    rows = await connection.fetch("SELECT hop_no FROM proposed_transfers($1)", restoration_id)
    return tuple(row["hop_no"] for row in rows)


async def roots(connection: Connection, restoration_id: UUID) -> list[int]:
    """Return the victim's transfers from which the money of a restoration comes."""
    rows = await connection.fetch(
        "WITH RECURSIVE up AS ("
        " SELECT h.case_no, h.hop_no, h.parent_hop_no FROM restoration_line l JOIN hop h USING (case_no, hop_no)"
        " WHERE l.restoration_id = $1"
        " UNION SELECT h.case_no, h.hop_no, h.parent_hop_no FROM up"
        " JOIN hop h ON h.case_no = up.case_no AND h.hop_no = up.parent_hop_no)"
        " SELECT hop_no FROM up WHERE parent_hop_no IS NULL ORDER BY hop_no",
        restoration_id,
    )
    return [row["hop_no"] for row in rows]


async def find(connection: Connection, case_no: str, hop_no: int, decision_id: int) -> Proposal:
    """Return what an officer proposed about a transfer. Raises `NotFound`."""
    proposal = await proposals.find(connection, Kind.PAYER, decision_id)
    if proposal is None or proposal.subject != subject_of(case_no, hop_no):
        raise PayerDecisionNotFound(hop_no, decision_id)
    return proposal


def decision_of(proposed: Proposal) -> PayerDecision:
    """Return a proposal as officers read it."""
    is_agreed = proposed.decision is Decision.AGREED
    return PayerDecision(
        **proposed.model_dump(include={"reason", "proposed_by", "proposed_at", "given_to"}),
        decision_id=proposed.proposal_id,
        ack_no=proposed.body["ack_no"],
        agreed_by=proposed.decided_by if is_agreed else None,
        agreed_at=proposed.decided_at if is_agreed else None,
    )


def subject_of(case_no: str, hop_no: int) -> str:
    """Return the subject of proposals about a transfer."""
    return f"{case_no} {hop_no}"


async def given_before(connection: Connection, case_no: str, ack_no: str) -> str | None:
    """Return the complaint in this case that stands for a complaint of another case, or None."""
    given_to: str | None = await connection.fetchval(
        "SELECT given_to FROM proposal WHERE kind = 'payer' AND case_no = $1 AND ack_no = $2 AND given_to IS NOT NULL"
        " LIMIT 1",
        case_no,
        ack_no,
    )
    return given_to


async def channel_of(connection: Connection, ack_no: str) -> Channel:
    """Return the channel by which a complaint came."""
    return Channel(await connection.fetchval("SELECT channel FROM complaint WHERE ack_no = $1", ack_no))


async def open_complaint(
    connection: Connection, case_no: str, ack_no: str, of: str, flag: Flag, key: str, by: str, at: datetime
) -> None:
    """Write complaint `ack_no` in this case, of the same victim as complaint `of` of another case."""
    await connection.execute(
        "INSERT INTO complaint (ack_no, case_no, channel, category, victim_id, received_at, taken_by, idempotency_key,"
        " body_digest, joined, flags, marked) SELECT $2, $1, channel, category, victim_id, $7, $6, $5, body_digest,"
        " true, $4, marked FROM complaint WHERE ack_no = $3",
        case_no,
        ack_no,
        of,
        [flag.model_dump()],
        key,
        by,
        at,
    )


async def repeat_statement(connection: Connection, case_no: str, hop_no: int, ack_no: str, of: str) -> None:
    """Repeat in complaint `ack_no` what complaint `of` states of a transfer."""
    await connection.execute(
        "INSERT INTO complaint_transfer SELECT (jsonb_populate_record(t, jsonb_build_object('ack_no', $3::text,"
        " 'differing', '[]'::jsonb, 'row_no', 1 + (SELECT count(*) FROM complaint_transfer m WHERE m.ack_no = $3)))).*"
        " FROM complaint_transfer t WHERE t.case_no = $1 AND t.hop_no = $2 AND t.ack_no = $4 ORDER BY row_no LIMIT 1",
        case_no,
        hop_no,
        ack_no,
        of,
    )


_BELOW: Final = (
    "WITH RECURSIVE down AS (SELECT $2::integer AS hop_no UNION ALL"
    " SELECT h.hop_no FROM down d JOIN hop h ON h.case_no = $1 AND h.parent_hop_no = d.hop_no)"
)


async def order_of(connection: Connection, case_no: str, hop_no: int) -> str | None:
    """Return an order that credits money of this transfer and is not cancelled unpaid, or None.

    An order that its bank refused can be sent again.
    """
    order_id: str | None = await connection.fetchval(
        f"{_BELOW} SELECT o.order_id::text FROM down"
        " JOIN bank_order_line l ON l.case_no = $1 AND l.hop_no = down.hop_no"
        " JOIN bank_order o USING (order_id) WHERE o.kind = 'restore'"
        " AND (o.state IN ('planned', 'delivered', 'refused') OR l.confirmed_paise > 0) LIMIT 1",
        case_no,
        hop_no,
    )
    return order_id


async def give_to(connection: Connection, case_no: str, hop_no: int, ack_no: str) -> tuple[list[int], list[UUID]]:
    """Give a transfer and everything below it to another complaint, with the payer that it names.

    Returns its hops, and the open restorations that have money of it.
    """
    given = await connection.fetch(
        f"{_BELOW} UPDATE hop h SET ack_no = $3 FROM down WHERE h.case_no = $1 AND h.hop_no = down.hop_no"
        " RETURNING h.hop_no",
        case_no,
        hop_no,
        ack_no,
    )
    await connection.execute(
        "UPDATE hop h SET payer_institution_as_told = t.payer_institution, payer_holder = t.payer_holder,"
        " payer_ifsc = t.payer_ifsc FROM (SELECT * FROM complaint_transfer WHERE case_no = $1 AND hop_no = $2"
        "  AND ack_no = $3 ORDER BY row_no LIMIT 1) AS t WHERE h.case_no = $1 AND h.hop_no = $2",
        case_no,
        hop_no,
        ack_no,
    )
    rows = await connection.fetch(
        f"{_BELOW} SELECT DISTINCT l.restoration_id FROM down JOIN restoration_line l ON l.case_no = $1"
        " AND l.hop_no = down.hop_no JOIN restoration r USING (restoration_id) WHERE r.state = 'open'"
        " ORDER BY l.restoration_id",
        case_no,
        hop_no,
    )
    return [row["hop_no"] for row in given], [row["restoration_id"] for row in rows]
