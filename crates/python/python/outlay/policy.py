"""Trained policies and built-in agents that decide step by step."""

from __future__ import annotations

import json
import warnings
from os import PathLike, fspath
from typing import Any

import numpy as np

from outlay._outlay import AgentError, Player, Scenario
from outlay.env import OutlayEnv
from outlay.spaces import loaded


class Policy:
    """Decides the money of each step, and remembers what it saw of the season: it is asked once a step, in their order.

    What it remembers ends where it is asked for a first step again.
    """

    def __init__(self, agent: str | PathLike[str], scenario: str | Scenario, seed: int = 0) -> None:
        """A built-in agent (``outlay.agents()`` lists them) or the policy in a checkpoint folder, for one scenario."""
        self.agent = fspath(agent)
        self.scenario = loaded(scenario, None)
        self._player = Player(self.agent, self.scenario, seed)
        if self._player.warning:
            warnings.warn(f"`{self.agent}`: {self._player.warning}", stacklevel=2)

    @classmethod
    def load(cls, folder: str | PathLike[str], scenario: str | Scenario | None = None) -> Policy:
        """The policy in a checkpoint folder; without a scenario, for the one it was trained on."""
        if scenario is None:
            trained = Player.trained(fspath(folder))
            if len(trained) != 1:
                raise AgentError(f"`{fspath(folder)}` was trained on {len(trained)} scenarios: say which it is to play")
            scenario = trained[0]
        return cls(folder, scenario)

    def act(self, where: OutlayEnv | dict[str, Any] | str) -> np.ndarray:
        """What to do now.

        Of an environment: the action for its ``step``, in the environment's own kind. Of a raw observation, as a dictionary
        or as JSON: ``[lines]`` major units.
        """
        if isinstance(where, (dict, str)):
            text = where if isinstance(where, str) else json.dumps(where)
            return np.array(self._player.act(text))
        env = where.unwrapped
        if env.scenario.hash != self.scenario.hash:
            raise AgentError(f"this policy decides `{self.scenario.name}`, not `{env.scenario.name}`")
        money = self._player.act_in(env.batch)
        return np.array(env.batch.action(money), env.action_space.dtype)
