"""Which complaints are marked: a child's, and those about a protected matter."""

from domain.case.complaints import is_marked, is_protected_matter
from domain.policy.model import PACKAGED_POLICY, load_policy
from schemas.notifications import MessageFacts
from tests.each import each
from tests.factories import complaint

RULES = load_policy(PACKAGED_POLICY).marked
ADULT = {"name": "A. Victim", "mobile": "9876543210", "district": "LUCKNOW"}


@each(
    "category",
    [
        "Sextortion",
        "sextortion_video_call",
        "Sexually Explicit Act",
        "Child Pornography/ Child Sexual Abuse Material (CSAM)",
        "Rape/Gang Rape (RGR)-Sexually Abusive Content",
        "Publishing of obscene material",
        "Cyber Stalking",
        "Women/Child Related Crime",
        "यौन शोषण",
        "ब्लैकमेल: अश्लील वीडियो",
    ],
)
def test_m11_a_protected_matter_is_known_by_the_beginning_of_a_part(category: str) -> None:
    assert is_protected_matter(category, RULES)
    assert is_marked(complaint(category=category, victim=ADULT), RULES), "also if no one says that a woman complains"


@each("category", ["upi_fraud", "Fraud in Essex", "grape sellers", "Scrapers", "नौकरी धोखाधड़ी", "-"])
def test_m11_another_category_is_no_protected_matter(category: str) -> None:
    assert not is_protected_matter(category, RULES)


def test_m11_a_childs_complaint_is_marked_whatever_it_is_about() -> None:
    assert is_marked(complaint(victim={**ADULT, "child": True}), RULES)
    assert not is_marked(complaint(victim={**ADULT, "woman": True, "senior": True}), RULES)


def test_m11_what_banks_read_instead_is_no_protected_matter() -> None:
    assert not is_protected_matter(RULES.category_to_banks, RULES)


def test_m11_no_message_can_name_the_matter() -> None:
    """A message is written from these facts alone, and none of them has what the complaint is about."""
    assert not {name for name in MessageFacts.model_fields if "category" in name or "matter" in name}
