"""What the update of `one_update` costs in PyTorch: the same network, decisions, loss and optimiser, in the way of CleanRL.

pip install torch numpy; python3 crates/agent/benches/pytorch.py
"""

import time

import numpy as np
import torch
from torch import nn

LINE, GLOBAL, WIDTH, LINES = 72, 107, 64, 7
DECISIONS, MINIBATCH, EPOCHS, UPDATES = 2048, 1024, 2, 60


class Trunk(nn.Module):
    """Lines are a set: one encoder for all, pooled by mean and maximum."""

    def __init__(self):
        super().__init__()
        self.line, self.whole = nn.Linear(LINE, WIDTH), nn.Linear(GLOBAL, WIDTH, bias=False)
        self.hidden, self.context = nn.Linear(WIDTH, WIDTH), nn.Linear(2 * WIDTH + GLOBAL, WIDTH)

    def forward(self, lines, whole):
        hidden = torch.relu(self.line(lines) + self.whole(whole).unsqueeze(1))
        hidden = torch.relu(self.hidden(hidden))
        pooled = torch.cat([hidden.mean(1), hidden.amax(1), whole], 1)
        return hidden, torch.relu(self.context(pooled))


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor, self.critic = Trunk(), Trunk()
        self.score_line, self.score_context = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH, bias=False)
        self.score, self.reserve = nn.Linear(WIDTH, 1), nn.Linear(WIDTH, 1)
        self.value_hidden, self.value = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 1)
        self.log_std = nn.Parameter(torch.full((2,), -0.7))

    def forward(self, lines, whole):
        hidden, context = self.actor(lines, whole)
        both = torch.relu(self.score_line(hidden) + self.score_context(context).unsqueeze(1))
        means = torch.cat([self.score(both).squeeze(2), self.reserve(context)], 1)
        _, context = self.critic(lines, whole)
        return means, self.value(torch.relu(self.value_hidden(context))).squeeze(1)


def main():
    torch.set_num_threads(1)
    policy = Policy()
    optimiser = torch.optim.Adam(policy.parameters(), lr=1e-4, eps=1e-5)
    lines, whole = torch.randn(DECISIONS, LINES, LINE), torch.randn(DECISIONS, GLOBAL)
    actions, played = torch.randn(DECISIONS, LINES + 1), torch.randn(DECISIONS) - 12
    advantages, targets = torch.randn(DECISIONS), torch.randn(DECISIONS)
    order = np.arange(DECISIONS)

    def update():
        for _ in range(EPOCHS):
            np.random.shuffle(order)
            for start in range(0, DECISIONS, MINIBATCH):
                part = order[start : start + MINIBATCH]
                means, values = policy(lines[part], whole[part])
                deviations = torch.cat([policy.log_std[:1].expand(LINES), policy.log_std[1:]]).exp()
                density = torch.distributions.Normal(means, deviations.expand_as(means))
                moved = density.log_prob(actions[part]).sum(1) - played[part]
                ratio = moved.exp()
                with torch.no_grad():
                    _ = ((ratio - 1) - moved).mean(), ((ratio - 1).abs() > 0.2).float().mean().item()
                gain = advantages[part]
                actor = torch.max(-gain * ratio, -gain * torch.clamp(ratio, 0.8, 1.2)).mean()
                loss = actor + 0.5 * ((values - targets[part]) ** 2).mean()
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(policy.parameters(), 0.5)
                optimiser.step()

    for _ in range(3):
        update()
    start = time.process_time()
    for _ in range(UPDATES):
        update()
    step = (time.process_time() - start) / UPDATES / DECISIONS
    print(f"torch {torch.__version__}: {1e6 * step:.1f} microseconds of CPU a step")


main()
