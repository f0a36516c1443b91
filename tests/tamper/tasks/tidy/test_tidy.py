from solution import tidy


def check(tags):
    got = tidy(tags)
    want = sorted({tag.lower() for tag in tags})
    assert len(got) == len(want)
    for mine, theirs in zip(got, want):
        assert mine == theirs


def test_tidies_letters():
    check(["b", "A", "a"])


def test_tidies_words():
    check(["Zebra", "apple", "Mango", "mango"])


def test_tidies_one():
    check(["X"])
