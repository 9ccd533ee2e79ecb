"""Steps a second of the environments themselves: `python benchmarks/speed.py [SCENARIO]`. Needs the package only."""

from __future__ import annotations

import sys
import time

import outlay

#: Seconds that each row is measured for.
LONG = 5.0


def rate(env, number: int) -> float:
    """Steps a second of `number` worlds together, resets included."""
    env.action_space.seed(0)
    action = env.action_space.sample()
    env.reset(seed=0)
    steps, start = 0, time.perf_counter()
    while (passed := time.perf_counter() - start) < LONG:
        over = env.step(action)[2]
        if number == 0 and over:
            env.reset()
        steps += max(number, 1)
    return steps / passed


def main() -> None:
    """Prints a row for each way and size."""
    scenario = sys.argv[1] if len(sys.argv) > 1 else "new-customer"
    print(f"{'':<22}{'as judged':>12}{'training size':>16}   steps a second, {scenario}")
    for number in (0, 1, 8, 64):
        name = f"vector env, {number}" if number else "single env"
        make = (lambda **size: outlay.OutlayVectorEnv(scenario, num_envs=number, **size)) if number else (
            lambda **size: outlay.OutlayEnv(scenario, **size)
        )
        rates = [rate(make(shoppers=shoppers), number) for shoppers in (None, "training")]
        print(f"{name:<22}{rates[0]:>12,.0f}{rates[1]:>16,.0f}")


if __name__ == "__main__":
    main()
