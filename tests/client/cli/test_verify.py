"""`assize verify` as a script and as a person see it."""

import base64
import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fake_service import FakeService
from typer.testing import CliRunner, Result

from assize.cli import main, target
from assize.cli.document import FORMAT
from assize.cli.exit_codes import ExitStatus
from assize.cli.rendering import print_verdict
from assize.cli.terminal import lines, one_line
from assize.convert.requests import request_from_proto
from assize.model import verdict as v
from assize.model.submission import RequestedLimits

PROGRAM_SPEC = 'checks: [{name: prints, stdout: {exact: "1\\n"}}]\n'
FUNCTION_SPEC = """
checks:
  - function: {module: solution, cases: [{call: "add(1, 2)", returns: "3"}]}
"""
FORGERY = "\x1b[2J\x1b[32mPASSED\n\rPASSED \u202edetrever\u2066\u200b\x9b1m\x07\ud800\u2028x"
FAILED = v.Verdict(
    verification_id="v1",
    status=v.Status.FAILED,
    reason=v.Reason.WRONG_ANSWER,
    message="1 of 2 checks failed",
    policy="default",
    policy_digest="0123456789abcdef",
    score=0.5,
    assurance=v.Assurance.EXTERNAL,
    checks=(
        v.CheckResult("exits", v.CheckStatus.PASSED, v.Assurance.EXTERNAL),
        v.CheckResult(
            "prints",
            v.CheckStatus.FAILED,
            v.Assurance.EXTERNAL,
            reason=v.Reason.WRONG_ANSWER,
            message="line 1 differs",
            expected="1\n2\n",
            actual="1\n3\n",
            diff="@@\n 1\n-2\n+3\n",
        ),
    ),
    findings=(
        v.Finding("ruff", "F821", v.Severity.ERROR, "solution.py", 3, 5, "Undefined name `x`"),
    ),
    program=v.ProgramEnd(1, None, v.Output(b"1\n3\n", b"", 4), v.Output(b"\xff\x1b", b"", 2)),
    usage=v.Usage(0.5, 0.25, 2**20, 3, 6),
    isolation=v.Isolation("runc", "runc 1.2", "sha256:feed", ("network", "seccomp")),
)


@pytest.fixture
def solution(tmp_path: Path) -> Path:
    """Give a folder with one file and two specs."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "solution.py").write_text("print(1)")
    (tmp_path / "program.yaml").write_text(PROGRAM_SPEC)
    (tmp_path / "function.yaml").write_text(FUNCTION_SPEC)
    return folder


def ask(folder: Path, *arguments: str, server: str = "", spec: str = "program") -> Result:
    """Run `assize verify` over the folder in this process."""
    command = ["verify", str(folder), "--spec", str(folder.parent / f"{spec}.yaml"), *arguments]
    return CliRunner().invoke(main.app, command, env={"ASSIZE_SERVER": server, "COLUMNS": "200"})


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (v.Status.PASSED, 0),
        (v.Status.FAILED, 1),
        (v.Status.HELD, 3),
        (v.Status.INFRA_ERROR, 4),
    ],
)
def test_verdict_sets_the_exit_status(
    service: FakeService, solution: Path, status: v.Status, expected: int
) -> None:
    """Scripts need not read a word."""
    service.verdict = replace(FAILED, status=status)
    assert ask(solution, server=service.address).exit_code == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, ExitStatus.USAGE),
        (grpc.StatusCode.NOT_FOUND, ExitStatus.USAGE),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, ExitStatus.UNKNOWN),
        (grpc.StatusCode.UNAVAILABLE, ExitStatus.UNKNOWN),
        (grpc.StatusCode.INTERNAL, ExitStatus.UNKNOWN),
    ],
)
def test_refusal_sets_the_exit_status_and_leaves_stdout_empty(
    service: FakeService, solution: Path, code: grpc.StatusCode, expected: ExitStatus
) -> None:
    """What is not a verdict is not printed where verdicts are."""
    service.refuse(code, "because \x1b[2J")
    done = ask(solution, server=service.address)
    assert (done.exit_code, done.stdout) == (expected, "")
    assert "because \\x1b[2J" in done.stderr


def test_nobody_listening_could_not_tell(solution: Path, tmp_path: Path) -> None:
    """An unreachable service says nothing about the code."""
    done = ask(solution, server=f"unix://{tmp_path}/none.sock")
    assert done.exit_code == ExitStatus.UNKNOWN
    assert "no service answers" in done.stderr
    assert "ASSIZE_SERVER" in done.stderr


def test_authorities_that_are_none_end_with_2(
    service: FakeService, solution: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is at fault, and not the service, which was not asked."""
    monkeypatch.setenv("ASSIZE_TLS_CA", str(solution / "solution.py"))
    done = ask(solution, server=service.address)
    assert (done.exit_code, done.stdout) == (ExitStatus.USAGE, "")
    assert "no certificate in PEM form" in done.stderr
    assert service.requests == []


