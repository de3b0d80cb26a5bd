"""Bugs in sealed values, retention, lines of answers, texts and error codes."""

from typing import Final

from tests.planted.bug import Bug

BUGS: Final = (
    Bug(
        "a text about a person opens for its own use only",
        "activities/privacy/person_keys.py",
        "return person_id.bytes + use.encode()",
        "return person_id.bytes",
        "tests/activities/recovery/test_sealed_messages.py::test_a_message_opens_in_its_own_row_only",
    ),
    Bug(
        "the data of a person whose key is destroyed are empty",
        "activities/privacy/person_keys.py",
        "        if key is None:\n            return PersonalData()\n",
        "        assert key is not None\n",
        "tests/activities/privacy/test_person_keys.py"
        "::test_without_the_key_the_data_are_empty_and_no_secret_key_brings_them_back",
    ),
    Bug(
        "new values are sealed under the current secret key",
        "activities/secrets.py",
        "return next(iter(self._aeads))",
        "return [*self._aeads][-1]",
        "tests/activities/test_secrets.py"
        "::test_a_process_opens_what_the_previous_key_sealed_and_has_nothing_else_of_it",
    ),
    Bug(
        "a complaint with an FIR has no end of retention",
        "domain/privacy/retention.py",
        "if not fates or any(fate.is_open or fate.has_fir for fate in fates):",
        "if not fates or any(fate.is_open for fate in fates):",
        "tests/domain/privacy/test_retention.py",
    ),
    Bug(
        "where type number and type name disagree, the number counts",
        "adapters/banks/i4c/decode.py",
        "return number or by_name",
        "return by_name or number",
        "tests/adapters/banks/i4c/test_status_update.py::test_number_and_name_that_disagree",
    ),
    Bug(
        "a line that a bank sends again is the same line, whatever its time",
        "activities/case/claims.py",
        '(reference_key(line.reference), "") if names_a_transfer',
        "(reference_key(line.reference), moment) if names_a_transfer",
        "tests/activities/case/test_answers_in_any_order.py::test_the_same_transaction_stated_differently_is_one",
    ),
    Bug(
        "a message that lacks a fact is not written",
        "domain/message_texts.py",
        "missing = sorted(name for name in text.names() if not values.get(name))",
        "missing = sorted(name for name in text.names() if name not in values)",
        "tests/domain/test_message_texts.py::test_whatever_is_missing_is_named",
    ),
    Bug(
        "a link opens the page in the language of its message",
        "domain/message_texts.py",
        'link = stated.link and f"{stated.link}?lang={language.value}"',
        'link = stated.link and f"{stated.link}?lang=en"',
        "tests/domain/test_message_texts.py::test_a_link_opens_the_page_in_the_language_of_the_message",
    ),
    Bug(
        "another officer's act is a problem of its own kind",
        "api/problems.py",
        "    SameEyes: FOUR_EYES,",
        "    SameEyes: NOT_ALLOWED,",
        "tests/api/test_error_reference.py::test_a_refused_operation_names_its_codes",
    ),
)
