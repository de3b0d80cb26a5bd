"""Bugs where two people have to agree."""

from typing import Final

from tests.planted.bug import Bug

BUGS: Final = (
    Bug(
        "an admin does not agree to the own proposal",
        "activities/banks/proposals.py",
        "        if is_same_person(stored.proposal.proposed_by, by):",
        "        if is_same_person(None, by):",
        "tests/api/banks/test_administration.py::test_an_officer_comes_in_by_two_admins_who_are_named",
    ),
    Bug(
        "an officer does not agree to a change of the own account",
        "activities/banks/proposals.py",
        "if is_same_person(effects.officer_of(stored.asked), by):",
        "if is_same_person(None, by):",
        "tests/api/banks/test_administration.py"
        "::test_what_has_changed_since_is_refused_and_a_person_decides_on_no_own_matter",
    ),
    Bug(
        "an agreement is to the version that the admin has seen",
        "activities/banks/proposals.py",
        "if decision.version != stored.proposal.version:",
        "if decision.version < 0:",
        "tests/api/banks/test_administration.py"
        "::test_what_has_changed_since_is_refused_and_a_person_decides_on_no_own_matter",
    ),
    Bug(
        "a change of a key that waited too long is not confirmed",
        "activities/banks/key_changes.py",
        "if change.asked_at < now - bank_keys.KEPT_OPEN:",
        "if change.asked_at < now - 9 * bank_keys.KEPT_OPEN:",
        "tests/api/gateway/test_inbox.py::test_a_bank_asks_for_keys_and_the_police_confirm",
    ),
    Bug(
        "only two people whom the police have confirmed send a bank's reply",
        "db/banks/bank_reply_checks.py",
        '"SELECT person_id FROM bank_person WHERE confirmed_at IS NOT NULL"',
        '"SELECT person_id FROM bank_person WHERE true"',
        "tests/api/gateway/test_inbox_people.py::test_a_person_with_two_mailboxes_is_not_two",
    ),
    Bug(
        "above the policy's sum another officer confirms a release",
        "domain/recovery/holds.py",
        "proposal.needs_second and is_same_person(by, proposal.proposed_by)",
        "proposal.needs_second and is_same_person(None, by)",
        "tests/activities/recovery/test_releases.py::test_h3_above_the_sum_a_second_officer_confirms",
    ),
    Bug(
        "another officer enters the statement that a bank has telephoned",
        "db/proposals.py",
        "not is_same_person(proposal.proposed_by, new.proposed_by)",
        "not is_same_person(None, new.proposed_by)",
        "tests/activities/recovery/test_confirmations.py::test_an_officer_who_enters_the_same_again_is_no_second_officer",
    ),
    Bug(
        "an officer of the desk takes no money out of what is held",
        "activities/case/discrepancies.py",
        "if not self.by.supervises:",
        "if self.by is None:",
        "tests/activities/case/test_discrepancies.py::test_money_leaves_held_by_two_persons_only",
    ),
    Bug(
        "another officer agrees who paid a transfer",
        "activities/recovery/payer_decisions.py",
        "if is_same_person(proposed.proposed_by, by):",
        "if is_same_person(None, by):",
        "tests/activities/recovery/test_payer_decisions.py::test_h1_one_officer_alone_decides_nothing",
    ),
    Bug(
        "another officer agrees to a withdrawal",
        "activities/recovery/withdrawals.py",
        "if is_same_person(withdrawal.proposed_by, by):",
        "if is_same_person(None, by):",
        "tests/activities/recovery/test_withdrawals.py::test_one_officer_alone_withdraws_nothing",
    ),
    Bug(
        "another officer agrees to a merge of cases",
        "activities/recovery/case_merges.py",
        "if is_same_person(case_merge.proposed_by, by):",
        "if is_same_person(None, by):",
        "tests/activities/recovery/test_case_merges.py::test_money_on_hold_needs_a_second_officer_and_every_undo_does",
    ),
    Bug(
        "another officer agrees to a corrected victim",
        "activities/people/victims.py",
        "if is_same_person(row.proposed_by, by):",
        "if is_same_person(None, by):",
        "tests/activities/people/test_victims.py::test_one_officer_corrects_no_person",
    ),
    Bug(
        "another officer confirms an order of a court",
        "activities/recovery/court_orders.py",
        "if is_same_person(by, order.taken_by):",
        "if is_same_person(None, by):",
        "tests/activities/recovery/test_court_orders.py"
        "::test_no_bank_releases_for_one_officer_nor_without_the_order_itself",
    ),
    Bug(
        "another officer confirms an account to be credited",
        "activities/recovery/credit_accounts.py",
        "if is_same_person(account.told_by, by):",
        "if is_same_person(None, by):",
        "tests/activities/recovery/test_credit_accounts.py"
        "::test_another_account_is_credited_once_two_officers_have_put_it_in_place",
    ),
    Bug(
        "the case's own officer does not approve an attachment",
        "activities/recovery/document_issuing.py",
        "if is_same_person(io.subject, by.subject):",
        "if is_same_person(None, by.subject):",
        "tests/api/recovery/test_documents.py::test_a_superintendent_who_does_not_investigate_approves_an_attachment",
    ),
)
