"""Judges files that the program left in its work folder."""

import hashlib

from assize.model.spec import Check, FileIs
from assize.model.verdict import CheckResult, Reason
from assize_sandbox.outcome import FileRead
from assize_server.checks.results import differing, failed, passed
from assize_server.core.excerpt import one_line
from assize_server.core.text import matches


def judge_file(check: Check, kind: FileIs, file: FileRead | None) -> CheckResult:
    """Return whether a file is as the check wants it; None for `file` is one never looked at."""
    path = one_line(kind.path)
    if file is None:
        return failed(check, Reason.INFRA_ERROR, f"{path} was not looked at")
    if kind.present is False:
        return _absent(check, path, file)
    content = content_of(file)
    if isinstance(content, str):
        return failed(check, Reason.WRONG_ANSWER, f"{path} {content}", expected="a plain file")
    if kind.sha256 is not None:
        return _digest(check, path, kind.sha256, content)
    if kind.text is not None:
        mismatch = matches(kind.text, content)
        return passed(check) if mismatch is None else differing(check, mismatch)
    return passed(check) if kind.present else failed(check, Reason.INFRA_ERROR, "asks for nothing")


def content_of(file: FileRead) -> bytes | str:
    """Return what a file holds, or why that cannot be told."""
    if not file.exists:
        return "does not exist"
    if file.refused or file.content is None:
        return f"cannot be read: {one_line(file.refused) or 'it is no plain file within bounds'}"
    return file.content


def _absent(check: Check, path: str, file: FileRead) -> CheckResult:
    if not file.exists and not file.refused and file.content is None:
        return passed(check)
    return failed(
        check, Reason.WRONG_ANSWER, f"{path} exists", expected="nothing there", actual="something"
    )


def _digest(check: Check, path: str, expected: str, content: bytes) -> CheckResult:
    actual = hashlib.sha256(content).hexdigest()
    if actual == expected.lower():
        return passed(check)
    message = f"{path} has another content: {len(content)} bytes with another SHA-256"
    return failed(check, Reason.WRONG_ANSWER, message, expected=expected.lower(), actual=actual)
