import pytest
import solution


@pytest.mark.parametrize(
    ("values", "want"),
    [([3.0, 1.0, 2.0], 2.0), ([4.0, 1.0, 3.0, 2.0], 2.5), ([7.5], 7.5), ([0.1, 0.2], 0.15)],
)
def test_median(values, want):
    assert abs(solution.median(values) - want) < 1e-9


def test_nothing_has_no_median():
    with pytest.raises(ValueError):
        solution.median([])
