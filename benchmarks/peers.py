"""Other PPOs on the same worlds as our own learner: speed, cost, and what they reach. benchmarks/README.md says how to run it."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cleanrl_ppo
import numpy as np
import outlay
import torch
from torch import nn
from worlds import Worlds, validated, validated_agent

#: What all of them are told: two hidden layers of 64, a whole season as rollout, no discount.
SETTINGS = {
    "width": 64,
    "length": 32,
    "epochs": 10,
    "minibatch": 256,
    "learning_rate": 3e-4,
    "discount": 1.0,
    "trace": 0.95,
}

#: Rollouts between two looks at a policy: as many as `outlay train` has iterations between two saved states.
LOOK_EVERY = 20

#: What is asked of `outlay train`, by the name of the row.
OURS = {"outlay": [], "outlay-no-teacher": ["--teacher", "0"], "outlay-guided": ["--guided"]}

Act = Callable[[np.ndarray], np.ndarray]


def stable_baselines3(worlds: Worlds, settings: dict, seed: int, look: Callable[[Act], None]) -> Act:
    """Stable-Baselines3's PPO."""
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback

    from sb3_worlds import Sb3Worlds

    class Look(BaseCallback):
        def _on_rollout_start(self) -> None:
            if self.num_timesteps:
                look(act)

        def _on_step(self) -> bool:
            return True

    model = PPO(
        "MlpPolicy",
        Sb3Worlds(worlds),
        n_steps=settings["length"],
        batch_size=settings["minibatch"],
        n_epochs=settings["epochs"],
        learning_rate=lambda left: settings["learning_rate"] * left,
        gamma=settings["discount"],
        gae_lambda=settings["trace"],
        policy_kwargs={"net_arch": [settings["width"]] * 2, "activation_fn": nn.ReLU},
        seed=seed,
        device="cpu",
    )

    def act(observation: np.ndarray) -> np.ndarray:
        return model.predict(observation, deterministic=True)[0]

    model.learn(settings["steps"], callback=Look())
    look(act)
    return act


