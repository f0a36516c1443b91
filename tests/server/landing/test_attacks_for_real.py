"""Programs that attack the workspace that they run over, through the whole service, on runc.

Each has its defined answer: what lands, what waits for a person, what is denied, what fails.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from support.landing import EXITS_WELL
from support.real_court import RealCourt, database, real_court

from assize.model.approvals import HoldState
from assize.model.effects import EffectKind
from assize.model.spec import Check, Function, FunctionCase, Spec
from assize.model.submission import SourceFile, Submission
from assize.model.verdict import Reason, Status, Verdict, WorkspaceOutcome
from assize.trees import FileNode, LinkNode
from assize.workspaces import WorkspaceClient
from assize_sandbox.images.store import Image
from assize_server.state import now_ms

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="module")]

FILES = {"a.csv": b"1,2\n3,4\n", "data/x.txt": b"x\n", "lib/code.py": b"def one():\n    return 1\n"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(home: Path, image: Image) -> AsyncIterator[RealCourt]:
    """One service for all."""
    assert image.rootfs
    async with real_court(home) as court:
        yield court


@pytest.fixture
def court(shared: RealCourt) -> Iterator[RealCourt]:
    """The service, with a workspace of the test's own."""
    store = shared.service.state.workspaces
    shared.name = "shop"
    shared.fill(FILES)
    yield shared
    for each in store.workspaces("anonymous"):
        store.delete("anonymous", each.name, now_ms())


def outcome(verdict: Verdict) -> WorkspaceOutcome:
    """Return what became of the effects."""
    assert verdict.workspace is not None, verdict
    return verdict.workspace.outcome


def kinds(verdict: Verdict) -> dict[str, set[EffectKind]]:
    """Return the kinds of effects by path."""
    found: dict[str, set[EffectKind]] = {}
    for each in verdict.effects:
        found.setdefault(each.effect.path, set()).add(each.effect.kind)
    return found


def output(verdict: Verdict) -> str:
    """Return what the program printed."""
    assert verdict.program is not None, verdict
    return verdict.program.stdout.head.decode()


def pulled(court: RealCourt, folder: Path) -> None:
    """Pull the workspace."""
    with WorkspaceClient(court.address) as client:
        client.pull(court.name, folder)


SWAPS = """
import os, shutil
os.symlink("/etc/passwd", "link")
shutil.rmtree("data")
os.symlink("/etc", "data")
os.makedirs("deep/folder")
os.symlink("../../../../../../etc", "deep/folder/up")
"""


async def test_links_out_of_the_workspace_wait_and_are_never_followed(
    court: RealCourt, tmp_path: Path
) -> None:
    """Not by the commit, not by the next run's view on the host, not by a pull over a folder."""
    folder = tmp_path / "pulled"
    await asyncio.to_thread(pulled, court, folder)
    before = {path: path.stat().st_mtime_ns for path in (Path("/etc"), Path("/etc/passwd"))}
    verdict = await court.run(SWAPS)
    assert outcome(verdict) is WorkspaceOutcome.HELD
    assert kinds(verdict)["data"] == {EffectKind.FS_RMDIR, EffectKind.FS_SYMLINK}
    assert await court.approve(verdict) is HoldState.COMMITTED
    assert court.node("data") == LinkNode("/etc")
    again = await court.run("open('data/assize-was-here', 'w').write('x')")
    assert (again.status, again.reason) == (Status.FAILED, Reason.RUNTIME_ERROR)
    await asyncio.to_thread(pulled, court, folder)
    assert str((folder / "data").readlink()) == "/etc"
    assert str((folder / "link").readlink()) == "/etc/passwd"
    assert {path: path.stat().st_mtime_ns for path in before} == before


