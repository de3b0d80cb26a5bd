"""Which buckets each sum of the supervisor's page has."""

from collections.abc import Mapping
from typing import Final

from domain.case.ledger import CONTRA_BUCKETS
from schemas.enums import Bucket
from schemas.reporting.money_cases import MoneyFigure

BUCKETS: Final[Mapping[MoneyFigure, frozenset[Bucket]]] = {
    **{figure: frozenset({Bucket(figure.value)}) for figure in MoneyFigure if figure.value in set(Bucket)},
    MoneyFigure.COMPLAINTS: frozenset({Bucket.LOST}),
    MoneyFigure.ALL: frozenset(Bucket).difference(CONTRA_BUCKETS),
    MoneyFigure.EVER_HELD: frozenset({Bucket.HELD, Bucket.RESTORED, Bucket.RELEASED}),
}
