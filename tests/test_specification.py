"""SPECIFICATION.md: each promise has its number once, and tests that exist."""

import re
from dataclasses import dataclass

import pytest
from support.named_tests import ROOT, missing_from, named_in

PROMISE = re.compile(
    r"^- \*\*P(?P<number>\d+)\*\* (?P<text>.*?)(?=^- \*\*|^#|\Z)", re.MULTILINE | re.DOTALL
)
WITHOUT_TESTS = re.compile(r"^  - (untested|withdrawn): \S", re.MULTILINE)
SPECIFICATION = (ROOT / "SPECIFICATION.md").read_text()


@dataclass(frozen=True)
class Promise:
    """One promise and everything below it, up to the next."""

    number: int
    text: str

    @property
    def is_held(self) -> bool:
        """Whether it names a test, or says why it does not."""
        return bool(named_in(self.text) or WITHOUT_TESTS.search(self.text))


def promises_of(text: str) -> list[Promise]:
    """Return the promises of a specification, in order."""
    return [Promise(int(match["number"]), match["text"]) for match in PROMISE.finditer(text)]


def test_promises_are_numbered_in_order_without_gap_or_double() -> None:
    """A number that is written elsewhere always means the same promise."""
    numbers = [promise.number for promise in promises_of(SPECIFICATION)]
    assert numbers
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_promise_names_its_tests_or_says_why_not() -> None:
    """A sentence that nothing holds is no promise."""
    unheld = [promise.number for promise in promises_of(SPECIFICATION) if not promise.is_held]
    assert unheld == []


def test_tests_that_the_specification_names_exist() -> None:
    """A test that was renamed or removed takes its promise along, unless somebody looks."""
    assert missing_from(SPECIFICATION) == []


def test_every_test_named_is_read() -> None:
    """No path is written in a way that the three tests above would pass over."""
    assert len(named_in(SPECIFICATION)) == SPECIFICATION.count("::test_")


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("- **P1** Holds.\n  - `tests/test_specification.py::test_x`\n", True),
        ("- **P1** Holds.\n  - untested: it needs a second machine\n", True),
        ("- **P1** Holds.\n  - withdrawn: there are no engines any more\n", True),
        ("- **P1** Holds.\n", False),
        ("- **P1** Holds.\n  - untested:\n", False),
        ("- **P1** Holds.\n\n## Next\n\n`tests/test_specification.py::test_x`\n", False),
    ],
)
def test_promise_is_held_by_tests_or_a_reason_of_its_own(text: str, held: bool) -> None:
    """What belongs to the next promise or chapter does not count."""
    assert [promise.is_held for promise in promises_of(text)] == [held]
