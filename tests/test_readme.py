"""What the README shows works as it is written there."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assize import parse_spec
from assize_sandbox.images.store import Image
from assize_server.embedded import EmbeddedService
from assize_server.settings import from_environment

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [(match["language"], match["text"]) for match in BLOCK.finditer(README)]
LINK = re.compile(r"\]\((?!https?:)(?P<path>[^)#]+)")
ADDRESS = "127.0.0.1:50051"
ASSIZE = Path(sys.executable).with_name("assize")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the README shows, each under the name in its first line."""
    for _, text in BLOCKS:
        if name := re.match(r"# (\S+\.\w+)\n", text):
            (tmp_path / name[1]).write_text(text)
    return tmp_path


@pytest.fixture
def address(image: Image, tmp_path: Path) -> Iterator[str]:
    """A service to ask, on a socket and with a memory of its own."""
    del image
    settings = replace(from_environment(), pool_size=1, state=tmp_path / "state")
    with EmbeddedService(settings=settings) as address:
        yield address


@pytest.mark.parametrize("text", [text for language, text in BLOCKS if language == "yaml"])
def test_spec_of_the_readme_is_one(text: str) -> None:
    """Each YAML block can be copied as a spec."""
    assert parse_spec(text).checks


@pytest.mark.engine
def test_program_of_the_readme_gets_its_verdict(folder: Path, address: str) -> None:
    """The Python block runs as it stands, against a service at another address."""
    script = folder / "ask.py"
    assert ADDRESS in script.read_text()
    script.write_text(script.read_text().replace(ADDRESS, address))
    asked = run([sys.executable, "-W", "error", str(script)], folder)
    assert asked.stdout == "PASSED passed: 1 of 1 deciding checks\nadds PASSED 3 of 3 cases\n"


@pytest.mark.engine
def test_command_of_the_readme_passes(folder: Path, address: str) -> None:
    """The command judges the files that the README shows, and begins its answer as shown."""
    command = ["verify", "solution.py", "--spec", "spec.yaml"]
    assert f"$ assize {' '.join(command)}\n" in README
    asked = run([str(ASSIZE), *command, "--server", address], folder)
    assert asked.returncode == 0
    shown = README.partition(f"$ assize {' '.join(command)}\n")[2].splitlines()
    assert asked.stdout.splitlines()[:4] == shown[:4]


@pytest.mark.engine
def test_run_of_the_readme_over_a_workspace_is_held(folder: Path, address: str) -> None:
    """What is typed there ends with what is shown there, and the files are as they were."""
    (folder / "shop").mkdir()
    (folder / "shop" / "prices.csv").write_text("apple,1\n")
    typed = [line[2:] for line in README.splitlines() if line.startswith("$ assize ")]
    begin = typed.index("assize workspace create shop")
    create, push, verify = typed[begin : begin + 3]
    for line in (create, push):
        assert (
            run([str(ASSIZE), *shlex.split(line)[1:], "--server", address], folder).returncode == 0
        )
    asked = run([str(ASSIZE), *shlex.split(verify)[1:], "--server", address], folder)
    assert asked.returncode == 3
    shown = README.partition(f"$ {verify}\n")[2].splitlines()
    assert without_ids(asked.stdout.splitlines()[:2]) == without_ids(shown[:2])
    there = run([str(ASSIZE), "workspace", "show", "shop", "--server", address], folder)
    assert "prices.csv" in there.stdout


def without_ids(lines: list[str]) -> list[str]:
    """Return the lines with the ids of holds, which are random, left out."""
    return [re.sub(r"hold-[0-9a-f]+", "hold-", line) for line in lines]


def test_links_of_the_readme_lead_somewhere() -> None:
    """No file that the README names is missing."""
    paths = [match["path"] for match in LINK.finditer(README)]
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def run(command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a command in a folder and return what it said."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.stderr == "", done.stderr
    return done
