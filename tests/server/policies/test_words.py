"""The words that a source must have for a rule to match it."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from assize_server.policies.words import of_regex, of_rule, present


@pytest.mark.parametrize(
    ("regex", "expected"),
    [
        ("^(remove|unlink)$", {"\bremove\b", "\bunlink\b"}),
        ("\\bos\\b", {"\bos\b"}),
        ("\\b(os|nt)[\"')]*$", {"os", "nt"}),
        ("^(urllib\\.request)$", {"urllib.request"}),
        ("(?im)^[ \\t]*(DROP|TRUNCATE)\\b", {"drop", "truncate"}),
        ("^f?truncate$", {"\btruncate\b", "\bftruncate\b"}),
        ("^O_(WRONLY|RDWR)$", {"\bo_wronly\b", "\bo_rdwr\b"}),
        ("#[ \\t]*((flake8|ruff):)?noqa", {"noqa", "ruff:noqa", "flake8:noqa"}),
        ("^exec[lv]p?e?$", {"exec"}),
        ("^(https?|ftp)://.", {"http://", "https://", "ftp://"}),
        ("a{0}bc", {"bc"}),
        ("(ab)*c", {"c"}),
        ("(ab)+c", {"ab"}),
        ("(ab|)", set()),
        ("ab|", set()),
        ("(^|$)", set()),
        ("[\\x{FF00}-\\x{FFEF}]", set()),
        ("(?x) a b", set()),
        ("(?i-u:ab)cd", set()),
        ("\\p{L}ab", set()),
        ("(ab", set()),
        ("ab)", set()),
        (".", set()),
    ],
)
def test_words_of_a_regular_expression(regex: str, expected: set[str]) -> None:
    """The longest that must be there; none where the expression is not understood."""
    assert of_regex(regex) == expected


pieces = st.sampled_from(
    ["ab", "K", "s", "(", ")", "|", "?", "*", "+", "[ab]", "[^a]", "^", "$", "\\b", "\\.", ".", "x"]
)


@given(st.lists(pieces, max_size=8).map("".join), st.text("abBkKsx\u017f\u212a. ", max_size=8))
def test_text_that_matches_has_one_of_the_words(pattern: str, text: str) -> None:
    """Nothing that a rule would match is left out, in whatever letters."""
    try:
        compiled = re.compile(f"(?i){pattern}")
    except re.error:
        assume(False)
    words = of_regex(pattern)
    if compiled.search(text):
        assert present(words, text)


def test_rule_needs_what_any_part_of_it_needs() -> None:
    """Of parts that hold together the best is taken, of alternatives all, of a `not` none."""
    both = {"kind": "attribute", "all": [{"regex": "os"}, {"has": {"regex": "remove"}}]}
    assert of_rule(both) == {"remove"}
    assert of_rule({"any": [{"regex": "abc"}, {"inside": {"regex": "def"}}]}) == {"abc", "def"}
    assert of_rule({"any": [{"regex": "abc"}, {"kind": "call"}]}) == set()
    assert of_rule({"not": {"regex": "abc"}}) == set()
    assert of_rule({"kind": "call", "pattern": "eval($A)"}) == set()


def test_word_that_must_stand_alone_is_not_found_within_others() -> None:
    """Most sources say `close` and `import`, few say os and imp."""
    assert not present(of_regex("^(os|imp)$"), "import close")
    assert present(of_regex("^(os|imp)$"), "x=OS.close()")
    assert present(of_regex("os"), "close")
    assert present(of_regex("."), "")
