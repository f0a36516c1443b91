"""What cannot be judged is refused over real gRPC, by field and reason, and nothing is run."""

import math
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from support.service import Refusal, Service, refusal_of, serving

from assize import AsyncClient, Spec, Submission
from assize.errors import InvalidRequest, ReasonCode
from assize.model.submission import SourceFile
from assize.v1 import spec_pb2, submission_pb2, verification_pb2
from assize.wire import MESSAGE_MOST_BYTES
from assize_server.core import bounds

VERIFY = "/assize.v1.VerificationService/Verify"
STREAM = "/assize.v1.VerificationService/StreamVerify"
GET_POLICY = "/assize.v1.PolicyService/GetPolicy"
MIB = 1024 * 1024
PYTHON = "print('hello')\n"

Request = verification_pb2.VerifyRequest
Change = Callable[[Request], None]


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """Give a service that has run nothing, and see that this stays so."""
    async with serving(tmp_path) as running:
        yield running
        assert running.analyser.asked == 0
        assert running.engine.recorded == []


def sound() -> Request:
    """Return a request that is admitted."""
    return Request(
        submission=submission_pb2.Submission(
            files=[submission_pb2.SourceFile(path="main.py", content=PYTHON.encode())],
            entry_point="main.py",
        ),
        spec=spec_pb2.Spec(
            checks=[spec_pb2.Check(name="code", exit_code=spec_pb2.ExitCodeCheck(code=0))]
        ),
    )


async def refused(service: Service, data: bytes, method: str = VERIFY) -> Refusal:
    """Send bytes as they are and return how they were refused."""
    options = [("grpc.max_send_message_length", -1)]
    async with grpc.aio.insecure_channel(service.address, options) as channel:
        ask: Any = (channel.unary_stream if method == STREAM else channel.unary_unary)(method)
        call = ask(data)
        with pytest.raises(grpc.RpcError) as caught:
            await (call.read() if method == STREAM else call)
    return refusal_of(caught.value)


@dataclass(frozen=True)
class Bad:
    """A request that is refused: how it is made, the field at fault, and what must be told."""

    field: str
    change: Change
    told: tuple[str, ...] = ()
    reason: ReasonCode = ReasonCode.INVALID_REQUEST


def add_file(path: str, content: bytes = b"") -> Change:
    """Return a change that adds a file."""
    return lambda request: request.submission.files.add(path=path, content=content) and None


def add_check(check: spec_pb2.Check) -> Change:
    """Return a change that adds a check."""
    return lambda request: request.spec.checks.append(check)


def limit(name: str, value: float) -> Change:
    """Return a change that asks for a limit."""
    return lambda request: setattr(request.limits, name, value)


def variable(name: str, value: str = "1") -> Change:
    """Return a change that sets an environment variable."""
    return lambda request: request.submission.environment.update({name: value})


def replace_source(content: bytes) -> Change:
    """Return a change of the one source file."""
    return lambda request: setattr(request.submission.files[0], "content", content)


def many_files(request: Request) -> None:
    """Submit 1,000 files more."""
    for number in range(1000):
        request.submission.files.add(path=f"f{number}.py")


def many_checks(request: Request) -> None:
    """Ask for 10,000 checks."""
    for number in range(10_000):
        request.spec.checks.add(name=f"c{number}", exit_code=spec_pb2.ExitCodeCheck(code=0))


def same_names(request: Request) -> None:
    """Name two checks alike."""
    request.spec.checks.add(name="code", exit_code=spec_pb2.ExitCodeCheck(code=1))


BAD = {
    "empty source": Bad("submission.entry_point", replace_source(b""), ("empty",)),
    "blank source": Bad("submission.entry_point", replace_source(b" \n\t\n"), ("empty",)),
    "no files": Bad(
        "submission.files", lambda request: request.submission.ClearField("files"), ("1", "got 0")
    ),
    "no submission": Bad("submission.files", lambda r: r.ClearField("submission"), ("got 0",)),
    "10 MB source": Bad(
        "submission.files[0].content",
        replace_source(b"#" * (10 * MIB)),
        (str(bounds.MOST_FILE_BYTES), str(10 * MIB)),
    ),
    "too many files": Bad(
        "submission.files",
        many_files,
        (str(bounds.MOST_FILES), "1001"),
    ),
    "same path twice": Bad("submission.files[1].path", add_file("main.py"), ("main.py", "twice")),
    "NUL in a path": Bad("submission.files[1].path", add_file("a\0b.py"), ("a\\x00b.py",)),
    "NUL in an argument": Bad(
        "submission.arguments[1]", lambda r: r.submission.arguments.extend(["a", "b\0"]), ("NUL",)
    ),
    "NUL in a variable": Bad("submission.environment['A']", variable("A", "\0"), ("NUL",)),
    "huge argument": Bad(
        "submission.arguments[0]",
        lambda request: request.submission.arguments.append("x" * MIB),
        (str(bounds.MOST_ARGUMENT_BYTES), str(MIB)),
    ),
    "huge stdin": Bad(
        "submission.stdin",
        lambda request: setattr(request.submission, "stdin", b"x" * (2 * MIB)),
        (str(bounds.MOST_STDIN_BYTES), str(2 * MIB)),
    ),
    "10,000 checks": Bad("spec.checks", many_checks, (str(bounds.MOST_CHECKS), "10001")),
    "no checks": Bad("spec.checks", lambda r: r.spec.ClearField("checks"), ("1", "got 0")),
    "no spec": Bad("spec.checks", lambda request: request.ClearField("spec"), ("got 0",)),
    "same check twice": Bad("spec.checks[1].name", same_names, ("code", "2 times")),
    "check of no kind": Bad("spec.checks[1]", add_check(spec_pb2.Check(name="x"))),
    "long request id": Bad(
        "request_id", lambda request: setattr(request, "request_id", "x" * 129), ("128", "129")
    ),
    "entry point that is not there": Bad(
        "submission.entry_point",
        lambda request: setattr(request.submission, "entry_point", "other.py"),
        ("other.py",),
    ),
}


