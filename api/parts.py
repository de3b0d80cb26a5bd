"""The two parts of the API. Each is a process of its own, with its own port."""

from enum import StrEnum


class Part(StrEnum):
    """Part of the API, by the name of its process."""

    INTAKE = "intake"
    """complaints, and everything that banks call; its process also runs the workflows of cases"""
    OFFICERS = "officers"
    """everything else: officers, streams, pages behind links"""

    @property
    def other(self) -> "Part":
        """Return the other part."""
        return Part.OFFICERS if self is Part.INTAKE else Part.INTAKE
