import pytest
from solution import pack, unpack


@pytest.mark.parametrize("text", ["aaab", "", "xyz", "  !!  "])
def test_unpacks_what_was_packed(text):
    assert unpack(pack(text)) == text


def test_packs_small():
    assert len(pack("a" * 1000)) == 1
