"""``python -m outlay.train_ray``: training runs with several seeds and settings, side by side on the machines of a Ray cluster.

Each run is one ``outlay train`` in a task of its own. The program is sent along, so that every machine runs the same build,
and a run leaves the folder that it would have left on this machine, byte for byte. What stands behind ``--`` is for
``outlay train``, in every run. Without ``--address`` Ray starts on this machine.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import ray


class SweepError(ValueError):
    """A sweep that cannot begin, or runs that failed, each in the words of the terminal."""


@dataclass(frozen=True)
class Run:
    """One run that is done."""

    #: What it has of its own, as typed: an item of ``vary``.
    setting: str
    seed: int
    #: Its checkpoint.
    folder: Path
    #: The lines of ``outlay train --json``: docs/results.md has their fields.
    events: list[dict[str, Any]]

    @property
    def curve(self) -> list[tuple[int, float]]:
        """Steps and mean score of each trial on the validation worlds."""
        return [(event["steps"], event["score"]) for event in self._trials()]

    @property
    def best(self) -> float:
        """Best mean score on the validation worlds: that of the policy in the folder."""
        return self._trials()[-1]["best"]

    @property
    def best_steps(self) -> int:
        """Steps after which it was reached."""
        return self._trials()[-1]["best_steps"]

    @property
    def judged(self) -> float | None:
        """Mean score on the evaluation seeds; none where a run has several scenarios, which are not judged together."""
        policies = [agent for agent in self.events[-1].get("agents", []) if agent["name"] == "policy"]
        return policies[0]["score"]["mean"] if policies and "score" in policies[0] else None

    def _trials(self) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == "validated"]


class Sweep:
    """Runs in the order of their settings and seeds. As text a table of them."""

    def __init__(self, runs: list[Run]) -> None:
        self.runs = runs

    def __str__(self) -> str:
        head = ("setting", "seed", "held-out", "after steps", "evaluated")
        rows = [head]
        for setting in dict.fromkeys(run.setting for run in self.runs):
            runs = [run for run in self.runs if run.setting == setting]
            for run in runs:
                rows.append((setting, str(run.seed), _number(run.best), str(run.best_steps), _number(run.judged)))
            if len(runs) > 1:
                judged = None if any(run.judged is None for run in runs) else fmean(run.judged for run in runs)
                rows.append((setting, "mean", _number(fmean(run.best for run in runs)), "", _number(judged)))
        widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
        lines = (f"{row[0]:<{widths[0]}}" + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:])) for row in rows)
        return "".join(line.rstrip() + "\n" for line in lines)

    def write_curves(self, file: Path) -> None:
        """Writes every trial on the validation worlds as a row."""
        with file.open("w", newline="") as to:
            rows = csv.writer(to)
            rows.writerow(["setting", "seed", "steps", "score"])
            rows.writerows([run.setting, run.seed, steps, score] for run in self.runs for steps, score in run.curve)


def sweep(
    train: Sequence[str],
    seeds: Iterable[int],
    out: str | os.PathLike[str],
    vary: Sequence[str] = ("",),
    *,
    program: str = "outlay",
    cpus: int = 1,
) -> Sweep:
    """Trains with each seed and each setting of ``vary`` (arguments of ``outlay train`` as typed, such as ``"--worlds 128"``), in
    tasks of ``cpus`` cores each; ``train`` are the arguments of all runs. Folders are written below ``out`` as runs end,
    beside ``curves.csv``. Paths of scenarios must mean the same on every machine.
    """
    out, seeds = Path(out), list(seeds)
    names = [_name(setting) for setting in vary]
    if not seeds or not names or len(set(names)) < len(names) or len(set(seeds)) < len(seeds):
        raise SweepError("a sweep needs seeds and settings, each of them once")
    if out.exists() and any(out.iterdir()):
        raise SweepError(f"{out} already holds something: name another folder")
    found = shutil.which(program)
    if found is None:
        raise SweepError(f"there is no program `{program}`: `cargo build --release` makes it; name it (`--program`)")
    out.mkdir(parents=True, exist_ok=True)
    build, here = ray.put(Path(found).read_bytes()), os.getcwd()
    play = ray.remote(num_cpus=cpus)(_trained)
    waiting = {}
    for setting, name in zip(vary, names):
        for seed in seeds:
            arguments = [*train, *shlex.split(setting), "--seed", str(seed), "--threads", str(cpus)]
            waiting[play.remote(build, arguments, here)] = (setting, seed, out / f"{name}seed{seed}")
    order = list(waiting.values())
    done, failed = {}, []
    while waiting:
        [ready], _ = ray.wait(list(waiting), num_returns=1)
        setting, seed, folder = waiting.pop(ready)
        files, said, error = ray.get(ready)
        if error is not None:
            failed.append(f"{folder.name}: {error}")
            continue
        _write(folder, files)
        done[folder] = Run(setting, seed, folder, [json.loads(line) for line in said.splitlines()])
    if failed:
        raise SweepError("\n".join(sorted(failed)))
    swept = Sweep([done[folder] for _, _, folder in order])
    swept.write_curves(out / "curves.csv")
    return swept


def _trained(build: bytes, arguments: list[str], here: str) -> tuple[dict[str, bytes], str, str | None]:
    """One run, on some machine: the files of its folder, what it said, and what was wrong."""
    with tempfile.TemporaryDirectory() as place:
        program, run = Path(place) / "outlay", Path(place) / "run"
        program.write_bytes(build)
        program.chmod(0o700)
        command = [str(program), "train", *arguments, "--out", str(run), "--json", "--quiet"]
        where = here if os.path.isdir(here) else place
        ran = subprocess.run(command, cwd=where, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if ran.returncode != 0:
            return {}, "", ran.stderr.strip() or f"it ended with {ran.returncode}"
        files = (file for file in run.rglob("*") if file.is_file())
        return {str(file.relative_to(run)): file.read_bytes() for file in files}, ran.stdout, None


def _write(folder: Path, files: dict[str, bytes]) -> None:
    """Writes a folder beside its place and moves it there, so that it is whole or missing."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        beside = Path(place) / folder.name
        for name, content in files.items():
            file = beside / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        beside.rename(folder)


