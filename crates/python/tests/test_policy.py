"""Policies and built-in agents, asked step by step."""

import numpy as np
import pytest

import outlay


def test_a_checkpoint_knows_its_scenario():
    policy = outlay.Policy.load("checkpoints/new-customer")
    assert policy.scenario.name == "new-customer"
    with pytest.raises(outlay.AgentError, match="was trained on 30 scenarios: say which"):
        outlay.Policy.load("checkpoints/generalist")


def test_it_decides_from_an_environment_and_from_a_raw_observation():
    one, other = (outlay.Policy.load("checkpoints/new-customer") for _ in range(2))
    env = outlay.OutlayEnv(action="shares")
    env.reset(seed=1)
    for _ in range(4):
        money = other.act(env.raw_observation())
        action = one.act(env)
        assert env.action_space.contains(action)
        assert env.batch.money(action) == pytest.approx(money, rel=1e-4, abs=0.1)
        env.step(action)


def test_it_is_asked_once_a_step_in_their_order():
    policy = outlay.Policy("even", "problems/p3-carry-over")
    env = outlay.OutlayEnv("problems/p3-carry-over", action="money")
    env.reset(seed=0)
    env.step(policy.act(env))
    env.step(np.zeros(env.action_space.shape))
    with pytest.raises(outlay.AgentError, match="once for each step"):
        policy.act(env)
    env.reset(seed=0)
    policy.act(env)


def test_what_is_no_policy_is_said(tmp_path):
    with pytest.raises(outlay.CheckpointError, match="card.toml"):
        outlay.Policy.load(tmp_path, "new-customer")
    with pytest.raises(outlay.CheckpointError, match="nowhere"):
        outlay.Policy.load("nowhere")
    with pytest.raises(outlay.AgentError, match="did you mean `even`"):
        outlay.Policy("evne", "new-customer")
    with pytest.raises(outlay.AgentError, match="plans a whole season"):
        outlay.Policy("clairvoyant", "new-customer")
    with pytest.raises(outlay.AgentError, match="this is no observation"):
        outlay.Policy("even", "new-customer").act("{}")
    env = outlay.OutlayEnv("launch")
    env.reset(seed=0)
    with pytest.raises(outlay.AgentError, match="decides `new-customer`, not `launch`"):
        outlay.Policy("even", "new-customer").act(env)
