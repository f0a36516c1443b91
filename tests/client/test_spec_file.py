"""Spec files: the Spec message in YAML, and errors that name the line."""

from pathlib import Path

import pytest
import yaml
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st

from assize.convert.spec import spec_to_proto
from assize.errors import InvalidRequest, ReasonCode
from assize.model import spec as s
from assize.model import strategies as m
from assize.spec_file import load_spec, parse_spec

EVERYTHING = r"""
checks:
  - name: ends well
    exit_code: {code: 0}
  - stdout: {exact: "3\n"}
    weight: 2
  - stdout: {normalized: a b}
    optional: true
  - stderr: {empty: true}
  - stdout: {regex: '^\d+$'}
  - stdout: {contains: x}
  - stdout:
      numeric: {text: "1.0 2.0", relative: 1e-9, absolute: 0}
  - json_schema:
      schema: |
        {"type": "object"}
      path: out.json
  - file: {path: a.txt, present: false}
  - file: {path: b.txt, sha256: "00"}
  - file: {path: c.txt, text: {exact: hello}}
  - name: adds
    function:
      module: solution
      cases:
        - {call: "add(1, 2)", returns: "3"}
        - {call: "half(1)", returns: "0.5", approx: {relative: 1e-6}, nan_equal: true}
        - {call: "add(1)", raises: TypeError}
        - {call: "items(1)", returns: "[1, 2]", unordered: true}
        - {call: "entry(1)", returns: "{'a': 1}", subset: true}
        - {call: "name(1)", matches: '^a\d$'}
        - {call: "half(1)", where: "result * 2 == args[0]"}
  - script:
      files:
        - {path: check.py, content: "import solution\n"}
"""


def test_every_kind_of_check_is_read() -> None:
    """The file says everything that the message can say."""
    cases = (
        s.FunctionCase("add(1, 2)", returns="3"),
        s.FunctionCase("half(1)", returns="0.5", approx=s.Tolerance(1e-6), nan_equal=True),
        s.FunctionCase("add(1)", raises="TypeError"),
        s.FunctionCase("items(1)", returns="[1, 2]", unordered=True),
        s.FunctionCase("entry(1)", returns="{'a': 1}", subset=True),
        s.FunctionCase("name(1)", matches=r"^a\d$"),
        s.FunctionCase("half(1)", where="result * 2 == args[0]"),
    )
    assert parse_spec(EVERYTHING).checks == (
        s.Check("ends well", s.ExitCode(0)),
        s.Check("stdout-2", s.Stdout(s.Exact("3\n")), weight=2.0),
        s.Check("stdout-3", s.Stdout(s.Normalized("a b")), required=False),
        s.Check("stderr-4", s.Stderr(s.Empty())),
        s.Check("stdout-5", s.Stdout(s.Regex(r"^\d+$"))),
        s.Check("stdout-6", s.Stdout(s.Contains("x"))),
        s.Check("stdout-7", s.Stdout(s.Numeric("1.0 2.0", 1e-9, 0.0))),
        s.Check("json_schema-8", s.JsonSchema('{"type": "object"}\n', "out.json")),
        s.Check("file-9", s.FileIs("a.txt", present=False)),
        s.Check("file-10", s.FileIs("b.txt", sha256="00")),
        s.Check("file-11", s.FileIs("c.txt", text=s.Exact("hello"))),
        s.Check("adds", s.Function("solution", cases)),
        s.Check("script-13", s.Script((("check.py", "import solution\n"),))),
    )


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("check: []", "1:1", "unknown key; did you mean checks?"),
        ("checks:\n  - exitCode: {code: 0}", "2:5", "did you mean exit_code?"),
        ("checks:\n  - zzz: 1", "2:5", "known are exit_code"),
        ("checks: 3", "1:1", "expected a list, got 3"),
        ("- 1", "1:1", "expected keys and values, got a list"),
        ("checks: [x]", "1:10", "checks[0]: expected keys and values, got 'x'"),
        ("checks:\n  - stdout: {exact: 3}", "2:14", "expected text, got 3; put it in quotes"),
        ("checks:\n  - stdout: {exact: [a]}", "2:14", "expected text, got a list"),
        ("checks:\n  - exit_code: {code: '0'}", "2:17", "expected a whole number, got '0'"),
        ("checks:\n  - exit_code: {code: 1.0}", "2:17", "expected a whole number, got 1.0"),
        ("checks:\n  - exit_code: {code: true}", "2:17", "expected a whole number, got true"),
        ("checks:\n  - exit_code: {code: 3000000000}", "2:17", "does not fit in 32 bits"),
        ("checks:\n  - exit_code: {}\n    optional: 1", "3:5", "expected true or false, got 1"),
        ("checks:\n  - exit_code: {}\n    weight: x", "3:5", "expected a number, got 'x'"),
        ("checks:\n  - exit_code: {}\n    stdout: {exact: a}", "3:5", "only one of exit_code"),
        ("checks:\n  - stdout: {exact: a, regex: b}", "2:24", "only one of exact, regex"),
        ("checks:\n  - name: a", "2:5", "needs one of exit_code"),
        ("checks:\n  - name: a\n    stdout: {}", "3:5", "needs one of exact"),
        ("checks:\n  - stdout: {empty: false}", "2:14", "must be true"),
        (
            "checks:\n  - function:\n      cases:\n        - call: f()",
            "4:11",
            "checks[0].function.cases[0]: needs one of returns, raises",
        ),
        ("checks:\n  - stdout: {exact: no}", "2:21", "write true or false"),
        ("checks:\n  - name: a\n    name: b", "3:5", "already given in line 2"),
        ("checks:\n  - stdout:", "2:12", "no value"),
    ],
)
def test_wrong_spec_is_refused_with_its_line(text: str, place: str, problem: str) -> None:
    """Whoever wrote the file sees where and what."""
    with pytest.raises(InvalidRequest) as caught:
        parse_spec(text, "spec.yaml")
    assert str(caught.value).startswith(f"spec.yaml:{place}: ")
    assert problem in str(caught.value)
    assert caught.value.reason == ReasonCode.INVALID_REQUEST


