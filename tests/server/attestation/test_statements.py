"""Verdicts as signed statements: what they say and leave out, how they are kept and fetched."""

import asyncio
import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.audit_log import AuditLog, client_of, opened_log, showing
from typer.testing import CliRunner, Result

from assize import attest, errors
from assize.cli.exit_codes import ExitStatus
from assize.cli.main import app
from assize.errors import ReasonCode
from assize.model import verdict as v
from assize.model.spec import Check, Exact, ExitCode, Spec, Stdout
from assize.model.submission import SourceFile, Submission
from assize.spec_file import load_spec
from assize_server.attestation.keeping import RETENTION_MILLISECONDS, keep, kept
from assize_server.attestation.statements import Circumstances
from assize_server.attestation.statements import attest as attest_verdict

SECRET = "the expected value"
SOURCE = b"print(1)\n"
SUBMISSION = Submission((SourceFile("pkg/main.py", SOURCE),), entry_point="pkg/main.py")
SPEC = Spec((Check("out", Stdout(Exact(SECRET))), Check("code", ExitCode(0))))
VERDICT = v.Verdict(
    verification_id="v1",
    request_id="r1",
    status=v.Status.FAILED,
    reason=v.Reason.WRONG_ANSWER,
    message=SECRET,
    policy="default",
    policy_digest="8" * 64,
    score=1 / 3,
    assurance=v.Assurance.EXTERNAL,
    checks=(
        v.CheckResult(
            "out",
            v.CheckStatus.FAILED,
            v.Assurance.EXTERNAL,
            weight=0.5,
            reason=v.Reason.WRONG_ANSWER,
            message=SECRET,
            expected=SECRET,
            actual=SECRET,
            diff=SECRET,
            input=SECRET,
            cases_passed=2,
            cases_total=3,
        ),
    ),
    findings=(v.Finding("ruff", "F821", v.Severity.NOTE, "main.py", 1, 1, SECRET),),
    program=v.ProgramEnd(0, None, v.Output(SECRET.encode(), b"", 18), v.Output()),
    usage=v.Usage(1.25, 0.5, 1024, 2, 18),
    isolation=v.Isolation("runc", "runc 1.2", "sha256:feed", ("network", "seccomp")),
)
CIRCUMSTANCES = Circumstances(1000, 2000, {"effects": "7" * 64})


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditLog]:
    """Give a database and keys."""
    made = opened_log(tmp_path)
    yield made
    made.database.close_now()


def made(log: AuditLog, verdict: v.Verdict = VERDICT) -> bytes:
    """Return the envelope of a verdict."""
    return attest_verdict(verdict, SUBMISSION, SPEC, CIRCUMSTANCES, log.keys)


def test_statement_says_what_was_judged_and_how(log: AuditLog) -> None:
    """Subjects, status, checks with assurance, policy, isolation, usage, effects, times."""
    found = attest.verify(made(log), [log.keys.public])
    assert dict(found.subjects) == {
        "submission": attest.submission_digest(SUBMISSION),
        "spec": attest.spec_digest(SPEC),
        "source/pkg/main.py": attest.file_digest(SOURCE),
    }
    service = found.predicate["service"]
    assert service["origin"] == log.keys.origin
    assert {**found.predicate, "service": None} == {
        "verification_id": "v1",
        "request_id": "r1",
        "status": "FAILED",
        "reason": "WRONG_ANSWER",
        "score_millionths": 333333,
        "assurance": "EXTERNAL",
        "checks": [
            {
                "name": "out",
                "status": "FAILED",
                "assurance": "EXTERNAL",
                "required": True,
                "weight_millionths": 500000,
                "reason": "WRONG_ANSWER",
                "cases_passed": 2,
                "cases_total": 3,
            }
        ],
        "findings": 1,
        "policy": {"name": "default", "digest": "8" * 64},
        "isolation": {
            "engine": "runc",
            "runtime": "runc 1.2",
            "image_digest": "sha256:feed",
            "barriers": ["network", "seccomp"],
        },
        "usage": {
            "wall_ms": 1250,
            "cpu_ms": 500,
            "peak_memory_bytes": 1024,
            "peak_pids": 2,
            "output_bytes": 18,
        },
        "digests": {"effects": "7" * 64},
        "started_ms": 1000,
        "ended_ms": 2000,
        "service": None,
    }


