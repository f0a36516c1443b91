"""The images of the Dockerfile do what docs/deployment.md says: built and run for real."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from docker.models.containers import Container
from docker.utils.build import exclude_paths
from support.service_image import (
    ROOT,
    SERVICE_UID,
    STATE,
    STOP_SECONDS,
    Built,
    Running,
    wait_until_serving,
)

from assize import Client, SourceFile, Spec, Submission
from assize.audit.client import AuditClient
from assize.model.spec import Check, Exact, Stdout
from assize.model.submission import RequestedLimits, WorkspaceUse
from assize.model.verdict import Reason, Status, Verdict
from assize.workspaces import WorkspaceClient
from assize_sandbox.engines.docker.barriers import OWNER_LABEL
from assize_sandbox.images.docker_import import DIGEST_CHARACTERS, REPOSITORY

SPEC = Spec((Check("prints", Stdout(Exact("42\n"))),))
EXIT_CANNOT_SERVE = 4
MIB = 1024 * 1024


def verify(address: str, source: str, limits: RequestedLimits | None = None) -> Verdict:
    """Have a program judged that is to print 42."""
    submission = Submission((SourceFile("main.py", source.encode()),), "main.py")
    with Client(address) as client:
        return client.verify(submission, SPEC, limits=limits or RequestedLimits())


def test_right_program_passes_and_its_cost_is_read_from_the_kernel(service: Running) -> None:
    """A service that is nobody special sees the cgroups of the containers that it has made."""
    verdict = verify(service.address, "print(6 * 7)")
    assert verdict.status is Status.PASSED, verdict
    assert verdict.usage.cpu_seconds > 0
    assert verdict.usage.peak_memory_bytes > 0
    assert verdict.isolation is not None
    assert verdict.isolation.engine == "docker"


def test_wrong_program_fails(service: Running) -> None:
    """The other end."""
    verdict = verify(service.address, "print(6 * 9)")
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.WRONG_ANSWER), verdict


def test_endless_program_is_killed_by_a_service_that_may_not_signal_it(service: Running) -> None:
    """The daemon kills on its behalf."""
    verdict = verify(service.address, "while True: pass", RequestedLimits(wall_seconds=1.0))
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.TIME_LIMIT), verdict


def test_greedy_program_fails_for_the_kernels_own_reason(service: Running) -> None:
    """The counter of kills is read before the cgroup is gone."""
    greedy = "kept = [bytearray(1 << 20) for _ in range(1 << 20)]"
    verdict = verify(service.address, greedy, RequestedLimits(memory_bytes=64 * MIB))
    assert (verdict.status, verdict.reason) == (Status.FAILED, Reason.MEMORY_LIMIT), verdict


def test_service_is_a_user_without_rights(service: Running) -> None:
    """No capability, none to be had, and not the user that candidates are."""
    status = Path(f"/proc/{process_id(service.container)}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    assert fields["Uid"].split() == [str(SERVICE_UID)] * 4
    assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"] == "1"


def test_sandbox_target_holds_what_the_service_puts_into_a_sandbox(
    built: Built, service: Running
) -> None:
    """Whoever audits the one image has read the other."""
    isolation = verify(service.address, "print(6 * 7)").isolation
    assert isolation is not None
    used = f"{REPOSITORY}:{isolation.image_digest[:DIGEST_CHARACTERS]}"
    audited = files_of_ours(built, built.sandbox)
    assert "assize/guest/candidate.py" in audited
    assert audited == files_of_ours(built, used)


def test_stopped_service_drains_and_leaves_no_container(built: Built) -> None:
    """SIGTERM reaches the service itself. What it remembers stays in the volume of the state."""
    with built.volume() as state:
        with built.started(state=state) as running:
            wait_until_serving(running)
            before = verify(running.address, "print(6 * 7)")
            keys = keys_of(running)
            owner = f"{process_id(running.container)}."
            running.container.stop(timeout=STOP_SECONDS)
            assert running.container.wait()["StatusCode"] == 0
        left = built.daemon.containers.list(all=True, filters={"label": OWNER_LABEL})
        assert [one for one in left if one.labels[OWNER_LABEL].startswith(owner)] == []
        with built.started(state=state) as running:
            wait_until_serving(running)
            with Client(running.address) as client:
                after = client.verdict(before.verification_id)
            assert (after.status, after.checks) == (before.status, before.checks)
            assert keys_of(running) == keys


def test_service_without_rights_keeps_a_workspace_and_runs_nothing_over_it(
    service: Running, tmp_path: Path
) -> None:
    """Views need root. It says so, of the run that wanted one and in its own log output."""
    (tmp_path / "kept.txt").write_text("kept")
    with WorkspaceClient(service.address) as workspaces:
        workspaces.create("shop")
        workspaces.push("shop", tmp_path)
        assert workspaces.file("shop", "kept.txt").data == b"kept"
    submission = Submission((SourceFile("main.py", b"print(42)"),), "main.py")
    with Client(service.address) as client:
        verdict = client.verify(submission, SPEC, workspace=WorkspaceUse("shop"))
    assert verdict.status is Status.INFRA_ERROR, verdict
    assert "workspace" in verdict.message, verdict
    assert b"no code is run over workspaces" in service.container.logs()


@pytest.mark.parametrize(
    ("without", "remedy"),
    [
        ("--pid", "--pid=host"),
        ("--group-add", "--group-add"),
        ("/sys/fs/cgroup", "/sys/fs/cgroup"),
        ("/var/lib/assize", "assize image build"),
        (STATE, "ASSIZE_STATE"),
    ],
)
def test_without_a_flag_the_service_refuses_and_says_what_is_missing(
    built: Built, without: str, remedy: str
) -> None:
    """A service that could not kill or count is worse than none."""
    with built.started(without) as running:
        ended = running.container.wait()
        said = running.container.logs().decode()
    assert (ended["StatusCode"], remedy in said) == (EXIT_CANNOT_SERVE, True), said


@pytest.mark.usefixtures("built")
def test_build_is_given_wheels_and_nothing_else() -> None:
    """No source, no history and no secret can slip into a layer."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    files = [Path(path) for path in exclude_paths(str(ROOT), rules) if (ROOT / path).is_file()]
    given = {file for file in files if file.name not in {"Dockerfile", ".dockerignore"}}
    assert any(file.name.startswith("assize-") for file in given)
    assert {(file.parent, file.suffix) for file in given} == {(Path("build/wheels"), ".whl")}


def keys_of(running: Running) -> list[str]:
    """Return the public keys that a service signs and signed with."""
    with AuditClient(running.address) as client:
        return [each.pem for each in client.service_keys()]


def process_id(container: Container) -> int:
    """Return the number of a container's first process on this host."""
    container.reload()
    return int(container.attrs["State"]["Pid"])


def files_of_ours(built: Built, image: str) -> dict[str, str]:
    """Return the digest of each file below /opt/assize in an image."""
    container = built.daemon.containers.create(image, command=["true"], network_mode="none")
    try:
        pieces, _ = container.get_archive("/opt/assize")
        archive = io.BytesIO(b"".join(pieces))
    finally:
        container.remove(force=True)
    with tarfile.open(fileobj=archive) as tar:
        return {one.name: digest(tar, one) for one in tar if one.isfile()}


def digest(tar: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    """Return what a file holds and who may run it."""
    content = tar.extractfile(member)
    assert content is not None
    with content:
        return f"{member.mode:o} {hashlib.sha256(content.read()).hexdigest()}"
