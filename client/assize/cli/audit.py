"""`assize audit`: read the audit log, and verify it without believing the service."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from assize import merkle
from assize.audit import memory
from assize.audit.checkpoints import Checkpoint, MalformedCheckpoint, opened, unverified
from assize.audit.client import AuditClient
from assize.audit.entries import EntryKind, MalformedEntry
from assize.audit.ocsf import LINE_MOST_CHARS, line, read_line
from assize.audit.verification import Remembered, Report, verify
from assize.cli.audit_rendering import print_entry, print_json, print_listed, print_report
from assize.cli.connection import AuthoritiesOption, TlsOption, TokenFileOption, audit_client
from assize.cli.exit_codes import ExitStatus
from assize.cli.progress import Progress
from assize.cli.target import DEFAULT_TIMEOUT, ServerOption, TimeoutOption
from assize.cli.terminal import one_line
from assize.cli.verify import Format, FormatOption
from assize.counts import counted
from assize.errors import InvalidRequest, MalformedAnswer, ReasonCode, ServiceFailure
from assize.public_keys import PublicKey, read_key_file

PROOF: Final = "assize.audit-proof.v1"
CHECKPOINT_SUFFIX: Final = ".checkpoint"

app = typer.Typer(
    help="Read the audit log, and verify it without believing the service.",
    no_args_is_help=True,
    add_completion=False,
)

KeyOption = Annotated[
    list[Path],
    typer.Option(
        "--key",
        metavar="PUB",
        help="The service's public key (PEM), as you pinned it; repeatable, for keys before it.",
    ),
]


@app.command("list")
def list_entries(
    last: Annotated[int, typer.Option(min=1, help="How many, counted from the end.")] = 50,
    start: Annotated[
        int | None,
        typer.Option(min=0, help="From this index on, instead.", show_default=False),
    ] = None,
    kind: Annotated[
        list[EntryKind] | None,
        typer.Option(help="Only these kinds; repeatable.", show_default=False),
    ] = None,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    tls_ca: AuthoritiesOption = None,
    tls: TlsOption = False,
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    output: FormatOption = Format.TEXT,
) -> None:
    """List entries, as text or as JSON Lines.

    Example: assize audit list --last 20 --kind approval --kind denial
    """
    kinds = [each.value for each in kind or ()]
    with (
        Progress("reading the log", wanted=True),
        audit_client(server, token_file, tls_ca, timeout_seconds, tls=tls) as client,
    ):
        first = start if start is not None else (0 if kinds else max(0, client.size() - last))
        found = list(client.entries(first, kinds=kinds))[-last if start is None else 0 :]
    for each in found:
        print_listed(each, output)
    sys.stdout.flush()


@app.command()
def show(
    index: Annotated[int, typer.Argument(min=0, help="The entry's index.")],
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    tls_ca: AuthoritiesOption = None,
    tls: TlsOption = False,
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    output: FormatOption = Format.TEXT,
) -> None:
    """Show one entry in full.

    Example: assize audit show 42
    """
    with audit_client(server, token_file, tls_ca, timeout_seconds, tls=tls) as client:
        found = list(client.entries(index, index + 1))
    if not found:
        raise InvalidRequest(f"the log has no entry {index}")
    if output is Format.JSON:
        print_listed(found[0], output)
    else:
        print_entry(found[0])
    sys.stdout.flush()


@app.command("verify")
def verify_log(
    key: KeyOption,
    checkpoints: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH",
            exists=True,
            show_default=False,
            help="Checkpoints that were published outside the service: a file, or a folder of "
            "them; repeatable.",
        ),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            show_default=False,
            help="Verify this export, without a service; its checkpoint is FILE.checkpoint.",
        ),
    ] = None,
    remember: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            show_default=False,
            help="Where the last verified checkpoint is kept; by default among your settings.",
        ),
    ] = None,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    tls_ca: AuthoritiesOption = None,
    tls: TlsOption = False,
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    output: FormatOption = Format.TEXT,
) -> None:
    """Verify the whole log: every entry, its order, its root, and what it was before.

    The log is compared with the checkpoints that you name, and with the one that this command kept
    when it last found the log intact. Without either, a log that was rebuilt as a whole with the
    service's own key would not be noticed.

    Exit status: 0 sound, 1 something is wrong, 2 bad usage, 4 could not tell.

    Example: assize audit verify --key service.pub --checkpoints /mnt/elsewhere/checkpoints
    """
    keys = _keys(key)
    told = [each for path in checkpoints or () for each in memory.published(path)]
    if export is not None:
        report = _verified_export(export, told, keys)
    else:
        folder = remember or memory.default_folder()
        with (
            Progress("reading the log", wanted=True),
            audit_client(server, token_file, tls_ca, timeout_seconds, tls=tls) as client,
        ):
            report = _verified(client, told, keys, folder)
    print_report(report, output)
    raise typer.Exit(ExitStatus.PASSED if report.sound else ExitStatus.FAILED)


@app.command()
def prove(
    index: Annotated[int, typer.Argument(min=0, help="The entry's index.")],
    key: KeyOption,
    since: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            show_default=False,
            help="Prove as well that the log continues the one of this checkpoint.",
        ),
    ] = None,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    tls_ca: AuthoritiesOption = None,
    tls: TlsOption = False,
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    output: FormatOption = Format.TEXT,
) -> None:
    """Prove that an entry is in the log, without reading all of it.

    With -o json, what is printed is the proof: entry, path and signed checkpoint, for others to
    check. Exit status: 0 proven, 1 not, 2 bad usage, 4 could not tell.

    Example: assize audit prove 42 --key service.pub --since last.note
    """
    keys = _keys(key)
    with audit_client(server, token_file, tls_ca, timeout_seconds, tls=tls) as client:
        note = client.checkpoint()
        head = _opened(note, keys)
        leaf, path = client.inclusion(index, head.size)
        leaf_hash = merkle.leaf_hash(leaf)
        if not merkle.verify_inclusion(leaf_hash, index, head.size, path, head.root):
            _refuse(f"entry {index} is not in the log that was signed")
        if since is not None:
            _prove_since(client, head, since, keys)
    if output is Format.JSON:
        print_json(
            {
                "format": PROOF,
                "index": index,
                "leaf": leaf.decode("utf-8", "replace"),
                "size": head.size,
                "proof": [each.hex() for each in path],
                "checkpoint": note,
            }
        )
    else:
        entries = counted(head.size, "entry", "entries")
        told = f"entry {index} is in the log of {entries}, signed as {head.origin}"
        typer.echo(one_line(told))
    sys.stdout.flush()


@app.command("export")
def export_log(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where to write; its checkpoint goes beside it.")
    ],
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    tls_ca: AuthoritiesOption = None,
    tls: TlsOption = False,
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
) -> None:
    """Write the log as JSON Lines of OCSF events, and its signed checkpoint as FILE.checkpoint.

    `assize audit verify --export FILE` verifies both without the service.

    Example: assize audit export audit.jsonl
    """
    with (
        Progress("reading the log", wanted=True),
        audit_client(server, token_file, tls_ca, timeout_seconds, tls=tls) as client,
    ):
        note = client.checkpoint()
        size = unverified(note).size
        try:
            with path.open("w", encoding="ascii") as file:
                for each in client.entries(0, size):
                    file.write(f"{line(each.index, each.leaf)}\n")
            _beside(path).write_text(note, encoding="utf-8")
        except OSError as error:
            raise InvalidRequest(f"{path}: {error.strerror or error}") from error
        except MalformedEntry as error:
            raise MalformedAnswer(f"the service gave an entry that is none: {error}") from error
    typer.echo(
        f"{counted(size, 'entry', 'entries')} in {path}, their checkpoint in {_beside(path)}",
        err=True,
    )


def _prove_since(client: AuditClient, head: Checkpoint, since: Path, keys: list[PublicKey]) -> None:
    note = _text(since)
    try:
        unverified(note)
    except MalformedCheckpoint as error:
        raise InvalidRequest(f"{since} holds no checkpoint: {error}") from error
    older = _opened(note, keys)
    if older.size > head.size or older.origin != head.origin:
        _refuse(f"the log has {counted(head.size, 'entry', 'entries')}, {since} {older.size}")
    proof = client.consistency(older.size, head.size) if older.size else ()
    if not merkle.verify_consistency(older.size, head.size, proof, older.root, head.root):
        _refuse(f"the log does not continue the one of {since}")


def _opened(note: str, keys: list[PublicKey]) -> Checkpoint:
    try:
        return opened(note, keys)
    except MalformedCheckpoint as error:
        _refuse(str(error))


def _verified(
    client: AuditClient, told: list[Remembered], keys: list[PublicKey], folder: Path
) -> Report:
    try:
        note = client.checkpoint()
        # Read first, verified below; nothing is fetched under a note that is not good.
        head = unverified(note)
        told += memory.recalled(folder, keys, head.origin)
        size = head.size
        leaves = (each.leaf for each in client.entries(0, size))
        report = verify(leaves, note, told, keys)
    except MalformedAnswer as error:
        _refuse(str(error))
    except ServiceFailure as error:
        if error.reason == ReasonCode.LOG_BROKEN:
            _refuse(str(error))
        raise
    if report.intact:
        memory.remember(folder, note, keys)
    return report


def _verified_export(path: Path, told: list[Remembered], keys: list[PublicKey]) -> Report:
    note = _text(_beside(path))
    try:
        return verify(_exported(path), note, told, keys)
    except MalformedEntry as error:
        _refuse(f"{path}: {error}")


def _exported(path: Path) -> Iterator[bytes]:
    with path.open(encoding="ascii", errors="replace") as file:
        for index, text in enumerate(iter(lambda: file.readline(LINE_MOST_CHARS), "")):
            yield read_line(text, index)


def _beside(path: Path) -> Path:
    return path.with_name(path.name + CHECKPOINT_SUFFIX)


def _text(path: Path) -> str:
    return memory.published(path)[0].note


def _keys(paths: Iterable[Path]) -> list[PublicKey]:
    return [key for path in paths for key in read_key_file(path)]


def _refuse(problem: str) -> NoReturn:
    typer.echo(f"NOT PROVEN: {one_line(problem)}", err=True)
    raise typer.Exit(ExitStatus.FAILED)