LEFTOVERS = """
import os, socket
os.mkfifo("fifo")
made = socket.socket(socket.AF_UNIX)
made.bind("socket")
for name, act in (
    (b"not\\xff utf-8", lambda name: open(name, "w").close()),
    (b"new\\nline", lambda name: open(name, "w").close()),
    ("\\u202etxt.exe".encode(), lambda name: open(name, "w").close()),
):
    act(name)
open("setuid", "w").close()
os.chmod("setuid", 0o4755)
open("tagged", "w").close()
try:
    os.setxattr("tagged", "user.note", b"x")
except OSError:
    os.mkfifo("tagged-not")
try:
    os.mknod("device", 0o020666, os.makedev(1, 3))
except OSError:
    open("no-device", "w").close()
"""


async def test_what_no_tree_can_hold_is_told_and_denied(court: RealCourt) -> None:
    """A run that leaves such things lands nothing of what else it did."""
    before = court.head_id()
    verdict = await court.run(LEFTOVERS)
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.POLICY_DENIED), verdict
    told = kinds(verdict)
    special = {path for path, found in told.items() if EffectKind.FS_SPECIAL in found}
    assert {"fifo", "socket", "setuid", "not\\xff utf-8"} <= special
    assert "no-device" in told
    assert "device" not in told
    assert court.head_id() == before
    assert "\n" not in verdict.message
    assert "\u202e" not in verdict.message


async def test_files_with_many_names_land_as_files(court: RealCourt) -> None:
    """Twenty of them, and none is the same file as another afterwards."""
    verdict = await court.run("import os\nfor n in range(20):\n    os.link('a.csv', f'l{n}')")
    assert outcome(verdict) is WorkspaceOutcome.COMMITTED, verdict
    assert court.node("l7") == court.node("a.csv")
    assert len(verdict.effects) == 20
    after = await court.run("open('l7', 'a').write('5,6\\n')")
    assert list(kinds(after)) == ["l7"]
    assert court.node("l7") != court.node("a.csv")


DEEP = """
import os
for _ in range(1000):
    os.mkdir("d")
    os.chdir("d")
"""


async def test_folders_a_thousand_deep_are_told_and_denied(court: RealCourt) -> None:
    """The host's stack does not grow with them, and removing the view does not fail."""
    verdict = await court.run(DEEP)
    assert verdict.reason is Reason.POLICY_DENIED, verdict
    assert any(EffectKind.FS_SPECIAL in found for found in kinds(verdict).values())
    assert (await court.run("print(1)")).status is Status.PASSED


SPARSE = """
import os
made = []
for size in (2**50, 2**40, 2**30):
    with open(f"s{size}", "wb") as file:
        try:
            os.truncate(file.fileno(), size)
            made.append(size)
        except OSError:
            os.unlink(f"s{size}")
with open("small", "wb") as file:
    os.truncate(file.fileno(), 2**24)
print(made)
"""


async def test_holes_are_no_larger_than_files_may_be(court: RealCourt) -> None:
    """A petabyte of nothing cannot be made; what can be made is read as long as it claims."""
    verdict = await court.run(
        "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n" + SPARSE
    )
    assert output(verdict) == "[]\n"
    assert outcome(verdict) is WorkspaceOutcome.COMMITTED
    node = court.node("small")
    assert isinstance(node, FileNode)
    assert node.size_bytes == 2**24


BYTES = "for n in range(999):\n    open(f'f{n}', 'wb').write(b'x' * 1_000_000)"
INODES = "for n in range(99999):\n    open(f'f{n}', 'wb').close()"


@pytest.mark.parametrize("source", [BYTES, INODES], ids=["bytes", "inodes"])
async def test_run_that_fills_its_disk_fails_and_lands_nothing(
    court: RealCourt, source: str
) -> None:
    """The limit is of the run; the next one has a disk of its own."""
    before = court.head_id()
    verdict = await court.run(source)
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.DISK_LIMIT)
    assert outcome(verdict) is WorkspaceOutcome.DISCARDED
    assert court.head_id() == before


DAEMON = """
import os, time
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.close(1)
        os.close(2)
        count = 0
        while True:
            count += 1
            with open("late.txt", "a") as file:
                file.write("x" * 1000)
            if count == 3:
                os.write(write, b".")
    os._exit(0)
os.read(read, 1)
"""


