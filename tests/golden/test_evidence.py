"""The evidence of fixed cases is, to the byte, what the golden files have.

Where a change is meant, `GOLDEN=write pytest tests/golden` writes them again.
"""

from tests.golden.evidence import all_evidence, fixed_context
from tests.golden.groups import compare
from workers.embedded.postgres import EmbeddedPostgres


async def test_evidence_has_the_bytes_of_its_golden_files(postgres: EmbeddedPostgres, template_database: str) -> None:
    async with fixed_context(postgres, template_database) as ctx:
        compare("evidence", await all_evidence(ctx))
