"""`assize workspace`: trees of files that runs change, and their history."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import typer

from assize.cli import completion
from assize.cli.bar import Bar
from assize.cli.connection import (
    AuthoritiesOption,
    TlsOption,
    TokenFileOption,
    workspaces_connected,
)
from assize.cli.document import to_json
from assize.cli.exit_codes import ExitStatus
from assize.cli.progress import Progress
from assize.cli.target import DEFAULT_TIMEOUT, ServerOption, TimeoutOption
from assize.cli.terminal import lines, one_line
from assize.cli.verify import Format, FormatOption
from assize.cli.workspace_rendering import (
    diff_lines,
    log_rows,
    print_json,
    print_table,
    size,
    snapshot_rows,
    summary_rows,
)
from assize.counts import counted
from assize.model.workspaces import FileContent, Pulled, Pushed, RolledBack, SnapshotListing
from assize.workspaces import FILE_MOST_BYTES, LOG_USUAL

app = typer.Typer(
    help="Trees of files that verifications see and change, with their history.",
    no_args_is_help=True,
)

SHORT: Final = 12
"""Digits of an id that are shown."""
PATHS_MOST: Final = 20
"""Paths that are named; the others are counted."""

NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="The workspace's name.", autocompletion=completion.workspaces
    ),
]
FolderArgument = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="A folder here.", show_default=True)
]
SnapshotOption = Annotated[
    str,
    typer.Option(
        metavar="SNAPSHOT",
        help="An id, its first 6 or more digits, head, or head~N. Empty: the head.",
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Overwrite; what is lost is told.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The workspace's name.")],
    server: ServerOption = "",
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    token_file: TokenFileOption = None,
    authorities: AuthoritiesOption = None,
    tls: TlsOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Make an empty workspace.

    A name is at most 63 of a-z, 0-9, '.', '_' and '-', the first of them a letter or digit.

    Example: assize workspace create shop
    """
    reach = workspaces_connected(server, timeout_seconds, token_file, authorities, tls=tls)
    with _waiting(), reach as client:
        made = client.create(name)
    _answer(output, made, [f"created {made.name}; put files into it: assize workspace push {name}"])


@app.command()
def push(
    name: NameArgument,
    folder: FolderArgument = Path(),
    message: Annotated[str, typer.Option("--message", "-m", help="For the log.")] = "",
    force: ForceOption = False,
    server: ServerOption = "",
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    token_file: TokenFileOption = None,
    authorities: AuthoritiesOption = None,
    tls: TlsOption = False,
    output: FormatOption = Format.TEXT,
    quiet: QuietOption = False,
) -> None:
    """Make what is in a folder the head; only what the service lacks is sent.

    What .gitignore and .assizeignore name is left out, .git always. Links are kept as links and
    never followed. If the head is not what the folder was last pulled from or pushed to, nothing
    is changed (--force replaces it; the log keeps what was there).

    Example: assize workspace push shop . -m "Before the migration"
    """
    reach = workspaces_connected(server, timeout_seconds, token_file, authorities, tls=tls)
    with Bar(wanted=not quiet) as bar, reach as client:
        pushed = client.push(name, folder, message=message, force=force, report=bar)
    _answer(output, pushed, _pushed_lines(name, pushed))


@app.command()
def pull(
    name: NameArgument,
    folder: FolderArgument = Path(),
    snapshot: SnapshotOption = "",
    force: ForceOption = False,
    server: ServerOption = "",
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    token_file: TokenFileOption = None,
    authorities: AuthoritiesOption = None,
    tls: TlsOption = False,
    output: FormatOption = Format.TEXT,
    quiet: QuietOption = False,
) -> None:
    """Make a folder what a snapshot is; only what the folder lacks is fetched.

    A file that was changed here stays as it is; if the snapshot changes it, too, nothing is done
    and the file is named (--force overwrites it, and says so). Nothing is written through a link.

    Example: assize workspace pull shop ./shop --snapshot head~1
    """
    reach = workspaces_connected(server, timeout_seconds, token_file, authorities, tls=tls)
    with Bar(wanted=not quiet) as bar, reach as client:
        pulled = client.pull(name, folder, snapshot=snapshot, force=force, report=bar)
    _answer(output, pulled, _pulled_lines(pulled))


