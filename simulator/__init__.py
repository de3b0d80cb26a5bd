"""The world: institutions, mule networks, victims and a desk that are not there, over the product's public wires.

`SimulatorServer` is the way in for tests, `python -m simulator` for everything else; docs/explanation/simulator.md
says the rest.
"""

from simulator.banks.faults import Faults
from simulator.banks.script import ScriptedAnswer, ScriptedReply, hold_row, refusal_row, transfer_row, withdrawal_row
from simulator.config import BankDelays, Delay, Knobs, MoneyModel, SimulatorConfig
from simulator.server import SimulatorServer

__all__ = [
    "BankDelays",
    "Delay",
    "Faults",
    "Knobs",
    "MoneyModel",
    "ScriptedAnswer",
    "ScriptedReply",
    "SimulatorConfig",
    "SimulatorServer",
    "hold_row",
    "refusal_row",
    "transfer_row",
    "withdrawal_row",
]
