"""A module two packages deep."""

BASE = 10


class Shared:
    """Reachable by two names."""


def twice(value: int) -> int:
    return 2 * value
