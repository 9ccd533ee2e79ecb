"""``python -m outlay.compare_ray``: a comparison whose seeds are shared out over the machines of a Ray cluster.

Each part plays its seeds by itself; put together they are the episodes that one machine would have played, so that the
tables are the same to the last digit. Without ``--address`` Ray starts on this machine.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from typing import Any

import ray

from outlay.judging import Agent, Comparison, Contest


def evaluate(
    agents: Mapping[str, Agent] | Iterable[Agent] | Agent,
    scenario: str = "new-customer",
    seeds: range = range(64),
    noise: int = 1,
    *,
    against: str | None = None,
    action: str = "shares",
    raw: bool = False,
    shoppers: int | str | None = None,
    markdown: bool = False,
    parts: int = 2,
    cpus: int = 1,
) -> Comparison:
    """:func:`outlay.evaluate` in ``parts`` tasks of ``cpus`` cores each. Paths must mean the same on every machine."""
    agents = agents if isinstance(agents, (str, Mapping)) or callable(agents) else list(agents)

    @ray.remote(num_cpus=cpus, runtime_env={"env_vars": {"RAYON_NUM_THREADS": str(cpus)}})
    def play(part: range) -> str:
        return Contest(agents, scenario, part, noise, against, action, raw, shoppers).play()

    played = ray.get([play.remote(part) for part in shared_out(seeds, parts)])
    contest = Contest(agents, scenario, seeds, noise, against, action, raw, shoppers)
    return contest.judge(played, markdown)


def shared_out(seeds: range, parts: int) -> list[range]:
    """Parts of almost the same size, in order, none of them empty."""
    parts = max(1, min(parts, len(seeds)))
    edges = [len(seeds) * part // parts for part in range(parts + 1)]
    return [seeds[edges[part] : edges[part + 1]] for part in range(parts)]


def main(arguments: list[str] | None = None) -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m outlay.compare_ray", description=__doc__)
    parser.add_argument("scenario", nargs="?", default="new-customer")
    parser.add_argument("--agents", default="even,last-period,buyer-rule,mpc", help="split at commas")
    parser.add_argument("--against", help="the agent the others are measured against [default: the first]")
    parser.add_argument("--seeds", default="0..64", help="half-open")
    parser.add_argument("--noise", type=int, default=1, help="noise seeds for each world")
    parser.add_argument("--parts", type=int, default=2, help="tasks the seeds are shared out over")
    parser.add_argument("--cpus", type=int, default=1, help="cores of each task")
    parser.add_argument("--address", help="of a cluster that runs; `auto` finds it [default: start one here]")
    parser.add_argument("--markdown", action="store_true", help="write GitHub tables")
    given: Any = parser.parse_args(arguments)
    start, _, end = given.seeds.partition("..")
    if not (start.isdecimal() and end.isdecimal()):
        parser.error(f"`{given.seeds}` is not a range of seeds such as `0..64`")
    local = {} if given.address else {"num_cpus": given.parts * given.cpus, "include_dashboard": False}
    ray.init(address=given.address, log_to_driver=False, **local)
    found = evaluate(
        given.agents.split(","),
        given.scenario,
        range(int(start), int(end)),
        given.noise,
        against=given.against,
        markdown=given.markdown,
        parts=given.parts,
        cpus=given.cpus,
    )
    print(found, end="")


if __name__ == "__main__":
    main()
