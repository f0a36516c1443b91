"""Which tests checks are admitted, and which of the candidate's modules tests may import.

A module of the candidate's must never take the place of one that the tests mean: the standard
library's, the test runner's, or one of the tests' own files.
"""

import sys
from collections.abc import Iterable
from typing import Final

from assize.model.spec import CopyBack, Lifetime, Tests
from assize_server.core.bounds import MOST_FILES, MOST_FILES_BYTES
from assize_server.core.cases import dotted_name_fault, module_fault
from assize_server.core.faults import Faults, utf8_size
from assize_server.core.paths import clashes, path_fault

MOST_MODULES: Final = 100
MOST_COPY_BACK: Final = 100
RUNNER_MODULES: Final = frozenset(
    {
        "_hypothesis_ftz_detector",
        "_hypothesis_globals",
        "_hypothesis_pytestplugin",
        "_pytest",
        "conftest",
        "exceptiongroup",
        "hypothesis",
        "iniconfig",
        "packaging",
        "pluggy",
        "py",
        "pygments",
        "pytest",
        "pytest_asyncio",
        "sortedcontainers",
        "typing_extensions",
    }
)
GUEST_MODULES: Final = frozenset({"assize_reference", "assize_trials"})
"""What the tests that the service makes import; no other module of ours is there by its name."""


def check_tests(kind: Tests, submitted: Iterable[str], field: str, faults: Faults) -> None:
    """Note every fault of a tests check; `submitted` are the paths of the candidate's files."""
    paths = frozenset(submitted)
    own = frozenset(path for path, _ in kind.files)
    faults.at_most(f"{field}.modules", kind.modules, MOST_MODULES, "modules")
    for index, module in enumerate(kind.modules[:MOST_MODULES]):
        fault = module_fault(module, paths) or shadowing_fault(module, own)
        faults.add(f"{field}.modules[{index}]", fault)
    _check_files(kind, field, faults)
    faults.at_most(f"{field}.copy_back", kind.copy_back, MOST_COPY_BACK, "functions")
    for index, each in enumerate(kind.copy_back[:MOST_COPY_BACK]):
        _check_copy_back(each, f"{field}.copy_back[{index}]", faults)
        if each.function in [other.function for other in kind.copy_back[:index]]:
            faults.add(f"{field}.copy_back[{index}].function", f"{each.function} is named twice")
    if kind.seed < 0:
        faults.add(f"{field}.seed", f"a seed is at least 0, got {kind.seed}")
    if kind.shared:
        _check_shared(kind, field, faults)


def shadowing_fault(module: str, test_files: frozenset[str]) -> str | None:
    """Return why tests may not import a module of the candidate's, None if they may."""
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or top in RUNNER_MODULES or top in GUEST_MODULES:
        return f"{top} is a module that the tests themselves rely on; call the candidate's else"
    if f"{top}.py" in test_files or any(path.startswith(f"{top}/") for path in test_files):
        return f"{top} is also a file of the tests"
    return None


def importable(submitted: Iterable[str], test_files: Iterable[str]) -> tuple[str, ...]:
    """Return the candidate's modules that tests may import, by dotted name, in order."""
    own = frozenset(test_files)
    paths = (path for path in submitted if path.endswith(".py"))
    names = (path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in paths)
    usable = (name for name in names if dotted_name_fault(name) is None)
    return tuple(sorted(name for name in usable if shadowing_fault(name, own) is None))


def is_test_file(path: str) -> bool:
    """Tell whether pytest collects a file by its name."""
    name = path.rpartition("/")[2]
    return name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))


def _check_files(kind: Tests, field: str, faults: Faults) -> None:
    faults.at_most(f"{field}.files", kind.files, MOST_FILES, "files")
    total = sum(utf8_size(content) for _, content in kind.files)
    faults.at_most(f"{field}.files", total, MOST_FILES_BYTES, "bytes in all files together")
    paths = [path for path, _ in kind.files[:MOST_FILES]]
    for index, path in enumerate(paths):
        faults.add(f"{field}.files[{index}].path", path_fault(path))
    for index, clash in clashes(paths):
        faults.add(f"{field}.files[{index}].path", clash)
    if not any(is_test_file(path) for path in paths):
        faults.add(f"{field}.files", "no file is named test_*.py or *_test.py")


def _check_shared(kind: Tests, field: str, faults: Faults) -> None:
    """Refuse what has a meaning only where the candidate is called across a boundary."""
    chosen = {
        "modules": bool(kind.modules),
        "lifetime": kind.lifetime is not Lifetime.TEST,
        "callbacks": kind.callbacks,
        "copy_back": bool(kind.copy_back),
    }
    for name, given in chosen.items():
        if given:
            faults.add(f"{field}.{name}", "has no meaning in shared tests; leave it out")


def _check_copy_back(each: CopyBack, field: str, faults: Faults) -> None:
    faults.add(f"{field}.function", dotted_name_fault(each.function))
    if not each.arguments:
        faults.add(f"{field}.arguments", "at least 1 argument is needed, got 0")
    for index, argument in enumerate(each.arguments):
        if isinstance(argument, str):
            faults.add(f"{field}.arguments[{index}]", dotted_name_fault(argument))
