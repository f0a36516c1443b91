"""What a text must be to match."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize.model.spec import Contains, Empty, Exact, Normalized, Numeric, Regex, TextExpectation
from assize.model.verdict import Output
from assize_server.core.bounds import (
    MOST_DIFF_BYTES,
    MOST_PATTERN_CHARS,
    MOST_SHOWN_CHARS,
)
from assize_server.core.patterns import PatternRefused, check_pattern
from assize_server.core.text import matches

KINDS: tuple[TextExpectation, ...] = (
    Exact("ab"), Normalized("ab"), Regex("a"), Numeric("ab"), Contains("a"),
)  # fmt: skip


@given(st.text())
def test_text_equal_to_the_expected_one_matches_in_every_kind(text: str) -> None:
    """What was asked for passes, whatever characters it is made of."""
    data = text.encode()
    for expectation in (Exact(text), Normalized(text), Numeric(text), Contains(text)):
        assert matches(expectation, data) is None


@given(st.text(), st.text())
def test_exact_matches_equal_text_only_and_shows_bounded_printable_parts(
    expected: str, actual: str
) -> None:
    """Equality of characters, and nothing shown that a terminal obeys."""
    mismatch = matches(Exact(expected), actual.encode())
    assert (mismatch is None) == (expected == actual)
    if mismatch is not None:
        for part in (mismatch.message, mismatch.expected, mismatch.actual, mismatch.diff):
            assert all(char == "\n" or char.isprintable() for char in part)


@pytest.mark.parametrize("expectation", KINDS)
def test_truncated_output_never_matches(expectation: TextExpectation) -> None:
    """Bytes that nobody saw cannot be judged, even if what is left looks right."""
    mismatch = matches(expectation, Output(b"a", b"b", total_bytes=3))
    assert mismatch is not None
    assert "2 of 3 bytes" in mismatch.message


def test_output_in_head_and_tail_without_a_gap_is_one_text() -> None:
    """A character may be split between the two."""
    data = "aé".encode()
    assert matches(Exact("aé"), Output(data[:2], data[2:], total_bytes=3)) is None


@pytest.mark.parametrize("expectation", KINDS)
@pytest.mark.parametrize("data", [b"ab\xff", b"ab\xc0\x80", b"ab\xed\xa0\x80"])
def test_text_that_is_not_strict_utf8_never_matches(
    expectation: TextExpectation, data: bytes
) -> None:
    """Invalid bytes, overlong forms and encoded surrogates are no text."""
    mismatch = matches(expectation, data)
    assert mismatch is not None
    assert "offset 2" in mismatch.message


@pytest.mark.parametrize(
    "actual",
    [
        "wrong\rright\n", "\x1b[2K\x1b[1Gright\n", "wrong\b\b\b\b\bright\n", "right\r\n", "right",
        "right\n\n", "\ufeffright\n", "r\u0456ght\n", "right\u200b\n", "RIGHT\n", "right\x00\n",
        "\u202eright\n", "right\u00a0\n", "right\x85",
    ],
)  # fmt: skip
def test_text_that_only_looks_right_on_a_terminal_does_not_match(actual: str) -> None:
    """CR, ANSI, backspace, homoglyphs and invisible characters are differences, and are shown."""
    mismatch = matches(Exact("right\n"), actual.encode())
    assert mismatch is not None
    shown = mismatch.message + mismatch.actual + mismatch.diff
    assert all(char == "\n" or char.isprintable() for char in shown)


@pytest.mark.parametrize("actual", ["ri\u200bght", "right\u00a0", "r\u0456ght", "wrong\rright"])
def test_normalized_ignores_ascii_white_space_only(actual: str) -> None:
    """A space is a space; what looks like none is not."""
    assert matches(Normalized("right"), actual.encode()) is not None
    assert matches(Normalized("a b"), b" \ta\r\n\n b\f\n") is None


def test_mismatch_names_the_place_and_the_code_point() -> None:
    """An agent can repair from it, also where two characters look alike."""
    mismatch = matches(Exact("a\nscope"), "a\ns\u0441ope".encode())
    assert mismatch is not None
    assert mismatch.message.startswith("line 2, column 2: expected 'c', got ")
    assert "U+0441" in mismatch.message
    assert "-scope" in mismatch.diff


def test_difference_of_huge_texts_is_bounded() -> None:
    """Neither the shown parts nor the diff grow with the output."""
    expected = "\n".join(f"{'é' * 500} {number}" for number in range(2000))
    actual = expected.replace("9", "8")
    mismatch = matches(Exact(expected), actual.encode())
    assert mismatch is not None
    assert len(mismatch.diff.encode()) <= MOST_DIFF_BYTES
    assert max(len(mismatch.expected), len(mismatch.actual)) <= MOST_SHOWN_CHARS + 2


def test_regex_searches_and_its_dollar_is_the_end_of_the_text() -> None:
    """`$` does not match before a last line feed."""
    assert matches(Regex("b+"), b"abbc") is None
    assert matches(Regex("^ab$"), b"ab\n") is not None
    assert matches(Regex("^b"), b"a\nb") is not None


def test_regex_that_backtracking_would_never_finish_ends() -> None:
    """The cost is bounded by the lengths of pattern and text."""
    assert matches(Regex("^(a+)+$"), b"a" * 100_000 + b"!") is not None


@pytest.mark.parametrize(
    "pattern",
    ["(", "(?=a)", r"(a)\1", "a" * (MOST_PATTERN_CHARS + 1), r"(\pL{100}){20}", "\ud800"],
)
def test_pattern_that_is_malformed_or_costly_is_refused(pattern: str) -> None:
    """At admission, not when the output is there."""
    with pytest.raises(PatternRefused):
        check_pattern(pattern)


@pytest.mark.parametrize(
    ("expected", "actual", "relative", "absolute"),
    [
        ("x = 1.0, y = 2", "x = 1.0000001,  y = 2\n", 1e-6, 0.0),
        ("100", "101", 0.01, 0.0),
        ("-0.5", "-.5", 0.0, 0.0),
        ("1e3", "1000.0", 0.0, 0.0),
        ("0", "-0", 0.0, 0.0),
        ("3.14.", "3.15.", 0.0, 0.02),
        ("0.3", "0.1", 0.0, 0.5),
    ],
)
def test_numbers_within_tolerance_match(
    expected: str, actual: str, relative: float, absolute: float
) -> None:
    """The larger of the two tolerances counts; white space does not."""
    assert matches(Numeric(expected, relative, absolute), actual.encode()) is None


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("1", "nan"), ("1", "inf"), ("1", "1e999999999999999999999"), ("1", ""), ("", "1"),
        ("1 2", "1"), ("1", "1 2"), ("1", "1 the end"), ("1", "1."), ("v1.2.3", "v1.2.4"),
        ("a1", "a2"), ("1", "\u0661"), ("1 m", "1 cm"), ("1", "True"), ("1", "'1'"), ("1", "0x1"),
        ("1", "1_0"), ("5", "4 5"), ("nan", "NaN"), ("1e999", "1e998"),
    ],
)  # fmt: skip
def test_what_is_not_the_expected_number_does_not_match(expected: str, actual: str) -> None:
    """Words must be equal, also where they hold digits; nothing is as large as infinity."""
    assert matches(Numeric(expected, 0.4, 0.4), actual.encode()) is not None


def test_long_integers_that_floats_cannot_tell_apart_differ() -> None:
    """Tolerance 0 means equal numbers, not equal floats."""
    assert matches(Numeric("9" * 60 + "1"), b"9" * 60 + b"2") is not None
    assert matches(Numeric("0"), b"1e-999999999") is not None


def test_a_megabyte_of_digits_is_read_in_linear_time() -> None:
    """Quadratic reading would outlive this test suite."""
    assert matches(Numeric("1"), b"1" * 1_000_000 + b"a") is not None
    assert matches(Numeric("1"), b"1." * 500_000) is not None


@pytest.mark.parametrize("data", [b"\n", b" ", b"\xff", Output(total_bytes=1)])
def test_anything_written_is_not_empty(data: bytes | Output) -> None:
    """Not even white space, nor bytes that were dropped."""
    assert matches(Empty(), data) is not None
    assert matches(Empty(), Output()) is None


def test_contains_is_case_sensitive() -> None:
    """No folding of any kind."""
    assert matches(Contains("ok"), b"OK") is not None
    assert matches(Contains("ok"), b"all ok") is None
