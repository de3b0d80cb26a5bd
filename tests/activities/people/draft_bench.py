"""Verbs of drafts, as short as a test wants them."""

from typing import Any
from uuid import UUID

from activities.context import Context
from activities.people import draft_saving, draft_sending
from schemas.case.case_workflow import FollowUp
from schemas.people.drafts import DraftContent, DraftSent, NewDraft, SaveDraft
from tests.activities.bench import Bench
from tests.factories import rrn

ASHA = {"name": "Asha Devi", "mobile": "9876543210", "district": "LUCKNOW", "email": "asha@example.org"}


def four_facts(reference: str | None = None, **more: Any) -> dict[str, Any]:
    """One transfer with the facts of the first stroke."""
    return {
        "payer": {"institution": "SBIN Bank"},
        "rrn": reference or rrn(),
        "amount_paise": 500_00,
        "transferred_at": "2026-11-24T14:02",
    } | more


def to_hdfc(reference: str | None = None, **more: Any) -> dict[str, Any]:
    """One transfer whose payee's bank can be asked at once."""
    return four_facts(reference, payee={"vpa": "ravi@okhdfc"}, **more)


class Call:
    """One call: its draft, and the officer who has it."""

    def __init__(self, bench: Bench, officer: str) -> None:
        self.bench, self.officer = bench, officer
        self.draft_id, self.revision = UUID(int=0), 0

    @property
    def ctx(self) -> Context:
        return self.bench.ctx

    @property
    def actor(self) -> str:
        return f"officer:{self.officer}"

    async def begin(self, **content: Any) -> "Call":
        new = NewDraft(content=DraftContent.model_validate(content))
        saved = await draft_saving.begin(self.ctx, new, self.officer, self.actor)
        self.draft_id, self.revision = saved.draft_id, saved.revision
        return self

    async def save(self, **content: Any) -> int:
        told = SaveDraft(revision=self.revision, content=DraftContent.model_validate(content))
        saved = await draft_saving.save(self.ctx, self.draft_id, told, self.officer)
        self.revision = saved.revision
        return saved.revision

    async def send(self) -> DraftSent:
        told: list[FollowUp] = []
        sent = await draft_sending.send(self.ctx, self.draft_id, self.officer, self.actor, told.append)
        for follow_up in told:
            await self.bench.note(follow_up)
        return sent

    async def strike(self, **content: Any) -> DraftSent:
        """Save and send."""
        await self.save(**content)
        return await self.send()
