#!/usr/bin/env python3
"""The planner against scipy's SLSQP on the same problem: values, times and their ratio, in one run.

    python3 -m venv venv && venv/bin/pip install numpy==2.3.3 scipy==1.16.2
    cargo build --release -p outlay-agent --example plan
    venv/bin/python crates/agent/benches/slsqp.py [--binary PLAN] [--limit SECONDS] 6x30 8x90 20x90

SLSQP gets the problem in its best form: shares of the budget, the response over that of an even split (the start), and
the analytic gradient. Sizes are lines x steps of the concave family, instance 1. A run that passes the limit is stopped
and the best plan it had visited is reported.
"""

import argparse
import json
import os
import pathlib
import subprocess
import time

# One thread, as the planner.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from scipy.optimize import minimize


class Late(Exception):
    """The time limit has passed."""


def response(shares, problem):
    """Value of a plan of shares [steps, lines], and its gradient by share."""
    budget, value, half, slope, retention, weight = problem
    stock = np.empty_like(shares)
    carried = np.zeros(shares.shape[1])
    for t, row in enumerate(shares):
        carried = budget * row + retention * carried
        stock[t] = carried
    stock = np.maximum(stock, 1e-12 * half)
    share = 1.0 / (1.0 + (half / stock) ** slope)
    total = float((weight * value * share).sum())
    gradient = weight * value * slope * share * (1.0 - share) / stock
    later = np.zeros(shares.shape[1])
    for t in range(len(gradient) - 1, -1, -1):
        later = gradient[t] + retention * later
        gradient[t] = later
    return total, budget * gradient


def slsqp(problem, cells, shape, limit):
    """Best value that SLSQP found, seconds, rounds, and how it ended."""
    even = np.full(cells, 1.0 / cells)
    scale = response(even.reshape(shape), problem)[0]
    best = [0.0]
    clock = time.perf_counter()

    def objective(x):
        total, gradient = response(x.reshape(shape), problem)
        # Only plans within the budget count.
        if x.min() >= -1e-12 and x.sum() <= 1.0 + 1e-9:
            best[0] = max(best[0], total)
        if time.perf_counter() - clock > limit:
            raise Late
        return -total / scale, -gradient.ravel() / scale

    ones = np.ones((1, cells))
    try:
        result = minimize(
            objective,
            even,
            jac=True,
            method="SLSQP",
            bounds=[(0.0, 1.0)] * cells,
            constraints=[{"type": "eq", "fun": lambda x: x.sum() - 1.0, "jac": lambda x: ones}],
            options={"ftol": 1e-9, "maxiter": 1000},
        )
        ended = f"{result.nit} rounds, {result.message}"
        final = np.maximum(result.x, 0.0)
        best[0] = max(best[0], response((final / final.sum()).reshape(shape), problem)[0])
    except Late:
        ended = "stopped at the limit"
    return best[0], time.perf_counter() - clock, ended


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="+", help="lines x steps, as 6x30")
    parser.add_argument("--binary", type=pathlib.Path, default=pathlib.Path("target/release/examples/plan"))
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for each run of SLSQP")
    arguments = parser.parse_args()
    for size in arguments.sizes:
        lines, steps = size.split("x")
        ours = json.loads(subprocess.check_output([arguments.binary, "concave", lines, steps, "1"]))
        column = lambda key: np.array([line[key] for line in ours["lines"]])
        weight = np.array([line["weight"] for line in ours["lines"]]).T
        problem = (ours["budget"], column("value"), column("half"), column("slope"), column("retention"), weight)
        plan = np.array(ours["plan"]).reshape(weight.shape) / ours["budget"]
        value = response(plan, problem)[0]
        assert abs(value / ours["value"] - 1.0) < 1e-9, "the two programs mean different problems"
        reference, seconds, ended = slsqp(problem, weight.size, weight.shape, arguments.limit)
        print(
            f"{size}: planner {value:.8g} in {1e3 * ours['seconds']:.2f} ms (fastest {1e3 * ours['fastest']:.2f}); "
            f"SLSQP {reference:.8g} in {seconds:.2f} s ({ended}); "
            f"value ratio - 1 = {value / reference - 1.0:+.1e}, time ratio {seconds / ours['seconds']:.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
