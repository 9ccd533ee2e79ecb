"""The vector environment as Stable-Baselines3 expects one. Only who imports this needs that library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecEnv

from outlay.vector import OutlayVectorEnv


class OutlayVecEnv(VecEnv):
    """``num_envs`` environments of a scenario for Stable-Baselines3; the arguments are those of ``OutlayVectorEnv``."""

    def __init__(self, scenario: str = "new-customer", *, num_envs: int = 8, **arguments: Any) -> None:
        self.worlds = OutlayVectorEnv(scenario, num_envs=num_envs, **arguments)
        super().__init__(num_envs, self.worlds.single_observation_space, self.worlds.single_action_space)

    def reset(self) -> np.ndarray:
        """Begins a season everywhere, in the worlds of the last call of ``seed``."""
        seed = self._seeds[0]
        self._reset_seeds()
        return self.worlds.reset(seed=seed)[0]

    def step_async(self, actions: np.ndarray) -> None:
        """Takes the actions."""
        self._actions = actions

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Plays them."""
        seen, rewards, over, _, infos = self.worlds.step(self._actions)
        told: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for place in np.flatnonzero(over):
            told[place] = {
                "terminal_observation": infos["final_obs"][place],
                "result": infos["final_info"]["result"][place],
                "TimeLimit.truncated": False,
            }
        return seen, rewards, over, told

    def close(self) -> None:
        """Nothing is held."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """An attribute, the same for every environment."""
        return [getattr(self.worlds, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Environments have no attributes of their own."""
        raise NotImplementedError("environments of one batch have no attributes of their own")

    def env_method(self, method_name: str, *arguments: Any, indices: Any = None, **named: Any) -> list[Any]:
        """Environments have no methods of their own."""
        raise NotImplementedError("environments of one batch have no methods of their own")

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        """None is wrapped."""
        return [False] * len(list(self._get_indices(indices)))

    def get_images(self) -> Sequence[np.ndarray | None]:
        """There is nothing to look at."""
        return [None] * self.num_envs
