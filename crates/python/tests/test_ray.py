"""What is shared out over Ray is what one machine comes to."""

import json

import pytest

import outlay

ray = pytest.importorskip("ray", reason="ray is not installed: `pip install ray` and run this file")

QUICK = ["problems/p3-carry-over", "--worlds", "8", "--steps", "3k"]


@pytest.fixture(autouse=True)
def ends():
    """What a test started."""
    yield
    ray.shutdown()


def test_two_workers_make_the_table_of_one_machine(small, capsys):
    from outlay.compare_ray import main, shared_out

    assert shared_out(range(3, 8), 2) == [range(3, 5), range(5, 8)]
    assert shared_out(range(2), 5) == [range(0, 1), range(1, 2)]
    main([small, "--agents", "even,random,mpc", "--seeds", "3..9", "--noise", "2", "--parts", "2"])
    alone = outlay.evaluate(["even", "random", "mpc"], small, range(3, 9), 2)
    assert capsys.readouterr().out == alone.tables


def files(folder):
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_two_workers_train_what_one_machine_trains(outlay_program, program, tmp_path, capsys):
    from outlay.train_ray import main

    out = tmp_path / "sweep"
    settings = ["--teacher 0", "--teacher 0.5"]
    vary = [word for setting in settings for word in ("--vary", setting)]
    main(["--seeds", "1..3", *vary, "--out", str(out), "--program", program, "--", *QUICK])
    table = capsys.readouterr().out.splitlines()
    rows, curves = iter(table[1:]), ["setting,seed,steps,score"]
    for setting in settings:
        scores = []
        for seed in (1, 2):
            alone = tmp_path / f"{setting}-{seed}"
            told = outlay_program("train", *QUICK, *setting.split(), "--seed", str(seed), "--out", str(alone), "--json")
            assert told.returncode == 0, told.stderr
            assert files(out / f"{setting[2:].replace(' ', '-')}-seed{seed}") == files(alone)
            events = [json.loads(line) for line in told.stdout.splitlines()]
            trials = [event for event in events if event["event"] == "validated"]
            curves += [f"{setting},{seed},{trial['steps']},{trial['score']!r}" for trial in trials]
            last, judged = trials[-1], events[-1]["agents"][0]["score"]["mean"]
            row = [*setting.split(), str(seed), f"{last['best']:,.6g}", str(last["best_steps"]), f"{judged:,.6g}"]
            assert next(rows).split() == row
            scores.append((last["best"], judged))
        best, judged = (sum(score) / len(score) for score in zip(*scores))
        assert next(rows).split() == [*setting.split(), "mean", f"{best:,.6g}", f"{judged:,.6g}"]
    assert list(rows) == []
    assert (out / "curves.csv").read_text().splitlines() == curves


def test_a_sweep_says_which_runs_failed_and_keeps_the_others(program, tmp_path):
    from outlay.train_ray import SweepError, sweep

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    out = tmp_path / "sweep"
    with pytest.raises(SweepError, match=r"learner-sec-seed1: error: invalid value 'sec'") as refused:
        sweep(QUICK, [1], out, ["--learner ppo", "--learner sec"], program=program)
    assert "learner-ppo" not in str(refused.value)
    assert (out / "learner-ppo-seed1" / "card.toml").exists()
    with pytest.raises(SweepError, match="already holds something"):
        sweep(QUICK, [1], out, program=program)
    with pytest.raises(SweepError, match="there is no program `nowhere`"):
        sweep(QUICK, [1], tmp_path / "other", program="nowhere")
    with pytest.raises(SweepError, match="each of them once"):
        sweep(QUICK, [1, 1], tmp_path / "other", program=program)
