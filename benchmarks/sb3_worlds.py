"""The common worlds as Stable-Baselines3 expects them."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from outlay.sb3 import OutlayVecEnv
from stable_baselines3.common.vec_env import VecEnv
from worlds import FURTHEST, Worlds


class Sb3Worlds(OutlayVecEnv):
    """Seen and paid as every learner of the comparison is."""

    def __init__(self, worlds: Worlds) -> None:
        self.common, self.worlds = worlds, worlds.env
        seen = spaces.Box(-FURTHEST, FURTHEST, (worlds.features,), np.float32)
        VecEnv.__init__(self, worlds.num_envs, seen, worlds.env.single_action_space)

    def reset(self) -> np.ndarray:
        """Begins training."""
        return self.common.reset()

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Plays a step. A season's end is an end: nobody asks what came last."""
        seen, rewards, over = self.common.step(self._actions)
        return seen, rewards.astype(np.float32), over, [{} for _ in range(self.num_envs)]
