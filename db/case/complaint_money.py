"""Where the money of one complaint is: the one sum that every figure shown to a victim comes from."""

from typing import Final

from db.pool import Connection
from schemas.enums import Bucket

COUNTED_ELSEWHERE: Final = """
    SELECT a.root_no, s.counted_case_no AS case_no, s.counted_hop_no AS hop_no FROM same_transfer s
    JOIN below a ON a.hop_no = s.aside_hop_no WHERE s.aside_case_no = $1 AND s.ended_at IS NULL
    UNION
    SELECT c.root_no, h.case_no, h.hop_no FROM counted c
    JOIN hop h ON h.case_no = c.case_no AND h.parent_hop_no = c.hop_no
"""
"""body of a recursive `counted`: where a merged case counts the hops of `below` in case `$1` that are set aside"""

_BUCKETS: Final = f"""
WITH RECURSIVE proposed AS (
    SELECT hop_no FROM ledger_balance WHERE case_no = $1 AND bucket = 'proposed' AND balance_paise < 0
    UNION ALL SELECT h.hop_no FROM proposed p JOIN hop h ON h.case_no = $1 AND h.parent_hop_no = p.hop_no
), below AS (SELECT 0 AS root_no, hop_no FROM hop WHERE case_no = $1 AND ack_no = $2
), counted AS ({COUNTED_ELSEWHERE})
SELECT b.bucket, abs(sum(b.balance_paise))::bigint AS paise, false AS is_counted_elsewhere
FROM below o JOIN ledger_balance b ON b.case_no = $1 AND b.hop_no = o.hop_no
WHERE o.hop_no NOT IN (SELECT hop_no FROM proposed) GROUP BY b.bucket
UNION ALL
SELECT b.bucket, sum(b.balance_paise)::bigint, true FROM counted c JOIN ledger_balance b USING (case_no, hop_no)
WHERE b.bucket NOT IN ('lost', 'proposed') GROUP BY b.bucket HAVING sum(b.balance_paise) > 0
"""


async def buckets(connection: Connection, case_no: str, ack_no: str) -> dict[Bucket, int]:
    """Return the amount of a complaint in each bucket (paise); `LOST` as a positive figure.

    The money of a transfer that only the victim's bank names is left out, because it is no part of the loss. A transfer
    that is set aside is where the other case of the merge has it.
    """
    sums = dict[Bucket, int]()
    for row in await connection.fetch(_BUCKETS, case_no, ack_no):
        bucket = Bucket(row["bucket"])
        for one in (bucket, Bucket.LOST) if row["is_counted_elsewhere"] else (bucket,):
            sums[one] = sums.get(one, 0) + row["paise"]
    return sums
