"""The strict YAML loader: what it reads, what it refuses, and where it says so."""

import json
import math

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from assize.strict_yaml import MOST_DEPTH, Plain, Position, YamlError, dotted, load


def refusal(text: str) -> YamlError:
    """Return the error that loading `text` raises."""
    with pytest.raises(YamlError) as caught:
        load(text, "spec.yaml")
    return caught.value


def test_plain_document_gives_data() -> None:
    """Scalars mean what they mean in JSON, block scalars keep their lines."""
    text = "a: true\nb: [1, -2.5, 1e-9, x y, 'no']\nc: |\n  one\n  two\nd: {e: \"\\u00e9\"}\n"
    assert load(text, "spec.yaml").data == {
        "a": True,
        "b": [1, -2.5, 1e-9, "x y", "no"],
        "c": "one\ntwo\n",
        "d": {"e": "é"},
    }


def test_position_of_entry_is_its_key_and_of_unknown_path_its_nearest_holder() -> None:
    """Whoever checks the data can name the line of any path."""
    document = load("checks:\n  - name: a\n    stdout: {exact: x}\n", "spec.yaml")
    assert document.position(()) == Position(1, 1)
    assert document.position(("checks",)) == Position(1, 1)
    assert document.position(("checks", 0)) == Position(2, 5)
    assert document.position(("checks", 0, "stdout", "exact")) == Position(3, 14)
    assert document.position(("checks", 0, "missing", 7)) == Position(2, 5)


def test_error_of_document_names_file_line_column_and_path() -> None:
    """Errors of later checks read like the loader's own."""
    document = load("checks:\n  - name: a\n", "spec.yaml")
    error = document.error(("checks", 0, "name"), "is taken")
    assert str(error) == "spec.yaml:2:5: checks[0].name: is taken"
    assert dotted(()) == ""


@pytest.mark.parametrize(
    "scalar",
    [
        *("no", "No", "NO", "yes", "on", "off", "True", "FALSE", "y", "N"),
        *("0755", "0o17", "0x1f", "0b1", "08", "1_000", "1:30", "190:20:30", "+1", "1.", ".5"),
        *(".inf", "-.INF", ".nan", "1.10", "0.50", "2024-01-01", "=", "<<"),
        *("~", "null", "Null", "99999999999999999999", "1e999", "1" * 5000),
    ],
)
def test_ambiguous_plain_scalar_is_refused_and_quoted_one_is_text(scalar: str) -> None:
    """YAML versions disagree on these, or they would lose something; in quotes they are text."""
    error = refusal(f"a: 1\nb: {scalar}\n")
    assert error.position == Position(2, 4)
    assert load(f"b: '{scalar}'\n", "spec.yaml").data == {"b": scalar}


@pytest.mark.parametrize(
    ("text", "line", "column", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1, "already given in line 1"),
        ("a: 1\n'a': 3\n", 2, 1, "already given in line 1"),
        ("a: &x 1\n", 1, 4, "anchors"),
        ("a: *x\n", 1, 4, "anchors"),
        ("a:\n  <<: {b: 1}\n", 2, 3, "<<"),
        ("a: !!str 1\n", 1, 4, "tags"),
        ("a: !x 1\n", 1, 4, "tags"),
        ("!!python/object/apply:os.system [id]\n", 1, 1, "tags"),
        ("%YAML 1.1\n---\na: 1\n", 1, 1, "directives"),
        ("a: 1\n---\nb: 1\n", 2, 1, "only one document"),
        ("a:\nb: 1\n", 1, 3, "no value"),
        ("1: x\n", 1, 1, "key must be text"),
        ("? [a]\n: x\n", 1, 3, "key must be text"),
        ("", 1, 1, "empty"),
        ("# nothing\n", 2, 1, "empty"),
        ("a: [1\n", 2, 1, "expected"),
        ("\ta: 1\n", 1, 1, "cannot start"),
        ("a: 1\nb: \x01\n", 2, 4, "U+0001"),
        ("a: 1\nb: x\x85y\n", 2, 5, "U+0085"),
        ('a: "\\ud800"\n', 1, 4, "surrogate"),
        ('a: "\\UFFFFFFFF"\n', 1, 7, "no such character"),
        ("[" * (MOST_DEPTH + 1), 1, MOST_DEPTH + 1, "too deep"),
        ("- " * (MOST_DEPTH + 1), 1, 2 * MOST_DEPTH + 1, "too deep"),
    ],
)
def test_surprising_document_is_refused(text: str, line: int, column: int, problem: str) -> None:
    """The error names line, column and what is wrong."""
    error = refusal(text)
    assert problem in error.problem
    assert error.position == Position(line, column)
    assert str(error).startswith(f"spec.yaml:{line}:{column}: ")


def test_error_about_long_value_is_short() -> None:
    """A hostile file cannot flood the terminal through its own error."""
    assert len(str(refusal("a: 0" + "7" * 100_000))) < 200


@given(st.text() | st.text(alphabet="[]{}:,-?&*!|>'\"%@` \n\tab01._#~<="))
@example("\ufeffa: 1")
@example("a: !<")
@example('"\\x')
def test_any_text_gives_plain_data_or_yaml_error(text: str) -> None:
    """No input raises anything else, and what is read has only known types."""
    try:
        document = load(text, "fuzz")
    except YamlError as refused:
        error = refused
    else:
        check_plain(document.data)
        error = document.error((), "is fine")
    assert error.position.line >= 1
    assert error.position.column >= 1


def check_plain(data: Plain) -> None:
    """Assert that `data` is what the type says."""
    if isinstance(data, dict):
        assert all(type(key) is str for key in data)
        for value in data.values():
            check_plain(value)
    elif isinstance(data, list):
        for value in data:
            check_plain(value)
    else:
        assert type(data) in {bool, int, float, str}


PLAIN_TEXT = st.text(st.characters(codec="utf-8"))
PLAIN = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | PLAIN_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PLAIN_TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
def test_json_is_read_as_json(data: Plain) -> None:
    """Every JSON document without null and within bounds means the same here."""
    # JSON leaves DEL as it is, YAML wants it escaped.
    text = json.dumps(data).replace("\x7f", "\\u007f")
    assert load(text, "spec.json").data == data


@given(st.from_regex(r"[-+]?[0-9_.:eE+-]{1,8}|[A-Za-z]{1,5}", fullmatch=True))
def test_plain_scalar_means_what_safe_load_and_json_agree_on(scalar: str) -> None:
    """Where a plain scalar is read, YAML 1.1 reads the same, or JSON does."""
    try:
        ours = load(f"a: {scalar}", "scalar").data
        theirs = yaml.safe_load(f"a: {scalar}")
    except (YamlError, yaml.YAMLError):
        return
    if ours != theirs:
        assert isinstance(ours, dict)
        number = ours["a"]
        assert isinstance(number, float)
        assert math.isclose(number, json.loads(scalar))
