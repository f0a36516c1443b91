"""Points at which an operation can be killed. Nothing happens there, except in the tests that do.

They are named, so that a test that kills at each of them says which one was fatal.
"""

from collections.abc import Callable


class Steps:
    """Who is told of each step; a test puts its own there."""

    reached: Callable[[str], None] | None = None


def step(name: str) -> None:
    """Pass a point between two changes of what is stored."""
    if Steps.reached is not None:
        Steps.reached(name)
