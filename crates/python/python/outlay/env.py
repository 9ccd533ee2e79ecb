"""One season at a time, as a Gymnasium environment."""

from __future__ import annotations

import json
from typing import Any

import gymnasium
import numpy as np

from outlay._outlay import Batch, Scenario
from outlay.spaces import action_space, asked, loaded, observation_space


class OutlayEnv(gymnasium.Env[np.ndarray, np.ndarray]):
    """A scenario: a step splits money over lines, an episode is a season in a world of its own.

    Args:
        scenario: a shipped name, a path to a file, or a :class:`outlay.Scenario`.
        seeds: the domain of worlds, ``"train"``, ``"validate"`` or ``"evaluate"``; they never meet.
        noise: which of a world's noises.
        action: ``"shares"``, ``"logits"`` or ``"money"``; docs/python.md has their meaning.
        reward: ``"expected"`` (what our own learner is paid) or ``"score"`` (whose sum is the judged score).
        raw: whether ``info["observation"]`` is what an ``exec:`` agent would read.
        shoppers: simulated shoppers, ``"training"`` for as many as policies train with, None for the file's.

    The season's end is a termination; nothing is ever truncated.
    """

    metadata: dict[str, Any] = {"render_modes": []}

    def __init__(
        self,
        scenario: str | Scenario = "new-customer",
        *,
        seeds: str = "train",
        noise: int = 0,
        action: str = "shares",
        reward: str = "expected",
        raw: bool = False,
        shoppers: int | str | None = None,
        render_mode: str | None = None,
    ) -> None:
        self.scenario = loaded(scenario, shoppers)
        self.batch = Batch(self.scenario, 1, action, reward)
        self.render_mode = render_mode
        self.observation_space = observation_space(self.scenario)
        self.action_space = action_space(self.batch, action)
        self._seeds, self._noise, self._raw = seeds, noise, raw
        self._begun = False
        self._reward, self._spend, self._score = np.zeros((3, 1))
        self._over = np.zeros(1, np.bool_)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begins a season: with a seed in the world of that number, without one in the next that follows from the last seed.

        ``options`` may hold ``seeds`` and ``noise`` for this season and those that follow it.
        """
        super().reset(seed=seed)
        if options:
            self._seeds, self._noise = asked(options, self._seeds, self._noise)
            self._begun = False
        if seed is None and not self._begun:
            seed = int(self.np_random.integers(2**63))
        observation = np.empty((1, *self.observation_space.shape), np.float32)
        self.batch.begin(None if seed is None else [seed], self._seeds, self._noise, observation)
        self._begun = True
        return observation[0], {"seed": self.batch.seeds()[0], "spend": 0.0, **self._on_demand()}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Plays a step. ``info`` has the money spent so far and, at the end, the judged score as ``result``."""
        observation = np.empty((1, *self.observation_space.shape), np.float32)
        actions = np.asarray(action, np.float64).reshape(1, -1)
        sums = (self._reward, self._over, self._spend, self._score)
        over = self.batch.step(actions, observation, *sums, False, np.empty_like(observation))
        info = {"seed": self.batch.seeds()[0], "spend": float(self._spend[0]), **self._on_demand()}
        if over:
            info["result"] = float(self._score[0])
        return observation[0], float(self._reward[0]), over, False, info

    def raw_observation(self) -> dict[str, Any]:
        """What an ``exec:`` agent would read of the step at hand."""
        return json.loads(self.batch.observation_json())

    def brief(self) -> dict[str, Any]:
        """What an ``exec:`` agent would be told before the season."""
        return json.loads(self.scenario.brief_json())

    def _on_demand(self) -> dict[str, Any]:
        return {"observation": self.raw_observation()} if self._raw else {}
