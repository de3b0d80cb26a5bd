"""Twenty bugs, planted one at a time in a copy of the checkout: the tests of the gate must catch each.

Run it as `python tests/planted_bugs.py` (or by `make deep`); a number runs that bug alone. The copy goes away at the
end, and nothing of the checkout changes.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT_SECONDS = 600.0
TESTS_FAILED = 1
"""pytest's exit code when tests ran and some failed; any other one says that they did not run"""


@dataclass(frozen=True)
class Bug:
    """One rule, the change that breaks it, and the tests that must fail."""

    rule: str
    file: str
    old: str
    new: str
    tests: str


BUGS = (
    Bug(
        "the two entries of a move sum to zero",
        "domain/ledger.py",
        "Entry(hop_no=hop_no, bucket=source, amount_paise=-amount_paise)",
        "Entry(hop_no=hop_no, bucket=source, amount_paise=amount_paise)",
        "tests/activities/tracing",
    ),
    Bug(
        "a hop gives no more than it has",
        "domain/ledger.py",
        "part = min(amount_paise, balances.get(bucket, 0))",
        "part = amount_paise",
        "tests/domain/tracing",
    ),
    Bug(
        "what a claim says above the hop's money is a discrepancy",
        "domain/tracing/trail.py",
        "if applied_paise < most_paise:",
        "if applied_paise > most_paise:",
        "tests/domain/tracing",
    ),
    Bug(
        "a hop's disputed amount is at most its transfer",
        "activities/cases/desk.py",
        "if new.disputed_paise > new.amount_paise:",
        "if new.disputed_paise > 2 * new.amount_paise:",
        "tests/activities/cases/test_desk_hops.py",
    ),
    Bug(
        "another officer approves than the one who prepared",
        "domain/restoration/authority.py",
        "if verb in FOUR_EYED and is_same_person(prepared_by, subject):",
        "if verb in FOUR_EYED and prepared_by in roles:",
        "tests/domain/restoration/test_authority.py",
    ),
    Bug(
        "no officer decides twice on one hold",
        "domain/grievances.py",
        "if any(is_same_person(decider, actor) for decider in grievance.deciders):",
        "if any(role in grievance.deciders for role in roles):",
        "tests/domain/test_grievances.py",
    ),
    Bug(
        "a grievance goes to the next level, and skips none",
        "domain/grievances.py",
        "index = LEVELS.index(level) + 1",
        "index = LEVELS.index(level) + 2",
        "tests/domain/test_grievances.py",
    ),
    Bug(
        "a missing answer reaches one escalation level after the other",
        "workflows/case.py",
        "return ladder[reached + 1] if reached + 1 < len(ladder) else None",
        "return ladder[reached + 2] if reached + 2 < len(ladder) else None",
        "tests/workflows/test_escalation.py",
    ),
    Bug(
        "a retry has the key of its request",
        "adapters/banks/i4c/client.py",
        "IDEMPOTENCY_HEADER: str(ticket.request_id)",
        "IDEMPOTENCY_HEADER: str(id(sealed))",
        "tests/adapters/banks/i4c",
    ),
    Bug(
        "a body with a wrong signature is refused",
        "adapters/banks/envelope.py",
        "if not hmac.compare_digest(expected.encode(), signature.strip().lower().encode()):",
        "if not hmac.compare_digest(expected.encode()[:1], signature.strip().lower().encode()[:1]):",
        "tests/adapters/banks/test_envelope.py",
    ),
    Bug(
        "paise are two digits on the wire",
        "adapters/banks/i4c/money.py",
        'return f"{rupees}.{paise:02d}"',
        'return f"{rupees}.{paise}"',
        "tests/adapters/banks",
    ),
    Bug(
        "a channel opens after so many failures, and not one later",
        "domain/banks/circuit_breaker.py",
        "return health.failures >= rules.failures_to_open or",
        "return health.failures > rules.failures_to_open or",
        "tests/domain/banks/test_circuit_breaker.py",
    ),
    Bug(
        "the next try is over the channel with the fewest attempts",
        "domain/banks/channel_choice.py",
        "key=lambda kind: (attempts.get(kind, 0), candidates.index(kind))",
        "key=lambda kind: (0, candidates.index(kind))",
        "tests/workflows/test_channels.py",
    ),
    Bug(
        "a hold lapses when its time is over, and not before",
        "domain/holds/lapse.py",
        "if lapses_at <= at for part in parts]",
        "if lapses_at >= at for part in parts]",
        "tests/domain/holds",
    ),
    Bug(
        "a hold below the limit is small, one at the limit is not",
        "domain/holds/excess.py",
        "if hold.held_paise >= below_paise or",
        "if hold.held_paise > below_paise or",
        "tests/domain/holds",
    ),
    Bug(
        "shares are the pot: no paisa is lost in the division",
        "domain/rupees.py",
        "for _, place in sorted(remainders)[: amount - sum(parts)]:",
        "for _, place in sorted(remainders)[:0]:",
        "tests/domain/restoration/test_allocation.py",
    ),
    Bug(
        "a court order asks for no more than is on hold",
        "activities/restoration/court_orders.py",
        "if new.amount_paise is not None and new.amount_paise > held_paise:",
        "if new.amount_paise is not None and new.amount_paise < 0:",
        "tests/activities/restoration/test_court_orders.py",
    ),
    Bug(
        "the chain covers each event and the one before it",
        "domain/hash_chain.py",
        "return hashlib.sha256(previous + body.encode()).digest()",
        "return hashlib.sha256(body.encode()).digest()",
        "tests/db/evidence",
    ),
    Bug(
        "a cursor has the kinds of its list",
        "db/paging.py",
        "or [type(part) for part in key] != list(kinds):",
        "or len(key) != len(kinds):",
        "tests/db/test_paging.py",
    ),
    Bug(
        "a bank's token names its audience",
        "api/tokens.py",
        "algorithms=[_ALGORITHM], audience=audience,",
        "algorithms=[_ALGORITHM],",
        "tests/api/test_tokens.py tests/api/bank_gateway/test_i4c.py",
    ),
)


