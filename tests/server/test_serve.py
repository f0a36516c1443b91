"""`assize serve` as a process of its own, over real containers."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from shutil import copytree

import pytest
from support.cli import PATIENCE_SECONDS, containers, private_home, ran, read_until, started
from support.programs import HELLO, SLEEPS
from support.service import POLICIES, SPEC, submitted
from typer.testing import CliRunner

from assize import Client, errors
from assize.approvals.client import ApprovalClient
from assize.audit.client import AuditClient
from assize.audit.entries import Entry, decode
from assize.channels import open_channel
from assize.cli import main
from assize.convert.answers import verdict_from_proto
from assize.convert.requests import VerificationRequest
from assize.errors import ReasonCode
from assize.model.approvals import HoldSummary
from assize.model.events import OutputChunk
from assize.model.submission import RequestedLimits
from assize.model.verdict import Reason, Status, Verdict
from assize.policies import PolicyClient
from assize.status import told_as_assize_errors
from assize.v1 import verification_pb2_grpc
from assize.wire import request_message
from assize_sandbox.images.store import Image
from assize_server.access.credentials import digest_of, new_token
from assize_server.cli.serve import Addresses, fault_of, is_local

pytestmark = pytest.mark.engine

Process = subprocess.Popen[str]


@pytest.fixture
def own_home(tmp_path: Path, home: Path, image: Image) -> Path:
    """Give a home that nobody else uses."""
    return private_home(tmp_path, home)


@contextmanager
def serving(home: Path, *words: str) -> Iterator[tuple[Process, Client]]:
    """Run the service until the block ends, with a client once it listens."""
    address = f"unix://{home}/rpc.sock"
    with started(home, "serve", "--listen", address, "--pool-size", "1", *words) as process:
        read_until(process, "listening")
        with Client(address, timeout_seconds=PATIENCE_SECONDS) as client:
            yield process, client


def test_service_judges_and_drains_when_told_to_end(own_home: Path) -> None:
    """The run that was admitted gets its verdict, a new one is refused, then it ends with 0."""
    with serving(own_home) as (process, client):
        assert client.healthy()
        before = client.verify(submitted(HELLO), SPEC)
        stream = client.stream(submitted(SLEEPS), SPEC, limits=RequestedLimits(wall_seconds=1.0))
        while not isinstance(next(stream), OutputChunk):
            pass
        # To every process of the service, as systemd does it.
        os.killpg(process.pid, signal.SIGTERM)
        read_until(process, "draining")
        assert not client.healthy()
        with pytest.raises(errors.Unavailable) as caught:
            client.verify(submitted(HELLO), SPEC)
        *_, verdict = stream
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (0, ""), err
    assert before.status is Status.PASSED, before
    assert before.isolation is not None
    assert before.isolation.engine == "runc"
    assert {"network", "seccomp", "memory", "pids"} <= set(before.isolation.barriers)
    assert caught.value.reason == ReasonCode.DRAINING
    assert isinstance(verdict, Verdict)
    assert verdict.reason is Reason.TIME_LIMIT
    assert containers(own_home) == set()


def test_what_a_killed_service_left_is_removed_by_the_next(own_home: Path) -> None:
    """SIGKILL lets nobody clean up; the next start does, on the same socket."""
    with serving(own_home) as (process, client):
        stream = client.stream(submitted(SLEEPS), SPEC)
        while not isinstance(next(stream), OutputChunk):
            pass
        process.kill()
        process.wait(PATIENCE_SECONDS)
        with pytest.raises(errors.Unavailable):
            list(stream)
    left = containers(own_home)
    assert left
    with serving(own_home) as (process, client):
        assert client.healthy()
        assert not left & containers(own_home)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
    assert containers(own_home) == set()


def test_second_service_over_the_same_state_does_not_start(own_home: Path) -> None:
    """The first one keeps its socket of approvals, and goes on."""
    with serving(own_home) as (process, client):
        ended = ran(own_home, "serve", "--listen", f"unix://{own_home}/other.sock")
        assert (ended.returncode, ended.stdout) == (4, "")
        assert "another process uses the state" in ended.stderr
        assert "ASSIZE_STATE" in ended.stderr
        assert client.healthy()
        assert holds(f"unix://{own_home}/state/approvals.sock") == ()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0


def test_address_without_a_port_ends_with_2() -> None:
    """It is no address that others reach, but none at all."""
    ended = CliRunner().invoke(main.app, ["serve", "--listen", "localhost"])
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "host:port or unix:///path" in ended.stderr


@pytest.mark.parametrize("address", ["0.0.0.0:50051", "[::]:50051", "192.0.2.1:1", "example.org:1"])
def test_address_that_others_can_reach_is_not_local(address: str) -> None:
    """Without credentials and TLS it takes a word more."""
    assert not is_local(address)


@pytest.mark.parametrize(
    "address", ["127.0.0.1:50051", "[::1]:1", "localhost:1", "unix:///run/a.sock", "127.9.9.9:1"]
)
def test_address_of_this_machine_is_local(address: str) -> None:
    """Loopback and sockets."""
    assert is_local(address)


def test_remote_address_without_the_word_ends_with_2(tmp_path: Path) -> None:
    """Before anything is started."""
    ended = ran(tmp_path, "serve", "--listen", "0.0.0.0:0")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "--allow-remote" in ended.stderr


def test_approvals_at_an_address_without_credentials_end_with_2() -> None:
    """Nobody could tell an approver from a submitter there. It says what to do."""
    ended = CliRunner().invoke(main.app, ["serve", "--approvals-listen", "127.0.0.1:0"])
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "--access" in ended.stderr


REMOTE, LOCAL = "192.0.2.1:50051", "127.0.0.1:50051"
PEM = Path("service.pem")


@pytest.mark.parametrize(
    ("listen", "approvals", "tls", "authenticated", "allow_remote", "taken"),
    [
        (LOCAL, "", None, False, False, True),
        (LOCAL, LOCAL, None, True, False, True),
        (LOCAL, LOCAL, None, False, False, False),
        (LOCAL, LOCAL, None, False, True, False),
        (LOCAL, REMOTE, None, True, False, False),
        (LOCAL, REMOTE, PEM, True, False, True),
        (REMOTE, "", None, True, False, False),
        (REMOTE, "", PEM, False, False, False),
        (REMOTE, "", PEM, True, False, True),
        (REMOTE, "", None, False, True, True),
    ],
)
def test_address_that_others_reach_takes_credentials_and_tls_or_the_word(
    listen: str,
    approvals: str,
    tls: Path | None,
    authenticated: bool,
    allow_remote: bool,
    taken: bool,
) -> None:
    """And approvals always take credentials: no word stands for who approves."""
    fault = fault_of(
        Addresses(listen, approvals, tls, tls),
        authenticated=authenticated,
        allow_remote=allow_remote,
    )
    assert (fault == "") is taken, fault


def test_certificate_without_its_key_is_refused() -> None:
    """Half of TLS is none."""
    fault = fault_of(Addresses(LOCAL, "", PEM), authenticated=True, allow_remote=False)
    assert "--tls-key" in fault


def test_engine_that_is_none_ends_with_2_and_names_the_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An environment is typed by people, too."""
    monkeypatch.setenv("ASSIZE_ENGINE", "podman")
    ended = CliRunner().invoke(main.app, ["serve"])
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "ASSIZE_ENGINE" in ended.stderr


