"""Confirmation by a second officer of what others entered of a transfer by telephone or by a workbook.

Until then it claims nothing against other victims of the account.
"""

from activities.case.transaction import case_transaction
from activities.context import Context
from db import proposals
from db.proposals import Decision, Kind, NewProposal
from db.recovery import claims, payer_decisions
from db.recovery.claims import HopAtAccount
from domain.errors.restoration import EnteredByThisOfficer, EnteredDiffers, NothingEntered
from schemas.events import EventKind
from schemas.identifiers import is_same_person
from schemas.recovery.officer_steps import EnteredConfirmed, SeenEntered


async def confirm_entered(ctx: Context, ack_no: str, hop_no: int, seen: SeenEntered, by: str) -> EnteredConfirmed:
    """Confirm as another officer what was entered of a transfer; return what is confirmed.

    The officer asks the bank, or reads its letter. Raises `NotFound`, `EnteredByThisOfficer` if the officer entered
    some of it, `EnteredDiffers` if more or less is stated than the officer saw, and `NothingEntered`.
    """
    async with case_transaction(ctx, ack_no, by) as work:
        hop = await claims.hop_of(work.connection, work.case_no, hop_no)
        entered_paise = _not_confirmed_paise(hop)
        if not entered_paise:
            raise NothingEntered(hop_no)
        if any(is_same_person(officer, by) for officer in hop.imported_by):
            raise EnteredByThisOfficer(by)
        if (seen.sent_paise, seen.placed_paise) != (hop.money.sent_paise, hop.money.placed_paise):
            raise EnteredDiffers(hop_no)
        body = {
            "hop_no": hop_no,
            "sent_paise": seen.sent_paise,
            "placed_paise": seen.placed_paise,
            "entered_sent_paise": hop.all_entered_sent_paise,
            "entered_placed_paise": hop.all_entered_placed_paise,
        }
        for officer in hop.imported_by:
            # PostgreSQL holds for each of them that the officer who agrees is another person.
            proposal = await proposals.insert(
                work.connection,
                NewProposal(
                    kind=Kind.ENTERED,
                    subject=payer_decisions.subject_of(work.case_no, hop_no),
                    matter=officer,
                    case_no=work.case_no,
                    body=body,
                    reason=seen.reason,
                    proposed_by=officer,
                    proposed_at=work.now,
                ),
            )
            assert proposal is not None, "the case is locked, and each is agreed to at once"
            await proposals.decide(work.connection, proposal.proposal_id, Decision.AGREED, by, work.now, seen.reason)
        await work.log(EventKind.ENTERED_CONFIRMED, **body, entered_by=list(hop.imported_by), reason=seen.reason)
    return EnteredConfirmed(hop_no=hop_no, confirmed_paise=entered_paise, entered_by=hop.imported_by, confirmed_by=by)


def _not_confirmed_paise(hop: HopAtAccount) -> int:
    return max(hop.money.entered_sent_paise, hop.money.entered_placed_paise)
