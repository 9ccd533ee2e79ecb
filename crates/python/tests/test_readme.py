"""The ten lines of docs/python.md and of the README do what they say."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def lines(page, words):
    """The block of Python on a page that holds these words."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    found = [block for block in blocks if words in block]
    assert len(found) == 1, f"{page} has {len(found)} blocks with {words!r}"
    return found[0]


def run(code):
    there = {}
    exec(compile(code, "the page", "exec"), there)  # noqa: S102
    return there


def test_the_readmes_training(capsys):
    pytest.importorskip(
        "stable_baselines3",
        reason="stable-baselines3 is not installed (5.5 GB with torch): "
        "`pip install stable-baselines3` and run this file",
    )
    code = lines("README.md", "PPO")
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    short, times = re.subn(r"total_timesteps=[\d_]+", "total_timesteps=512", code)
    short, seeds = re.subn(r"range\(64\)", "range(2)", short)
    assert times == 1 and seeds == 1
    run(short)
    assert "ppo" in capsys.readouterr().out


@pytest.mark.parametrize("words", ["gymnasium.make(", "make_vec", "Policy.load", "outlay.evaluate"])
def test_the_documents_examples(words, capsys):
    run(re.sub(r"range\(64\)", "range(2)", lines("docs/python.md", words)))