def test_service_with_credentials_tells_callers_apart(own_home: Path, tmp_path: Path) -> None:
    """By token, on either listener; and SIGHUP takes new policies in full or not at all."""
    policies = Path(copytree(POLICIES, tmp_path / "policies"))
    tokens, access = credentials(tmp_path)
    approvals = f"unix://{own_home}/approvals.sock"
    words = ("--access", str(access), "--approvals-listen", approvals)
    with serving(own_home, *words, "--policies", str(policies)) as (process, stranger):
        ordinary = f"unix://{own_home}/rpc.sock"
        assert stranger.healthy()
        with pytest.raises(errors.AccessDenied) as refused:
            stranger.policies()
        assert refused.value.reason == ReasonCode.UNAUTHENTICATED
        assert verified(ordinary, tokens["ci"]).status is Status.PASSED

        assert holds(approvals, tokens["alice"]) == ()
        for token, reason in (
            (tokens["ci"], ReasonCode.FORBIDDEN),
            ("", ReasonCode.UNAUTHENTICATED),
        ):
            with pytest.raises(errors.AccessDenied) as refused:
                holds(approvals, token)
            assert refused.value.reason == reason
        with pytest.raises(errors.AccessDenied):
            verified(ordinary, tokens["alice"])
        with AuditClient(ordinary, token=tokens["bob"]) as auditor:
            assert [each.kind.value for each in entries(auditor)][-1] == "verdict"

        before = digest(ordinary, tokens["ci"])
        text = (policies / "default.yaml").read_text()
        (policies / "default.yaml").write_text(text.replace("default: deny", "default: perhaps"))
        process.send_signal(signal.SIGHUP)
        assert "default.yaml" in read_until(process, "policies not reloaded")
        assert digest(ordinary, tokens["ci"]) == before
        (policies / "default.yaml").write_text(text.replace("pids: 64", "pids: 63"))
        process.send_signal(signal.SIGHUP)
        read_until(process, "policies reloaded")
        assert digest(ordinary, tokens["ci"]) != before


