"""What the guest imports: nothing that the image lacks, and nothing that makes it slow to start."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import assize_sandbox

GUEST = Path(assize_sandbox.__file__).parent / "guest"
MODULES = sorted(GUEST.glob("*.py"))
SIBLINGS = {path.stem for path in MODULES}
SLOW = {
    "asyncio",
    "contextlib",
    "ctypes",
    "dataclasses",
    "enum",
    "inspect",
    "json",
    "logging",
    "pathlib",
    "re",
    "shutil",
    "signal",
    "socket",
    "subprocess",
    "tempfile",
    "typing",
}
"""Each takes milliseconds, which every container and every call would pay."""
ON_DEMAND = {"descriptions", "letters", "objects", "specials"}
"""Only a split test needs them."""
LOAD = """
import sys
sys.path.insert(0, sys.argv[1])
import candidate, calls
print(*sorted(sys.modules))
"""


def imported(path: Path) -> Iterator[str]:
    """Yield the top-level name of everything that a module imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(level=level, module=module):
                assert level == 0, f"{path.name} imports relatively: it is a top-level module"
                assert module is not None
                yield module.partition(".")[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_guest_module_imports_only_the_standard_library_its_siblings_and_its_tool(
    path: Path,
) -> None:
    """Nothing else is in the image, and nothing of the host's may be."""
    allowed = SIBLINGS | set(sys.stdlib_module_names)
    if path.stem == "type_check":
        allowed.add("mypy")
    if path.stem in {"suite", "shared"}:
        allowed |= {"pytest", "_pytest", "hypothesis"}
    if path.stem in {"database_side", "database_differences"}:
        allowed.add("apsw")
    if path.stem == "static_matches":
        allowed.add("ast_grep_py")
    assert set(imported(path)) <= allowed


def test_no_guest_module_is_named_like_a_standard_one() -> None:
    """The guest's folder comes first on its search path: it would hide the standard one."""
    assert not SIBLINGS & set(sys.stdlib_module_names)


def test_candidates_guest_loads_no_slow_module() -> None:
    """What a candidate's container starts with is small; `typing` is for the type checker alone."""
    command = [sys.executable, "-I", "-S", "-B", "-c", LOAD, str(GUEST)]
    said = subprocess.run(command, check=True, capture_output=True).stdout
    loaded = set(said.decode().split())
    assert loaded & SLOW == set()
    assert loaded & ON_DEMAND == set()