def test_statement_holds_no_content(log: AuditLog) -> None:
    """Neither expected values nor outputs nor messages: policies hide them from submitters."""
    payload = base64.b64decode(json.loads(made(log))["payload"])
    assert SECRET.encode() not in payload
    assert SOURCE.strip() not in payload


@pytest.mark.parametrize("status", v.Status)
def test_every_verdict_can_be_attested(log: AuditLog, status: v.Status) -> None:
    """Also one that says nothing about the code."""
    bare = v.Verdict("v2", status, "", "default", "8" * 64)
    found = attest.verify(made(log, bare), [log.keys.public])
    assert (found.status, found.predicate["isolation"]) == (status.value, None)


def test_statements_are_kept_until_they_are_old(log: AuditLog) -> None:
    """That of a run that was held gives way to the one given after it."""
    write = log.database.write_now
    write(lambda each: keep(each, "v1", b"first", 10))
    write(lambda each: keep(each, "v1", b"second", 11))
    assert log.database.read_now(lambda each: kept(each, "v1")) == b"second"
    write(lambda each: keep(each, "v2", b"newer", 20 + RETENTION_MILLISECONDS))
    assert log.database.read_now(lambda each: kept(each, "v1")) is None
    assert log.database.read_now(lambda each: kept(each, "v2")) == b"newer"


async def run(*arguments: object) -> Result:
    """Run `assize attest` in a thread, since the server is in this one."""
    given = ["attest", *map(str, arguments)]
    return await asyncio.to_thread(CliRunner().invoke, app, given)


async def test_statement_is_fetched_and_verified_by_the_command_line(
    log: AuditLog, tmp_path: Path
) -> None:
    """About these sources and this spec, by this key, and a pass where one is asked for."""
    spec = tmp_path / "spec.yaml"
    spec.write_text('checks: [{name: out, stdout: {exact: "1\\n"}}]\n')
    passed = replace(VERDICT, status=v.Status.PASSED, reason=None)
    envelope = attest_verdict(passed, SUBMISSION, load_spec(spec), CIRCUMSTANCES, log.keys)
    log.database.write_now(lambda each: keep(each, "v1", envelope, 1))
    out, source, other = tmp_path / "v1.json", tmp_path / "main.py", tmp_path / "other.py"
    source.write_bytes(SOURCE)
    other.write_bytes(SOURCE)
    pinned = tmp_path / "pinned.pub"
    async with showing(log) as address:
        assert (await run("get", "v1", "--out", out, "--server", address)).exit_code == 0
        assert (await run("get", "v1", "--server", address)).stdout_bytes == envelope + b"\n"
        missing = await run("get", "v9", "--server", address)
        told = await run("key", "--server", address)
    assert (missing.exit_code, missing.stdout) == (ExitStatus.USAGE, "")
    assert told.stdout == log.keys.public_pem()
    pinned.write_text(told.stdout)
    checked = ("verify", out, "--key", pinned)
    good = await run(*checked, "--source", source, "--spec", spec, "--passed")
    assert good.exit_code == 0
    assert good.stdout.startswith("SIGNED: PASSED\n")
    document = json.loads((await run(*checked, "-o", "json")).stdout)
    assert document["subjects"]["source/pkg/main.py"] == attest.file_digest(SOURCE)
    assert (await run(*checked, "--source", other)).exit_code == ExitStatus.FAILED
    source.write_bytes(b"print(2)\n")
    assert (await run(*checked, "--source", source)).exit_code == ExitStatus.FAILED
    spec.write_text('checks: [{name: out, stdout: {exact: "2\\n"}}]\n')
    refused = await run(*checked, "--spec", spec)
    assert (refused.exit_code, refused.stdout) == (ExitStatus.FAILED, "")


async def test_failed_verdict_is_no_pass(log: AuditLog, tmp_path: Path) -> None:
    """The statement holds; it only does not say what was asked for."""
    path = tmp_path / "v1.json"
    path.write_bytes(made(log))
    checked = ("verify", path, "--key", log.public_key)
    assert (await run(*checked)).exit_code == 0
    assert (await run(*checked, "--passed")).exit_code == ExitStatus.FAILED


async def test_verification_that_is_not_kept_is_not_found(log: AuditLog) -> None:
    """With a reason of its own."""

    def ask() -> None:
        with client_of(address) as client, pytest.raises(errors.NotFound) as caught:
            client.attestation("v9")
        assert caught.value.reason == ReasonCode.UNKNOWN_VERIFICATION

    async with showing(log) as address:
        await asyncio.to_thread(ask)
