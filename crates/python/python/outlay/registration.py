"""Names of environments: every shipped scenario under an id of Gymnasium."""

from __future__ import annotations

import re

import gymnasium

from outlay._outlay import shipped


def env_id(scenario: str) -> str:
    """The id of a shipped scenario: ``problems/p7-pacing-10-1`` is ``Outlay/Problems.P7Pacing10-1-v0``.

    Words begin with a capital letter, a folder ends with a dot, and a hyphen stays where it keeps two numbers apart.
    """
    joined = re.sub(r"(?<!\d)-|-(?!\d)", " ", scenario.replace("/", ". "))
    return f"Outlay/{''.join(word[:1].upper() + word[1:] for word in joined.split())}-v0"


def register_all() -> None:
    """Registers every shipped scenario; what is registered already is left alone."""
    for scenario in shipped():
        if env_id(scenario) not in gymnasium.registry:
            gymnasium.register(
                id=env_id(scenario),
                entry_point="outlay.env:OutlayEnv",
                vector_entry_point="outlay.vector:OutlayVectorEnv",
                kwargs={"scenario": scenario},
            )
