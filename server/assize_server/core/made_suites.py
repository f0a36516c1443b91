"""Makes tests of property checks and of `where` cases: pytest files for the test sandbox.

The files hold data and hypothesis's strategies; what they do is in `guest/trials.py`, which they
import as `assize_trials`.
"""

from typing import Final

from assize.model.spec import CheckKind, Function, Property, Tests, Tolerance
from assize.values.notation import parse_call, show
from assize.values.tree import DictValue, TupleValue
from assize_server.core.strategies import WRITTEN_MOST, written

FOLDER: Final = "assize_reference"
"""Where the reference lies: apart from the tests, whatever its own name is."""
PROPERTY_FILE: Final = "test_property.py"
WHERE_FILE: Final = "test_where.py"
CASE: Final = "test_case_"
NAMES: Final = (
    "from datetime import date, datetime, time, timedelta, timezone\n"
    "from decimal import Decimal\n"
    "from fractions import Fraction\n"
    "from pathlib import Path\n"
    "from uuid import UUID\n"
)
"""The constructors of the notation."""
HYPOTHESIS: Final = (
    "from hypothesis import HealthCheck, given, settings\nfrom hypothesis import strategies as st\n"
)


def suite_of(kind: CheckKind) -> Tests | None:
    """Return the tests of a check, None if it has none."""
    match kind:
        case Tests():
            return kind
        case Property():
            return property_suite(kind)
        case Function(cases=cases) if any(case.where is not None for case in cases):
            return where_suite(kind)
        case _:
            return None


def property_suite(kind: Property) -> Tests:
    """Return a suite with one test, which tries the function."""
    allowed = kind.approx or Tolerance()
    reference = f"{FOLDER}/{kind.reference[0]}" if kind.reference else ""
    trial = (
        f"TRIAL = Trial({kind.module!r}, {kind.function!r}, reference={reference!r},\n"
        f"    expression={kind.postcondition or ''!r},\n"
        f"    names={tuple(each.name for each in kind.arguments)!r},\n"
        f"    rules=Rules({allowed.relative!r}, {allowed.absolute!r},\n"
        f"        nan_equal={kind.nan_equal}))\n"
    )
    inputs = ", ".join(written(each.strategy) for each in kind.arguments)
    if kind.from_type_hints:
        inputs = "*map(st.from_type, TRIAL.hints)"
    test = (
        f"@settings(max_examples={kind.max_examples}, deadline=None, database=None,\n"
        "    derandomize=False, print_blob=False, report_multiple_bugs=False,\n"
        "    suppress_health_check=list(HealthCheck))\n"
        f"@given(st.tuples({inputs}))\n"
        "def tried(args):\n"
        "    TRIAL.run(args)\n\n\n"
        "def test_property():\n"
        "    TRIAL.judge(tried)\n"
    )
    header = f'"""Made of a property check."""\n\n{NAMES}{HYPOTHESIS}'
    text = f"{header}from assize_trials import Rules, Trial\n\n{trial}\n\n{test}"
    files = [(PROPERTY_FILE, text)]
    if kind.reference:
        files.append((reference, kind.reference[1]))
    return Tests(tuple(files), (kind.module,), kind.lifetime, seed=kind.seed)


def where_suite(kind: Function) -> Tests:
    """Return a suite with a test for each case that has an expression."""
    tests = []
    for index, case in enumerate(kind.cases):
        if case.where is None:
            continue
        call = parse_call(case.call)
        pairs = ((name, value) for name, value in call.keywords)
        args = show(TupleValue(call.arguments), WRITTEN_MOST)
        kwargs = show(DictValue(tuple(pairs)), WRITTEN_MOST)
        tests.append(
            f"def {CASE}{index + 1}():\n"
            f"    trial = Trial({kind.module!r}, {call.function!r}, expression={case.where!r})\n"
            f"    trial.run({args}, {kwargs})\n"
        )
    header = f'"""Made of a function check."""\n\n{NAMES}from assize_trials import Trial\n'
    return Tests(((WHERE_FILE, "\n\n".join([header, *tests])),), (kind.module,))


def case_of(test: str) -> int:
    """Return the number of the case that a test was made of, from 1."""
    return int(test.rpartition(CASE)[2])
