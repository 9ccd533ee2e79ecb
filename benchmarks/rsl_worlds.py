"""The common worlds as rsl_rl expects them."""

from __future__ import annotations

import torch
from rsl_rl.env import VecEnv
from tensordict import TensorDict
from worlds import Worlds


class RslWorlds(VecEnv):
    """Seen and paid as every learner of the comparison is. No end is a time limit."""

    def __init__(self, worlds: Worlds) -> None:
        self.worlds = worlds
        self.num_envs, self.num_actions = worlds.num_envs, worlds.actions
        self.max_episode_length = worlds.env.scenario.steps
        self.episode_length_buf = torch.zeros(self.num_envs, dtype=torch.long)
        self.device, self.cfg = "cpu", {}
        self.seen = self._group(worlds.reset())

    def _group(self, observation) -> TensorDict:
        return TensorDict({"policy": torch.from_numpy(observation)}, batch_size=[self.num_envs])

    def get_observations(self) -> TensorDict:
        """What is seen now."""
        return self.seen

    def step(self, actions: torch.Tensor) -> tuple[TensorDict, torch.Tensor, torch.Tensor, dict]:
        """Plays a step."""
        observation, rewards, over = self.worlds.step(actions.numpy())
        self.seen = self._group(observation)
        self.episode_length_buf = torch.where(torch.from_numpy(over), 0, self.episode_length_buf + 1)
        return self.seen, torch.from_numpy(rewards).float(), torch.from_numpy(over).long(), {}
