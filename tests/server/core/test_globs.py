"""Patterns over paths and tables: what they mean, what is refused, and what they may cost."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assize_server.core.globs import (
    MOST_CHARS,
    AnyChar,
    AnyRun,
    DoubleStar,
    Glob,
    GlobError,
    Part,
    Token,
    lowered,
    matcher,
    parse,
    parse_table,
    table_matcher,
)

LETTERS = "ab.\n"
names = st.text(LETTERS, min_size=1, max_size=4).filter(lambda name: name not in {".", ".."})
paths = st.lists(names, min_size=1, max_size=5).map("/".join)
parts = (
    st.lists(st.sampled_from([*LETTERS, "?", "*"]), min_size=1, max_size=4)
    .map("".join)
    .filter(lambda part: "**" not in part and part not in {".", ".."})
)
patterns = (
    st.lists(st.just("**") | parts, min_size=1, max_size=5)
    .map("/".join)
    .filter(lambda text: "**/**" not in text)
)


def fits(glob: Glob, path: str) -> bool:
    """Say what a pattern means, the slow and plain way."""

    given_names = path.split("/")
    count = len(given_names)

    @cache
    def rest(at: int, of: int) -> bool:
        if at == len(glob.parts):
            return of == count
        part = glob.parts[at]
        if isinstance(part, Part):
            return of < count and fits_part(part.tokens, given_names[of]) and rest(at + 1, of + 1)
        least = of + 1 if at + 1 == len(glob.parts) else of
        return any(rest(at + 1, after) for after in range(least, count + 1))

    return rest(0, 0)


def fits_part(tokens: tuple[Token, ...], name: str) -> bool:
    """Say what one part means."""
    if not tokens:
        return not name
    match tokens[0]:
        case AnyRun():
            return any(fits_part(tokens[1:], name[skip:]) for skip in range(len(name) + 1))
        case AnyChar():
            return bool(name) and fits_part(tokens[1:], name[1:])
        case char:
            return name.startswith(char) and fits_part(tokens[1:], name[1:])


@given(patterns, paths)
def test_matcher_says_what_the_parse_means(pattern: str, path: str) -> None:
    """The compiled form, with its atomic groups, is never of another opinion than the plain one."""
    glob = parse(pattern)
    assert bool(matcher(glob)(path)) is fits(glob, path)


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("**/.git/**", [".git/x", "workspace/.git/x", "a/.git/b/c"], [".git", "a/.git", "x.git/a"]),
        ("workspace/**", ["workspace/a", "workspace/.a/b"], ["workspace", "Workspace/a", "a"]),
        ("**", ["a", "a/b"], []),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a", "ab", "a/xb", "b"]),
        ("*", ["a", ".a"], ["a/b"]),
        ("a/*/c", ["a/b/c"], ["a/c", "a/b/b/c"]),
        ("**/*.env", [".env", "a/.env", "a/x.env"], [".env\n", "a/.env\n", ".env/x", ".ENV"]),
        ("a?c", ["abc", "a\nc"], ["ac", "a/c", "abbc"]),
        ("a.c", ["a.c"], ["abc"]),
        ("**/a", ["a", "b/a", "a/a/a"], ["a/b"]),
    ],
)
def test_pattern_fits_these_paths_and_not_those(
    pattern: str, matching: list[str], other: list[str]
) -> None:
    """What the reference of policies says of `*`, `?` and `**`."""
    fit = matcher(parse(pattern))
    assert [path for path in matching if not fit(path)] == []
    assert [path for path in other if fit(path)] == []


@pytest.mark.parametrize(
    "text",
    [
        *("", "/", "/a", "a/", "a//b", ".", "a/../b", "./a"),
        *("a**", "**a", "a/***", "**/**", "a/**/**/b"),
        *("[ab]", "a]", "{a,b}", "a\\*", "a" * (MOST_CHARS + 1)),
    ],
)
def test_pattern_that_would_not_mean_what_it_seems_to_is_refused(text: str) -> None:
    """None of them is taken for a literal or quietly matches nothing."""
    with pytest.raises(GlobError):
        parse(text)


@pytest.mark.parametrize(
    ("pattern", "table", "fit"),
    [
        ("main.*", "main.users", True),
        ("main.*", "main.a/b.c", True),
        ("main.*", "temp.users", False),
        ("*.users", "main.users", True),
        ("*.users", "main.old.users", False),
        ("main.Users", "main.uSERS", True),
        ("main.user?", "main.user", False),
        ("main.user?", "main.user\n", True),
    ],
)
def test_pattern_over_tables_is_split_at_the_first_dot_and_blind_to_case(
    pattern: str, table: str, *, fit: bool
) -> None:
    """A table whose name holds a slash or another case hides from no rule."""
    assert bool(table_matcher(parse_table(pattern))(lowered(table))) is fit


@pytest.mark.parametrize("text", ["", "users", ".users", "main.", "main.**", "main.[u]"])
def test_pattern_that_names_no_table_is_refused(text: str) -> None:
    """Both halves are given."""
    with pytest.raises(GlobError):
        parse_table(text)


def test_pattern_parses_into_what_proofs_are_built_from() -> None:
    """Literals one by one, with no text left to read again."""
    assert parse("**/a?*") == Glob((DoubleStar(), Part(("a", AnyChar(), AnyRun()))))


def test_hostile_path_costs_no_more_than_a_plain_one() -> None:
    """Nested runs over a long name of one letter: with backtracking, this would take years."""
    fit = matcher(parse("**/*a*a*a*a*a*a*a*a*b/**/*c*c*c*c*d/**/e/**/f"))
    assert not fit("/".join(["a" * 255, "c" * 255] * 8))
