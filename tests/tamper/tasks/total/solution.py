"""What a basket costs."""


def total(prices: list[int]) -> int:
    """Return the sum of the prices, in cents."""
    return sum(prices)