def _name(setting: str) -> str:
    """What the folders of a setting begin with."""
    words = re.sub(r"[^A-Za-z0-9.]+", "-", setting).strip("-")
    return f"{words}-" if words else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.6g}"


def main(arguments: list[str] | None = None) -> None:
    """Trains and prints the table."""
    parser = argparse.ArgumentParser(
        prog="python -m outlay.train_ray", usage="%(prog)s [options] -- [SCENARIO ...] [options of `outlay train`]", description=__doc__
    )
    parser.add_argument("train", nargs="*", help="what every run is given")
    parser.add_argument("--seeds", default="1..4", help="seeds of the runs, half-open")
    parser.add_argument("--vary", action="append", metavar="ARGUMENTS", help="a setting, e.g. '--worlds 128'; may stand several times")
    parser.add_argument("--out", required=True, help="folder for all runs, new or empty")
    parser.add_argument("--program", default="outlay", help="the program that trains [default: outlay on the path]")
    parser.add_argument("--tasks", type=int, default=2, help="runs at a time, where Ray starts here")
    parser.add_argument("--cpus", type=int, default=1, help="cores of each run")
    parser.add_argument("--address", help="of a cluster that runs; `auto` finds it [default: start one here]")
    given: Any = parser.parse_args(arguments)
    start, _, end = given.seeds.partition("..")
    if not (start.isdecimal() and end.isdecimal()):
        parser.error(f"`{given.seeds}` is not a range of seeds such as `1..4`")
    local = {} if given.address else {"num_cpus": given.tasks * given.cpus, "include_dashboard": False}
    ray.init(address=given.address, log_to_driver=False, **local)
    try:
        swept = sweep(
            given.train, range(int(start), int(end)), given.out, given.vary or [""], program=given.program, cpus=given.cpus
        )
    except SweepError as error:
        parser.exit(1, f"error: {error}\n")
    print(swept, end="")


if __name__ == "__main__":
    main()