async def test_daemon_that_outlives_the_program_writes_nothing_after_the_look(
    court: RealCourt,
) -> None:
    """It is dead before the view is read: what is told is what landed."""
    verdict = await court.run(DAEMON)
    assert outcome(verdict) is WorkspaceOutcome.COMMITTED, verdict
    (weighed,) = verdict.effects
    node = court.node("late.txt")
    assert isinstance(node, FileNode)
    assert weighed.effect.after is not None
    assert weighed.effect.after.digest == node.digest
    court.service.state.objects.verify(node.digest)
    assert node.size_bytes >= 3000


async def test_delete_in_a_renamed_folder_is_still_a_delete_in_git(court: RealCourt) -> None:
    """And the rename does not take version-control metadata along either."""
    court.name = "git"
    court.fill(FILES | {"repo/.git/config": b"[core]\n", "repo/a.txt": b"a\n"})
    before = court.head_id()
    sources = (
        "import os, shutil\nos.rename('repo', 'moved')\nshutil.rmtree('moved/.git')",
        "import os\nos.rename('repo', 'moved')",
        "import os\nos.rename('repo/.git', 'repo/git')\nos.mkdir('repo/.git')",
    )
    for source in sources:
        verdict = await court.run(source)
        assert verdict.reason is Reason.POLICY_DENIED, source
    assert court.head_id() == before


HIDES = {
    "folder": "import os\nos.unlink('main.py')\nos.mkdir('main.py')\nos.link('a.csv', 'main.py/x')",
    "link": "import os\nos.unlink('main.py')\nos.symlink('/etc/passwd', 'main.py')",
    "mode": "import os\nos.chmod('main.py', 0o755)",
    "moved": "import os\nos.rename('main.py', 'kept.py')",
    "content": "open('main.py', 'w').write('print(1)')",
}


@pytest.mark.parametrize("how", HIDES)
async def test_effect_on_the_submitted_file_itself_is_told(court: RealCourt, how: str) -> None:
    """What the service takes out again is the file that it put there, and nothing else."""
    verdict = await court.run(HIDES[how])
    told = kinds(verdict)
    expected = {
        "folder": {"main.py": {EffectKind.FS_MKDIR}, "main.py/x": {EffectKind.FS_CREATE}},
        "link": {"main.py": {EffectKind.FS_SYMLINK}},
        "mode": {"main.py": {EffectKind.FS_CREATE}},
        "moved": {"kept.py": {EffectKind.FS_CREATE}},
        "content": {"main.py": {EffectKind.FS_CREATE}},
    }
    assert told == expected[how]
    assert outcome(verdict) in {WorkspaceOutcome.COMMITTED, WorkspaceOutcome.HELD}


TRIGGER = """
import sqlite3
with sqlite3.connect("app.db") as db:
    db.execute("create trigger t after insert on log begin delete from users; end")
    db.execute("insert into log values (1, 'harmless')")
"""
WAL = """
import os, sqlite3
db = sqlite3.connect("app.db")
db.execute("pragma journal_mode=wal")
db.execute("pragma wal_autocheckpoint=0")
db.execute("delete from users where id = 1")
db.commit()
os._exit(0)
"""
DATABASE = """
create table users(id integer primary key, name);
insert into users values (1, 'ann'), (2, 'bob');
create table log(id integer primary key, text);
"""


@pytest.mark.parametrize(
    ("source", "least"),
    [
        (TRIGGER, {EffectKind.DB_DELETE, EffectKind.DB_INSERT, EffectKind.DB_SCHEMA}),
        (WAL, {EffectKind.DB_DELETE}),
    ],
    ids=["trigger", "wal"],
)
async def test_rows_that_go_are_told_however_they_went(
    court: RealCourt, source: str, least: set[EffectKind]
) -> None:
    """By a trigger, or only in a log beside the database; a person sees them before they land."""
    court.name = "rows"
    court.fill({"app.db": database(DATABASE)})
    verdict = await court.run(source)
    assert outcome(verdict) is WorkspaceOutcome.HELD, verdict
    found = {each.effect.kind for each in verdict.effects}
    assert least <= found
    deleted = [each.effect for each in verdict.effects if each.effect.kind is EffectKind.DB_DELETE]
    assert [each.table for each in deleted] == ["main.users"]


