"""Parts of the policy file on searches, and on the logs of reads and of refused acts."""

from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel


class ReadLogRules(FrozenModel):
    """How long reads are kept, and when a repeated read is the same."""

    kept_days: Annotated[int, Field(ge=366, le=20 * 366)]
    """the database refuses to delete a row of the last 365 days"""
    same_seconds: Annotated[float, Field(ge=0, le=900)]
    """the same read of the same caller is written once in this time, because a page reads again and again"""
    source: Annotated[str, Field(min_length=1, max_length=600)]


class RefusalLogRules(FrozenModel):
    """How long refused acts are kept, and how many lines of one caller there are."""

    kept_days: Annotated[int, Field(ge=366, le=20 * 366)]
    """the database refuses to delete a row of the last 365 days"""
    lines_a_minute: Annotated[int, Field(ge=1, le=1000)]
    """kinds of refused acts of one caller in a minute, of one process; all further ones are one line"""
    source: Annotated[str, Field(min_length=1, max_length=600)]


class SearchRules(FrozenModel):
    """Limit of a search over cases."""

    candidates_max: Annotated[int, Field(ge=1, le=10_000)]
    """matches of one kind that a search looks at; among more it does not know the newest"""
    source: Annotated[str, Field(min_length=1, max_length=600)]
