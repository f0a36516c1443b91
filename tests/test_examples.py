"""The demo and its examples."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = {path.parent.name for path in (ROOT / "examples").glob("*/example.yaml")}


@pytest.mark.engine
@pytest.mark.usefixtures("image")
def test_demo_ends_with_the_expected_verdict_of_every_example() -> None:
    """What a newcomer sees first is right, and no example is left out."""
    demo = subprocess.run(
        [sys.executable, "examples/demo.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    summary = demo.stdout.rpartition("summary")[2].splitlines()
    assert {line.split()[0] for line in summary if " yes " in line} == EXAMPLES


@pytest.mark.engine
@pytest.mark.usefixtures("image")
def test_demo_of_an_approval_types_every_command_with_its_end() -> None:
    """Held, approved, landed, rolled back, denied; and a record changed by hand is found out."""
    demo = subprocess.run(
        ["examples/approval/demo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    _, _, record = demo.stdout.partition("The record has every step.")
    sound, _, changed = record.partition("makes the denial an approval")
    assert "\nSOUND: " in sound
    assert "\nNOT SOUND: " in changed
    assert "rewritten: " in changed


def test_readme_of_the_examples_names_each_with_its_verdict() -> None:
    """The table says what `example.yaml` says."""
    table = (ROOT / "examples" / "README.md").read_text()
    for name in EXAMPLES:
        told = (ROOT / "examples" / name / "example.yaml").read_text()
        expect = next(
            line.removeprefix("expect: ")
            for line in told.splitlines()
            if line.startswith("expect: ")
        )
        assert f"| [`{name}`]({name}) | `{expect}` |" in table
