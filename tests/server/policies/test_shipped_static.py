"""The static rules that come with the package."""

import ast

import pytest

from assize_server.core.static_gates import StaticGates
from assize_server.policies.static_fixtures import faults_of, matches
from assize_server.policies.static_rules import FOLDER, load_static
from assize_server.policies.static_schema import WrittenRule
from assize_server.policies.words import present
from assize_server.settings import packaged_policies

SHIPPED = load_static(packaged_policies() / FOLDER)
GROUPS = ("deletion", "dynamic", "network", "overwriting", "processes", "sql", "suppressions")


def seen(source: str) -> set[str]:
    """Return the rules that a source of ours matches."""
    return {
        each.rule.id
        for each in SHIPPED.written
        if present(each.rule.words, source) and matches(each.config, source)
    }


def test_shipped_groups_are_those_that_policies_name() -> None:
    """A file for each."""
    assert SHIPPED.groups == GROUPS
    assert SHIPPED.unknown(StaticGates(hold=frozenset(GROUPS))) == ()


@pytest.mark.parametrize("written", SHIPPED.written, ids=lambda each: each.rule.id)
def test_shipped_rule_matches_its_fixtures_and_no_near_miss(written: WrittenRule) -> None:
    """Each rule does what its file says, and each of its parts is needed by a fixture."""
    assert list(map(str, faults_of(written))) == []


def test_words_leave_no_rule_out_of_a_source_that_it_matches() -> None:
    """Over all fixtures of all rules: what is left out would not have matched."""
    sources = [fixture.source for each in SHIPPED.written for fixture in each.matches]
    sources += [source.upper() for source in sources]
    for each in SHIPPED.written:
        left_out = [source for source in sources if not present(each.rule.words, source)]
        assert not matches(each.config, "\n".join(left_out))


ORDINARY = """\
import collections, dataclasses, json, math, re
import numpy as np
from pathlib import Path
from typing import List


@dataclasses.dataclass
class Inventory:
    items: list[str]

    def drop(self, name: str) -> None:
        self.items.remove(name)
        self.items.insert(0, name.replace("a", "b"))

    def update(self, other: dict[str, int]) -> int:
        \"\"\"Delete from the items what the other has not, and update it.\"\"\"
        return sum(other.get(name, 0) for name in self.items)


def words(path: str) -> List[str]:
    # The file is small.
    pattern = re.compile(r"\\w+")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return pattern.findall(text) + [Path(path).read_text()[:1], json.dumps(math.pi)]
"""


def test_ordinary_code_matches_nothing() -> None:
    """Rules that cry at everything would be turned off."""
    assert seen(ORDINARY) == set()


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("import os\nfor path in paths:\n    os.remove(path)", "delete-os-call"),
        ("from pathlib import Path\n[p.unlink() for p in Path('.').iterdir()]", "delete-path"),
        ("import shutil\nshutil.rmtree('workspace')", "delete-tree"),
        ("with open('a.csv', 'w') as f:\n    f.write('')", "overwrite-open"),
        ("import subprocess\nsubprocess.run('rm -r .', shell=True)", "process-subprocess"),
        ("import os\nos.system('rm -r .')", "process-shell"),
        ("db.execute(f'DROP TABLE {name}')", "sql-drop"),
        ("db.execute('DELETE ' + 'FROM users')", "sql-delete"),
        ("eval(input())", "dynamic-eval"),
        ("__import__('o' + 's')", "dynamic-import"),
        ("import ctypes\nctypes.CDLL(None).unlink(b'a')", "dynamic-ctypes"),
        ("import requests\nrequests.post('http://a', data=secret)", "network-import"),
        ("x = f()  # type: ignore", "suppress-type-ignore"),
    ],
)
def test_what_the_issue_names_is_seen(source: str, rule: str) -> None:
    """One for each kind that static rules are for."""
    assert rule in seen(source)


SHAPES = [
    "x: {} = 1",
    "def f(x: {}) -> int: ...",
    "def f(x=1, /, *, y={}): ...",
    "class A(metaclass={}): ...",
    "@{}\ndef f(): ...",
    "match {}:\n    case _: pass",
    "with ({} as x, y): pass",
    "try:\n    a\nexcept {}: pass",
    "async def f():\n    async for x in {}: yield",
    "print >> x, {}",
    "exec = {}",
    "type = {}",
    "x = 1 if {} else 2",
    "x = {{**{}}}",
    "x[{}:]",
    "lambda: {}",
    "del x; {}",
    "x = r'\\\\'; {}",
    "x = '\\\n'; {}",
    "x = f'{{{}}}'",
    "x = f'{{{{{{{}}}}}}}'",
    "x = f'{{y!r:{{{}}}>9}}'",
    "x = rf'\\{{{}}}'",
    "x = f'{{\"}}\"}}{{{}}}'",
    "\x0c{}",
    "#\\\n{}",
    "if 1:\n\tx\n        \n\t{}",
]


NAMES = ["os.remove", "(os)  . remove", "os\\\n.remove"]
SHAPED = [
    shape.format(name)
    for shape in SHAPES
    for name in NAMES
    if "f'" not in shape or "\\" not in name  # which Python 3.11 refuses
]


@pytest.mark.parametrize("source", SHAPED)
def test_shape_of_the_code_around_hides_no_name(source: str) -> None:
    """Where Python reads a name, so does ast-grep, for all that the two parse by other rules."""
    assert any(isinstance(each, ast.Attribute) for each in ast.walk(ast.parse(source)))
    assert "delete-os-call" in seen(source)


UNSEEN = {
    "a function under another name": "o = open\no('a.csv', 'w')",
    "a function out of a list": "for write in [open]:\n    write('a.csv', 'w')",
    "a name that is put together, of an object": "getattr(path, 'un' + 'link')()",
    "flags as a number": "import os\nos.open('a.csv', 577)",
    "a library that writes": "import logging\nlogging.FileHandler('a.csv', 'w')",
    "a database by its own methods": "import sqlite3\nsqlite3.connect('a.db').backup(other)",
    "a statement that is put together elsewhere": "q = 'DR' + 'OP TABLE users'\ndb.execute(q)",
    "a statement in escapes": "db.execute('\\x44ROP TABLE users')",
    "a module of the submission's that is no source": "import native\nnative.clear()",
    "a namespace by a name that is put together": "globals()['__buil' + 'tins__']",
}


@pytest.mark.parametrize("source", UNSEEN.values(), ids=UNSEEN.keys())
def test_what_the_documentation_says_is_not_seen_is_not_seen(source: str) -> None:
    """docs/static-rules.md says so. A rule that sees one of these is welcome: move it up then."""
    assert seen(source) == set()