def credentials(folder: Path) -> tuple[dict[str, str], Path]:
    """Write a credentials file; return the tokens and its path."""
    tokens = {name: new_token() for name in ("ci", "alice", "bob")}
    path = folder / "access.yaml"
    roles = {"submitters": "ci", "approvers": "alice", "auditors": "bob"}
    path.write_text(
        "".join(
            f'{role}: [{{name: {name}, token_sha256: "{digest_of(tokens[name])}"}}]\n'
            for role, name in roles.items()
        )
    )
    path.chmod(0o600)
    return tokens, path


def holds(address: str, token: str = "") -> tuple[HoldSummary, ...]:
    """Ask for the holds."""
    with ApprovalClient(address, token) as client:
        return client.holds()


def entries(client: AuditClient) -> list[Entry]:
    """Return the audit log."""
    return [decode(each.leaf) for each in client.entries(0)]


def digest(address: str, token: str) -> str:
    """Return the digest of the default policy."""
    with closing(open_channel(address, token=token)) as channel:
        return {each.name: each.digest for each in PolicyClient(channel).list()}["default"]


def verified(address: str, token: str) -> Verdict:
    """Have a program judged by whoever has the token."""
    message = request_message(VerificationRequest(submitted(HELLO), SPEC))
    with closing(open_channel(address, token=token)) as channel, told_as_assize_errors():
        stub = verification_pb2_grpc.VerificationServiceStub(channel)
        return verdict_from_proto(stub.Verify(message, timeout=PATIENCE_SECONDS).verdict)


def test_barrier_that_does_not_hold_stops_the_service(own_home: Path, tmp_path: Path) -> None:
    """A seccomp profile that allows everything is seen by the probe, and nothing is served."""
    policies = Path(copytree(POLICIES, tmp_path / "policies"))
    (policies / "seccomp.json").write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW"}))
    address = f"unix://{tmp_path}/rpc.sock"
    words = ("serve", "--listen", address, "--policies", str(policies))
    with started(own_home, *words) as process:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (4, ""), err
    assert "seccomp" in err
    assert "Traceback" not in err
    assert not (tmp_path / "rpc.sock").exists()
    assert containers(own_home) == set()
