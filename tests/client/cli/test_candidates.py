"""`assize candidates` as a script sees it, against the whole service over the fake engine."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.programs import EXITS_7, HELLO
from support.service import serving
from typer.testing import CliRunner, Result

from assize.cli import main

SPEC = 'checks: [{name: out, stdout: {exact: "hello\\n"}}]\n'


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A service on an event loop of its own: the command blocks this one."""
    told: list[str] = []
    ready, leave = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with serving(tmp_path) as service:
            told.append(service.address)
            ready.set()
            await leave.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    ready.wait()
    yield told[0]
    loop.call_soon_threadsafe(leave.set)
    thread.join()
    loop.close()


def invoke(address: str, folder: Path, *arguments: str) -> Result:
    """Run the command on the good and the bad candidate in the folder."""
    (folder / "good.py").write_bytes(HELLO.source)
    (folder / "same.py").write_bytes(HELLO.source)
    (folder / "bad.py").write_bytes(EXITS_7.source)
    (folder / "spec.yaml").write_text(SPEC)
    words = [str(folder / word) if word.endswith(".py") else word for word in arguments]
    return CliRunner().invoke(
        main.app,
        [
            "candidates",
            *words,
            "--spec",
            str(folder / "spec.yaml"),
            "--server",
            address,
            "--as",
            "main.py",
        ],
    )


def test_some_candidate_passes_and_the_exit_status_is_0(address: str, tmp_path: Path) -> None:
    """Verdicts and estimates are on standard output."""
    result = invoke(address, tmp_path, "good.py", "bad.py", "--k", "1")
    assert result.exit_code == 0
    assert "1 of 2 passed, 1 failed" in result.stdout
    assert "pass@1: 0.500" in result.stdout


def test_no_candidate_passes_and_the_exit_status_is_1(address: str, tmp_path: Path) -> None:
    """A script can tell without reading."""
    assert invoke(address, tmp_path, "bad.py").exit_code == 1


def test_json_has_an_object_a_line_and_the_summary_last(address: str, tmp_path: Path) -> None:
    """Candidates that are the same are said to be."""
    result = invoke(address, tmp_path, "good.py", "same.py", "-o", "json")
    *verdicts, summary = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["candidate"]["same_as"] for each in verdicts] == [None, 0]
    assert (summary["event"], summary["summary"]["duplicates"]) == ("summary", 1)


def test_k_above_the_number_of_candidates_is_bad_usage(address: str, tmp_path: Path) -> None:
    """Nothing is run."""
    assert invoke(address, tmp_path, "good.py", "--k", "2").exit_code == 2
