"""Bugs in codes, links, sessions, proofs and jurisdiction."""

from typing import Final

from tests.planted.bug import Bug

BUGS: Final = (
    Bug(
        "wrong codes use up a victim's code",
        "db/proofs.py",
        'coalesce((tries_by ->> $6)::integer, 0) < $7)"',
        'coalesce((tries_by ->> $6)::integer, 0) < 9 * $7)"',
        "tests/activities/test_proof_machine.py::test_a_right_code_is_good_once_and_a_wrong_one_never",
    ),
    Bug(
        "a visit of a victim ends after its longest time, however busy",
        "db/sessions.py",
        "s.ends_at > m.now AND",
        "s.ends_at > s.began_at AND",
        "tests/activities/test_session_machine.py::test_a_session_admits_until_its_end",
    ),
    Bug(
        "a nodal officer's code has a few tries",
        "db/proofs.py",
        '"UPDATE proof SET tries = tries + 1, tries_by',
        '"UPDATE proof SET tries = tries + 0, tries_by',
        "tests/api/recovery/test_page_codes.py::test_m6_a_code_is_guessed_a_few_times_and_no_more",
    ),
    Bug(
        "a sign-in link that two admins made needs the code of its proposal",
        "activities/officers/enrolment.py",
        "fits = link.code_digest is None or proposal_code_fits(",
        "fits = link.code_digest is not None or proposal_code_fits(",
        "tests/api/test_two_admins.py::test_n6_no_admin_alone_becomes_another_officer",
    ),
    Bug(
        "an officer's session ends when it is not used",
        "db/sessions.py",
        'AND s.last_seen_at > m.now - $1::interval"',
        'AND s.began_at > m.now - 99 * $1::interval"',
        "tests/api/officers/test_sessions.py::test_a_session_ends_after_its_idle_time",
    ),
    Bug(
        "an act that moves money needs a proof of the last minutes",
        "db/officers/sessions.py",
        '"SELECT coalesce(proved_at, began_at) > present_moment() - $2::interval',
        '"SELECT greatest(proved_at, last_seen_at) > present_moment() - $2::interval',
        "tests/api/officers/test_session_proofs.py::test_asvs_7_5_3_a_code_proves_a_session_again_and_money_needs_one",
    ),
    Bug(
        "a change in a session has the token that other sites cannot read",
        "api/officers/sessions.py",
        'if not csrf_matches(cookie_of(request), request.headers.get(CSRF_HEADER, "")):',
        "if not cookie_of(request):",
        "tests/api/officers/test_sessions.py::test_a_forged_request_of_another_site_changes_nothing",
    ),
    Bug(
        "a superintendent acts in the own districts only",
        "domain/officers/jurisdiction.py",
        "return None if own & {district_key(name) for name in standing.case_districts} else Scope.DISTRICT",
        "return None if own else Scope.DISTRICT",
        "tests/api/officers/test_jurisdiction.py::test_h8_a_superintendent_acts_in_the_own_districts",
    ),
    Bug(
        "an officer acts by one of the roles of the action",
        "domain/officers/officers.py",
        "if role in roles and role in allowed), None)",
        "if role in roles), None)",
        "tests/domain/recovery/test_authority.py",
    ),
)
