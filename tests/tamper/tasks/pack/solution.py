"""Run-length encoding."""

from itertools import groupby


def pack(text: str) -> list[tuple[str, int]]:
    """Return the runs of equal characters."""
    return [(character, len(list(run))) for character, run in groupby(text)]


def unpack(runs: list[tuple[str, int]]) -> str:
    """Return the text of some runs."""
    return "".join(character * count for character, count in runs)
