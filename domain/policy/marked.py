"""Part of the policy file on marked complaints: a child's, and those about a protected matter."""

from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel

Term = Annotated[str, Field(min_length=3, max_length=40)]


class MarkedRules(FrozenModel):
    """Which complaints are marked, what banks are told instead, and how long intake reads them."""

    terms: Annotated[tuple[Term, ...], Field(max_length=100)]
    """a category of which a part begins with one of these is a protected matter"""
    category_to_banks: Annotated[str, Field(min_length=1, max_length=100)]
    """what a request to a bank says in place of the category"""
    intake_reads_seconds: Annotated[float, Field(gt=0, le=366 * 86_400)]
    """time after a complaint in which the officer who took it reads its case"""
    source: Annotated[str, Field(min_length=3, max_length=600)]
