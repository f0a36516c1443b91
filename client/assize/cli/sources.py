"""The files of a command line as a submission."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import typer

from assize.cli.terminal import one_line
from assize.model.spec import ExitCode, FileIs, JsonSchema, Spec, Stderr, Stdout
from assize.model.submission import SourceFile

_PROGRAM_KINDS: Final = (ExitCode, Stdout, Stderr, JsonSchema, FileIs)
"""Checks of what a program did; without a program they could never hold."""


def read_sources(paths: Iterable[Path]) -> tuple[SourceFile, ...]:
    """Read files under their names, and the Python files of folders under their paths therein.

    Raises:
        BadParameter: There are none, two of one name, or one that cannot be read.
    """
    found: dict[str, SourceFile] = {}
    for path in paths:
        for file in _read_folder(path) if path.is_dir() else [_read_named(path)]:
            if file.path in found:
                raise _refused(f"two files are called {file.path}; name their folder instead")
            found[file.path] = file
    if not found:
        raise _refused("there is no Python file in there")
    return tuple(found.values())


def entry_point(chosen: str | None, files: tuple[SourceFile, ...], spec: Spec) -> str | None:
    """Return the file to run: the chosen one, else the only one if the spec looks at a program.

    Raises:
        BadParameter: The chosen one is not among the files, or one must be chosen.
    """
    names = [file.path for file in files]
    hint = "--entry-point"
    if chosen is not None:
        if chosen not in names:
            raise _refused(f"{chosen} is none of {', '.join(names)}", hint)
        return chosen
    if not any(isinstance(check.kind, _PROGRAM_KINDS) for check in spec.checks):
        return None
    if len(names) > 1:
        text = f"the spec checks what a program does; say which of {', '.join(names)} to run"
        raise _refused(text, hint)
    return names[0]


def read_pairs(pairs: Iterable[str]) -> dict[str, str]:
    """Read environment variables written as `NAME=VALUE`.

    Raises:
        BadParameter: One has no name or no `=`.
    """
    environment = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise _refused(f"expected NAME=VALUE, got {pair!r}", "--env")
        environment[name] = value
    return environment


def _read_named(path: Path) -> SourceFile:
    try:
        return SourceFile(path.name, path.read_bytes())
    except OSError as error:
        raise _refused(f"{path}: {error.strerror or error}") from error


def _read_folder(folder: Path) -> Iterator[SourceFile]:
    for path in sorted(_python_files(folder)):
        yield SourceFile(path.relative_to(folder).as_posix(), _read_found(path))


def _python_files(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise _refused(f"{error.filename}: {error.strerror}") from error

    for parent, folders, files in os.walk(folder, onerror=refuse):
        # Virtual environments, caches and version control are no part of a submission.
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(parent, name) for name in files if name.endswith(".py"))


def _read_found(path: Path) -> bytes:
    """Read a file that nobody named.

    SECURITY: whoever wrote the folder may not be who runs this. A link would send a file from
    outside the folder to the code under test, and a pipe would never end.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _refused(f"{path} is not a regular file")
            return file.read()
    except OSError as error:
        if path.is_symlink():
            raise _refused(f"{path} is a link; name the file itself to send it") from error
        raise _refused(f"{path}: {error.strerror or error}") from error


def _refused(problem: str, option: str = "FILE") -> typer.BadParameter:
    # The names of files in a folder come from whoever wrote it.
    return typer.BadParameter(one_line(problem), param_hint=option)
