"""Many seasons side by side, stepped in Rust on all cores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from outlay._outlay import Batch, Scenario
from outlay.spaces import action_space, asked, loaded, observation_space


class OutlayVectorEnv(VectorEnv[np.ndarray, np.ndarray, np.ndarray]):
    """``num_envs`` environments of one scenario; the arguments are those of :class:`outlay.OutlayEnv`.

    Environment ``i`` plays what an ``OutlayEnv`` that was reset with seed ``seed + i`` would play, season after season.

    Observations are written into two arrays in turn: what a step returned stays as it is during the next step, and is
    overwritten by the one after that. ``copy=True`` gives a new array each time. A season that ends begins anew in the same
    step: its last observation stands in ``info["final_obs"]``, and what it came to in ``info["final_info"]``.
    """

    metadata: dict[str, Any] = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}

    def __init__(
        self,
        scenario: str | Scenario = "new-customer",
        *,
        num_envs: int = 1,
        seeds: str = "train",
        noise: int = 0,
        action: str = "shares",
        reward: str = "expected",
        raw: bool = False,
        shoppers: int | str | None = None,
        copy: bool = False,
        render_mode: str | None = None,
    ) -> None:
        self.scenario = loaded(scenario, shoppers)
        self.num_envs = num_envs
        self.batch = Batch(self.scenario, num_envs, action, reward)
        self.render_mode = render_mode
        self.single_observation_space = observation_space(self.scenario)
        self.single_action_space = action_space(self.batch, action)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._seeds, self._noise, self._raw, self._copy = seeds, noise, raw, copy
        self._begun = False
        shape = (num_envs, *self.single_observation_space.shape)
        self._observations = [np.zeros(shape, np.float32), np.zeros(shape, np.float32)]
        self._finals = np.zeros(shape, np.float32)
        self._all = np.ones(num_envs, np.bool_)

    def reset(
        self,
        *,
        seed: int | Sequence[int] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begins a season everywhere: in the worlds ``seed``, ``seed + 1`` and so on, or of a list of seeds."""
        listed = None if seed is None or isinstance(seed, (int, np.integer)) else [int(each) for each in seed]
        first = None if seed is None else listed[0] if listed else int(seed)
        super().reset(seed=first)
        if options:
            self._seeds, self._noise = asked(options, self._seeds, self._noise)
            self._begun = False
        if first is None and not self._begun:
            first = int(self.np_random.integers(2**62))
        if listed is None and first is not None:
            listed = list(range(first, first + self.num_envs))
        if listed is not None and len(listed) != self.num_envs:
            raise ValueError(f"{len(listed)} seeds for {self.num_envs} environments")
        self.batch.begin(listed, self._seeds, self._noise, self._turned())
        self._begun = True
        infos = {"seed": self._numbers(), "_seed": self._all}
        return self._seen(), infos | self._on_demand()

    def step(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Plays a step everywhere."""
        rewards, spend, scores = np.empty((3, self.num_envs))
        over = np.empty(self.num_envs, np.bool_)
        actions = np.ascontiguousarray(actions, np.float64)
        played = self._numbers()
        ended = self.batch.step(
            actions, self._turned(), rewards, over, spend, scores, True, self._finals
        )
        infos: dict[str, Any] = {"seed": self._numbers(), "_seed": self._all}
        infos |= {"spend": np.where(over, 0.0, spend) if ended else spend, "_spend": self._all}
        infos |= self._on_demand()
        if ended:
            final = np.full(self.num_envs, None, object)
            for place in np.flatnonzero(over):
                final[place] = self._finals[place].copy()
            sums = {"seed": played, "_seed": over, "spend": spend, "_spend": over, "result": scores, "_result": over}
            infos |= {"final_obs": final, "_final_obs": over, "final_info": sums, "_final_info": over}
        return self._seen(), rewards, over, np.zeros(self.num_envs, np.bool_), infos

    def raw_observation(self, place: int) -> dict[str, Any]:
        """What an ``exec:`` agent would read of the step at hand in environment ``place``."""
        return json.loads(self.batch.observation_json(place))

    def brief(self) -> dict[str, Any]:
        """What an ``exec:`` agent would be told before the season."""
        return json.loads(self.scenario.brief_json())

    def _turned(self) -> np.ndarray:
        """The array to write into now."""
        self._observations.reverse()
        return self._observations[0]

    def _seen(self) -> np.ndarray:
        return self._observations[0].copy() if self._copy else self._observations[0]

    def _numbers(self) -> np.ndarray:
        return np.array(self.batch.seeds(), np.uint64)

    def _on_demand(self) -> dict[str, Any]:
        if not self._raw:
            return {}
        seen = np.full(self.num_envs, None, object)
        for place in range(self.num_envs):
            seen[place] = self.raw_observation(place)
        return {"observation": seen, "_observation": self._all}
