"""Personal data under a key of each person: sealed, opened, found, and gone with the key."""

from uuid import uuid4

import pytest
from pydantic import SecretStr

from activities.privacy.person_keys import PersonKeys
from activities.secrets import CannotOpen, Process, ProcessKeys, SecretBox
from db.privacy.person_keys import SealedPerson, StoredPerson
from schemas.privacy.personal_data import PersonalData
from tests.each import each
from tests.factories import SECRET

OTHER = SecretStr("another secret key of more than 32 characters")
ASHA = PersonalData(name="Asha Devi", mobile="9876543210", email="asha@example.org")
KEYS = PersonKeys(SecretBox(SECRET))


def stored(person: SealedPerson, **changed: object) -> StoredPerson:
    """Return the person as the database gives it back."""
    values: dict[str, object] = {
        "person_id": person.person_id,
        "wrapped": person.wrapped.hex(),
        "sealed": person.sealed.hex(),
    }
    return StoredPerson.model_validate(values | changed)


def test_what_is_sealed_is_opened_and_nothing_of_it_is_clear() -> None:
    sealed = KEYS.seal(ASHA)
    assert KEYS.open(stored(sealed)) == ASHA
    written = repr(sealed.as_stored()) + repr(sealed)
    assert not any(clear in written for clear in ("Asha", "9876543210", "example", b"Asha".hex(), b"98765".hex()))
    assert KEYS.seal(ASHA).sealed != sealed.sealed


def test_every_person_has_a_key_that_opens_no_other_person() -> None:
    one, other = KEYS.seal(ASHA), KEYS.seal(ASHA)
    for changed in (
        {"sealed": other.sealed.hex()},
        {"wrapped": other.wrapped.hex()},
        {"person_id": uuid4()},
        {"sealed": one.sealed[:-1].hex()},
        {"sealed": "00" * 40},
    ):
        with pytest.raises(CannotOpen):
            KEYS.open(stored(one, **changed))


def test_without_the_key_the_data_are_empty_and_no_secret_key_brings_them_back() -> None:
    assert KEYS.open(stored(KEYS.seal(ASHA), wrapped=None)) == PersonalData()
    with pytest.raises(CannotOpen):
        KEYS.seal_again(stored(KEYS.seal(ASHA), wrapped=None), ASHA)


def test_other_data_are_sealed_under_the_same_key() -> None:
    first = KEYS.seal(ASHA)
    again = KEYS.seal_again(stored(first), ASHA.model_copy(update={"mobile": "9123456780"}))
    assert (again.person_id, again.wrapped) == (first.person_id, first.wrapped)
    assert KEYS.open(stored(again)).mobile == "9123456780"
    assert set(again.terms) != set(first.terms)


@each("process", list(Process))
def test_a_process_opens_what_either_secret_key_sealed(process: Process) -> None:
    before = PersonKeys(SecretBox(OTHER))
    now = PersonKeys(ProcessKeys(SecretBox(SECRET, OTHER).process_key(process), process))
    assert now.open(stored(before.seal(ASHA))) == now.open(stored(KEYS.seal(ASHA))) == ASHA
    with pytest.raises(CannotOpen):
        before.open(stored(now.seal(ASHA)))


def test_a_person_is_found_under_either_secret_key_by_either_script() -> None:
    now = PersonKeys(SecretBox(SECRET, OTHER))
    before, after = PersonKeys(SecretBox(OTHER)).seal(ASHA), now.seal(ASHA.model_copy(update={"name": "आशा देवी"}))
    assert before.terms_key != after.terms_key == now.terms_key
    for digests in now.digests(["name|asha", "mobile|9876543210"]):
        assert set(digests) & set(before.terms)
        assert set(digests) & set(after.terms)
    assert set(now.same_person(ASHA)) & set(before.terms)
    assert not set(now.same_person(ASHA.model_copy(update={"mobile": "9123456780"}))) & set(before.terms)
    assert not PersonKeys(SecretBox(SECRET)).same_person(ASHA.model_copy(update={"mobile": "unknown"}))