def say(text: str) -> None:
    """Print a line now."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def copied(target: Path) -> None:
    """Copy every file that Git knows or would take, so that nothing is built twice."""
    told = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, told.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def failing(checkout: Path, tests: str) -> tuple[int, str]:
    """Run tests in a checkout; return pytest's exit code and its last line."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests.split()]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS)
    return done.returncode, (done.stdout.strip().splitlines() or [""])[-1]


def catches(checkout: Path, bug: Bug) -> tuple[bool, str]:
    """Plant a bug, run its tests and take it out again; return whether they failed, and pytest's last line."""
    file = checkout / bug.file
    whole = file.read_text(encoding="utf-8")
    if whole.count(bug.old) != 1:
        return False, f"{bug.file} has the old text {whole.count(bug.old)} times"
    file.write_text(whole.replace(bug.old, bug.new), encoding="utf-8")
    try:
        code, line = failing(checkout, bug.tests)
    finally:
        file.write_text(whole, encoding="utf-8")
    return code == TESTS_FAILED, line


def main(arguments: list[str]) -> int:
    """Return 0 when the tests catch every planted bug."""
    wanted = [int(argument) for argument in arguments] or range(1, len(BUGS) + 1)
    missed = 0
    with tempfile.TemporaryDirectory(prefix="goldenhour-bugs-") as folder:
        checkout = Path(folder)
        copied(checkout)
        for number in wanted:
            bug, began = BUGS[number - 1], time.monotonic()
            caught, line = catches(checkout, bug)
            missed += not caught
            say(f"{number:2} {'caught' if caught else 'MISSED'} {time.monotonic() - began:4.0f} s  {bug.rule}: {line}")
    say(f"{missed} of {len(wanted)} planted bugs missed")
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