LOOKS = """
import ctypes, json, os
libc = ctypes.CDLL(None, use_errno=True)
told: dict[str, str] = {}
def attempt(name, act):
    try:
        told[name] = f"got {act()!r}"
    except OSError as error:
        told[name] = f"refused: {error.strerror}"
def mount(*arguments):
    if libc.mount(*arguments) != 0:
        raise OSError(ctypes.get_errno(), "mount")
attempt("remount", lambda: mount(None, b"/workspace", None, 32, None))
attempt("bind", lambda: mount(b"/", b"/workspace/data", None, 4096, None))
attempt("above", lambda: os.listdir("/workspace/../upper"))
attempt("home", lambda: os.listdir(os.environ["PLACE"]))
attempt("views", lambda: os.listdir(os.environ["PLACE"] + "/views"))
attempt("layers", lambda: os.listdir(os.environ["PLACE"] + "/layers"))
attempt("init", lambda: os.listdir("/proc/1/root"))
print(json.dumps([told, sorted(os.listdir("/workspace")), open("/proc/self/mountinfo").read()]))
"""


async def test_run_sees_its_view_and_nothing_of_the_host(court: RealCourt) -> None:
    """No other run's view, no layer; what the kernel tells of its mounts opens nothing."""
    place = str(court.folder / "home")
    submission = Submission(
        (SourceFile("main.py", LOOKS.encode()),),
        entry_point="main.py",
        environment={"PLACE": place},
    )
    verdict = await court.judge(submission, EXITS_WELL)
    told, seen, mounts = json.loads(output(verdict))
    print(mounts)
    got = {name: text for name, text in told.items() if not text.startswith("refused")}
    # The root of its own first process is the container's, which it sees anyway.
    assert got.keys() <= {"init"}, got
    assert seen == ["a.csv", "data", "lib", "main.py"]


READS = b"""
import os

def tries() -> list[str]:
    told = []
    for act in (
        lambda: open("new", "w"),
        lambda: open("a.csv", "a"),
        lambda: os.unlink("a.csv"),
        lambda: os.rename("data", "moved"),
        lambda: os.chmod("a.csv", 0o777),
    ):
        try:
            act()
            told.append("got through")
        except OSError:
            told.append("refused")
    return [open("a.csv").read(), *told]
"""


async def test_called_function_reads_the_workspace_and_changes_nothing(court: RealCourt) -> None:
    """Its view is read-only, and is thrown away besides."""
    before = court.head_id()
    expected = ["1,2\n3,4\n", *["refused"] * 5]
    case = FunctionCase("tries()", repr(expected))
    verdict = await court.judge(
        Submission((SourceFile("solution.py", READS),)),
        Spec((Check("tries", Function("solution", (case,))),)),
    )
    assert verdict.status is Status.PASSED, verdict
    assert court.head_id() == before


async def test_runs_at_once_do_not_meet(court: RealCourt) -> None:
    """Of two that look for each other's file while both run, neither finds it."""
    source = (
        "import os, time\nopen(f'mine-{os.urandom(4).hex()}', 'w').close()\n"
        "time.sleep(0.3)\nprint(len([n for n in os.listdir() if n.startswith('mine')]))"
    )
    found = await asyncio.gather(*(court.run(source, dry_run=True) for _ in range(2)))
    assert [output(each) for each in found] == ["1\n", "1\n"]


async def test_nothing_is_left_on_the_host(court: RealCourt) -> None:
    """No mount, no view; and what landed is what the log says."""
    await court.run("open('b.txt', 'w').write('b')")
    assert court.commits() > 0
    mounted = await asyncio.to_thread(Path("/proc/self/mountinfo").read_text)
    views = [line for line in mounted.splitlines() if f"{court.folder}/home/views" in line]
    assert views == []
    left = [entry for entry in os.scandir(court.folder / "home" / "views") if entry.is_dir()]
    assert all(not list(os.scandir(each.path)) for each in left)
