"""Values as people write them: Python's literals and a few constructors; nothing is evaluated.

`docs/values.md` lists what can be written. The text is parsed by Python's own parser, and the tree
that comes of it is read by a closed set of rules: names are looked up in a table of constructors
that take literals only, there are no operators but signs and the `+` or `-` of a complex number.
"""

import ast
import math
import warnings
from collections.abc import Callable
from datetime import UTC, timezone
from typing import Final, NamedTuple, TypeVar

from assize.values.constructors import ZONES, ConstructorFault, construct, dotted_name
from assize.values.instances import INSTANCES, InstanceFault, make_instance
from assize.values.keys import KeyFault, check_keys
from assize.values.shown import show
from assize.values.tree import (
    MOST_DEPTH,
    MOST_NODES,
    DictValue,
    ListValue,
    SetValue,
    TupleValue,
    Value,
    type_name,
)

__all__ = ["Call", "NotationError", "parse_answer", "parse_call", "parse_value", "show"]

MOST_CHARACTERS: Final = 256 * 1024
"""Of a text in the notation. Python's parser takes some hundred bytes for each."""
MOST_WRITTEN_DEPTH: Final = MOST_DEPTH - 2
"""Containers around a value: a call's arguments travel within two more."""

_Read = TypeVar("_Read")
_FOREIGN: Final = {"true": "True", "false": "False", "null": "None", "nan": "float('nan')"}


class NotationError(ValueError):
    """A text is not in the notation; reads `line 1, column 5: problem`."""

    def __init__(self, problem: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"line {line}, column {column}: {problem}")
        self.problem = problem
        self.line = line
        """Counts from 1, blank lines before the text left out."""
        self.column = column
        """In characters, from 1."""


class Call(NamedTuple):
    """A call as it is written."""

    function: str
    """Dotted, such as `add` or `Account.open`."""
    arguments: tuple[Value, ...]
    keywords: tuple[tuple[str, Value], ...]


def parse_value(text: str) -> Value:
    """Return the value that the text writes down.

    Raises:
        NotationError: The text is not in the notation, or it is over a bound.
    """
    return _Reader(text).value_of_all()


def parse_answer(text: str) -> Value:
    """Return the value that the text writes down: `enum` and `dataclass` are read, too.

    Raises:
        NotationError: The text is not in the notation, or it is over a bound.
    """
    return _Reader(text, instances=True).value_of_all()


def parse_call(text: str) -> Call:
    """Return the function's name and the arguments, from text such as `f(1, [2], key="x")`.

    Raises:
        NotationError: The text is not one call in the notation, or it is over a bound.
    """
    return _Reader(text).call_of_all()


