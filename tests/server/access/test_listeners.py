"""Every method that there is, asked by everybody: the listener of approvals, the table of roles."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import grpc
import pytest
from support.desk import office

from assize import v1
from assize_server.access.credentials import Credentials, digest_of, load_credentials
from assize_server.access.interceptor import APPROVALS, ORDINARY, Authentication, Refused, Rules
from assize_server.rpc.approval_server import ApprovalServer
from assize_server.rpc.rooms import caller_name

NO_MESSAGE = b"\x0a\x02\xff\xfe"
"""A string field that is no UTF-8."""
TOKENS = {"ci": "ci-token", "alice": "alice-token", "bob": "bob-token"}
NOBODY = ""
SERVICES = {
    service.full_name: service
    for module in iter_modules(v1.__path__, f"{v1.__name__}.")
    if module.name.endswith("_pb2")
    for service in import_module(module.name).DESCRIPTOR.services_by_name.values()
}
BOTH = {"ci", "bob"}
ALLOWED = {
    "assize.v1.ApprovalService": BOTH,
    "assize.v1.AttestationService": BOTH,
    "assize.v1.AuditService": {"bob"},
    "assize.v1.CandidateService": {"ci"},
    "assize.v1.HoldService": BOTH,
    "assize.v1.PolicyService": BOTH,
    "assize.v1.VerificationService": {"ci"},
    "assize.v1.WorkspaceService": {"ci"},
}
ALLOWED_METHODS = {"/assize.v1.PolicyService/ReloadPolicies": {"bob"}}
"""Who reaches what on the ordinary listener, where `ApprovalService` is not served at all."""


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    """Give a submitter, an approver and an auditor."""
    roles = {"submitters": "ci", "approvers": "alice", "auditors": "bob"}
    path = tmp_path / "access.yaml"
    path.write_text(
        "".join(
            f'{role}: [{{name: {name}, token_sha256: "{digest_of(TOKENS[name])}"}}]\n'
            for role, name in roles.items()
        )
    )
    path.chmod(0o600)
    return load_credentials(path)


def shown(name: str) -> Any:
    """Return the metadata that somebody sends."""
    return (("authorization", f"Bearer {TOKENS[name]}"),) if name else ()


@pytest.mark.parametrize("name", [NOBODY, "ci", "bob"])
@pytest.mark.parametrize("sent", [b"", NO_MESSAGE], ids=["empty", "no message"])
async def test_nothing_answers_on_the_listener_of_approvals_but_to_approvers(
    tmp_path: Path, credentials: Credentials, name: str, sent: bytes
) -> None:
    """No method, whatever bytes it is sent: who asks is settled before what is asked."""
    refusals = {
        grpc.StatusCode.PERMISSION_DENIED if name else grpc.StatusCode.UNAUTHENTICATED,
    }
    service = SERVICES["assize.v1.ApprovalService"]
    async with office(tmp_path) as opened:
        listener = [Authentication(Rules(credentials, APPROVALS))]
        server = ApprovalServer(opened.desk, caller_name, listener)
        address = f"unix://{tmp_path}/a.sock"
        await server.start(address)
        async with grpc.aio.insecure_channel(address) as channel:
            found = set()
            for method in service.methods:
                call: Any = channel.unary_stream(f"/{service.full_name}/{method.name}")
                with pytest.raises(grpc.RpcError) as caught:
                    await call(sent, metadata=shown(name), timeout=30).read()
                found.add(caught.value.code())
        await server.stop(0)
    assert found == refusals


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_service_is_for_the_roles_of_the_table(
    credentials: Credentials, service: str
) -> None:
    """A new service has to be thought about here before it is served."""
    rules, approvals = Rules(credentials), Rules(credentials, APPROVALS)
    for method in SERVICES[service].methods:
        path = f"/{service}/{method.name}"
        passed = {
            name for name in TOKENS if not isinstance(rules.judge(path, shown(name)), Refused)
        }
        assert passed == ALLOWED_METHODS.get(path, ALLOWED[service])
        assert isinstance(rules.judge(path, shown(NOBODY)), Refused)
        for name in ("ci", "bob"):
            assert isinstance(approvals.judge(path, shown(name)), Refused)


def test_listeners_share_no_role() -> None:
    """Nobody who may submit may come where is decided."""
    assert not ORDINARY & APPROVALS
