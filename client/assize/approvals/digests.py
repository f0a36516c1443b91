"""The digests that an approval binds, computed alike by the service and by whoever approves."""

import hashlib
from typing import Final

from assize.approvals.refusals import RefusalCode, Refused
from assize.canonical import digest, effect_set_digest, plain
from assize.model.approvals import HeldFile, HeldProgram, Hold, HoldKind
from assize.model.submission import SourceFile, Submission

SHOWN_FILE_BYTES: Final = 128 * 1024
"""The largest submitted file whose text is part of a hold."""


def held_program(submission: Submission) -> HeldProgram:
    """Return what an approver is shown of a submission."""
    files = sorted(submission.files, key=lambda each: each.path)
    return HeldProgram(
        files=tuple(map(_held_file, files)),
        entry_point=submission.entry_point or "",
        arguments=tuple(submission.arguments),
        environment=tuple(sorted(submission.environment.items())),
        stdin_digest=hashlib.sha256(submission.stdin).hexdigest(),
    )


def submission_digest(program: HeldProgram) -> str:
    """Return what an approval before execution binds: files, entry point, and what it is given."""
    return digest(
        {
            "type": "assize.submission.v1",
            "files": [{"path": each.path, "digest": each.digest} for each in program.files],
            "entry_point": program.entry_point,
            "arguments": list(program.arguments),
            "environment": [[name, value] for name, value in program.environment],
            "stdin_digest": program.stdin_digest,
        }
    )


def subject_digest(hold: Hold) -> str:
    """Return the digest of what the hold is about, computed from what it shows.

    Raises:
        Refused: A file's text is not what its digest says, or the hold shows nothing, or something
            that its kind does not bind.
    """
    if hold.kind is HoldKind.BEFORE_COMMIT:
        if hold.program is not None or hold.findings:
            raise Refused(
                RefusalCode.OTHER_SUBJECT, "the hold shows a program that it is not about"
            )
        return effect_set_digest(hold.effect_set)
    if hold.program is None:
        raise Refused(RefusalCode.OTHER_SUBJECT, "the hold does not show what would be run")
    if hold.weighed:
        raise Refused(RefusalCode.OTHER_SUBJECT, "the hold shows effects before anything was run")
    for file in hold.program.files:
        _require_shown(file)
    return submission_digest(hold.program)


def shown_digest(hold: Hold) -> str:
    """Return the digest of everything that an approver is shown."""
    return digest({"type": "assize.hold.v1", "hold": plain(hold)})


def require_honest(hold: Hold) -> None:
    """Refuse a hold whose subject is not the digest of what it shows.

    Raises:
        Refused: It is not.
    """
    found = subject_digest(hold)
    if found != hold.subject:
        text = f"the hold names {hold.subject[:12]} but shows {found[:12]}; do not sign, report it"
        raise Refused(RefusalCode.OTHER_SUBJECT, text)


def _require_shown(file: HeldFile) -> None:
    """Refuse a file whose text or size is not that of its content, as far as can be seen.

    SECURITY: the size is not a part of the digest, and of a file said to be empty nothing is shown.
    """
    content = file.text.encode()
    if not file.text and file.size_bytes:
        return
    shown = (len(content), hashlib.sha256(content).hexdigest())
    if shown != (file.size_bytes, file.digest):
        text = f"what is shown of {file.path!r} is not what its digest and its size say"
        raise Refused(RefusalCode.OTHER_SUBJECT, text)


def _held_file(file: SourceFile) -> HeldFile:
    return HeldFile(
        path=file.path,
        digest=hashlib.sha256(file.content).hexdigest(),
        size_bytes=len(file.content),
        text=_shown_text(file.content),
    )


def _shown_text(content: bytes) -> str:
    if len(content) > SHOWN_FILE_BYTES:
        return ""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