@pytest.mark.parametrize("name", BAD)
async def test_request_out_of_bounds_is_refused_by_field(service: Service, name: str) -> None:
    """The answer names the field, the limit and the value seen, under a stable reason code."""
    bad, request = BAD[name], sound()
    bad.change(request)
    found = await refused(service, request.SerializeToString())
    assert found.code is grpc.StatusCode.INVALID_ARGUMENT
    assert (found.domain, found.reason) == ("assize.dev", bad.reason)
    for part in bad.told:
        assert part in found.violations[bad.field]
    assert bad.field in found.violations
    assert found.message.startswith(next(iter(found.violations)))


async def test_bad_request_to_the_stream_is_refused_alike(service: Service) -> None:
    """Both methods admit by the same rules."""
    request = sound()
    request.submission.ClearField("files")
    message = verification_pb2.StreamVerifyRequest(request=request)
    found = await refused(service, message.SerializeToString(), STREAM)
    assert found == await refused(service, request.SerializeToString())


HOSTILE_PATHS = (
    "",
    ".",
    "..",
    "../main2.py",
    "a/../../b.py",
    "a/..",
    "./b.py",
    "a/./b.py",
    "a//b.py",
    "a/",
    "/etc/passwd",
    "//etc/passwd",
    "..\\b.py",
    "C:\\b.py",
    "a\nb.py",
    "a\x1b[2Jb.py",
    "a/\u202eyp.b",
    "a\u200b.py",
    "e\u0301.py",
    "__pycache__/main.cpython-311.pyc",
    "a/__pycache__/b.pyc",
    ".assize/b",
    "x" * 256,
    "/".join(["x"] * 200),
)


@pytest.mark.parametrize("path", HOSTILE_PATHS)
async def test_file_outside_the_work_folder_is_refused(service: Service, path: str) -> None:
    """No name leaves the folder, hides what it is, or takes one of ours."""
    request = sound()
    add_file(path, PYTHON.encode())(request)
    found = await refused(service, request.SerializeToString())
    assert found.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(found.violations) == ["submission.files[1].path"]


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "a\0", ".assize/x"])
@pytest.mark.parametrize(
    ("field", "check"),
    [
        (
            "file.path",
            lambda path: spec_pb2.Check(file=spec_pb2.FileCheck(path=path, present=True)),
        ),
        (
            "json_schema.path",
            lambda path: spec_pb2.Check(
                json_schema=spec_pb2.JsonSchemaCheck(schema='{"type": "object"}', path=path)
            ),
        ),
        (
            "script.files[0].path",
            lambda path: spec_pb2.Check(
                script=spec_pb2.ScriptCheck(files=[spec_pb2.ScriptFile(path=path, content="1")])
            ),
        ),
    ],
    ids=["file", "json_schema", "script"],
)
async def test_check_of_a_path_outside_is_refused(
    service: Service, field: str, check: Callable[[str], spec_pb2.Check], path: str
) -> None:
    """A spec cannot reach out of the work folder either."""
    request = sound()
    add_check(check(path))(request)
    found = await refused(service, request.SerializeToString())
    assert found.code is grpc.StatusCode.INVALID_ARGUMENT
    assert f"spec.checks[1].{field}" in found.violations


