"""Judging in Python is judging by the program."""

import json

import numpy as np
import pytest

import outlay

def even(observation):
    return np.full(8, 0.5)


@pytest.mark.parametrize(
    ("scenario", "agents"),
    [
        (None, ["even", "random", "rules", "checkpoints/new-customer"]),
        # With a bound, and the clairvoyant plan that headroom is measured by.
        ("families/concave", ["even", "random", "mpc", "clairvoyant"]),
    ],
)
@pytest.mark.filterwarnings("ignore:.*has changed since this policy was trained")
def test_the_document_is_the_programs_own(outlay_program, small, scenario, agents):
    scenario = scenario or small
    command = ["compare", scenario, "--agents", ",".join(agents), "--seeds", "0..4", "--noise", "2"]
    found = outlay_program(*command, "--json")
    ours = outlay.evaluate(agents, scenario, range(4), 2)
    assert ours.document == json.loads(found.stdout)
    assert ours.tables == outlay_program(*command).stdout


def test_code_is_judged_beside_agents(small):
    def all_on_search(observation):
        assert observation.shape == (outlay.Scenario(small).features[2],) and observation.dtype == np.float32
        return np.array([1.0] + [0.0] * 6 + [0.14])

    found = outlay.evaluate({"even": "even", "mine": even, "search": all_on_search}, small, range(4), against="even")
    # Equal weights are the even plan, but for what an agent of that name does where a report comes late.
    assert found.mean("mine") == pytest.approx(found.mean("even"), rel=0.02)
    assert found.mean("search") != found.mean("mine")
    assert len(found.scores("mine")) == 4 and "mine" in str(found)
    assert [pair["b"] for pair in found.document["pairs"]] == ["even", "even"]


def test_a_policy_asked_step_by_step_is_the_policy(small):
    with pytest.warns(UserWarning, match="has changed since this policy was trained"):
        judged = outlay.evaluate("checkpoints/new-customer", small, range(2))
        policy = outlay.Policy.load("checkpoints/new-customer", small)
    env = outlay.OutlayEnv(small, action="money", seeds="evaluate")
    for seed in range(2):
        env.reset(seed=seed)
        over = False
        while not over:
            _, _, over, _, info = env.step(policy.act(env))
        assert info["result"] == judged.scores("checkpoints/new-customer")[seed]


def test_raw_observations_and_a_function_for_each_episode(small):
    class Patient:
        """Doubles its spending once it has seen an order, so it must remember."""

        def start(self, brief):
            seen = {"orders": 0, "steps": []}

            def act(observation):
                seen["orders"] += observation["shop"]["orders"]
                seen["steps"].append(observation["step"])
                assert seen["steps"] == list(range(observation["step"] + 1))
                return [200.0 + 200.0 * (seen["orders"] > 0)] * len(brief["lines"])

            return act

    first = outlay.evaluate({"patient": Patient()}, small, range(4), action="money", raw=True)
    again = outlay.evaluate({"patient": Patient()}, small, range(4), action="money", raw=True)
    assert first.document == again.document and first.mean("patient") > 0


def test_an_exception_of_the_code_comes_back_as_it_is(small):
    def broken(observation):
        raise KeyError("no such feature")

    with pytest.raises(KeyError, match="no such feature"):
        outlay.evaluate({"broken": broken}, small, range(2))
    with pytest.raises(outlay.ActionError, match="this one has 3"):
        outlay.evaluate({"short": lambda observation: [1, 2, 3]}, small, range(2))


def test_what_cannot_be_compared_is_said(small):
    with pytest.raises(outlay.AgentError, match="there is no agent `evne`(.|\n)*did you mean `even`"):
        outlay.evaluate("evne", small)
    with pytest.raises(outlay.AgentError, match="two agents are called `even`"):
        outlay.evaluate(["even", "even"], small)
    with pytest.raises(outlay.AgentError, match="holds no seed"):
        outlay.evaluate("even", small, range(5, 5))
    with pytest.raises(outlay.AgentError, match="without gaps"):
        outlay.evaluate("even", small, range(0, 9, 3))
    with pytest.raises(outlay.AgentError, match="names `mpc`, which is not compared"):
        outlay.evaluate("even", small, range(2), against="mpc")


def test_parts_of_the_seeds_make_the_whole(small):
    from outlay.judging import Contest

    agents = ["even", "random"]
    whole = outlay.evaluate(agents, small, range(6), 2)
    parts = [
        Contest(agents, small, seeds, 2, None, "shares", False, None).play()
        for seeds in (range(0, 1), range(1, 4), range(4, 6))
    ]
    contest = Contest(agents, small, range(6), 2, None, "shares", False, None)
    assert contest.judge(parts).document == whole.document
    with pytest.raises(outlay.AgentError, match="other agents"):
        Contest("even", small, range(6), 2, None, "shares", False, None).judge(parts)
