"""A seed is the same world in Python and in Rust, to the last bit."""

import json
import sys

import numpy as np
import pytest

import outlay

RECORDER = """
import json, sys
brief = sys.stdin.readline()
log = open({log!r} + "." + str(__import__("os").getpid()), "w")
log.write(brief)
lines = len(json.loads(brief)["lines"])
for observation in sys.stdin:
    log.write(observation)
    log.flush()
    step = json.loads(observation)["step"]
    print(json.dumps({{"money": [250.25 * ((line + step) % 5) for line in range(lines)]}}), flush=True)
"""


@pytest.mark.parametrize("scenario", ["new-customer", "stock-bound", "families/misspecified"])
def test_what_python_sees_is_what_the_program_shows(outlay_program, tmp_path, scenario):
    agent = tmp_path / "recorder.py"
    agent.write_text(RECORDER.format(log=str(tmp_path / "log")))
    command = f"exec:{sys.executable} {agent}"
    found = outlay_program("evaluate", command, scenario, "--seeds", "3..5", "--noise", "2", "--json")
    assert found.returncode == 0, found.stderr
    scores = {(row["seed"], row["noise"]): row["score"] for row in json.loads(found.stdout)["per_seed"]}
    shown = [log.read_text().splitlines() for log in tmp_path.glob("log.*")]
    assert len(shown) == len(scores) == 4
    env = outlay.OutlayEnv(scenario, seeds="evaluate", action="money", raw=True)
    played = []
    for seed, noise in scores:
        _, info = env.reset(seed=seed, options={"noise": noise})
        seen, over = [env.scenario.brief_json(), env.batch.observation_json()], False
        while not over:
            step, lines = info["observation"]["step"], len(env.scenario.lines)
            action = np.array([250.25 * ((line + step) % 5) for line in range(lines)])
            _, _, over, _, info = env.step(action)
            if not over:
                seen.append(env.batch.observation_json())
        assert info["result"] == scores[seed, noise]
        played.append(seen)
    assert sorted(played) == sorted(shown)


def test_a_seed_is_a_world_and_without_one_the_next_follows():
    first, second = outlay.OutlayEnv(shoppers=500), outlay.OutlayEnv(shoppers=500)
    for env in (first, second):
        env.reset(seed=4)
    followers = [env.reset()[1]["seed"] for env in (first, second)]
    assert followers[0] == followers[1] != 4
    assert first.reset()[1]["seed"] not in (4, followers[0])
    assert first.reset(seed=4)[1]["seed"] == 4


def test_domains_and_noises_never_meet():
    def season(**options):
        env = outlay.OutlayEnv(shoppers=500)
        env.reset(seed=4, options=options)
        for _ in range(6):
            observation = env.step(np.ones(8))[0]
        return observation.tobytes()

    seen = {season(seeds=seeds, noise=noise) for seeds in ("train", "validate", "evaluate") for noise in (0, 1)}
    assert len(seen) == 6
    assert season() == season(seeds="train", noise=0)
    env = outlay.OutlayEnv(shoppers=500, seeds="validate", noise=1)
    env.reset(seed=4)
    for _ in range(6):
        observation = env.step(np.ones(8))[0]
    assert observation.tobytes() == season(seeds="validate", noise=1)
