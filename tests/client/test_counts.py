"""Numbers of things agree with their nouns."""

import pytest

from assize.counts import counted


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (11, "11 rows")]
)
def test_noun_agrees_with_its_number(number: int, told: str) -> None:
    """One is the only singular."""
    assert counted(number, "row") == told


def test_plural_of_its_own_is_taken() -> None:
    """For nouns that take no s."""
    assert [counted(each, "entry", "entries") for each in (1, 2)] == ["1 entry", "2 entries"]
