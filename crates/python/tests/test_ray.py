"""A comparison that is shared out over Ray is the comparison of one machine."""

import pytest

import outlay

ray = pytest.importorskip("ray", reason="ray is not installed: `pip install ray` and run this file")


def test_two_workers_make_the_table_of_one_machine(small, capsys):
    from outlay.compare_ray import main, shared_out

    assert shared_out(range(3, 8), 2) == [range(3, 5), range(5, 8)]
    assert shared_out(range(2), 5) == [range(0, 1), range(1, 2)]
    try:
        main([small, "--agents", "even,random,mpc", "--seeds", "3..9", "--noise", "2", "--parts", "2"])
    finally:
        ray.shutdown()
    alone = outlay.evaluate(["even", "random", "mpc"], small, range(3, 9), 2)
    assert capsys.readouterr().out == alone.tables
