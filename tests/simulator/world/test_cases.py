"""Plans of cases: complaints beside those of real victims."""

from dataclasses import replace

from simulator.config import Knobs, SimulatorConfig
from simulator.institutions import build_institutions
from simulator.world.cases import plan_cases


def test_an_invented_complaint_names_the_account_that_was_paid_and_changes_nothing_else() -> None:
    config = SimulatorConfig(complaints=8, knobs=Knobs.none())
    institutions = build_institutions(config)
    honest = plan_cases(config, institutions)
    liars = config.model_copy(update={"knobs": config.knobs.model_copy(update={"invented_complaint": 1.0})})
    invented = plan_cases(liars, institutions)
    assert [replace(plan, complaints=plan.complaints[:1]) for plan in invented] == list(honest)
    references = {move.rrn for plan in honest for move in plan.moves}
    for plan in invented:
        real, lie = plan.complaints
        [told] = lie.transfers
        assert told.payee == real.transfers[0].payee
        assert told.reference not in references
        assert told.move.amount_paise == 10 * plan.loss_paise
        assert told.payer.key != real.transfers[0].payer.key
        assert lie.victim.name != real.victim.name
