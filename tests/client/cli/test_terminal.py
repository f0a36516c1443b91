"""What people see of names and texts that somebody else chose."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize.cli.terminal import lines, one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("report.csv", "report.csv"),
        ("Grüße/日本語/данные", "Grüße/日本語/данные"),
        ("नमस्ते", "नमस्ते"),
        ("a\x1b[2Kb", r"a\x1b[2Kb"),
        ("a\u202eb", r"a\u202eb"),
        ("a\u200bb", r"a\u200bb"),
        ("a\U000e0041b", r"a\U000e0041b"),
        ("a\nb", r"a\nb"),
        ("a\u00a0b", r"a\xa0b"),
        ("a\u3000b", r"a\u3000b"),
        ("a\u3164b", r"a\u3164b"),
        ("a\u2800b", r"a\u2800b"),
        ("a\ufe0fb", r"a\ufe0fb"),
        ("a\U000e0100b", r"a\U000e0100b"),
        ("a\ue000b", r"a\ue000b"),
        ("a\ud800b", r"a\ud800b"),
        ("cafe\u0301", r"cafe\u0301"),
        ("caf\u00e9", "caf\u00e9"),
        ("\u212b", r"\u212b"),
        ("\u1112\u1161\u11ab", r"ᄒ\u1161\u11ab"),
        ("/\u0338x", r"/\u0338x"),
        ("\u0301x", r"\u0301x"),
    ],
)
def test_what_is_not_seen_is_shown_escaped(text: str, shown: str) -> None:
    """Controls, blanks that are no space, marks upon what is no letter, parts of letters."""
    assert one_line(text) == shown


def test_marks_do_not_pile_up_into_other_lines() -> None:
    """As many as letters of any script have."""
    assert one_line("q" + "\u0335" * 4) == "q" + "\u0335" * 3 + r"\u0335"


@given(st.text())
def test_two_forms_of_one_text_are_told_apart(text: str) -> None:
    """NFC and NFD look the same in a terminal, and are two names to a file system."""
    composed, parts = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    if composed != parts:
        assert unicodedata.normalize("NFC", one_line(parts)) != one_line(composed)


@given(st.text(), st.text())
def test_texts_that_are_shown_alike_differ_in_backslashes_alone(one: str, other: str) -> None:
    """Nothing is left out, and what was shown is not changed by being shown again."""
    for shown in (one_line(one), one_line(other), *lines(one)):
        assert one_line(shown) == shown
    if one_line(one) == one_line(other) and one != other:
        assert "\\" in one_line(one)
