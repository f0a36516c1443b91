"""Words that a source must have if a static rule matches it.

ast-grep reads each rule anew for each file, which takes longer than matching it: most rules are
about words that most sources have not, and are left out there. The words are derived from the rule
and never written by hand, so that they cannot contradict it.

INVARIANT: a source in which a rule matches has one of its words, in small letters or in others.
What is not understood here yields no words, and such a rule is matched always.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

Words = frozenset[str]
"""One of them must be there; none at all: nothing is known."""
UNKNOWN: Final[Words] = frozenset()
_FLAGS = re.compile(r"\(\?[ims]+\)")
_LITERAL = re.compile(r"[A-Za-z0-9_/:#@%&=~!\"'<>, -]")
_ESCAPED = re.compile(r"\\[.*+?()\[\]{}|^$/-]")
_NOTHING = re.compile(r"\\[bBdDsSwWtrn]|[.^$]|\[\^?\]?(?:[^\]\\]|\\.)*\]")
"""What stands for no letter that we know."""
_REPEAT = re.compile(r"[?*+]\??|\{[0-9,]*\}\??")


class _Unclear(Exception):
    """A regular expression has what is not understood here."""


def of_rule(rule: object) -> Words:
    """Return the words of an ast-grep rule object: all that it says holds at once."""
    if not isinstance(rule, Mapping):
        return UNKNOWN
    return best(_of_entry(key, value) for key, value in rule.items())


def _of_entry(key: object, value: object) -> Words:
    match key, value:
        case "regex", str():
            return of_regex(value)
        case (("inside" | "has" | "precedes" | "follows"), _):
            # Whatever it is near to is in the source as well.
            return of_rule(value)
        case "all", list():
            return best(map(of_rule, value))
        case "any", list():
            return either(map(of_rule, value))
    return UNKNOWN


def of_regex(text: str) -> Words:
    """Return words of which each text that matches has one."""
    flags = _FLAGS.match(text)
    try:
        reader = _Reader(text[flags.end() :] if flags else text)
        words = reader.alternatives()
        reader.require_end()
    except _Unclear:
        return UNKNOWN
    return frozenset(word.casefold() for word in words)


def best(all_of: Iterable[Words]) -> Words:
    """Return the words that say the most, where all of these must be there."""
    known = [words for words in all_of if words]
    return max(known, key=lambda words: min(map(len, words)), default=UNKNOWN)


def either(any_of: Iterable[Words]) -> Words:
    """Return the words of which one is there if one of these must be."""
    known = list(any_of)
    return frozenset().union(*known) if all(known) else UNKNOWN


class _Reader:
    """Reads the part of Rust's regular expressions that rules are mostly written in."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def alternatives(self) -> Words:
        """Read up to the end or to the parenthesis that closes."""
        found = [self._sequence()]
        while self._take("|"):
            found.append(self._sequence())
        return either(found)

    def require_end(self) -> None:
        """Make sure that everything was read."""
        if self._at != len(self._text):
            raise _Unclear

    def _sequence(self) -> Words:
        found: list[Words] = []
        run = ""
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            letter, words = self._item()
            repeat = self._pattern(_REPEAT)
            if letter and not repeat:
                run += letter
                continue
            found.append(frozenset({run} - {""}))
            run = ""
            if not repeat or repeat.startswith("+"):
                found.append(words or frozenset({letter} - {""}))
        found.append(frozenset({run} - {""}))
        return best(found)

    def _item(self) -> tuple[str, Words]:
        """Read one thing: the letter that it stands for, or the words of a group."""
        if self._take("("):
            if self._pattern(re.compile(r"\?(?!:)")):
                raise _Unclear
            self._pattern(re.compile(r"\?:"))
            words = self.alternatives()
            if not self._take(")"):
                raise _Unclear
            return "", words
        if literal := self._pattern(_LITERAL):
            return literal, UNKNOWN
        if escaped := self._pattern(_ESCAPED):
            return escaped[1], UNKNOWN
        if self._pattern(_NOTHING):
            return "", UNKNOWN
        raise _Unclear

    def _take(self, expected: str) -> bool:
        found = self._text.startswith(expected, self._at)
        self._at += len(expected) if found else 0
        return found

    def _pattern(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        return found[0]
