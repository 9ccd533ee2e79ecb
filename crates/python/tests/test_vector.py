"""Many environments at once are as many environments one by one."""

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import RecordEpisodeStatistics

import outlay


@pytest.mark.parametrize("scenario", ["new-customer", "families/concave"])
@pytest.mark.parametrize("number", [1, 5])
def test_each_is_an_environment_of_its_own(scenario, number):
    many = gymnasium.make_vec(outlay.env_id(scenario), num_envs=number, shoppers=500)
    ones = [outlay.OutlayEnv(scenario, shoppers=500) for _ in range(number)]
    many.action_space.seed(5)
    seen, infos = many.reset(seed=11)
    for place, one in enumerate(ones):
        first, info = one.reset(seed=11 + place)
        assert (first == seen[place]).all() and info["seed"] == infos["seed"][place] == 11 + place
    ended = 0
    for _ in range(2 * ones[0].scenario.steps + 3):
        actions = many.action_space.sample()
        seen, rewards, over, truncated, infos = many.step(actions)
        assert not truncated.any()
        for place, one in enumerate(ones):
            last, reward, done, _, info = one.step(actions[place])
            assert reward == rewards[place] and done == over[place]
            if done:
                ended += 1
                assert (infos["final_obs"][place] == last).all() and infos["_final_obs"][place]
                assert infos["final_info"]["result"][place] == info["result"]
                assert infos["final_info"]["spend"][place] == info["spend"]
                assert infos["final_info"]["seed"][place] == info["seed"]
                last, info = one.reset()
            assert (last == seen[place]).all()
            assert info["spend"] == infos["spend"][place] and info["seed"] == infos["seed"][place]
    assert ended == 2 * number


def test_the_same_with_one_thread_and_with_many():
    import os
    import subprocess
    import sys

    code = """
import hashlib, outlay
env = outlay.OutlayVectorEnv(num_envs=6, shoppers=500)
env.action_space.seed(1)
digest = hashlib.sha256(env.reset(seed=1)[0].tobytes())
for _ in range(40):
    seen, rewards, *_ = env.step(env.action_space.sample())
    digest.update(seen.tobytes() + rewards.tobytes())
print(digest.hexdigest())
"""
    environment = {key: value for key, value in os.environ.items() if key != "RAYON_NUM_THREADS"}
    runs = [environment | {"RAYON_NUM_THREADS": threads} for threads in ("1", "4")]
    found = {subprocess.check_output([sys.executable, "-c", code], env=run) for run in runs}
    assert len(found) == 1


def test_observations_are_written_in_turn():
    env = outlay.OutlayVectorEnv("problems/p3-carry-over", num_envs=3)
    first, _ = env.reset(seed=0)
    kept = first.copy()
    second = env.step(env.action_space.sample())[0]
    assert (first == kept).all() and not np.shares_memory(first, second)
    third = env.step(env.action_space.sample())[0]
    assert np.shares_memory(first, third)
    new = outlay.OutlayVectorEnv("problems/p3-carry-over", num_envs=3, copy=True)
    assert not np.shares_memory(new.reset(seed=0)[0], new.step(new.action_space.sample())[0])


def test_gymnasiums_own_wrapper_reads_it():
    env = RecordEpisodeStatistics(outlay.OutlayVectorEnv("problems/p1-power", num_envs=4, reward="score"))
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    env.reset(seed=0)
    for _ in range(env.unwrapped.scenario.steps):
        infos = env.step(env.action_space.sample())[4]
    assert infos["episode"]["r"] == pytest.approx(infos["final_info"]["result"], rel=1e-5)
    assert (infos["episode"]["l"] == env.unwrapped.scenario.steps).all()


def test_seeds_are_one_for_each():
    env = outlay.OutlayVectorEnv("new-customer", num_envs=3, shoppers=500)
    assert env.reset(seed=[7, 3, 7])[1]["seed"].tolist() == [7, 3, 7]
    with pytest.raises(ValueError, match="2 seeds for 3 environments"):
        env.reset(seed=[1, 2])
    # Without any, worlds nobody chose.
    assert len(set(outlay.OutlayVectorEnv("new-customer", num_envs=3, shoppers=500).reset()[1]["seed"].tolist())) == 3


def test_a_batch_of_another_size_is_refused():
    env = outlay.OutlayVectorEnv("new-customer", num_envs=3, shoppers=500)
    env.reset(seed=0)
    with pytest.raises(outlay.ActionError, match="2 actions for 3 environments"):
        env.step(np.ones((2, 8)))
