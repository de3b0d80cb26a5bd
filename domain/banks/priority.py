"""Priority of bank calls when there are more than can be made at once."""

from datetime import datetime

from schemas.procedures import PriorityRules


def priority_key(rules: PriorityRules, transferred_at: datetime, disputed_paise: int, now: datetime) -> int:
    """Return 1 (first) to 5 (last), by the age of the transfer and the amount (paise).

    Money within the golden hour goes first. Within one age, large amounts go first.
    """
    age_seconds = (now - transferred_at).total_seconds()
    base = 1 if age_seconds <= rules.fresh_seconds else 3 if age_seconds <= rules.warm_seconds else 4
    return base if disputed_paise >= rules.large_paise else base + 1
