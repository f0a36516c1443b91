"""The mean of some values."""


def mean(values: list[float]) -> float:
    """Return the arithmetic mean."""
    if not values:
        raise ValueError("no values")
    return sum(values) / len(values)