@app.command("list")
def list_workspaces(
    server: ServerOption = "",
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    token_file: TokenFileOption = None,
    authorities: AuthoritiesOption = None,
    tls: TlsOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """List your workspaces by name.

    Example: assize workspace list -o json
    """
    reach = workspaces_connected(server, timeout_seconds, token_file, authorities, tls=tls)
    with _waiting(), reach as client:
        found = client.workspaces()
    if output is Format.JSON:
        print_json(to_json(found))
    elif not found:
        typer.echo("there are no workspaces of yours; make one: assize workspace create", err=True)
    else:
        headings = ("name", "owner", "head", "files", "size", "snapshots", "made")
        print_table(headings, summary_rows(found))
    sys.stdout.flush()


@app.command()
def log(
    name: NameArgument,
    most: Annotated[
        int, typer.Option("--most", "-n", min=1, max=1000, help="No more entries than this.")
    ] = LOG_USUAL,
    server: ServerOption = "",
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    token_file: TokenFileOption = None,
    authorities: AuthoritiesOption = None,
    tls: TlsOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Tell what became of a workspace: who, when, which verification; the newest first.

    Example: assize workspace log shop -n 5
    """
    reach = workspaces_connected(server, timeout_seconds, token_file, authorities, tls=tls)
    with _waiting(), reach as client:
        entries = client.log(name, most)
    if output is Format.JSON:
        print_json(to_json(entries))
    else:
        headings = ("#", "snapshot", "kind", "when", "who", "verification", "message")
        print_table(headings, log_rows(entries))
    sys.stdout.flush()


@app.command()
def show(
    name: NameArgument,
    path: Annotated[
        str, typer.Argument(metavar="[PATH]", help="A file to print.", show_default=False)
    ] = "",
    snapshot: SnapshotOption = "",
    most_bytes: Annotated[
        int, typer.Option(min=1, metavar="BYTES", help="Print no more of a file than this.")
    ] = FILE_MOST_BYTES,
    server: ServerOption = "",
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    token_file: TokenFileOption = None,
    authorities: AuthoritiesOption = None,
    tls: TlsOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """List what is in a snapshot, or print one of its files.

    Example: assize workspace show shop

    Example: assize workspace show shop src/main.py --snapshot head~1
    """
    shown: SnapshotListing | FileContent
    reach = workspaces_connected(server, timeout_seconds, token_file, authorities, tls=tls)
    with _waiting(), reach as client:
        if path:
            shown = client.file(name, path, snapshot, most_bytes)
        else:
            shown = client.listing(name, snapshot)
    if isinstance(shown, FileContent):
        _show_file(output, shown)
    else:
        _show_listing(output, shown)
    sys.stdout.flush()


@app.command()
def diff(
    name: NameArgument,
    before: Annotated[str, typer.Argument(metavar="[BEFORE]", help="A snapshot.")] = "head~1",
    after: Annotated[str, typer.Argument(metavar="[AFTER]", help="Another one.")] = "head",
    server: ServerOption = "",
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    token_file: TokenFileOption = None,
    authorities: AuthoritiesOption = None,
    tls: TlsOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Tell what differs between two snapshots of a workspace; by default, what came last.

    Example: assize workspace diff shop

    Example: assize workspace diff shop 3f2a9c head~2 -o json
    """
    reach = workspaces_connected(server, timeout_seconds, token_file, authorities, tls=tls)
    with _waiting(), reach as client:
        found = client.diff(name, before, after)
    _answer(output, found, diff_lines(found))


@app.command()
def rollback(
    name: NameArgument,
    snapshot: Annotated[str, typer.Argument(metavar="SNAPSHOT", help="Where to go back to.")],
    message: Annotated[str, typer.Option("--message", "-m", help="For the log.")] = "",
    server: ServerOption = "",
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    token_file: TokenFileOption = None,
    authorities: AuthoritiesOption = None,
    tls: TlsOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Make an earlier snapshot the head again, and prove that its bytes are there.

    Nothing is lost: the log keeps what was the head, and a rollback can be rolled back. A folder
    here stays as it is until the next pull.

    Example: assize workspace rollback shop head~1
    """
    reach = workspaces_connected(server, timeout_seconds, token_file, authorities, tls=tls)
    with _waiting(), reach as client:
        done = client.rollback(name, snapshot, message=message)
    _answer(output, done, _rollback_lines(name, done))


@app.command()
def fork(
    name: NameArgument,
    new_name: Annotated[str, typer.Argument(metavar="NEW", help="The new workspace's name.")],
    snapshot: SnapshotOption = "",
    server: ServerOption = "",
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    token_file: TokenFileOption = None,
    authorities: AuthoritiesOption = None,
    tls: TlsOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Make a workspace that begins with a snapshot of another. No file is copied.

    Example: assize workspace fork shop shop-try --snapshot head~3
    """
    reach = workspaces_connected(server, timeout_seconds, token_file, authorities, tls=tls)
    with _waiting(), reach as client:
        made = client.fork(name, new_name, snapshot)
    _answer(output, made, [f"created {made.name} at {made.head[:SHORT]}"])


@app.command()
def delete(
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    server: ServerOption = "",
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    token_file: TokenFileOption = None,
    authorities: AuthoritiesOption = None,
    tls: TlsOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Remove a workspace and its whole history. This cannot be undone.

    Example: assize workspace delete shop-try --yes
    """
    if not yes:
        _confirm(name)
    reach = workspaces_connected(server, timeout_seconds, token_file, authorities, tls=tls)
    with _waiting(), reach as client:
        client.delete(name)
    if output is Format.JSON:
        print_json({"deleted": name})
    else:
        typer.echo(f"deleted {one_line(name)}")


@app.command()
def gc(
    server: ServerOption = "",
    timeout_seconds: TimeoutOption = DEFAULT_TIMEOUT,
    token_file: TokenFileOption = None,
    authorities: AuthoritiesOption = None,
    tls: TlsOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Have the service throw away old log entries and files that nothing needs.

    What is kept is the service's to say: heads, young entries, what held runs need.

    Example: assize workspace gc
    """
    reach = workspaces_connected(server, timeout_seconds, token_file, authorities, tls=tls)
    with _waiting(), reach as client:
        done = client.collect_garbage()
    entries = counted(done.log_entries, "log entry", "log entries")
    told = f"removed {entries} and {counted(done.objects, 'object')}, {size(done.bytes)}"
    _answer(output, done, [told])


def _waiting() -> Progress:
    return Progress("asking the service", wanted=True)


def _answer(output: Format, record: object, told: Iterable[str]) -> None:
    if output is Format.JSON:
        print_json(to_json(record))
    else:
        sys.stdout.writelines(f"{one_line(line)}\n" for line in told)
    sys.stdout.flush()


def _confirm(name: str) -> None:
    if not _is_asked():
        text = "delete asks before it removes a history, and nobody is there to ask: give --yes"
        typer.echo(f"error: {text}", err=True)
        raise typer.Exit(ExitStatus.USAGE)
    question = f"Remove workspace {one_line(name)} and its whole history?"
    if not typer.confirm(question, err=True):
        raise typer.Exit(ExitStatus.USAGE)


def _is_asked() -> bool:
    return sys.stdin.isatty()


def _pushed_lines(name: str, pushed: Pushed) -> list[str]:
    if pushed.entry is None:
        return [f"nothing to push: {one_line(name)} is at {pushed.snapshot[:SHORT]}"]
    sent = f"sent {counted(pushed.objects, 'object')}, {size(pushed.bytes)}"
    told = [f"{one_line(name)} is at {pushed.snapshot[:SHORT]} now; {sent}"]
    if pushed.overwritten:
        old = pushed.overwritten[:SHORT]
        told.append(f"replaced {old}, which this folder was not made from; the log keeps it")
    return told


def _pulled_lines(pulled: Pulled) -> list[str]:
    counts = f"{len(pulled.written)} written, {len(pulled.removed)} removed"
    told = [f"at {pulled.snapshot[:SHORT]}: {counts}, {size(pulled.bytes)} fetched"]
    for what, paths in (
        ("kept your change of", pulled.kept),
        ("overwrote your change of", pulled.overwritten),
        ("left out", pulled.left_out),
    ):
        told += [f"{what} {one_line(path)}" for path in paths[:PATHS_MOST]]
        if len(paths) > PATHS_MOST:
            told.append(f"{what} {len(paths) - PATHS_MOST} more")
    return told


def _rollback_lines(name: str, done: RolledBack) -> list[str]:
    proof = done.proof
    trees = counted(proof.trees_verified, "tree")
    read = f"{trees} and {counted(proof.files_verified, 'changed file')} read and hashed"
    present = counted(proof.files_present, "file")
    verb = "is" if done.entry is not None else "was already"
    return [
        f"{one_line(name)} {verb} at {done.snapshot[:SHORT]}",
        f"proof: {read}, {present} present; recomputed {proof.recomputed}",
        f"a folder here follows with: assize workspace pull {one_line(name)}",
    ]


def _show_file(output: Format, content: FileContent) -> None:
    if output is Format.JSON:
        print_json(to_json(content))
        return
    text = content.data.decode("utf-8", "backslashreplace")
    sys.stdout.writelines(f"{line}\n" for line in lines(text))
    if len(content.data) < content.size_bytes:
        told = f"{len(content.data)} of {content.size_bytes} bytes; --most-bytes shows more"
        typer.echo(told, err=True)


def _show_listing(output: Format, listing: SnapshotListing) -> None:
    if output is Format.JSON:
        entries = [{"path": path, **_members(each)} for path, each in listing.entries.items()]
        print_json({"snapshot": listing.snapshot, "entries": entries})
        return
    print_table(("mode", "size", "path"), snapshot_rows(listing))


def _members(record: object) -> dict[str, object]:
    members = to_json(record)
    if not isinstance(members, dict):
        raise TypeError(f"{type(record).__name__} is no record")
    return dict(members)
