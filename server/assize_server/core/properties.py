"""Which property checks are admitted."""

import keyword
from collections import Counter
from collections.abc import Iterable
from typing import Final

from assize.model.spec import Lifetime, Property, Tolerance
from assize_server.core.bounds import MOST_EXAMPLES, MOST_PROPERTY_ARGUMENTS
from assize_server.core.cases import check_tolerance, dotted_name_fault, module_fault
from assize_server.core.excerpt import one_line
from assize_server.core.expressions import GIVEN, expression_fault, reference_fault
from assize_server.core.faults import Faults
from assize_server.core.paths import path_fault
from assize_server.core.strategies import StrategyCheck
from assize_server.core.suites import shadowing_fault

ASSUME: Final = "assume"
"""Of hypothesis: rejects an input."""


def check_property(kind: Property, submitted: Iterable[str], field: str, faults: Faults) -> None:
    """Note every fault of a property check; `submitted` are the paths of the candidate's files."""
    fault = module_fault(kind.module, frozenset(submitted))
    faults.add(f"{field}.module", fault or shadowing_fault(kind.module, frozenset()))
    function_fault = dotted_name_fault(kind.function)
    faults.add(f"{field}.function", function_fault)
    _check_arguments(kind, field, faults)
    _check_settings(kind, field, faults)
    if (kind.reference is None) == (kind.postcondition is None):
        faults.add(field, "exactly one of reference and postcondition is needed")
    if kind.reference is not None and function_fault is None:
        path, source = kind.reference
        faults.add(f"{field}.reference.path", path_fault(path) or _not_python(path))
        faults.add(f"{field}.reference.content", reference_fault(source, kind.function))
    if kind.postcondition is not None:
        _check_postcondition(kind, kind.postcondition, field, faults)


def _not_python(path: str) -> str | None:
    return None if path.endswith(".py") else "a reference is a Python file, named *.py"


def _check_arguments(kind: Property, field: str, faults: Faults) -> None:
    given = kind.arguments
    if kind.from_type_hints == bool(given):
        faults.add(field, "exactly one of arguments and from_type_hints is needed")
    if kind.from_type_hints and kind.reference is None:
        problem = "the hints are the reference's; give arguments beside a postcondition"
        faults.add(f"{field}.from_type_hints", problem)
    faults.at_most(f"{field}.arguments", given, MOST_PROPERTY_ARGUMENTS, "arguments")
    strategies = StrategyCheck(faults)
    counts = Counter(each.name for each in given)
    for index, argument in enumerate(given[:MOST_PROPERTY_ARGUMENTS]):
        place = f"{field}.arguments[{index}]"
        strategies.check(argument.strategy, place)
        if argument.name:
            faults.add(f"{place}.name", _name_fault(argument.name, counts[argument.name]))


def _name_fault(name: str, count: int) -> str | None:
    if not name.isidentifier() or keyword.iskeyword(name):
        return f"a name of Python is needed, got {one_line(name)!a}"
    if name in GIVEN or name == ASSUME:
        return f"{name} stands for something else in a postcondition"
    return f"the name {one_line(name)} is given {count} times" if count > 1 else None


def _check_settings(kind: Property, field: str, faults: Faults) -> None:
    if not 1 <= kind.max_examples <= MOST_EXAMPLES:
        text = f"1 to {MOST_EXAMPLES} inputs can be tried, got {kind.max_examples}"
        faults.add(f"{field}.max_examples", text)
    if kind.seed < 0:
        faults.add(f"{field}.seed", f"a seed is at least 0, got {kind.seed}")
    if kind.lifetime is Lifetime.SUITE:
        faults.add(f"{field}.lifetime", "a property is one test: say test or call")
    tolerance = kind.approx or Tolerance()
    check_tolerance(tolerance.relative, tolerance.absolute, f"{field}.approx", faults)


def _check_postcondition(kind: Property, text: str, field: str, faults: Faults) -> None:
    names = [each.name for each in kind.arguments if each.name]
    faults.add(f"{field}.postcondition", expression_fault(text, [*names, ASSUME]))
    if kind.approx is not None or kind.nan_equal:
        problem = "approx and nan_equal are for a reference; compare in the postcondition"
        faults.add(f"{field}.postcondition", problem)
