"""What of ours goes into an image: the guest programs, and the analysers of this installation.

/opt/assize/guest    the programs that run as PID 1 of a container
/opt/assize/tools    `bin/ruff`, and folders for sys.path: in `lib` mypy with what it imports and
                     ast-grep, in `tests` the test runner, in `databases` apsw

All of it is copied from this very installation, so that image and service always fit each other,
and nothing is downloaded. Which files, and what is in them, is the image's *recipe*.
"""

import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import Distribution, PackageNotFoundError, PackagePath, distribution
from pathlib import Path, PurePosixPath
from typing import Final

from assize_sandbox.errors import SandboxError
from assize_sandbox.images.base import compile_tree
from assize_sandbox.images.digest import combined, file_digest
from assize_sandbox.images.unpack import EVERYBODY_ENTERS, EVERYBODY_READS, EVERYBODY_WRITES, RULES

FOLDER: Final = PurePosixPath("opt/assize")
GUEST: Final = FOLDER / "guest"
TOOLS: Final = FOLDER / "tools"
LAYOUT: Final = "2"
"""Part of the recipe: raise it when the same files are to make another image."""
NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
NEVER_NEEDED: Final = ("mypyc", "mypy/test")
"""Of mypy's distribution: a compiler, and tests."""
REMEDY: Final = "pip install --force-reinstall 'assize[server]'"


@dataclass(frozen=True, slots=True)
class Placed:
    """A file of ours and where it goes."""

    target: PurePosixPath
    """Relative to the image's root."""
    origin: Path
    content: str
    """What tells one content from another: a digest."""
    executable: bool = False


def installed() -> tuple[Placed, ...]:
    """Return everything that goes from this installation into an image.

    Raises:
        SandboxError: An analyser is not installed, or not with a list of its files.
    """
    return (*guest_programs(), *ruff(), *mypy(), *ast_grep(), *test_runner(), *apsw())


def recipe(files: Iterable[Placed]) -> str:
    """Return the digest of what an image holds of ours. Quick: it reads no analyser."""
    parts = {str(file.target): f"{file.executable} {file.content}" for file in files}
    return combined(parts | {"": f"{LAYOUT}\0{RULES}"})


def install(files: Iterable[Placed], rootfs: Path) -> None:
    """Copy the files into a root file system and compile them."""
    for file in files:
        target = rootfs / file.target
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.origin, target)
        target.chmod(EVERYBODY_ENTERS if file.executable else EVERYBODY_READS)
    compile_tree(rootfs / FOLDER, rootfs)
    for path in (rootfs / FOLDER).rglob("*"):
        if path.is_dir():
            path.chmod(EVERYBODY_ENTERS)
    # runc gives a tmpfs the mode of the folder that it covers, whatever its own options say.
    (rootfs / "tmp").mkdir(exist_ok=True)
    (rootfs / "tmp").chmod(EVERYBODY_WRITES)


def guest_programs() -> Iterator[Placed]:
    """Yield the guest's own files."""
    folder = Path(str(resources.files("assize_sandbox"))) / "guest"
    for path in sorted(folder.rglob("*.py")):
        yield Placed(GUEST / path.relative_to(folder).as_posix(), path, file_digest(path))


def ruff() -> Iterator[Placed]:
    """Yield ruff's program."""
    programs = [file for file in listed(find("ruff")) if file.parts[-2:] == ("bin", "ruff")]
    if not programs:
        raise SandboxError("the installed ruff has no program bin/ruff", remedy=REMEDY)
    yield placed(programs[0], TOOLS / "bin" / "ruff", executable=True)


def mypy() -> Iterator[Placed]:
    """Yield the modules of mypy and of everything that it requires."""
    for distribution_ in required("mypy", {}).values():
        for file in listed(distribution_):
            if is_module(file):
                yield placed(file, TOOLS / "lib" / file)


def ast_grep() -> Iterator[Placed]:
    """Yield what static rules are matched with."""
    for file in listed(find("ast-grep-py")):
        if is_module(file):
            yield placed(file, TOOLS / "lib" / file)


def apsw() -> Iterator[Placed]:
    """Yield what databases are compared with."""
    for file in listed(find("apsw")):
        if is_module(file):
            yield placed(file, TOOLS / "databases" / file)


def test_runner() -> Iterator[Placed]:
    """Yield the modules that a test sandbox runs suites with; no candidate imports them."""
    known: dict[str, Distribution] = {}
    for name in ("pytest", "pytest-asyncio", "hypothesis"):
        required(name, known)
    for distribution_ in known.values():
        for file in listed(distribution_):
            # pytest-asyncio asks for its own version.
            if is_module(file) or file.name == "METADATA":
                yield placed(file, TOOLS / "tests" / file)


def required(name: str, known: dict[str, Distribution]) -> dict[str, Distribution]:
    """Return a distribution and, at any depth, those that it cannot do without, by name."""
    known[name] = find(name)
    for requirement in known[name].requires or ():
        match = NAME.match(requirement)
        conditional = ";" in requirement
        if match is None or match[0] in known or "extra ==" in requirement:
            continue
        try:
            required(match[0], known)
        except SandboxError:
            # A condition that does not hold here is why nobody installed it.
            if not conditional:
                raise
    return known


def find(name: str) -> Distribution:
    """Return an installed distribution.

    Raises:
        SandboxError: It is not installed.
    """
    try:
        return distribution(name)
    except PackageNotFoundError as error:
        raise SandboxError(f"{name} is not installed beside Assize", remedy=REMEDY) from error


def listed(distribution_: Distribution) -> list[PackagePath]:
    """Return the files of a distribution.

    Raises:
        SandboxError: Its installer kept no list of them.
    """
    files = distribution_.files
    if not files:
        raise SandboxError(
            f"the installation of {distribution_.name} has no list of its files", remedy=REMEDY
        )
    return files


def is_module(file: PackagePath) -> bool:
    """Tell whether a file is part of what a distribution offers to import."""
    if ".." in file.parts or file.is_absolute() or "__pycache__" in file.parts:
        return False
    if file.parts[0].endswith((".dist-info", ".data")):
        return False
    return not any(file.is_relative_to(folder) for folder in NEVER_NEEDED)


def placed(file: PackagePath, target: PurePosixPath, *, executable: bool = False) -> Placed:
    """Return where a distribution's file goes; what it holds is in the installer's list."""
    origin = Path(str(file.locate()))
    content = f"{file.hash.mode}={file.hash.value}" if file.hash else file_digest(origin)
    return Placed(target, origin, content, executable)