@pytest.mark.parametrize(
    "name",
    [
        "PYTHONPATH", "PYTHONSTARTUP", "LD_PRELOAD", "LD_LIBRARY_PATH", "PATH", "HOME", "TMPDIR",
        "BASH_ENV", "GLIBC_TUNABLES", "MALLOC_ARENA_MAX", "ASSIZE_HOME", "BASH_FUNC_x%%", "a b",
        "", "A=B", "1A", "A\0", "x" * 200,
    ],
)  # fmt: skip
async def test_variable_that_steers_the_run_is_refused(service: Service, name: str) -> None:
    """The interpreter and the loader take no orders from a submission."""
    request = sound()
    variable(name)(request)
    found = await refused(service, request.SerializeToString())
    assert found.code is grpc.StatusCode.INVALID_ARGUMENT
    (field,) = found.violations
    assert field.startswith("submission.environment[")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("wall_seconds", -1.0, ("-1.0", "30")),
        ("wall_seconds", math.nan, ("finite", "nan")),
        ("wall_seconds", math.inf, ("finite", "inf")),
        ("cpu_seconds", -math.inf, ("finite", "-inf")),
        ("cpu_seconds", 1e-300, ("at least", "1e-300")),
        ("wall_seconds", 31.0, ("at most 30", "31.0", "'default'")),
        ("cpu_seconds", 1e300, ("at most 30", "1e+300")),
        ("memory_bytes", 2**62, (str(512 * MIB), str(2**62))),
        ("memory_bytes", -1, ("-1",)),
        ("memory_bytes", 1, ("at least", "got 1")),
        ("pids", 65, ("at most 64", "65")),
        ("pids", -(2**31), (str(-(2**31)),)),
        ("output_bytes", MIB + 1, (str(MIB), str(MIB + 1))),
        ("disk_bytes", 2**40, (str(64 * MIB), str(2**40))),
        ("file_bytes", 2**40, (str(32 * MIB), str(2**40))),
        ("open_files", 257, ("at most 256", "257")),
    ],
)
async def test_limit_out_of_the_policy_is_refused(
    service: Service, name: str, value: float, told: tuple[str, ...]
) -> None:
    """A request can only tighten its policy; the answer says what it allows."""
    request = sound()
    limit(name, value)(request)
    found = await refused(service, request.SerializeToString())
    assert found.code is grpc.StatusCode.INVALID_ARGUMENT
    assert (found.domain, found.reason) == ("assize.dev", ReasonCode.LOOSER_THAN_POLICY)
    assert list(found.violations) == [f"limits.{name}"]
    for part in told:
        assert part in found.violations[f"limits.{name}"]


@pytest.mark.parametrize("name", ["nope", "../default", "DEFAULT", "x" * MIB, "\u202e\n\x1b[2J"])
async def test_unknown_policy_is_not_found(service: Service, name: str) -> None:
    """The answer names those that there are, and stays small whatever was asked."""
    request = sound()
    request.policy = name
    found = await refused(service, request.SerializeToString())
    assert (found.code, found.reason) == (grpc.StatusCode.NOT_FOUND, ReasonCode.UNKNOWN_POLICY)
    assert "default, evaluation, strict" in found.violations["policy"]
    assert found.message.isprintable()


async def test_unknown_policy_cannot_be_shown(service: Service) -> None:
    """Asking for a policy by a name that is not there says so, too."""
    found = await refused(service, b"\x0a\x04nope", GET_POLICY)
    assert (found.code, found.reason) == (grpc.StatusCode.NOT_FOUND, ReasonCode.UNKNOWN_POLICY)
    assert "default, evaluation, strict" in found.violations["name"]


@pytest.mark.parametrize(
    ("method", "data"),
    [
        (VERIFY, b"\x0a\x02\xff\xfe"),
        (VERIFY, b"\x22\x03\xed\xa0\x80"),
        (VERIFY, b"\xff" * 100),
        (VERIFY, b"\x12\x7f"),
        (STREAM, b"\x0a\x04\x0a\x02\xc3\x28"),
        (GET_POLICY, b"\x0a\x01\x80"),
    ],
    ids=["not utf-8", "surrogate", "noise", "cut short", "not utf-8, nested", "not utf-8, policy"],
)
async def test_bytes_that_are_no_message_are_refused(
    service: Service, method: str, data: bytes
) -> None:
    """What does not parse is the caller's fault and is called so."""
    found = await refused(service, data, method)
    assert found.code is grpc.StatusCode.INVALID_ARGUMENT
    assert (found.domain, found.reason) == ("assize.dev", ReasonCode.INVALID_REQUEST)
    assert "UTF-8" in found.message


async def test_many_long_faults_are_told_within_the_bounds_of_a_header(service: Service) -> None:
    """Details travel in a trailer, which a stock client drops the call for beyond 8 KiB."""
    request = sound()
    for number in range(bounds.MOST_FILES - 1):
        add_file(f"../{number}/" + "\u20ac" * 80)(request)
    found = await refused(service, request.SerializeToString())
    assert found.code is grpc.StatusCode.INVALID_ARGUMENT
    assert found.reason == ReasonCode.INVALID_REQUEST
    assert "submission.files[1].path" in found.violations
    assert "more" in found.message


async def test_100_mb_message_is_refused_before_it_is_read(service: Service) -> None:
    """gRPC itself says the limit; both sides of our client tell it as a request at fault."""
    found = await refused(service, b"\x0a" + b"\0" * (100 * MIB))
    assert found.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert str(MESSAGE_MOST_BYTES) in found.message
    huge = Submission((SourceFile("main.py", b"#" * (100 * MIB)),), "main.py")
    async with AsyncClient(service.address) as client:
        with pytest.raises(InvalidRequest) as caught:
            await client.verify(huge, Spec(()))
    assert caught.value.reason == ReasonCode.TOO_LARGE