def test_options_reach_the_service(service: FakeService, solution: Path) -> None:
    """Each option has its effect, in the units of its name."""
    done = ask(
        solution,
        *(
            "--arg",
            "-x",
            "--arg",
            "two",
            "--env",
            "A=b=c",
            "--stdin",
            str(solution / "solution.py"),
        ),
        *("--policy", "strict", "--request-id", "id-1", "--wall-seconds", "2.5"),
        *("--memory-mb", "3", "--output-kb", "4", "--pids", "5"),
        server=service.address,
    )
    assert done.exit_code == ExitStatus.PASSED, done.stderr
    sent = request_from_proto(service.requests[0])
    assert (sent.policy, sent.request_id) == ("strict", "id-1")
    assert sent.submission.arguments == ("-x", "two")
    assert sent.submission.environment == {"A": "b=c"}
    assert sent.submission.stdin == b"print(1)"
    assert sent.submission.entry_point == "solution.py"
    assert sent.limits == RequestedLimits(
        wall_seconds=2.5, memory_bytes=3 * 2**20, output_bytes=4 * 2**10, pids=5
    )


def test_spec_of_functions_only_runs_no_program(service: FakeService, solution: Path) -> None:
    """Nothing is run unless a check looks at it."""
    ask(solution, server=service.address, spec="function")
    assert request_from_proto(service.requests[0]).submission.entry_point is None


def test_folder_sends_python_files_below_it_by_relative_path(
    service: FakeService, solution: Path
) -> None:
    """Virtual environments and other files stay at home."""
    for path in ("pkg/tool.py", ".venv/lib.py", "notes.txt"):
        (solution / path).parent.mkdir(exist_ok=True)
        (solution / path).write_text("")
    ask(solution, "--entry-point", "pkg/tool.py", server=service.address)
    sent = request_from_proto(service.requests[0]).submission
    assert [file.path for file in sent.files] == ["pkg/tool.py", "solution.py"]
    assert sent.entry_point == "pkg/tool.py"


def test_link_in_a_folder_is_refused(service: FakeService, solution: Path, tmp_path: Path) -> None:
    """Whoever wrote the folder cannot have a file from outside it sent."""
    (tmp_path / "secret").write_text("secret")
    (solution / "leak.py").symlink_to(tmp_path / "secret")
    done = ask(solution, server=service.address)
    assert (done.exit_code, service.requests) == (ExitStatus.USAGE, [])
    assert "is a link" in done.stderr


def test_name_of_a_file_steers_no_terminal(service: FakeService, solution: Path) -> None:
    """File names come from whoever wrote the folder, too."""
    (solution / "\x1b[2J.py").symlink_to("nowhere")
    done = ask(solution, server=service.address)
    assert done.exit_code == ExitStatus.USAGE
    assert "\x1b" not in done.output
    assert "\\x1b[2J.py" in done.stderr


def test_pipe_in_a_folder_is_refused(service: FakeService, solution: Path) -> None:
    """Reading it would never end."""
    os.mkfifo(solution / "pipe.py")
    done = ask(solution, server=service.address)
    assert done.exit_code == ExitStatus.USAGE
    assert "is not a regular file" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--entry-point", "nope.py"), "nope.py is none of"),
        (("--env", "novalue"), "NAME=VALUE"),
        (("--wall-seconds", "0"), "limits.wall_seconds"),
        (("--nonsense",), "No such option"),
    ],
)
def test_bad_usage_ends_with_2_and_says_what(
    service: FakeService, solution: Path, arguments: tuple[str, ...], told: str
) -> None:
    """Nothing is sent."""
    done = ask(solution, *arguments, server=service.address)
    assert (done.exit_code, service.requests) == (ExitStatus.USAGE, [])
    assert told in done.stderr


def test_several_files_and_a_program_check_ask_for_the_entry_point(
    service: FakeService, solution: Path
) -> None:
    """Which file is the program is never guessed."""
    (solution / "other.py").write_text("")
    done = ask(solution, server=service.address)
    assert done.exit_code == ExitStatus.USAGE
    assert "--entry-point" in done.stderr


