import math

import pytest
from pytest import approx, raises
from solution import *


@pytest.mark.parametrize(
    ("values", "want"), [([1.0, 2.0, 6.0], 3.0), ([0.1, 0.2], 0.15), ([-4.0], -4.0)]
)
def test_mean(values, want):
    assert mean(values) == approx(want)


def test_mean_of_opposites_has_no_sign():
    assert math.copysign(1.0, mean([-1.0, 1.0])) == 1.0


def test_nothing_has_no_mean():
    with raises(ValueError):
        mean([])
