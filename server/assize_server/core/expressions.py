"""Which Python expressions a spec may give: postconditions and `where`.

They are evaluated in the test sandbox and never here. What would fail for every candidate is told
before anything runs: what does not compile, and names that stand for nothing.
"""

import builtins
import symtable
import warnings
from collections.abc import Iterable, Iterator
from typing import Final

from assize_server.core.bounds import MOST_EXPRESSION_CHARS, MOST_REFERENCE_BYTES
from assize_server.core.excerpt import one_line
from assize_server.core.faults import utf8_size

CONSTRUCTORS: Final = (
    "Decimal", "Fraction", "Path", "UUID", "date", "datetime", "time", "timedelta", "timezone",
)  # fmt: skip
GIVEN: Final = frozenset({*CONSTRUCTORS, "args", "candidate", "math", "result", "same"})
"""What every expression may name beside the builtins. `guest/trials.py` supplies it."""


def expression_fault(text: str, names: Iterable[str]) -> str | None:
    """Return why a text is no expression over the given names, None if it is one."""
    if len(text) > MOST_EXPRESSION_CHARS:
        return f"an expression has at most {MOST_EXPRESSION_CHARS} characters, got {len(text)}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<expression>", "eval", dont_inherit=True)
            found = set(_globals(symtable.symtable(text, "<expression>", "eval")))
    except SyntaxError as error:
        return f"not a Python expression: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"not a text that Python can compile: {one_line(str(error))}"
    known = GIVEN.union(names)
    unknown = sorted(found - known - frozenset(dir(builtins)))
    if not unknown:
        return None
    return (
        f"the name {one_line(unknown[0])} stands for nothing; known are {', '.join(sorted(known))}"
    )


def reference_fault(source: str, function: str) -> str | None:
    """Return why a text is no module with the function, None if it is one."""
    if utf8_size(source) > MOST_REFERENCE_BYTES:
        return f"a reference has at most {MOST_REFERENCE_BYTES} bytes, got {utf8_size(source)}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = symtable.symtable(source, "reference.py", "exec")
    except SyntaxError as error:
        return f"not Python, line {error.lineno or 1}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"not a text that Python can compile: {one_line(str(error))}"
    first = function.partition(".")[0]
    bound = {each.get_name() for each in table.get_symbols() if each.is_local()}
    if first in bound or "import *" in source:
        return None
    return f"it has no {one_line(first)}: the reference is the function of the same name"


def _globals(table: symtable.SymbolTable) -> Iterator[str]:
    """Yield the names that the expression itself does not bind."""
    own = {each.get_name() for each in table.get_symbols() if each.is_assigned()}
    yield from (_free(table) - own)


def _free(table: symtable.SymbolTable) -> set[str]:
    top = table.get_type() == "module"
    found = {
        each.get_name()
        for each in table.get_symbols()
        if each.is_referenced() and (top or each.is_global())
    }
    return found.union(*(_free(child) for child in table.get_children()))
