"""What of a submission goes beside tests that share its process.

Left out is what could change how the tests are run: configuration and hooks of the test runner,
what an interpreter loads by itself, caches, and whatever takes the place of a file of the tests or
of a module that the tests rely on. What is left out is told in the result.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from assize_server.core.cases import dotted_name_fault
from assize_server.core.paths import clashes
from assize_server.core.suites import RUNNER_MODULES

WORK: Final = "/workspace"
SOURCE_FOLDER: Final = "src"
"""Repositories that keep their packages here have it on the search path."""
LEFT_OUT_NAMES: Final = frozenset(
    {
        ".pytest.ini", "conftest.py", "pyproject.toml", "pytest.ini", "pytest.toml",
        ".pytest.toml", "setup.cfg", "sitecustomize.py", "tox.ini", "usercustomize.py",
    }
)  # fmt: skip
LEFT_OUT_SUFFIXES: Final = (".pth", ".pyc")
LEFT_OUT_FOLDERS: Final = (".dist-info", ".egg-info")
"""Installed packages name plugins there."""
RUNNER_VARIABLES: Final = ("PYTEST", "HYPOTHESIS")


@dataclass(frozen=True, slots=True)
class Beside:
    """The paths that go beside the tests, and those that are left out."""

    kept: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def roots(self) -> tuple[str, ...]:
        """Return the folders of the search path."""
        in_source = any(path.startswith(f"{SOURCE_FOLDER}/") for path in self.kept)
        package = f"{SOURCE_FOLDER}/__init__.py" in self.kept
        return (WORK, f"{WORK}/{SOURCE_FOLDER}") if in_source and not package else (WORK,)

    @property
    def modules(self) -> tuple[str, ...]:
        """Return the modules that tests may import, by dotted name, in order."""
        names = {_module(path) for path in self.kept if path.endswith(".py")}
        if len(self.roots) > 1:
            inner = (path.removeprefix(f"{SOURCE_FOLDER}/") for path in self.kept)
            names |= {_module(path) for path in inner if path.endswith(".py")}
        return tuple(sorted(name for name in names if dotted_name_fault(name) is None))


def parted(submitted: Iterable[str], tests: Iterable[str]) -> Beside:
    """Return which of the submitted paths go beside the tests."""
    paths = tuple(submitted)
    clashing = {index for index, _ in clashes(paths, tests)}
    packages = frozenset(path.removesuffix("/__init__.py") for path in paths)
    left_out = tuple(
        path
        for index, path in enumerate(paths)
        if index in clashing or steers(path) or shadows(path, packages)
    )
    return Beside(tuple(path for path in paths if path not in left_out), left_out)


def steers(path: str) -> bool:
    """Tell whether a file configures the test runner or the interpreter."""
    *folders, name = path.split("/")
    return (
        name in LEFT_OUT_NAMES
        or name.endswith(LEFT_OUT_SUFFIXES)
        or any(folder.endswith(LEFT_OUT_FOLDERS) for folder in folders)
    )


def shadows(path: str, packages: frozenset[str]) -> bool:
    """Tell whether a file belongs to a module named like one that the tests rely on."""
    inner = path.removeprefix(f"{SOURCE_FOLDER}/")
    root = path.removesuffix(inner)
    top, _, below = inner.partition("/")
    name = top.partition(".")[0]
    if name not in sys.stdlib_module_names and name not in RUNNER_MODULES:
        return False
    return root + top in packages if below else top.endswith((".py", ".so"))


def environment_beside(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a submission that do not steer the test runner."""
    return {
        name: value for name, value in environment.items() if not name.startswith(RUNNER_VARIABLES)
    }


def function_of(test: str) -> str:
    """Return the name of the function in a test's id, such as `a/test_b.py::TestC::test_d[1]`."""
    return test.partition("::")[2].partition("[")[0].rpartition("::")[2]


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
