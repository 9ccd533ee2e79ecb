"""What several tests need."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def program():
    """Path of the program `outlay`; `.ci/run` builds it beside the package."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    program = Path(os.environ.get("OUTLAY_PROGRAM", target / "release" / "outlay"))
    if not program.exists():
        pytest.skip(f"there is no {program}: `cargo build --release` makes it, OUTLAY_PROGRAM names another")
    return str(program)


@pytest.fixture(scope="session")
def outlay_program(program):
    """Runs the program and gives what it did."""

    def run(*arguments):
        command = [program, *arguments]
        return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, env=os.environ | {"OUTLAY_RESULTS": ""})

    return run


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """The default scenario with fewer simulated shoppers: the same market, sooner."""
    text = (ROOT / "environments" / "new-customer.toml").read_text()
    few = text.replace("\nshoppers = 20000\ntraining_shoppers = 5000\n", "\nshoppers = 1000\ntraining_shoppers = 500\n")
    assert few != text, "the scenario names its shoppers otherwise"
    file = tmp_path_factory.mktemp("small") / "new-customer.toml"
    file.write_text(few)
    return str(file)


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch):
    """Paths in tests are those of the repository."""
    monkeypatch.chdir(ROOT)