def test_malformed_spec_ends_with_2_and_its_line(service: FakeService, solution: Path) -> None:
    """The message says where to look."""
    (solution.parent / "program.yaml").write_text("checks:\n  - stdotu: {}\n")
    done = ask(solution, server=service.address)
    assert done.exit_code == ExitStatus.USAGE
    assert "program.yaml:2:" in done.stderr


def test_json_holds_the_whole_verdict(service: FakeService, solution: Path) -> None:
    """The keys are a promise (docs/cli.md), and outputs lose no byte."""
    service.verdict = FAILED
    done = ask(solution, "-o", "json", server=service.address)
    document = json.loads(done.stdout)
    assert list(document) == [
        *("format", "verification_id", "status", "message", "policy", "policy_digest"),
        *("request_id", "reason", "score", "assurance", "checks", "findings", "program"),
        *("usage", "stages", "isolation", "effects", "effects_total", "workspace", "hold"),
    ]
    assert document["format"] == FORMAT
    assert (document["status"], document["assurance"]) == ("FAILED", "EXTERNAL")
    assert document["findings"][0]["severity"] == "ERROR"
    error = document["program"]["stderr"]
    assert base64.b64decode(error["head_base64"]) == b"\xff\x1b"
    assert (error["head"], error["total_bytes"], error["truncated"]) == ("\ufffd\x1b", 2, False)


def test_json_steers_no_terminal(service: FakeService, solution: Path) -> None:
    """Whatever the candidate wrote, the document is printable ASCII."""
    service.verdict = hostile()
    done = ask(solution, "-o", "json", server=service.address)
    assert json.loads(done.stdout)["status"] == "FAILED"
    assert done.stdout.isascii()
    assert done.stdout.replace("\n", "").isprintable()


def test_text_shows_what_to_act_on(service: FakeService, solution: Path) -> None:
    """Everything that mends the code is on the screen."""
    service.verdict = FAILED
    text = ask(solution, server=service.address).stdout
    assert text.startswith("FAILED: WRONG_ANSWER")
    for part in (
        "pass  exits",
        "FAIL  prints  WRONG_ANSWER: line 1 differs",
        "| +3",
        "solution.py:3:5: error: Undefined name `x` [ruff F821]",
        "program: exit status 1",
        "0.50 s wall",
        "isolation: runc, runc 1.2, image feed; held: network, seccomp",
    ):
        assert part in text


def hostile() -> v.Verdict:
    """Return a verdict whose every free text is a forgery."""
    # Names come from the service and the spec, so they are Unicode.
    named = FORGERY.replace("\ud800", "")
    finding = v.Finding(named, FORGERY, v.Severity.ERROR, FORGERY, 1, 1, FORGERY)
    check = replace(
        FAILED.checks[1],
        name=named,
        message=FORGERY,
        input=FORGERY,
        expected=FORGERY,
        actual=FORGERY,
        diff=FORGERY,
    )
    output = v.Output(FORGERY.encode("utf-8", "surrogatepass"), b"", 200)
    return replace(
        FAILED,
        message=FORGERY,
        checks=(check,),
        findings=(finding,),
        program=v.ProgramEnd(None, 9, output, output),
    )


def test_hostile_text_neither_steers_the_terminal_nor_begins_a_line() -> None:
    """The candidate cannot paint a verdict of its own."""
    screen = io.StringIO()
    print_verdict(hostile(), screen)
    for number, line in enumerate(screen.getvalue().splitlines()):
        assert line.isprintable() or line == ""
        assert not line.startswith("PASSED"), number
    assert "\\x1b[2J" in screen.getvalue()
    assert "\\u202e" in screen.getvalue()


@given(st.text())
def test_shown_text_is_printable_but_for_spaces(text: str) -> None:
    """No character gets through that moves, hides or reorders others."""
    for line in [one_line(text), *lines(text)]:
        assert len(line.splitlines()) <= 1
        assert not any(ord(character) < ord(" ") for character in line)


def test_quiet_prints_the_first_line_only(service: FakeService, solution: Path) -> None:
    """One line for a log."""
    done = ask(solution, "-q", server=service.address)
    assert done.stdout == "PASSED  score 0.00, assurance none\n"
    assert done.stderr == ""


def test_not_a_terminal_gets_neither_colour_nor_progress(
    service: FakeService, solution: Path
) -> None:
    """Logs hold plain text."""
    done = ask(solution, server=service.address)
    assert "\x1b" not in done.output
    assert done.stderr == ""


