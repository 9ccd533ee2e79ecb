"""What single and vector environments share: their spaces and what may be asked of a reset."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from outlay._outlay import Batch, Scenario, ScenarioError

_OPTIONS = {"seeds", "noise"}


def loaded(scenario: str | Scenario, shoppers: int | str | None) -> Scenario:
    """A scenario by name, path, or as it is."""
    if isinstance(scenario, Scenario):
        if shoppers is not None:
            raise ScenarioError("`shoppers` goes with a name: give it to `Scenario`")
        return scenario
    return Scenario(str(scenario), shoppers)


def observation_space(scenario: Scenario) -> spaces.Box:
    """The features that our own policies see, none of them bounded."""
    return spaces.Box(-np.inf, np.inf, (scenario.features[2],), np.float32)


def action_space(batch: Batch, action: str) -> spaces.Box:
    """The numbers of an action. Money has the precision of cents, which float32 has not."""
    size, least, most = batch.action_space
    return spaces.Box(least, most, (size,), np.float64 if action == "money" else np.float32)


def asked(options: dict[str, Any] | None, seeds: str, noise: int) -> tuple[str, int]:
    """The seed domain and the noise of a reset."""
    options = options or {}
    if unknown := sorted(set(options) - _OPTIONS):
        raise ScenarioError(f"unknown option {unknown[0]!r}; a reset takes {sorted(_OPTIONS)}")
    return options.get("seeds", seeds), int(options.get("noise", noise))
