"""Which function checks are admitted."""

import math
from collections.abc import Callable, Iterable
from typing import Final

from assize.model.spec import Function, FunctionCase, Tolerance
from assize.values.notation import NotationError, parse_answer, parse_call
from assize.values.tree import DictValue, ListValue, TupleValue, type_name
from assize_sandbox.codec import CodecError, encode_call
from assize_server.core.bounds import MOST_CASES, MOST_NAME_CHARS
from assize_server.core.excerpt import one_line
from assize_server.core.expressions import expression_fault
from assize_server.core.faults import Faults
from assize_server.core.patterns import pattern_fault

INITIALISER: Final = "__init__.py"
ANSWERS: Final = ("returns", "raises", "matches", "where")
"""Of which a case has one."""


def check_function(kind: Function, files: Iterable[str], field: str, faults: Faults) -> None:
    """Note every fault of a function check; `files` are the submitted paths."""
    faults.add(f"{field}.module", module_fault(kind.module, frozenset(files)))
    if not kind.cases:
        faults.add(f"{field}.cases", "at least 1 case is needed, got 0")
    for index, case in enumerate(kind.cases[:MOST_CASES]):
        if faults.full:
            return
        _check_case(case, f"{field}.cases[{index}]", faults)


def check_tolerance(relative: float, absolute: float, field: str, faults: Faults) -> None:
    """Note a tolerance that is not finite or below zero: it would make everything equal."""
    for name, value in (("relative", relative), ("absolute", absolute)):
        if not (math.isfinite(value) and value >= 0):
            faults.add(f"{field}.{name}", f"a tolerance is finite and at least 0, got {value}")


def dotted_name_fault(name: str) -> str | None:
    """Return why a text is no dotted name of Python, None if it is one."""
    if len(name) > MOST_NAME_CHARS:
        return f"a name has at most {MOST_NAME_CHARS} characters, this one {len(name)}"
    if not all(part.isidentifier() for part in name.split(".")):
        return f"a dotted name such as solution or pkg.tool is needed, got {name!a}"
    return None


def module_fault(module: str, files: frozenset[str]) -> str | None:
    """Return why a module is none of the submitted files, None if it is one."""
    fault = dotted_name_fault(module)
    if fault is not None:
        return fault
    path = module.replace(".", "/")
    wanted = f"{path}.py", f"{path}/{INITIALISER}"
    if files.isdisjoint(wanted):
        return f"neither {wanted[0]} nor {wanted[1]} is among submission.files"
    return None


def _check_case(case: FunctionCase, field: str, faults: Faults) -> None:
    _check_notation(case.call, _encodable_call, f"{field}.call", faults)
    if [case.returns, case.raises, case.matches, case.where].count(None) != len(ANSWERS) - 1:
        faults.add(field, f"exactly one of {', '.join(ANSWERS)} is needed")
    if case.returns is not None:
        _check_notation(case.returns, parse_answer, f"{field}.returns", faults)
    if case.raises is not None:
        faults.add(f"{field}.raises", dotted_name_fault(case.raises))
    if case.matches is not None:
        faults.add(f"{field}.matches", pattern_fault(case.matches))
    if case.where is not None:
        faults.add(f"{field}.where", expression_fault(case.where, ["kwargs"]))
    tolerance = case.approx or Tolerance()
    check_tolerance(tolerance.relative, tolerance.absolute, f"{field}.approx", faults)
    _check_comparator(case, field, faults)


def _check_comparator(case: FunctionCase, field: str, faults: Faults) -> None:
    """Note comparators that do not fit what is expected, or each other."""
    if case.returns is None:
        if case.raises is None and (case.approx is not None or case.nan_equal):
            faults.add(field, "approx and nan_equal are for a case with returns")
        if case.unordered or case.subset:
            faults.add(field, "unordered and subset are for a case with returns")
        return
    if case.unordered and (case.subset or case.approx is not None):
        # With a tolerance, which item is meant for which is no question with one answer.
        faults.add(f"{field}.unordered", "goes neither with approx nor with subset")
    try:
        expected = parse_answer(case.returns)
    except NotationError:
        return
    if case.unordered and not isinstance(expected, ListValue | TupleValue):
        problem = f"is for a list or a tuple, and returns is a {type_name(expected)}"
        faults.add(f"{field}.unordered", problem)
    if case.subset and not (isinstance(expected, DictValue) and expected.pairs):
        problem = "is for a dict that is not empty: every dict has the entries of an empty one"
        faults.add(f"{field}.subset", problem)


def _encodable_call(text: str) -> None:
    call = parse_call(text)
    encode_call(call.arguments, call.keywords)


def _check_notation(text: str, read: Callable[[str], object], field: str, faults: Faults) -> None:
    try:
        read(text)
    except (NotationError, CodecError) as error:
        faults.add(field, one_line(str(error), 300))
