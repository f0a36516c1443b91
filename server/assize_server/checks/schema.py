"""Judges JSON documents that the program wrote."""

from collections.abc import Mapping

from assize.model.spec import Check, JsonSchema
from assize.model.verdict import CheckResult, Output, Reason
from assize_sandbox.outcome import FileRead
from assize_server.checks.files import content_of
from assize_server.checks.results import failed, passed
from assize_server.core.bounds import MOST_DOCUMENT_BYTES
from assize_server.core.excerpt import one_line, shown
from assize_server.core.json_schema import schema_violation
from assize_server.core.json_text import JsonFault, parse_json


def judge_schema(
    check: Check, kind: JsonSchema, stdout: Output, files: Mapping[str, FileRead]
) -> CheckResult:
    """Return whether the document on standard output, or in a file, satisfies the schema."""
    if kind.path is None:
        name, content = "stdout", _whole(stdout)
    elif kind.path in files:
        name, content = one_line(kind.path), content_of(files[kind.path])
    else:
        return failed(check, Reason.INFRA_ERROR, f"{one_line(kind.path)} was not looked at")
    if isinstance(content, str):
        return failed(check, Reason.WRONG_ANSWER, f"{name} {content}")
    fault = _document_fault(kind.schema, content)
    if fault is None:
        return passed(check)
    return failed(
        check,
        Reason.WRONG_ANSWER,
        f"{name}: {fault}",
        expected=shown(kind.schema),
        actual=shown(content.decode("utf-8", "backslashreplace")),
    )


def _whole(output: Output) -> bytes | str:
    kept = output.head + output.tail
    if len(kept) == output.total_bytes:
        return kept
    return f"was cut: only {len(kept)} of {output.total_bytes} bytes were kept"


def _document_fault(schema: str, content: bytes) -> str | None:
    if len(content) > MOST_DOCUMENT_BYTES:
        return f"a document has at most {MOST_DOCUMENT_BYTES} bytes, this one {len(content)}"
    try:
        document = parse_json(content.decode("utf-8"), MOST_DOCUMENT_BYTES)
    except UnicodeDecodeError as error:
        return f"not UTF-8: byte 0x{content[error.start]:02x} at offset {error.start}"
    except JsonFault as error:
        return str(error)
    return schema_violation(schema, document)
