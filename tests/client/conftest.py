"""A real gRPC server, in this process, whose answers the test chooses."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from support.fake_service import FakeService

from assize.v1 import policy_pb2_grpc, verification_pb2_grpc


@pytest.fixture
def service(tmp_path: Path) -> Iterator[FakeService]:
    """Give a fake service that listens."""
    fake = FakeService()
    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
    verification_pb2_grpc.add_VerificationServiceServicer_to_server(fake, server)
    policy_pb2_grpc.add_PolicyServiceServicer_to_server(fake, server)
    health_pb2_grpc.add_HealthServicer_to_server(fake.health, server)
    fake.health.set("", health_pb2.HealthCheckResponse.SERVING)
    fake.address = f"unix://{tmp_path}/rpc.sock"
    server.add_insecure_port(fake.address)
    server.start()
    yield fake
    fake.ended.set()
    server.stop(0).wait()
