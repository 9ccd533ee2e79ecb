"""Judging: agents on the same held-out worlds and noises, by the statistics of ``outlay compare``."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from outlay import _outlay
from outlay._outlay import AgentError, Scenario
from outlay.policy import Policy
from outlay.spaces import loaded

Agent = str | Policy | Callable[[Any], Any]


class Comparison:
    """What a comparison found. As text it is the tables of ``outlay compare``."""

    def __init__(self, tables: str, document: dict[str, Any]) -> None:
        self.tables = tables
        #: The document of ``outlay compare --json``: docs/results.md has its fields.
        self.document = document

    def __str__(self) -> str:
        return self.tables

    def agent(self, name: str) -> dict[str, Any]:
        """What one agent reached, as in the document."""
        for agent in self.document["agents"]:
            if agent["name"] == name:
                if "error" in agent:
                    raise AgentError(f"`{name}` failed: {agent['error']}")
                return agent
        raise AgentError(f"`{name}` was not compared")

    def scores(self, name: str) -> list[float]:
        """Scores of one agent by seed and noise."""
        return [row["score"] for row in self.agent(name)["per_seed"]]

    def mean(self, name: str) -> float:
        """Mean score of one agent."""
        return self.agent(name)["score"]["mean"]


class Contest:
    """Agents looked up for a comparison, whose seeds can be played in parts, on one machine or on several."""

    def __init__(
        self,
        agents: Mapping[str, Agent] | Iterable[Agent] | Agent,
        scenario: str | Scenario,
        seeds: range,
        noise: int,
        against: str | None,
        action: str,
        raw: bool,
        shoppers: int | str | None,
    ) -> None:
        if seeds.step != 1:
            raise AgentError("seeds are a range without gaps")
        ends = (seeds.start, seeds.stop)
        scenario = loaded(scenario, shoppers)
        self._inner = _outlay.Comparison(scenario, _typed(agents), against, ends, noise, action, raw)
        for warning in self._inner.warnings():
            warnings.warn(warning, stacklevel=3)

    def play(self) -> str:
        """Plays every episode; the text is for :meth:`judge`."""
        return self._inner.play()

    def judge(self, parts: list[str], markdown: bool = False) -> Comparison:
        """Compares what was played, parts in the order of their seeds."""
        tables, document = self._inner.judge(parts, markdown)
        return Comparison(tables, json.loads(document))


def evaluate(
    agents: Mapping[str, Agent] | Iterable[Agent] | Agent,
    scenario: str | Scenario = "new-customer",
    seeds: range = range(64),
    noise: int = 1,
    *,
    against: str | None = None,
    action: str = "shares",
    raw: bool = False,
    shoppers: int | str | None = None,
    markdown: bool = False,
) -> Comparison:
    """Plays agents on evaluation worlds and compares them, each other one against ``against`` (or the first).

    An agent is a built-in name, a checkpoint folder, a :class:`outlay.Policy`, or a function of an observation that gives an
    action; a mapping gives them names of your own. ``action`` and ``raw`` say what functions answer and see, as the
    arguments of :class:`outlay.OutlayEnv`: features, or the raw observation.

    Episodes are played side by side, so a function may not remember anything between its calls. One that must has a method
    ``start(brief)`` that gives the function of one episode.
    """
    contest = Contest(agents, scenario, seeds, noise, against, action, raw, shoppers)
    return contest.judge([contest.play()], markdown)


def _typed(agents: Mapping[str, Agent] | Iterable[Agent] | Agent) -> list[Any]:
    """Each agent as text, or as a name and a function."""
    if isinstance(agents, (str, Policy)) or callable(agents) or hasattr(agents, "start"):
        agents = [agents]
    named = agents.items() if isinstance(agents, Mapping) else ((None, agent) for agent in agents)
    return [_one(name, agent) for name, agent in named]


def _one(name: str | None, agent: Agent) -> Any:
    text = agent.agent if isinstance(agent, Policy) else agent
    if isinstance(text, str):
        return text if name is None else f"{name}={text}"
    if callable(agent) or hasattr(agent, "start"):
        return (name or getattr(agent, "__name__", type(agent).__name__), agent)
    raise AgentError(f"{agent!r} is no agent: a name, a folder, a Policy or a function is")
