"""Weak scaling of `outlay train` over processes of MPI: as many worlds for each process, one thread in each.

    cargo build --release --features mpi && python3 benchmarks/scaling.py

Prints the steps in a second of all iterations and of the quickest tenth of them, which other work on the machine disturbs
least. Validation and the first batch do not count.
"""

import argparse
import json
import os
import subprocess
import tempfile

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--program", default="target/release/outlay")
parser.add_argument("--processes", default="1,2", help="split at commas")
parser.add_argument("--worlds", type=int, default=64, help="of each process")
parser.add_argument("--iterations", type=int, default=100)
parser.add_argument("--rounds", type=int, default=2, help="all counts of processes in turn, so often")
given = parser.parse_args()


def run(processes):
    """Seconds of each iteration, the quickest first, and the steps of one."""
    last, seconds = None, []
    with tempfile.TemporaryDirectory() as place:
        command = ["mpirun", "--oversubscribe", "--allow-run-as-root", "-n", str(processes)]
        command += [given.program, "train", "--worlds", str(given.worlds * processes), "--teacher", "0", "--threads", "1"]
        command += ["--steps", "100M", "--json", "--timing", "--quiet", "--out", os.path.join(place, "run")]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in running.stdout:
            event = json.loads(line)
            now = event.get("seconds_elapsed")
            if event["event"] == "iteration" and last is not None:
                seconds.append(now - last)
            if len(seconds) == given.iterations:
                break
            last = now
        running.terminate()
        running.stdout.read()
        running.wait()
    return sorted(seconds), event["steps"] / event["iteration"]


print("processes  steps/s  quickest tenth")
for _ in range(given.rounds):
    for processes in map(int, given.processes.split(",")):
        durations, steps = run(processes)
        quick = durations[: max(1, len(durations) // 10)]
        rates = [len(some) * steps / sum(some) for some in (durations, quick)]
        print(f"{processes:9}  {rates[0]:7.0f}  {rates[1]:14.0f}", flush=True)
