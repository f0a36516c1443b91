import pytest
from solution import total


@pytest.mark.parametrize(
    ("prices", "want"), [([5], 5), ([1], 1), ([], 0), ([10, 20, 12], 42), ([-3, 10], 7)]
)
def test_total(prices, want):
    got = total(prices)
    assert isinstance(got, int)
    assert not isinstance(got, bool)
    assert got == want


def test_total_of_many():
    assert total(list(range(100))) == 4950
