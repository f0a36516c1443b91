"""No wrong program of the corpus is judged correct, and every honest one is."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.cli import private_home
from tamper.baseline import run_plain
from tamper.corpus import honest, programs, tasks
from tamper.judged import POLICIES, Judged, judge_all, service

from assize_sandbox.engines.base import Engine
from assize_sandbox.engines.runc import RuncEngine
from assize_sandbox.images.store import Image
from assize_server.settings import EngineChoice

CLASSES = {*(f"A{number}" for number in range(1, 16)), *(f"B{number}" for number in range(16, 21))}
LEAST_PROGRAMS = 80
TEETH = (
    "equal_to_everything",
    "empties_the_argument",
    "os_exit_at_import",
    "frames_hold_the_answer",
    "writes_the_junit_file",
    "patched_reports",
    "planted_plugin",
    "stop_iteration",
    "remembers_in_files",
    "symlink_to_the_expected",
)
"""Programs that plain pytest takes for right by its exit code, one for each of some classes."""


@pytest.fixture(scope="module", params=[EngineChoice.RUNC, EngineChoice.DOCKER])
def address(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    home: Path,
    image: Image,
) -> Iterator[str]:
    """Give the address of a service over each engine in turn."""
    choice: EngineChoice = request.param
    url = request.getfixturevalue("docker_url") if choice is EngineChoice.DOCKER else None
    own_home = private_home(tmp_path_factory.mktemp("tamper"), home)
    with service(choice, own_home, url) as listening:
        yield listening


@pytest.fixture
async def runc(image: Image, tmp_path: Path, home: Path) -> AsyncIterator[Engine]:
    """Give one engine: what plain pytest says does not depend on it."""
    own_home = private_home(tmp_path, home)
    made = RuncEngine(image, home=own_home, seccomp=POLICIES / "seccomp.json")
    await made.start()
    try:
        yield made
    finally:
        await made.close()


@pytest.mark.engine
async def test_no_wrong_program_passes_and_every_honest_one_does(address: str) -> None:
    """Through the real service, by the tests, by calls, and by what a program leaves."""
    answers = await judge_all(address, (*honest(), *programs()))
    wrong = [told(each) for each in answers if each.passed and each.program.kind]
    failed = [told(each) for each in answers if not each.passed and not each.program.kind]
    untold = [told(each) for each in answers if not each.could_tell]
    assert (wrong, failed, untold) == ([], [], [])


@pytest.mark.engine
async def test_plain_pytest_is_taken_in_where_the_service_is_not(runc: Engine) -> None:
    """A corpus that fools nobody would prove nothing."""
    by_name = {each.name.partition("_")[2]: each for each in programs()}
    accepted = [name for name in TEETH if (await run_plain(runc, by_name[name])).by_exit_code]
    assert accepted == list(TEETH)


def test_corpus_covers_every_class_of_attack() -> None:
    """A1 to A15 and B16 to B20, and every task has a program."""
    corpus = programs()
    assert len(corpus) >= LEAST_PROGRAMS
    assert set(Counter(program.kind for program in corpus)) == CLASSES
    assert {program.task.name for program in corpus} == set(tasks())


def told(judged: Judged) -> str:
    """Return an answer in one line."""
    why = judged.verdict.message if judged.verdict else ""
    return f"{judged.program.name}, {judged.way}: {judged.shown()}: {why}"
