"""Makes copies of trusted test files in which some tests expect what is wrong.

A test whose copy passes as well was not judged by what it says. Two copies of every file are made;
each test that can be made wrong is wrong in exactly one of the two, at random. The files keep their
paths and the tests their names, so that nothing but the expectation tells the two apart.

A test is made wrong in its last statement, so that all it does before is done. It is left right in
both where that could let an honest copy pass, or where something else leans on it:

- it returns or yields, or it has a decorator that is not known to let failures through;
- it is nested in a function, or something refers to it by name (a subclass's `super().test_x()`);
- one definition of its name cannot be made wrong: inherited tests are known by name alone.
"""

import ast
import random

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import TypeAlias

    Test: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

PREFIX = "test"
COPIES = 2
BYTES_MOST = 512 * 1024
"""A larger file is left as it is: a copy travels in one message."""
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
HONEST_DECORATORS = frozenset(
    {
        "pytest.mark.asyncio", "pytest.mark.filterwarnings", "pytest.mark.parametrize",
        "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.usefixtures",
        "given", "settings", "example", "seed", "reproduce_failure",
        "hypothesis.given", "hypothesis.settings", "hypothesis.example", "hypothesis.seed",
        "patch", "patch.object", "patch.dict", "patch.multiple",
        "mock.patch", "mock.patch.object", "mock.patch.dict", "mock.patch.multiple",
        "unittest.mock.patch", "unittest.mock.patch.object", "unittest.mock.patch.dict",
        "staticmethod", "classmethod", "unittest.skipIf", "unittest.skipUnless",
    }
)  # fmt: skip
"""With these a test that fails is reported as failed."""
OPPOSITES: "Mapping[type[ast.cmpop], type[ast.cmpop]]" = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Copies:
    """The two copies: changed sources by path, and the names of the tests that are wrong there."""

    def __init__(self, sources: "Mapping[str, str]", seed: int) -> None:
        """Make them; the same sources and seed make the same copies."""
        chance = random.Random(seed)  # noqa: S311 - the seed is what is secret
        trees = dict(_parsed(sources))
        self.wrong: tuple[list[str], ...] = tuple([] for _ in range(COPIES))
        self.sources: tuple[dict[str, str], ...] = tuple({} for _ in range(COPIES))
        for name in sorted(fit(trees.values())):
            self.wrong[chance.randrange(COPIES)].append(name)
        for copy, names in zip(self.sources, self.wrong, strict=True):
            for path, tree in trees.items():
                changed = spoiled(sources[path], tree, frozenset(names), chance)
                if changed != sources[path]:
                    copy[path] = changed


def fit(trees: "Iterable[ast.Module]") -> "set[str]":
    """Return the names of the tests that can be made wrong."""
    found: set[str] = set()
    unfit: set[str] = set()
    for tree in trees:
        tests = list(tests_of(tree.body))
        found |= {test.name for test in tests}
        unfit |= {test.name for test in tests if not is_fit(test)}
        unfit |= named_elsewhere(tree, tests)
    return found - unfit


