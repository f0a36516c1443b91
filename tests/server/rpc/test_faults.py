"""Calls that fail in a way that nobody thought of."""

from pathlib import Path
from typing import Any

import grpc
import pytest
from support.approvals import commit_hold
from support.desk import office
from support.service import refusal_of, serving

from assize.errors import ReasonCode
from assize.v1 import approval_pb2, approval_pb2_grpc, policy_pb2, policy_pb2_grpc
from assize_server.rpc.faults import TEXT

SECRET = "/srv/assize/keys: parameters: 5a5a"


def fails(*_arguments: object, **_more: object) -> Any:
    """Fail with a text that is nobody's business."""
    raise OSError(SECRET)


async def test_approver_is_told_nothing_of_how_the_service_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the call has one answer or many."""
    metadata = (("authorization", "Bearer token-of-alice"),)
    async with office(tmp_path) as opened, grpc.aio.insecure_channel(opened.address) as channel:
        opened.hold(commit_hold())
        monkeypatch.setattr(opened.desk, "holds", fails)
        monkeypatch.setattr(opened.desk, "watch", fails)
        stub: Any = approval_pb2_grpc.ApprovalServiceStub(channel)
        for call in (
            stub.ListHolds(approval_pb2.ListHoldsRequest(), metadata=metadata),
            stub.WatchHolds(approval_pb2.WatchHoldsRequest(), metadata=metadata).read(),
        ):
            with pytest.raises(grpc.RpcError) as caught:
                await call
            _require_silent(caught.value)


async def test_submitter_is_told_nothing_of_how_the_service_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the ordinary listener, too."""
    async with serving(tmp_path) as service, grpc.aio.insecure_channel(service.address) as channel:
        monkeypatch.setattr(type(service.policies), "__iter__", fails)
        stub: Any = policy_pb2_grpc.PolicyServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            await stub.ListPolicies(policy_pb2.ListPoliciesRequest())
        _require_silent(caught.value)


def _require_silent(error: grpc.RpcError) -> None:
    refused = refusal_of(error)
    assert (refused.code, refused.reason) == (grpc.StatusCode.INTERNAL, ReasonCode.INTERNAL)
    assert SECRET not in str(error)
    assert TEXT in str(error)