def rsl_rl(worlds: Worlds, settings: dict, seed: int, look: Callable[[Act], None]) -> Act:
    """The PPO of rsl_rl (Rudin et al. 2022, "Learning to walk in minutes"), with its adaptive learning rate."""
    from rsl_rl.runners import OnPolicyRunner
    from tensordict import TensorDict

    from rsl_worlds import RslWorlds

    torch.manual_seed(seed)
    hidden = {"class_name": "MLPModel", "hidden_dims": [settings["width"]] * 2, "activation": "relu"}
    batch = settings["length"] * worlds.num_envs
    config = {
        "num_steps_per_env": settings["length"],
        "save_interval": 10**9,
        "obs_groups": {"actor": ["policy"], "critic": ["policy"]},
        "actor": hidden | {"distribution_cfg": {"class_name": "GaussianDistribution", "init_std": 1.0}},
        "critic": hidden,
        "algorithm": {
            "class_name": "PPO",
            "num_learning_epochs": settings["epochs"],
            "num_mini_batches": batch // settings["minibatch"],
            "learning_rate": settings["learning_rate"],
            "gamma": settings["discount"],
            "lam": settings["trace"],
            "entropy_coef": 0.0,
        },
    }
    with contextlib.redirect_stdout(io.StringIO()):
        runner = OnPolicyRunner(RslWorlds(worlds), config)

        def act(observation: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                seen = TensorDict({"policy": torch.from_numpy(observation)}, batch_size=[len(observation)])
                return runner.alg.get_policy()(seen).numpy()

        for _ in range(settings["steps"] // batch):
            runner.learn(1)
            look(act)
    return act


LEARNERS = {"stable-baselines3": stable_baselines3, "cleanrl": cleanrl_ppo.train, "rsl_rl": rsl_rl}


@dataclass
class Row:
    """What a learner came to."""

    name: str
    steps: int
    seconds: float
    own: float
    mean: float
    interval: list[float]
    reached: float | None

    def __str__(self) -> str:
        low, high = self.interval
        reached = "not reached" if self.reached is None else f"{self.reached:.0f} s"
        return (
            f"{self.name:<24}{self.steps / self.seconds:>10,.0f}{1e6 * self.own / self.steps:>14,.0f}"
            f"{self.mean:>10,.0f}   [{low:,.0f}, {high:,.0f}]   {reached}"
        )


def peer(name: str, arguments: argparse.Namespace, wanted: float) -> Row:
    """Trains one of the others and judges it."""
    worlds = Worlds(arguments.scenario, arguments.envs, arguments.seed)
    clock = {"looking": 0.0, "reached": None, "rollouts": 0}
    start = time.perf_counter()

    def look(act: Act) -> None:
        began = time.perf_counter()
        clock["rollouts"] += 1
        due = clock["rollouts"] % LOOK_EVERY == 0 or worlds.steps >= arguments.steps
        if due and clock["reached"] is None and validated(worlds, act) >= wanted:
            clock["reached"] = began - start - clock["looking"]
        clock["looking"] += time.perf_counter() - began

    act = LEARNERS[name](worlds, SETTINGS | {"steps": arguments.steps}, arguments.seed, look)
    seconds = time.perf_counter() - start - clock["looking"]
    judged = outlay.evaluate(
        {name: lambda seen: act(worlds.normalised(seen[None]))[0]}, arguments.scenario, arguments.seeds, action="logits"
    ).agent(name)["score"]
    return Row(name, worlds.steps, seconds, seconds - worlds.seconds, judged["mean"], judged["iqm_ci95"], clock["reached"])


def ours(name: str, arguments: argparse.Namespace, wanted: float) -> Row:
    """Trains with our own program, whose learner and market share a process: its own cost is what the market leaves.

    Its states are saved every twenty iterations; the program stands still while one is tried.
    """
    worlds = Worlds(arguments.scenario, arguments.envs, arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "run")
        command = [arguments.program, "train", arguments.scenario, "--steps", str(arguments.steps), "--out", out]
        command += ["--seed", str(arguments.seed), "--json", *OURS[name]]
        start, looking, reached, saved = time.perf_counter(), 0.0, None, False
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as program:
            for event in map(json.loads, program.stdout):
                began = time.perf_counter()
                # A state is saved after its line was written, and before the next one is.
                if saved and reached is None:
                    program.send_signal(signal.SIGSTOP)
                    if validated_agent(worlds, out) >= wanted:
                        reached = began - start - looking
                    program.send_signal(signal.SIGCONT)
                saved = event["event"] == "validated"
                if event["event"] == "iteration":
                    steps, seconds = event["steps"], began - start - looking
                looking += time.perf_counter() - began
        if program.returncode:
            raise subprocess.CalledProcessError(program.returncode, command)
        if reached is None and validated_agent(worlds, out) >= wanted:
            reached = seconds
        judged = outlay.evaluate(out, arguments.scenario, arguments.seeds).agent(out)["score"]
    called = " ".join(["outlay train", *OURS[name]])
    return Row(called, steps, seconds, float("nan"), judged["mean"], judged["iqm_ci95"], reached)


def main() -> None:
    """Prints one row for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="new-customer")
    parser.add_argument("--steps", type=int, default=100_000, help="decisions each learner may take")
    parser.add_argument("--envs", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--judged", type=int, default=64, help="evaluation worlds, from 0")
    parser.add_argument("--learners", default=",".join([*LEARNERS, *OURS]))
    parser.add_argument("--program", default="target/release/outlay")
    arguments = parser.parse_args()
    arguments.seeds = range(arguments.judged)
    batch = SETTINGS["length"] * arguments.envs
    arguments.steps = arguments.steps // batch * batch
    wanted = validated_agent(Worlds(arguments.scenario, arguments.envs, arguments.seed), "mpc")
    reference = outlay.evaluate(["even", "mpc"], arguments.scenario, arguments.seeds)
    print(f"{arguments.scenario}, {arguments.steps:,} steps, {arguments.envs} environments, seed {arguments.seed}, ", end="")
    print(f"{torch.get_num_threads()} threads of torch; judged on seeds 0..{arguments.judged}")
    print(f"mpc on the validation worlds: {wanted:,.0f}")
    print(f"{'':<24}{'steps / s':>10}{'own us/step':>14}{'score':>10}   IQM's 95 %   reaches mpc after")
    for name in ("even", "mpc"):
        low, high = reference.agent(name)["score"]["iqm_ci95"]
        print(f"{name:<24}{'':>24}{reference.mean(name):>10,.0f}   [{low:,.0f}, {high:,.0f}]")
    for name in arguments.learners.split(","):
        print((ours if name in OURS else peer)(name, arguments, wanted))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
