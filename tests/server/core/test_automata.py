"""The automaton over globs: it matches what the matcher matches, and finds shortest words."""

import itertools
import random
from collections.abc import Iterable, Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assize_server.core import globs
from assize_server.core.automata import Allowance, NotProven, path_of, search, table_of
from assize_server.core.positions import BREAK, Pattern, Positions
from assize_server.core.precedence import Combination, Order

RANDOM_PATHS = 36_000
LONGEST_PATH = 5
LONGEST_WORD = 6
"""Of the words that are all tried, breaks included."""

PARTS = ("a", "*", "**", "?", ".a", "a*", "*a", "*a*", "a?", "?*", "...", "*b*", ".*")
TABLES = ("*.*", "a.*", "*.a", "?.a*", "*a.b", "a.a.b", "*.?")


def glob_of(parts: Iterable[str]) -> str:
    """Return a glob of these parts; `**` is not repeated."""
    kept: list[str] = []
    for part in parts:
        if part != "**" or kept[-1:] != ["**"]:
            kept.append(part)
    return "/".join(kept)


path_globs = st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).map(glob_of)
path_patterns = st.lists(
    st.builds(Pattern, st.none() | path_globs), min_size=1, max_size=5, unique=True
)
table_patterns = st.lists(
    st.builds(
        Pattern,
        st.none() | path_globs,
        st.none() | st.sampled_from(TABLES),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
    unique=True,
)


@st.composite
def orders_over(draw: st.DrawFn, count: int) -> tuple[Order, ...]:
    """Two orders, each over some of so many patterns, some of them in one level."""
    level = st.frozensets(st.integers(0, count - 1), min_size=1, max_size=2)
    return tuple(tuple(draw(st.lists(level, max_size=4))) for _ in range(2))


@settings(max_examples=200, deadline=None)
@given(patterns=path_patterns, data=st.data())
def test_search_finds_what_trying_all_paths_finds_and_no_shorter_path_exists(
    patterns: list[Pattern], data: st.DataObject
) -> None:
    """Combinations and lengths are those of brute force; longer ones hold for the matcher."""
    orders = data.draw(orders_over(len(patterns)))
    found = search(patterns, orders, Allowance(), tables=False)
    _check(found, patterns, orders, _paths(LONGEST_PATH))


@settings(max_examples=150, deadline=None)
@given(patterns=table_patterns, data=st.data())
def test_search_over_tables_finds_what_trying_all_words_finds(
    patterns: list[Pattern], data: st.DataObject
) -> None:
    """The same with a schema and a name behind the path, or neither."""
    orders = data.draw(orders_over(len(patterns)))
    found = search(patterns, orders, Allowance(), tables=True)
    _check(found, patterns, orders, _words(LONGEST_WORD))


def test_random_paths_agree_between_automaton_and_matcher() -> None:
    """36,000 paths, each against one of many globs, in a mixture that often matches."""
    choose = random.Random(5)  # noqa: S311 - not for secrets
    for _ in range(RANDOM_PATHS // 100):
        glob = glob_of(choose.choices(PARTS, k=choose.randint(1, 5)))
        positions = Positions()
        positions.add(Pattern(glob), tables=False)
        matches = globs.matcher(globs.parse(glob))
        for _ in range(100):
            path = _random_path(choose, glob)
            assert _runs(positions, path) == bool(matches(path)), (glob, path)


def test_characters_that_no_glob_names_behave_alike() -> None:
    """The path that stands for others has a character that is in no glob."""
    everything = "abcdefghijklmnopqrstuvwxyz0123456789_-"
    patterns = [Pattern(character) for character in everything]
    orders = [(frozenset(range(len(patterns))),)]
    found = search(patterns, orders, Allowance(), tables=False)
    assert found[(1,)] == "à"


def test_paths_with_empty_or_dot_parts_are_no_examples() -> None:
    """No workspace has a file called `.` or `..`, and a path does not go through them."""
    patterns = [Pattern("..*"), Pattern(".*"), Pattern("**/*.")]
    order = tuple(frozenset({index}) for index in range(len(patterns)))
    found = search(patterns, [order], Allowance(), tables=False)
    assert found == {(0,): "..x", (1,): ".x", (2,): "x.", (3,): "x"}


def test_rules_of_one_form_do_not_multiply() -> None:
    """Fifty rules about names anywhere take a few states each, not 2 to the fiftieth."""
    names = [f"name{index:02}" for index in range(50)]
    for form in ("**/{}/**", "**/*{}*", "**/*{}*/**", "workspace/**/*.{}"):
        patterns = [Pattern(form.format(name)) for name in names]
        order = tuple(frozenset({index}) for index in range(50))
        found = search(patterns, [order, order], Allowance(50_000), tables=False)
        assert set(found) == {(index, index) for index in range(51)}


def test_search_beyond_its_allowance_claims_nothing() -> None:
    """What was found until then is not an answer."""
    patterns = [Pattern("**/a/**"), Pattern("**/b/**")]
    with pytest.raises(NotProven):
        search(patterns, [(frozenset({0}), frozenset({1}))], Allowance(3), tables=False)


def test_a_slash_within_a_table_is_a_character_of_its_name() -> None:
    """Only the path has parts."""
    found = search([Pattern(None, "main.a/?")], [(frozenset({0}),)], Allowance(), tables=True)
    assert table_of(found[(0,)]) == "main.a/x"
    assert path_of(found[(0,)]) == "x"


def _check(
    found: dict[Combination, str],
    patterns: Sequence[Pattern],
    orders: Sequence[Order],
    words: Sequence[str],
) -> None:
    matched = [_matched(pattern, words) for pattern in patterns]
    by_trying: dict[Combination, int] = {}
    for place, word in enumerate(words):
        here = {index for index, each in enumerate(matched) if each[place]}
        by_trying.setdefault(tuple(_first(order, here) for order in orders), len(word))
    longest = len(words[-1])
    assert by_trying == {key: len(word) for key, word in found.items() if len(word) <= longest}
    for combination, word in found.items():
        here = {index for index, each in enumerate(patterns) if _matched(each, (word,))[0]}
        assert tuple(_first(order, here) for order in orders) == combination


def _first(order: Order, matched: set[int]) -> int:
    return next((index for index, level in enumerate(order) if level & matched), len(order))


@cache
def _matched(pattern: Pattern, words: tuple[str, ...]) -> list[bool]:
    """Return for each word whether the matcher says that the pattern matches it."""
    path = globs.matcher(globs.parse("**" if pattern.path is None else pattern.path))
    if pattern.table is None:
        return [bool(path(path_of(word))) for word in words]
    table = globs.table_matcher(globs.parse_table(pattern.table))
    return [
        bool(path(path_of(word)))
        and bool(table(table_of(word)) if table_of(word) else pattern.unnamed)
        for word in words
    ]


@cache
def _paths(longest: int) -> tuple[str, ...]:
    """Return all well-formed paths over a tiny alphabet, shortest first."""
    return tuple(
        path
        for length in range(1, longest + 1)
        for path in map("".join, itertools.product("abx./", repeat=length))
        if not {"", ".", ".."} & set(path.split("/"))
    )


@cache
def _words(longest: int) -> tuple[str, ...]:
    """Return all short paths with all short tables behind them, shortest first."""
    names = ["".join(each) for size in (1, 2, 3) for each in itertools.product("abx.", repeat=size)]
    tables = [
        "",
        *(f"{schema}{BREAK}{name}" for schema in names if "." not in schema for name in names),
    ]
    words = (f"{path}{BREAK}{table}" for path in _paths(longest - 1) for table in tables)
    return tuple(sorted((word for word in words if len(word) <= longest), key=len))


def _runs(positions: Positions, path: str) -> bool:
    state = positions.begun([0])
    for character in path:
        state = positions.after(state, character)
    return bool(state & positions.places[0].accepting)


def _random_path(choose: random.Random, glob: str) -> str:
    """Return a path that is like the glob, so that it matches about as often as not."""
    parts: list[str] = []
    for part in glob.split("/"):
        if part == "**":
            parts += choose.choices(("a", "b", ".a"), k=choose.randint(0, 2))
        elif choose.random() < 0.9:
            wild = {"*": choose.choice(("", "a", "xb")), "?": choose.choice("ax")}
            parts.append("".join(wild.get(character, character) for character in part) or "x")
    return "/".join(part if part not in {"", ".", ".."} else "x" for part in parts or ["a"])
