"""Transfers that a case comes to know of: a complaint about one of them is a complaint in that case."""

from collections.abc import Mapping

from db import intake
from db.cases import hops
from db.pool import Connection
from schemas.base import Flag
from schemas.identifiers import transfer_key


def key_of(hop: hops.HopRow) -> str:
    """The key of a hop's transfer, by its institution, or by what was told where nobody knows that yet."""
    return transfer_key(hop.reference, hop.amount_paise, hop.institution or hop.payee_institution_as_told)


async def make_known(connection: Connection, case_no: str, keys: Mapping[int, str]) -> dict[int, str]:
    """Register the transfers of these hops, by hop number; return, by hop, the other case that a transfer stands in.

    Money of two victims went on in one transfer, or two cases are one: the hop is chased here all the same, and
    flagged for the desk. The caller holds the case's row (`complaints.register_transfers` says in which order).
    """
    if not keys:
        return {}
    known = await intake.register_transfers(connection, case_no, list(keys.values()), list(keys))
    others = {hop_no: other for hop_no, (other, _) in known.items() if other != case_no}
    if others:
        await hops.flag(connection, case_no, {hop_no: _flag(other) for hop_no, other in others.items()})
    return others


def _flag(other: str) -> Flag:
    return Flag(field="reference", code="known_in_another_case", message=f"this transfer is in case {other}")
