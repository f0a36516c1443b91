"""Tests that a document names, as `path::test_name`, and whether they are there."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`(?P<path>tests/[\w/]+\.py)::(?P<name>test_\w+)`")


def named_in(text: str) -> list[tuple[str, str]]:
    """Return the (path, name) of each test that a text names, in order."""
    return [(match["path"], match["name"]) for match in NAMED.finditer(text)]


def missing_from(text: str) -> list[str]:
    """Return the tests that a text names and that do not exist."""
    return [f"{path}::{name}" for path, name in named_in(text) if name not in tests_of(path)]


@cache
def tests_of(path: str) -> frozenset[str]:
    """Return the names of the test functions of a file; none if there is no such file."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    nodes = ast.walk(ast.parse(file.read_text()))
    return frozenset(
        node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