def tests_of(body: "Iterable[ast.stmt]") -> "Iterator[Test]":
    """Yield the tests of a module or a class, also below `if` and the like."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.startswith(PREFIX):
                yield node
            continue
        for inner in ("body", "orelse", "finalbody"):
            yield from tests_of(getattr(node, inner, ()))
        for handler in getattr(node, "handlers", ()):
            yield from tests_of(handler.body)


def is_fit(test: "Test") -> bool:
    """Tell whether a wrong last statement surely makes the test fail, if it passes without."""
    if any(dotted(each) not in HONEST_DECORATORS for each in test.decorator_list):
        return False
    leaving = (ast.Return, ast.Yield, ast.YieldFrom)
    return not any(isinstance(node, leaving) for node in own_nodes(test.body))


def own_nodes(body: "Iterable[ast.AST]") -> "Iterator[ast.AST]":
    """Yield the nodes of a function that belong to no function inside it."""
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def dotted(decorator: ast.expr) -> str:
    """Return the name of a decorator or of the function that makes it; empty if it has none."""
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def named_elsewhere(tree: ast.Module, tests: "list[Test]") -> "set[str]":
    """Return the names of tests that something refers to, and of functions that are no tests."""
    mine = {id(test) for test in tests}
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str(name)):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                if id(node) not in mine:
                    names.add(name)
            case ast.alias(name=name, asname=other):
                names.update((name, other or name))
            case _:
                pass
    return names


def spoiled(source: str, tree: ast.Module, names: "frozenset[str]", chance: random.Random) -> str:
    """Return the source with these tests made wrong. Lines above a change keep their numbers."""
    lines = source.encode().splitlines(keepends=True)
    tests = [test for test in tests_of(tree.body) if test.name in names]
    # From the end on, so that the places of what is above stay true.
    for test in sorted(tests, key=lambda test: test.body[-1].lineno, reverse=True):
        last = test.body[-1]
        if isinstance(last, ast.Assert):
            replace(
                lines, last.test, b"(" + ast.unparse(contrary(last.test, chance)).encode() + b")"
            )
        else:
            append(lines, last, b"assert " + ast.unparse(falsehood(chance)).encode())
    return b"".join(lines).decode()


def contrary(claim: ast.expr, chance: random.Random) -> ast.expr:
    """Return an expression that is surely false where the claim is true.

    Another literal is preferred: only who knows what is right can tell it from the real one.
    """
    match claim:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            other = other_literal(right, chance)
            if other is not None:
                return ast.Compare(left, claim.ops, [other])
    match claim:
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return ast.Compare(left, [OPPOSITES[type(operator)]()], [right])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return operand
    return ast.UnaryOp(ast.Not(), claim)


def falsehood(chance: random.Random) -> ast.expr:
    """Return a comparison that is false."""
    number = chance.randrange(1000)
    left, right = ast.Constant(number), ast.Constant(number + chance.randrange(1, 1000))
    return ast.Compare(left, [ast.Eq()], [right])


def other_literal(node: ast.expr, chance: random.Random) -> "ast.expr | None":
    """Return a literal of the same kind with another value; None where there is none."""
    try:
        value = ast.literal_eval(node)
        changed = other_value(value, chance)
        if changed is None or changed == value:
            return None
        return ast.parse(repr(changed), mode="eval").body
    except (*UNREADABLE, TypeError, OverflowError):
        return None


def other_value(value: object, chance: random.Random) -> object:
    """Return another value of the same kind; None where there is none."""
    match value:
        case bool():
            return not value
        case int() | float():
            # Far enough away for whatever compares with a tolerance.
            return value + abs(value) + chance.randrange(11, 99)
        case str() | bytes():
            place = chance.randrange(len(value) + 1)
            letter = chance.choice(LETTERS)
            middle = letter if isinstance(value, str) else letter.encode()
            return value[:place] + middle + value[place:]  # type: ignore[operator]
        case list() | tuple() if value:
            items = list(value)
            place = chance.randrange(len(items))
            items[place] = other_value(items[place], chance)
            return None if items[place] is None else type(value)(items)
        case dict() if value:
            key = chance.choice(list(value))
            changed = other_value(value[key], chance)
            return None if changed is None else value | {key: changed}
    return None


def replace(lines: "list[bytes]", node: ast.expr, new: bytes) -> None:
    """Put other text where a node is; nothing below it may be needed any more."""
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    end = node.end_col_offset or 0
    text = lines[first][: node.col_offset] + new + lines[last][end:]
    lines[first : last + 1] = [text]


def append(lines: "list[bytes]", last: ast.stmt, new: bytes) -> None:
    """Put a statement behind the last one of a function."""
    row = (last.end_lineno or last.lineno) - 1
    if hasattr(last, "body") or isinstance(last, ast.Match):
        indent = lines[last.lineno - 1][: last.col_offset]
        if not lines[row].endswith((b"\n", b"\r")):
            lines[row] += b"\n"
        lines.insert(row + 1, indent + new + b"\n")
        return
    end = last.end_col_offset or 0
    lines[row] = lines[row][:end] + b"; " + new + lines[row][end:]


def _parsed(sources: "Mapping[str, str]") -> "Iterator[tuple[str, ast.Module]]":
    for path, source in sources.items():
        if len(source.encode()) <= BYTES_MOST:
            try:
                yield path, ast.parse(source)
            except UNREADABLE:
                continue
