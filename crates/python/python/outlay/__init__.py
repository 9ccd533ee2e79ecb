"""Outlay for Python: a market of simulated shoppers in which a marketing budget is spent, step by step.

``gymnasium.make("Outlay/NewCustomer-v0")`` works once this package is imported; docs/python.md has the whole of it.
"""

from outlay._outlay import (
    ActionError,
    AgentError,
    CheckpointError,
    Scenario,
    ScenarioError,
    __version__,
    agents,
    shipped,
)
from outlay.env import OutlayEnv
from outlay.judging import Comparison, evaluate
from outlay.policy import Policy
from outlay.registration import env_id, register_all
from outlay.vector import OutlayVectorEnv

__all__ = [
    "ActionError",
    "AgentError",
    "CheckpointError",
    "Comparison",
    "OutlayEnv",
    "OutlayVectorEnv",
    "Policy",
    "Scenario",
    "ScenarioError",
    "__version__",
    "agents",
    "env_id",
    "evaluate",
    "register_all",
    "shipped",
]

register_all()
