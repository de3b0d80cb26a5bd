"""Who looks at which case or work item now, in memory. Each call of an officer counts for a while.

A call is a notification of the database, so that every process knows it. Nothing of it is written down.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson

from schemas.work_items.officer_streams import Looker, Presence

SESSIONS_MAX: Final = 2_000
"""sessions whose presence is known; a further one counts as nothing"""


@dataclass(frozen=True, slots=True)
class _Session:
    officer_id: str
    since: dict[str, datetime]
    """since when the officer looks at each subject"""
    until: datetime


class Presences:
    """Who looks at what, by the last call of each session."""

    def __init__(self, counts_seconds: float) -> None:
        self._counts = timedelta(seconds=counts_seconds)
        self._sessions: dict[str, _Session] = {}
        self._of_subject: dict[str, set[str]] = {}

    def hear(self, payload: str, now: datetime) -> set[str]:
        """Take one call, as it was announced; return the subjects at which others look now."""
        officer_id, session, subjects = orjson.loads(payload)
        if session not in self._sessions and len(self._sessions) >= SESSIONS_MAX:
            return set()
        before = self._sessions.get(session)
        since = {subject: before.since.get(subject, now) if before else now for subject in subjects}
        return self._replace(session, _Session(officer_id, since, now + self._counts) if since else None)

    def expire(self, now: datetime) -> set[str]:
        """Forget the sessions whose time is over; return the subjects at which others look now."""
        over = [session for session, known in self._sessions.items() if known.until <= now]
        return set[str]().union(*(self._replace(session, None) for session in over))

    def looks(self, session: str, subject: str) -> bool:
        """Return whether a session is known to look at a subject."""
        return session in self._of_subject.get(subject, ())

    def is_looked_at(self, subject: str) -> bool:
        """Return whether any officer is known to look at a subject."""
        return subject in self._of_subject

    def of(self, subject: str) -> Presence:
        """Return all who look at a subject, each officer once."""
        since: dict[str, datetime] = {}
        for session in self._of_subject.get(subject, ()):
            known = self._sessions[session]
            since[known.officer_id] = min(known.since[subject], since.get(known.officer_id, known.since[subject]))
        lookers = (Looker(officer_id=officer_id, since=at) for officer_id, at in sorted(since.items()))
        return Presence(subject=subject, officers=tuple(lookers))

    def subjects(self) -> Collection[str]:
        """Return every subject at which an officer looks."""
        return self._of_subject.keys()

    def _replace(self, session: str, after: _Session | None) -> set[str]:
        before = self._sessions.pop(session, None)
        if after is not None:
            self._sessions[session] = after
        left = {*before.since} if before else set()
        come = {*after.since} if after else set()
        for subject in left - come:
            self._of_subject[subject].discard(session)
            if not self._of_subject[subject]:
                del self._of_subject[subject]
        for subject in come - left:
            self._of_subject.setdefault(subject, set()).add(session)
        return left ^ come
