"""Environments keep Gymnasium's promises."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import outlay

# One of each kind of world, and markets with products, deposits, credit, bids and half hours.
KINDS = [
    "new-customer",
    "promotion-double-11",
    "test-then-launch",
    "opening-red",
    "spend-to-rebate",
    "break-out-of-circle",
    "families/s-shaped",
    "problems/p7-pacing-10-3",
    "problems/p8-exploration-20",
    "references/amss-vignette",
]


@pytest.mark.parametrize("scenario", KINDS)
@pytest.mark.parametrize("action", ["shares", "logits", "money"])
def test_the_checker_finds_nothing(scenario, action):
    env = gymnasium.make(outlay.env_id(scenario), action=action, shoppers="training")
    check_env(env.unwrapped, skip_render_check=True)


def test_every_shipped_scenario_has_an_id_of_its_own():
    ids = [outlay.env_id(scenario) for scenario in outlay.shipped()]
    assert len(set(ids)) == len(ids) > 30
    assert all(env_id in gymnasium.registry for env_id in ids)
    assert {"Outlay/NewCustomer-v0", "Outlay/Promotion618-v0", "Outlay/Problems.P7Pacing10-1-v0"} <= set(ids)


@pytest.mark.parametrize("scenario", outlay.shipped())
def test_every_season_ends_and_every_number_is_one(scenario):
    env = outlay.OutlayEnv(scenario, shoppers="training")
    env.action_space.seed(1)
    observation, _ = env.reset(seed=1)
    steps, over = 0, False
    while not over:
        assert observation.dtype == np.float32 and np.isfinite(observation).all()
        observation, reward, over, truncated, info = env.step(env.action_space.sample())
        assert np.isfinite(reward) and not truncated
        assert 0 <= info["spend"] <= env.scenario.budget * (1 + 1e-9)
        assert ("result" in info) == over
        steps += 1
    assert steps == env.scenario.steps and np.isfinite(observation).all()


def test_a_file_of_ones_own_is_a_scenario(tmp_path):
    file = tmp_path / "my-shop.toml"
    file.write_text('base = "new-customer"\ntitle = "My shop"\nbudget = 200000\ndrop_lines = ["notes"]\n')
    env = outlay.OutlayEnv(file)
    assert env.scenario.budget == 200_000 and "notes" not in env.scenario.lines
    assert env.action_space.shape == (len(env.scenario.lines) + 1,)


def test_after_the_end_there_is_no_step():
    env = outlay.OutlayEnv("problems/p1-power")
    with pytest.raises(RuntimeError, match="call `reset`"):
        env.step(env.action_space.sample())
    env.reset(seed=0)
    for _ in range(env.scenario.steps):
        env.step(env.action_space.sample())
    with pytest.raises(RuntimeError, match="call `reset`"):
        env.step(env.action_space.sample())


@pytest.mark.parametrize("scenario", ["new-customer", "promotion-double-11", "cart-recovery", "families/concave", "launch"])
def test_rewards_add_up_to_the_score(scenario):
    env = outlay.OutlayEnv(scenario, reward="score", shoppers="training")
    env.action_space.seed(3)
    env.reset(seed=3)
    total, over = 0.0, False
    while not over:
        _, reward, over, _, info = env.step(env.action_space.sample())
        total += reward
    assert total == pytest.approx(info["result"], rel=1e-9, abs=1e-6)


def test_what_the_learner_is_paid_has_the_mean_of_the_score():
    differences = []
    for seed in range(40):
        env = outlay.OutlayEnv("new-customer", shoppers="training")
        env.reset(seed=seed)
        total, over = 0.0, False
        while not over:
            _, reward, over, _, info = env.step(np.full(env.action_space.shape, 0.5))
            total += reward
        differences.append(total - info["result"])
    differences = np.array(differences)
    assert np.abs(differences).max() > 0
    assert abs(differences.mean()) < 4 * differences.std(ddof=1) / np.sqrt(len(differences))


def test_the_documented_layout():
    assert outlay.Scenario("new-customer").features == (72, 107, 611)
    env = outlay.OutlayEnv(shoppers=500)
    observation, _ = env.reset(seed=0)
    lines = observation[: 7 * 72].reshape(7, 72)
    whole = observation[7 * 72 :]
    ways = ["per-click", "per-thousand", "per-impression", "per-engagement", "commission"]
    for line, brief in zip(lines, env.brief()["lines"], strict=True):
        assert line[:5].tolist() == [float(brief["pricing"] == way) for way in ways]
        assert line[5] == brief["outside"] and line[71] == 0
    # A season of 32 days of which nothing has passed and nothing is spent.
    assert whole[26:29] == pytest.approx([0, np.log(32), 1])
    assert whole[32:34] == pytest.approx([np.log(7), 0])
    assert whole[77:90].sum() == 1 and whole[106] == 0
