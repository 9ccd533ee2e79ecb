"""Bad input is refused in the words of the terminal."""

import pytest

import outlay


def complaint(error):
    """What an exception says, as the terminal begins it."""
    text = str(error.value)
    return text if text.startswith("error: ") else f"error: {text}"


@pytest.mark.parametrize("name", ["new-custmer", "my/shop.toml"])
def test_an_unknown_scenario(outlay_program, name):
    with pytest.raises(outlay.ScenarioError) as error:
        outlay.Scenario(name)
    assert isinstance(error.value, ValueError)
    assert outlay_program("check", name).stderr.strip() == complaint(error)


def test_every_problem_of_a_file_with_its_place(outlay_program, tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text('base = "new-customer"\nbudget = -5\nstepz = 3\n')
    with pytest.raises(outlay.ScenarioError) as error:
        outlay.OutlayEnv(file)
    assert "bad.toml:2:10" in complaint(error) and "stepz" in complaint(error)
    assert outlay_program("check", str(file)).stderr.strip() == complaint(error)


def test_words_that_mean_nothing():
    with pytest.raises(outlay.ScenarioError, match='not "test"'):
        outlay.OutlayEnv(seeds="test").reset(seed=0)
    with pytest.raises(outlay.ScenarioError, match="unknown option 'seed'"):
        outlay.OutlayEnv().reset(options={"seed": 3})
    with pytest.raises(outlay.ScenarioError, match="`shoppers` is a number above 0"):
        outlay.OutlayEnv(shoppers="few")
    with pytest.raises(outlay.ScenarioError, match="`shoppers` is a number above 0"):
        outlay.OutlayEnv(shoppers=0)
