"""What every learner of the comparison gets: the same worlds, seen and paid in the same units, and a clock on them."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import outlay

#: Observations further out than this many deviations are cut off, as our own policies cut them.
FURTHEST = 8.0


class Worlds:
    """Training worlds whose observations have mean 0 and deviation 1, and whose rewards have the size of 1.

    The figures for that are measured once, on seasons of random money, and stay: nothing differs between learners, and the
    judged policy sees what the trained one saw.
    """

    def __init__(self, scenario: str, num_envs: int, seed: int) -> None:
        self.env = outlay.OutlayVectorEnv(scenario, num_envs=num_envs, action="logits", shoppers="training")
        self.num_envs = num_envs
        self.features = self.env.single_observation_space.shape[0]
        self.actions = self.env.single_action_space.shape[0]
        self.seconds = 0.0
        self.steps = 0
        self._measure(seed)
        self.seed = seed

    def _measure(self, seed: int) -> None:
        draws = np.random.default_rng(seed)
        seen, rewards = [self.env.reset(seed=2**40 + seed)[0].copy()], []
        for _ in range(self.env.scenario.steps - 1):
            observation, reward, *_ = self.env.step(draws.normal(size=(self.num_envs, self.actions)))
            seen.append(observation.copy())
            rewards.append(reward)
        flat = np.concatenate(seen)
        deviation = flat.std(axis=0)
        self.mean = flat.mean(axis=0)
        self.scale = np.where(deviation > 1e-6, 1.0 / np.maximum(deviation, 1e-6), 0.0).astype(np.float32)
        self.unit = float(np.abs(rewards).mean())

    def normalised(self, observation: np.ndarray) -> np.ndarray:
        """An observation as learners see it."""
        return np.clip((observation - self.mean) * self.scale, -FURTHEST, FURTHEST).astype(np.float32)

    def reset(self) -> np.ndarray:
        """Begins training: the same worlds for every learner of a seed."""
        self.seconds, self.steps = 0.0, 0
        return self.normalised(self.env.reset(seed=self.seed)[0])

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Observations, rewards and ends. The clock runs while the environment works, its normalising included."""
        start = time.perf_counter()
        observation, rewards, over, *_ = self.env.step(actions)
        result = self.normalised(observation), rewards / self.unit, over
        self.seconds += time.perf_counter() - start
        self.steps += self.num_envs
        return result


def validated(worlds: Worlds, act: Callable[[np.ndarray], np.ndarray], number: int = 32) -> float:
    """Mean score of a policy on validation worlds of training size."""
    env = outlay.OutlayVectorEnv(
        worlds.env.scenario, num_envs=number, action="logits", seeds="validate", copy=True
    )
    observation, _ = env.reset(seed=0)
    for _ in range(env.scenario.steps):
        observation, *_, infos = env.step(act(worlds.normalised(observation)))
    return float(infos["final_info"]["result"].mean())


def validated_agent(worlds: Worlds, agent: str, number: int = 32) -> float:
    """The same for a built-in agent."""
    env = outlay.OutlayEnv(worlds.env.scenario, action="money", seeds="validate")
    policy = outlay.Policy(agent, env.scenario)
    scores = []
    for seed in range(number):
        env.reset(seed=seed)
        over = False
        while not over:
            *_, over, _, info = env.step(policy.act(env))
        scores.append(info["result"])
    return float(np.mean(scores))