def test_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A missing file and one that is no text say so."""
    with pytest.raises(InvalidRequest, match="No such file"):
        load_spec(tmp_path / "absent.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"checks: \xff")
    with pytest.raises(InvalidRequest, match="not UTF-8 at byte 8"):
        load_spec(tmp_path / "latin.yaml")


PLAIN = st.recursive(
    st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "a", "3", "\x1b[31m"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "checks",
                    "name",
                    "stdout",
                    "exact",
                    "numeric",
                    "function",
                    "cases",
                    "call",
                    "returns",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=20,
)


@given(PLAIN)
def test_any_document_is_a_spec_or_an_invalid_request(data: object) -> None:
    """No file makes the loader raise anything else, and what it reads can be sent."""
    text = yaml.safe_dump(data)
    try:
        spec = parse_spec(text)
    except InvalidRequest:
        return
    # Written back by protobuf itself, it is the same spec again.
    written = MessageToDict(spec_to_proto(spec), preserving_proto_field_name=True)
    assert parse_spec(yaml.safe_dump(written) if written else "checks: []") == spec


@given(st.text())
def test_any_text_is_a_spec_or_an_invalid_request(text: str) -> None:
    """No text makes the loader raise anything else."""
    try:
        parse_spec(text)
    except InvalidRequest as error:
        assert str(error).startswith("spec.yaml:")  # noqa: PT017 - either end is right


PROPERTY = """
checks:
  - name: median
    property:
      module: solution
      function: median
      arguments:
        - name: numbers
          lists: {of: {integers: {min: -9, max: 9}}, min_size: 1}
        - optional: {of: {one_of: {of: [{booleans: {}}, {none: {}}, {bytes: {max_size: 3}}]}}}
        - tuples: {of: [{floats: {min: 0, allow_infinity: true}}, {text: {alphabet: ab}}]}
        - dictionaries: {keys: {integers: {}}, values: {sampled_from: {values: ["1", "[2]"]}}}
      POST
"""
ARGUMENTS = (
    m.Argument(m.Lists(m.Integers(-9, 9), 1), "numbers"),
    m.Argument(m.Optional(m.OneOf((m.Booleans(), m.Nothing(), m.Bytes(0, 3))))),
    m.Argument(m.Tuples((m.Floats(0.0, allow_infinity=True), m.Text(alphabet="ab")))),
    m.Argument(m.Dictionaries(m.Integers(), m.SampledFrom(("1", "[2]")))),
)


def test_property_check_is_read_with_its_strategies() -> None:
    """A hundred inputs, unless it says another number."""
    spec = parse_spec(PROPERTY.replace("POST", "postcondition: result in numbers"))
    kind = s.Property("solution", "median", ARGUMENTS, postcondition="result in numbers")
    assert spec.checks == (s.Check("median", kind),)
    assert kind.max_examples == 100


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("max_examples: 5", "needs one of reference, postcondition"),
        ("postcondition: x\n      lifetime: ever", "must be one of test, call, suite"),
        ("reference: {path: r.py, content: x}\n      postcondition: x", "only one of reference"),
    ],
)
def test_property_check_that_lacks_a_choice_is_an_error(wrong: str, problem: str) -> None:
    """As every other check."""
    with pytest.raises(InvalidRequest, match=problem):
        parse_spec(PROPERTY.replace("POST", wrong))


@pytest.mark.parametrize(
    ("strategy", "problem"),
    [
        ("{}", "needs one of integers, floats"),
        ("{lists: {}}", "lists.of: needs one of integers"),
        ("{optional: {of: {name: x, none: {}}}}", "only the arguments themselves have names"),
        ("{integers: {min: 1.5}}", "expected a whole number, got 1.5"),
        ("{integers: {}, floats: {}}", "only one of integers, floats may be given"),
        ("{floats: {min: low}}", "expected a number, got 'low'"),
    ],
)
def test_strategy_that_is_none_is_an_error_with_its_place(strategy: str, problem: str) -> None:
    """Missing, doubled, named or of another type."""
    text = PROPERTY.replace("- optional:", f"- {strategy}\n        - optional:")
    with pytest.raises(InvalidRequest, match=f"spec.yaml:.*{problem}"):
        parse_spec(text.replace("POST", "postcondition: x"))
