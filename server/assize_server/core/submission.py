"""Which submissions are admitted."""

import re
from collections.abc import Collection
from typing import Final

from assize.model.submission import SourceFile, Submission
from assize_server.core.bounds import (
    MOST_ARGUMENT_BYTES,
    MOST_ARGUMENTS,
    MOST_FILE_BYTES,
    MOST_FILES,
    MOST_FILES_BYTES,
    MOST_STDIN_BYTES,
    MOST_VARIABLE_BYTES,
    MOST_VARIABLE_NAME_CHARS,
    MOST_VARIABLES,
)
from assize_server.core.excerpt import one_line
from assize_server.core.faults import Faults, utf8_size
from assize_server.core.paths import clashes, path_fault

VARIABLE_NAME: Final = re.compile("[A-Za-z_][A-Za-z0-9_]*")
RESERVED_VARIABLES: Final = frozenset(
    {
        "BASH_ENV", "ENV", "GCONV_PATH", "GLIBC_TUNABLES", "HOME", "HOSTALIASES", "IFS", "LOCPATH",
        "LOGNAME", "NLSPATH", "PATH", "PWD", "SHELL", "SHELLOPTS", "TEMP", "TMP", "TMPDIR", "USER",
    }
)  # fmt: skip
"""They change what runs, or are the service's to set."""
RESERVED_VARIABLE_PREFIXES: Final = ("PYTHON", "LD_", "MALLOC_", "BASH_FUNC_", "ASSIZE_")
NUL: Final = "a NUL byte cannot be passed to a program"


def check_submission(
    submission: Submission, faults: Faults, workspace: Collection[str] | None = None
) -> None:
    """Note every fault of a submission; `workspace` holds the Python files that it runs over."""
    check_files(submission.files, faults, needed=workspace is None)
    if submission.entry_point is not None:
        _check_entry_point(submission.entry_point, submission.files, workspace or (), faults)
    faults.at_most("submission.stdin", submission.stdin, MOST_STDIN_BYTES, "bytes")
    _check_arguments(submission.arguments, faults)
    _check_environment(submission, faults)


def script_name_fault(path: str) -> str | None:
    """Return why Python cannot be started with a file, None if it can."""
    if not path.endswith(".py"):
        return f"a file that is run ends in .py, got {one_line(path)!r}"
    if path.startswith("-"):
        return f"Python would read {one_line(path)!r} as an option; give it another name"
    return None


def check_files(files: tuple[SourceFile, ...], faults: Faults, *, needed: bool) -> None:
    """Note every fault of the submitted files; `needed`: whether there must be one."""
    field = "submission.files"
    if not files and needed:
        faults.add(field, "at least 1 file is needed, got 0")
    if not faults.at_most(field, files, MOST_FILES, "files"):
        return
    for index, file in enumerate(files):
        faults.add(f"{field}[{index}].path", path_fault(file.path))
        faults.at_most(f"{field}[{index}].content", file.content, MOST_FILE_BYTES, "bytes")
    for index, clash in clashes(file.path for file in files):
        faults.add(f"{field}[{index}].path", clash)
    total = sum(len(file.content) for file in files)
    faults.at_most(field, total, MOST_FILES_BYTES, "bytes in all files together")


def _check_entry_point(
    entry: str, files: tuple[SourceFile, ...], there: Collection[str], faults: Faults
) -> None:
    field = "submission.entry_point"
    faults.add(field, script_name_fault(entry))
    source = next((file.content for file in files if file.path == entry), None)
    if source is None:
        if entry in there:
            return
        faults.add(field, f"there is no file {one_line(entry)!r} among submission.files")
    elif not source.strip():
        faults.add(field, "the entry point is empty")


def _check_arguments(arguments: tuple[str, ...], faults: Faults) -> None:
    field = "submission.arguments"
    if not faults.at_most(field, arguments, MOST_ARGUMENTS, "arguments"):
        return
    for index, argument in enumerate(arguments):
        size = utf8_size(argument)
        faults.at_most(f"{field}[{index}]", size, MOST_ARGUMENT_BYTES, "bytes")
        faults.add(f"{field}[{index}]", NUL if "\0" in argument else None)


def _check_environment(submission: Submission, faults: Faults) -> None:
    field = "submission.environment"
    if not faults.at_most(field, submission.environment, MOST_VARIABLES, "variables"):
        return
    for name, value in sorted(submission.environment.items()):
        place = f"{field}[{one_line(name, MOST_VARIABLE_NAME_CHARS)!r}]"
        faults.add(place, _variable_fault(name))
        faults.at_most(place, utf8_size(value), MOST_VARIABLE_BYTES, "bytes")
        faults.add(place, NUL if "\0" in value else None)


def _variable_fault(name: str) -> str | None:
    if len(name) > MOST_VARIABLE_NAME_CHARS:
        return f"a name has at most {MOST_VARIABLE_NAME_CHARS} characters, this one {len(name)}"
    if not VARIABLE_NAME.fullmatch(name):
        return f"a name is letters, digits and _, and starts with no digit; got {name!a}"
    if name in RESERVED_VARIABLES or name.startswith(RESERVED_VARIABLE_PREFIXES):
        return f"{name} is reserved: it would change how the program is run"
    return None