class Embedded:
    """What the service's part would bring: it talks on standard output, and gives an address."""

    address = ""

    def __enter__(self) -> str:
        sys.stdout.write("ready\n")
        return self.address

    def __exit__(self, *_: object) -> None:
        sys.stdout.write("gone\n")


class EngineMissing(Exception):
    """Stands for an error of the sandbox, which the client does not know."""

    remedy = "start the daemon"


class Broken(Embedded):
    """A service that does not start here."""

    def __enter__(self) -> str:
        raise EngineMissing("no engine")


def install(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Make the entry points of the embedded service be these of this module."""
    found = [EntryPoint("embedded", f"{__name__}:{name}", "assize.embedded") for name in names]
    monkeypatch.setattr(target, "entry_points", lambda **_: found)


def test_without_server_the_embedded_service_judges(
    service: FakeService, solution: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it prints does not mix with the verdict."""
    install(monkeypatch, "Embedded")
    monkeypatch.setattr(Embedded, "address", service.address)
    done = ask(solution, "-o", "json")
    assert done.exit_code == ExitStatus.PASSED
    assert json.loads(done.stdout)["status"] == "PASSED"
    assert done.stderr == "ready\ngone\n"


def test_embedded_service_that_fails_could_not_tell_and_says_the_remedy(
    solution: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host without an engine says nothing about the code."""
    install(monkeypatch, "Broken")
    done = ask(solution)
    assert (done.exit_code, done.stdout) == (ExitStatus.UNKNOWN, "")
    assert "no engine" in done.stderr
    assert "start the daemon" in done.stderr


@pytest.mark.parametrize("names", [(), ("no.such.module",)])
def test_without_server_and_service_says_what_to_install(
    solution: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    """The entry point is there even where its part of the distribution is not."""
    found = [EntryPoint("embedded", f"{name}:Service", "assize.embedded") for name in names]
    monkeypatch.setattr(target, "entry_points", lambda **_: found)
    done = ask(solution)
    assert done.exit_code == ExitStatus.USAGE
    assert "pip install 'assize[server]'" in done.stderr


def test_attached_command_is_imported_when_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that cannot be imported harms neither the help nor the others."""
    found = [
        EntryPoint("serve", "no.such.module:command", "assize.commands"),
        EntryPoint("hello", f"{__name__}:hello", "assize.commands"),
    ]
    monkeypatch.setattr(main, "entry_points", lambda **_: found)
    runner = CliRunner()
    helped = runner.invoke(main.app, ["--help"])
    assert helped.exit_code == ExitStatus.PASSED
    assert "serve" in helped.stdout
    assert runner.invoke(main.app, ["hello"]).stdout == "hello\n"
    absent = runner.invoke(main.app, ["serve", "--listen", "x"])
    assert absent.exit_code == ExitStatus.USAGE
    assert "pip install 'assize[server]'" in absent.stderr


def hello() -> None:
    """Greet."""
    sys.stdout.write("hello\n")


@pytest.mark.parametrize("output", ["text", "json"])
def test_policies_are_listed_and_shown(service: FakeService, output: str) -> None:
    """The same names as requests use."""
    runner, options = CliRunner(), ["--server", service.address, "-o", output]
    listed = runner.invoke(main.app, ["policy", "list", *options])
    shown = runner.invoke(main.app, ["policy", "show", "default", *options])
    assert (listed.exit_code, shown.exit_code) == (ExitStatus.PASSED, ExitStatus.PASSED)
    assert "default" in listed.stdout
    assert "name: default" in shown.stdout


def start(service: FakeService, folder: Path, **options: int) -> "subprocess.Popen[bytes]":
    """Run `assize verify` as a process of its own."""
    program = "from assize.cli.main import run; run()"
    spec = str(folder.parent / "program.yaml")
    command = [sys.executable, "-c", program, "verify", str(folder), "--spec", spec]
    return subprocess.Popen(
        [*command, "--server", service.address],
        stdout=options.get("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
    )


def test_interrupt_ends_with_130_and_stops_the_run(service: FakeService, solution: Path) -> None:
    """Ctrl-C leaves nothing running."""
    service.hangs = True
    with start(service, solution) as process:
        assert service.began.wait(30)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGINT, stderr
    assert service.wait_until_left()
    assert b"Traceback" not in stderr


def test_reader_that_left_could_not_be_told(service: FakeService, solution: Path) -> None:
    """A verdict that nobody got is not a failure of the code."""
    reader, writer = os.pipe()
    os.close(reader)
    with start(service, solution, stdout=writer) as process:
        os.close(writer)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == ExitStatus.UNKNOWN, stderr
    assert b"Traceback" not in stderr
