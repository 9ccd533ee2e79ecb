"""PPO after CleanRL's single file `ppo_continuous_action.py` (Huang et al. 2022, "CleanRL: High-quality single-file
implementations of deep reinforcement learning algorithms"; MIT licence), with its defaults where the comparison does not set
others: orthogonal weights, one deviation for all states, advantages standardised in each minibatch, clipped value loss,
learning rate that falls to zero, Adam with epsilon 1e-5."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.distributions.normal import Normal
from worlds import Worlds

CLIP, VALUE_WEIGHT, LARGEST_GRADIENT = 0.2, 0.5, 0.5


def layer(inputs: int, outputs: int, deviation: float = 2**0.5) -> nn.Linear:
    """A linear layer with orthogonal weights."""
    linear = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(linear.weight, deviation)
    nn.init.constant_(linear.bias, 0.0)
    return linear


def network(inputs: int, width: int, outputs: int, deviation: float) -> nn.Sequential:
    """Two hidden layers."""
    return nn.Sequential(
        layer(inputs, width), nn.ReLU(), layer(width, width), nn.ReLU(), layer(width, outputs, deviation)
    )


class Agent(nn.Module):
    """Actor and critic, apart."""

    def __init__(self, worlds: Worlds, width: int) -> None:
        super().__init__()
        self.critic = network(worlds.features, width, 1, 1.0)
        self.actor_mean = network(worlds.features, width, worlds.actions, 0.01)
        self.actor_logstd = nn.Parameter(torch.zeros(1, worlds.actions))

    def judge(
        self, seen: torch.Tensor, action: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """An action, its log density, the entropy and the value."""
        mean = self.actor_mean(seen)
        normal = Normal(mean, self.actor_logstd.expand_as(mean).exp())
        action = normal.sample() if action is None else action
        return action, normal.log_prob(action).sum(1), normal.entropy().sum(1), self.critic(seen).squeeze(1)


def train(
    worlds: Worlds, settings: dict, seed: int, look: Callable[[Callable[[np.ndarray], np.ndarray]], None]
) -> Callable[[np.ndarray], np.ndarray]:
    """Trains; `look` is shown the policy after each update. Gives the policy: its mean action."""
    torch.manual_seed(seed)
    draws = np.random.default_rng(seed)
    agent = Agent(worlds, settings["width"])
    optimiser = torch.optim.Adam(agent.parameters(), lr=settings["learning_rate"], eps=1e-5)
    length, count = settings["length"], worlds.num_envs
    batch = length * count
    updates = settings["steps"] // batch
    seen = torch.zeros(length, count, worlds.features)
    actions = torch.zeros(length, count, worlds.actions)
    densities, rewards, ends, values = (torch.zeros(length, count) for _ in range(4))
    observation, over = torch.from_numpy(worlds.reset()), torch.zeros(count)

    def act(observation: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return agent.actor_mean(torch.from_numpy(observation)).numpy()

    for update in range(updates):
        optimiser.param_groups[0]["lr"] = settings["learning_rate"] * (1.0 - update / updates)
        for step in range(length):
            seen[step], ends[step] = observation, over
            with torch.no_grad():
                actions[step], densities[step], _, values[step] = agent.judge(observation)
            following, reward, done = worlds.step(actions[step].numpy())
            rewards[step] = torch.from_numpy(reward)
            observation, over = torch.from_numpy(following), torch.from_numpy(done).float()
        with torch.no_grad():
            following = agent.critic(observation).squeeze(1)
        advantages, last = torch.zeros(length, count), torch.zeros(count)
        for step in reversed(range(length)):
            goes_on = 1.0 - (over if step == length - 1 else ends[step + 1])
            after = following if step == length - 1 else values[step + 1]
            error = rewards[step] + settings["discount"] * after * goes_on - values[step]
            last = error + settings["discount"] * settings["trace"] * goes_on * last
            advantages[step] = last
        flat = [each.reshape(batch, *each.shape[2:]) for each in (seen, actions, densities, advantages, values)]
        flat.append((advantages + values).reshape(batch))
        for _ in range(settings["epochs"]):
            for places in np.split(draws.permutation(batch), batch // settings["minibatch"]):
                state, action, density, advantage, value, returned = (each[places] for each in flat)
                _, log_density, _, guess = agent.judge(state, action)
                ratio = (log_density - density).exp()
                advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
                clipped = ratio.clamp(1 - CLIP, 1 + CLIP)
                policy_loss = torch.max(-advantage * ratio, -advantage * clipped).mean()
                near = value + (guess - value).clamp(-CLIP, CLIP)
                value_loss = 0.5 * torch.max((guess - returned) ** 2, (near - returned) ** 2).mean()
                optimiser.zero_grad()
                (policy_loss + VALUE_WEIGHT * value_loss).backward()
                nn.utils.clip_grad_norm_(agent.parameters(), LARGEST_GRADIENT)
                optimiser.step()
        look(act)
    return act
