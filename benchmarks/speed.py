"""Steps a second of the environments themselves: `python benchmarks/speed.py [SCENARIO]`. Needs the package only.

Beside each rate stands the same for a second of CPU, all threads together, which other work on the machine does not change
as much."""

from __future__ import annotations

import sys
import time

import outlay

#: Seconds that each row is measured for.
LONG = 3.0


def rates(env, number: int) -> str:
    """Steps of `number` worlds together, resets included: each second, and each second of CPU."""
    env.action_space.seed(0)
    action = env.action_space.sample()
    env.reset(seed=0)
    steps, start, busy = 0, time.perf_counter(), time.process_time()
    while (passed := time.perf_counter() - start) < LONG:
        over = env.step(action)[2]
        if number == 0 and over:
            env.reset()
        steps += max(number, 1)
    return f"{steps / passed:>9,.0f} {steps / (time.process_time() - busy):>9,.0f}"


def main() -> None:
    """Prints a row for each way and size."""
    scenario = sys.argv[1] if len(sys.argv) > 1 else "new-customer"
    print(f"{scenario:<18}{'as judged, CPU':>19}   {'training size, CPU':>19}")
    for number in (0, 1, 8, 64):
        name = f"vector env, {number}" if number else "single env"
        make = (lambda **size: outlay.OutlayVectorEnv(scenario, num_envs=number, **size)) if number else (
            lambda **size: outlay.OutlayEnv(scenario, **size)
        )
        print(f"{name:<18}{rates(make(), number)}   {rates(make(shoppers='training'), number)}")


if __name__ == "__main__":
    main()
