import pytest
from solution import greet


@pytest.mark.parametrize("name", ["Ann", "Bob", "Grace Hopper"])
def test_greets_by_name(name):
    assert greet(name).startswith("Hello, " + name)


def test_greets_with_emphasis():
    assert greet("Ann").endswith("!")


def test_greets_briefly():
    assert len(greet("Ann")) == 11
