"""What the numbers of an action mean."""

import numpy as np
import pytest

import outlay


def started(action, scenario="new-customer"):
    env = outlay.OutlayEnv(scenario, action=action, shoppers=500)
    env.reset(seed=2)
    return env


def granted(env):
    return np.array([line["granted"] / 100 for line in env.raw_observation()["lines"]])


def test_all_alike_is_the_even_plan():
    lines = len(started("shares").scenario.lines)
    even = 300_000 / 32 / lines
    for action, value in [("shares", 1.0), ("shares", 0.25), ("shares", 0.0), ("logits", 0.0), ("logits", 3.0)]:
        env = started(action)
        numbers = np.full(lines + 1, value)
        if action == "logits":
            numbers[-1] = 0.0
        assert env.batch.money(numbers) == pytest.approx([even] * lines)


def test_shares_by_hand():
    env = started("shares")
    lines = len(env.scenario.lines)
    action = np.zeros(lines + 1)
    action[0], action[1], action[-1] = 0.75, 0.25, 0.5
    # The mean line has 1/7, so the reserve has 3.5 of it for each of 31 steps to come.
    spend = 300_000 / (1 + 0.5 * lines * 31)
    assert env.batch.money(action) == pytest.approx([0.75 * spend, 0.25 * spend] + [0.0] * (lines - 2), rel=1e-4)
    assert env.batch.money(action)[2:] == [0.0] * (lines - 2)
    action[-1] = 0.0
    assert sum(env.batch.money(action)) == pytest.approx(300_000, rel=2e-3)
    action[:] = 0.0
    action[-1] = 1.0
    assert env.batch.money(action) == [0.0] * lines


def test_money_is_what_is_granted():
    env = started("money")
    asked = np.array([1200.5, 0, 800, 0, 0, 500.25, 0])
    env.step(asked)
    assert granted(env) == pytest.approx(asked)


@pytest.mark.parametrize("action", ["shares", "logits", "money"])
def test_money_turns_into_an_action_and_back(action):
    env = started(action)
    money = [2000.0, 500.0, 10.0, 3000.0, 700.0, 900.0, 1234.0]
    assert env.batch.money(env.batch.action(money)) == pytest.approx(money, rel=1e-5)


@pytest.mark.parametrize("action", ["shares", "logits", "money"])
def test_what_lies_outside_counts_as_the_edge(action):
    first, second = started(action), started(action)
    space = first.action_space
    wild = np.where(np.arange(space.shape[0]) % 2, -1e9, 1e9)
    first.step(wild)
    second.step(np.clip(wild, space.low, space.high))
    assert first.raw_observation() == second.raw_observation()
    assert granted(first).sum() <= 300_000


def test_actions_that_mean_nothing_are_refused():
    env = started("shares")
    with pytest.raises(outlay.ActionError, match=r"8 numbers, one for each line and the reserve \(7 lines\); this one has 7"):
        env.step(np.ones(7))
    with pytest.raises(outlay.ActionError, match="number 3 of the action is not a number"):
        env.step(np.array([1, 1, 1, np.nan, 1, 1, 1, 1]))
    # A refused action costs nothing.
    assert env.raw_observation()["step"] == 0
    with pytest.raises(outlay.ActionError, match='not "percent"'):
        outlay.OutlayEnv(action="percent")
    with pytest.raises(outlay.ActionError, match='not "profit"'):
        outlay.OutlayEnv(reward="profit")