class _Reader:
    """Reads one text."""

    def __init__(self, text: str, *, instances: bool = False) -> None:
        self._text = text.strip()
        self._instances = instances
        self._nodes = 0

    def value_of_all(self) -> Value:
        return self._value(self._parsed(), 0)

    def call_of_all(self) -> Call:
        node = self._parsed()
        if not isinstance(node, ast.Call):
            raise self._fault(node, 'a call is due, such as `add(1, [2], key="x")`')
        function = dotted_name(node.func)
        if function is None:
            raise self._fault(node.func, "the name of a function is due")
        arguments = tuple(self._value(each, 0) for each in node.args)
        return Call(function, arguments, self._keywords(node, self._value, 0))

    def _parsed(self) -> ast.expr:
        if len(self._text) > MOST_CHARACTERS:
            raise NotationError(f"{len(self._text)} characters, over {MOST_CHARACTERS}")
        try:
            with warnings.catch_warnings():
                # Strings such as "\d" are Python's to read; a warning would go to our own log.
                warnings.simplefilter("ignore")
                return ast.parse(self._text, mode="eval").body
        except SyntaxError as error:
            place = (error.lineno or 1, error.offset or 1)
            raise NotationError(f"not a Python expression: {error.msg}", *place) from error
        except (ValueError, RecursionError, MemoryError) as error:
            raise NotationError(f"not a text that Python can parse: {error}") from error

    def _value(self, node: ast.expr, depth: int) -> Value:
        self._count(node, depth)
        match node:
            case ast.Constant(value=constant):
                return self._constant(node, constant)
            case ast.List(elts=items):
                return ListValue(self._items(items, depth))
            case ast.Tuple(elts=items):
                return TupleValue(self._items(items, depth))
            case ast.Set(elts=items):
                return SetValue(self._distinct(node, self._items(items, depth)))
            case ast.Dict():
                return self._dict(node, depth)
            case ast.UnaryOp() | ast.BinOp():
                return self._number(node, depth)
            case ast.Call():
                return self._constructed(node, depth)
            case ast.Name(id=name):
                hint = _FOREIGN.get(name.lower())
                advice = f"write {hint}" if hint else "text needs quotes"
                raise self._fault(node, f"`{name[:40]}` is a name, not a value; {advice}")
            case _:
                raise self._fault(node, "this is not a plain value, and nothing is evaluated")

    def _count(self, node: ast.expr, depth: int) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES or depth > MOST_WRITTEN_DEPTH:
            raise self._fault(
                node, f"over {MOST_NODES} values or {MOST_WRITTEN_DEPTH} containers deep"
            )

    def _items(self, nodes: list[ast.expr], depth: int) -> tuple[Value, ...]:
        return tuple(self._value(each, depth + 1) for each in nodes)

    def _constant(self, node: ast.expr, constant: object) -> Value:
        if isinstance(constant, float | complex) and math.isinf(abs(constant)):
            raise self._fault(node, "the number is beyond a float's range; write float('inf')")
        if constant is None or isinstance(constant, bool | int | float | complex | str | bytes):
            return constant
        raise self._fault(node, f"`{constant}` is not a plain value")

    def _dict(self, node: ast.Dict, depth: int) -> DictValue:
        pairs: list[tuple[Value, Value]] = []
        for key, entry in zip(node.keys, node.values, strict=True):
            if key is None:
                raise self._fault(entry, "`**` is not a plain value")
            pairs.append((self._value(key, depth + 1), self._value(entry, depth + 1)))
        self._distinct(node, tuple(key for key, _ in pairs))
        return DictValue(tuple(pairs))

    def _distinct(self, node: ast.expr, keys: tuple[Value, ...]) -> tuple[Value, ...]:
        try:
            check_keys(keys)
        except KeyFault as fault:
            raise self._fault(node, str(fault)) from fault
        return keys

    def _number(self, node: ast.UnaryOp | ast.BinOp, depth: int) -> Value:
        if isinstance(node, ast.UnaryOp):
            return self._signed(node, self._value(node.operand, depth + 1))
        real = self._value(node.left, depth + 1)
        imaginary = self._value(node.right, depth + 1)
        match real, imaginary, node.op:
            case (bool(), _, _):
                pass
            case (int() | float(), complex(), ast.Add() | ast.Sub()):
                return self._complex(node, real, imaginary)
        raise self._fault(
            node, "nothing is evaluated; only a complex number is written with an operator"
        )

    def _signed(self, node: ast.UnaryOp, value: Value) -> Value:
        if not isinstance(value, int | float | complex) or isinstance(value, bool):
            raise self._fault(node, f"a {type_name(value)} takes no sign")
        match node.op:
            case ast.USub():
                return -value
            case ast.UAdd():
                return value
            case _:
                raise self._fault(node, "nothing is evaluated; of operators only signs are read")

    def _complex(self, node: ast.BinOp, real: float, imaginary: complex) -> complex:
        try:
            return real + imaginary if isinstance(node.op, ast.Add) else real - imaginary
        except OverflowError as error:
            problem = "the real part is beyond a float's range"
            raise self._fault(node, problem) from error

    def _constructed(self, node: ast.Call, depth: int) -> Value:
        name = dotted_name(node.func)
        if name in INSTANCES:
            return self._instance(node, name, depth)
        value = self._made(node, depth)
        if isinstance(value, timezone):
            raise self._fault(node, "a time zone stands only in tzinfo= of a time or a datetime")
        return value

    def _instance(self, node: ast.Call, name: str, depth: int) -> Value:
        if not self._instances:
            raise self._fault(node, f"{name}(...) is for what is returned, and is never passed")
        arguments = self._items(node.args, depth)
        keywords = dict(self._keywords(node, self._value, depth + 1))
        try:
            return make_instance(name, arguments, keywords)
        except InstanceFault as fault:
            raise self._fault(node, str(fault)) from fault

    def _made(self, node: ast.Call, depth: int) -> Value | timezone:
        name = dotted_name(node.func)
        if name is None:
            raise self._fault(node.func, "the name of a constructor is due")
        arguments = tuple(self._argument(each, depth) for each in node.args)
        keywords = dict(self._keywords(node, self._argument, depth))
        try:
            return construct(name, arguments, keywords)
        except ConstructorFault as fault:
            raise self._fault(node, str(fault)) from fault

    def _argument(self, node: ast.expr, depth: int) -> Value | timezone:
        if isinstance(node, ast.Attribute) and dotted_name(node) in ZONES:
            return UTC
        if isinstance(node, ast.Call):
            self._count(node, depth + 1)
            return self._made(node, depth + 1)
        return self._value(node, depth + 1)

    def _keywords(
        self, node: ast.Call, read: Callable[[ast.expr, int], _Read], depth: int
    ) -> tuple[tuple[str, _Read], ...]:
        found: dict[str, _Read] = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                raise self._fault(keyword, "`**` is not a plain value")
            if keyword.arg in found:
                raise self._fault(keyword, f"the keyword `{keyword.arg[:40]}` comes twice")
            found[keyword.arg] = read(keyword.value, depth)
        return tuple(found.items())

    def _fault(self, node: ast.expr | ast.keyword, problem: str) -> NotationError:
        line = self._text.splitlines()[node.lineno - 1]
        column = len(line.encode()[: node.col_offset].decode(errors="replace")) + 1
        return NotationError(problem, node.lineno, column)
