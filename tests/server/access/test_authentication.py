"""Calls over real gRPC: who gets through, as whom, and how the others are refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from support.audit_log import client_of, opened_log, showing
from support.service import refusal_of

from assize import errors
from assize.access import (
    channel_credentials,
    checked_token,
    read_token,
    token_interceptors,
    with_token,
)
from assize.errors import ReasonCode
from assize.model.callers import ANONYMOUS
from assize_server.access.callers import current_caller
from assize_server.access.credentials import Credentials, digest_of, load_credentials
from assize_server.access.interceptor import APPROVALS, Authentication, Rules
from assize_server.access.tls import TlsUnusable, server_credentials

TOKENS = {"ci": "ci-token", "alice": "alice-token", "bob": "bob-token"}
SERVICE = "assize.v1.VerificationService"
KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


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


def _told() -> bytes:
    caller = current_caller()
    return f"{caller.name} {caller.role.value}".encode()


async def _single(_request: object, _context: Any) -> bytes:
    # The caller belongs to the call, whatever happens on the loop meanwhile.
    await asyncio.sleep(0)
    return _told()


async def _stream(_request: object, _context: Any) -> AsyncIterator[bytes]:
    for _ in range(2):
        await asyncio.sleep(0)
        yield _told()


METHODS: dict[str, Any] = {
    "unary_unary": grpc.unary_unary_rpc_method_handler(_single),
    "unary_stream": grpc.unary_stream_rpc_method_handler(_stream),
    "stream_unary": grpc.stream_unary_rpc_method_handler(_single),
    "stream_stream": grpc.stream_stream_rpc_method_handler(_stream),
}


@asynccontextmanager
async def telling(
    address: str, rules: Rules, service: str = SERVICE, tls: grpc.ServerCredentials | None = None
) -> AsyncIterator[str]:
    """Run a server whose methods answer who calls; give its address."""
    server = grpc.aio.server(interceptors=[Authentication(rules)])
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, METHODS)])
    checks = health.aio.HealthServicer()
    await checks.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    reflection.enable_server_reflection([service, health.SERVICE_NAME], server)
    port = server.add_secure_port(address, tls) if tls else server.add_insecure_port(address)
    await server.start()
    try:
        yield address if address.startswith("unix:") else f"127.0.0.1:{port}"
    finally:
        await server.stop(0)


async def ask(channel: grpc.aio.Channel, kind: str, service: str = SERVICE, **more: Any) -> bytes:
    """Call a method of a kind and return its first answer."""
    method = getattr(channel, kind)(f"/{service}/{kind}")
    given = iter([b""]) if kind.startswith("stream") else b""
    call = method(given, timeout=30, **more)
    if kind.endswith("stream"):
        answers = [answer async for answer in call]
        assert len(set(answers)) == 1
        return bytes(answers[0])
    return bytes(await call)


def channel_as(address: str, name: str) -> grpc.aio.Channel:
    """Return a channel that shows somebody's token."""
    interceptors = token_interceptors(TOKENS.get(name, name))
    return grpc.aio.insecure_channel(address, interceptors=interceptors)


@pytest.fixture
def address(tmp_path: Path) -> str:
    """Give an address to listen on."""
    return f"unix://{tmp_path}/rpc.sock"


@pytest.mark.parametrize("kind", KINDS)
async def test_caller_is_known_in_every_kind_of_call(
    address: str, credentials: Credentials, kind: str
) -> None:
    """By the token alone; calls at the same time are not mixed up."""
    async with (
        telling(address, Rules(credentials, services={})) as at,
        channel_as(at, "ci") as ci,
        channel_as(at, "bob") as bob,
    ):
        answers = await asyncio.gather(
            *(ask(channel, kind) for channel in (ci, bob) for _ in range(10))
        )
    assert answers == [b"ci submitter"] * 10 + [b"bob auditor"] * 10


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("token", ["", "guessed", digest_of(TOKENS["ci"])])
async def test_call_without_a_known_token_is_refused(
    address: str, credentials: Credentials, kind: str, token: str
) -> None:
    """In every kind of call, before the handler runs, with a reason of ours."""
    async with telling(address, Rules(credentials)) as at, channel_as(at, token) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            await ask(channel, kind)
    refused = refusal_of(caught.value)
    assert refused.code is grpc.StatusCode.UNAUTHENTICATED
    assert (refused.domain, refused.reason) == ("assize.dev", ReasonCode.UNAUTHENTICATED)


async def test_message_of_somebody_unknown_is_not_even_read(
    address: str, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else whoever reaches the listener has the service parse what is as long as may be."""
    parsed: list[int] = []

    def parse(data: bytes) -> bytes:
        parsed.append(len(data))
        return data

    for kind in ("unary_unary", "unary_stream"):
        reading = METHODS[kind]._replace(request_deserializer=parse)
        monkeypatch.setitem(METHODS, kind, reading)
    long = b"x" * (3 * 1024 * 1024)
    async with telling(address, Rules(credentials)) as at:
        for name in ("guessed", "alice", "ci"):
            async with channel_as(at, name) as channel:
                method: Any = channel.unary_unary(f"/{SERVICE}/unary_unary")
                code = await method(long, timeout=30).code()
                assert (code is grpc.StatusCode.OK) == (name == "ci")
    assert parsed == [len(long)]


@pytest.mark.parametrize(
    "metadata",
    [
        [("authorization", TOKENS["ci"])],
        [("authorization", f"Basic {TOKENS['ci']}")],
        [("authorization", "Bearer")],
        [("authorization", f"Bearer {TOKENS['ci']}"), ("authorization", "Bearer x")],
        [("authorization", f"Bearer {TOKENS['ci']}, Bearer x")],
        [("x-authorization", f"Bearer {TOKENS['ci']}")],
    ],
)
async def test_header_of_another_form_is_no_credential(
    address: str, credentials: Credentials, metadata: list[tuple[str, str]]
) -> None:
    """Two headers are none: a proxy and we could read different ones."""
    async with telling(address, Rules(credentials)) as at, grpc.aio.insecure_channel(at) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            await ask(channel, "unary_unary", metadata=metadata)
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [({}, {"ci"}), ({"services": {}}, {"ci", "bob"}), ({"roles": APPROVALS}, set())],
)
async def test_roles_of_listener_and_service_are_kept(
    address: str, credentials: Credentials, rules: dict[str, Any], allowed: set[str]
) -> None:
    """An approver's credential does not reach the ordinary listener, nor a submitter's theirs."""
    passed = set()
    async with telling(address, Rules(credentials, **rules)) as at:
        for name in TOKENS:
            async with channel_as(at, name) as channel:
                try:
                    await ask(channel, "unary_unary")
                    passed.add(name)
                except grpc.RpcError as error:
                    refused = refusal_of(error)
                    assert refused.code is grpc.StatusCode.PERMISSION_DENIED
                    assert refused.reason == ReasonCode.FORBIDDEN
    assert passed == allowed


async def test_listener_of_approvals_takes_approvers_only(
    address: str, credentials: Credentials
) -> None:
    """Nobody else's credential reaches it."""
    service = "assize.v1.ApprovalService"
    rules = Rules(credentials, APPROVALS)
    async with telling(address, rules, service) as at:
        async with channel_as(at, "alice") as channel:
            assert await ask(channel, "unary_unary", service) == b"alice approver"
        for name in ("ci", "bob"):
            async with channel_as(at, name) as channel:
                with pytest.raises(grpc.RpcError) as caught:
                    await ask(channel, "stream_stream", service)
                assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_without_a_file_everybody_is_anonymous(address: str) -> None:
    """Whatever they show."""
    async with telling(address, Rules(None)) as at:
        for name in ("", "ci"):
            async with channel_as(at, name) as channel:
                assert await ask(channel, "unary_stream") == b"anonymous anonymous"
    assert current_caller() == ANONYMOUS


async def test_health_and_reflection_are_open(address: str, credentials: Credentials) -> None:
    """A load balancer has no token; what is reflected is public."""
    async with telling(address, Rules(credentials)) as at:
        async with grpc.aio.insecure_channel(at) as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            answer = await stub.Check(health_pb2.HealthCheckRequest())
            assert answer.status == health_pb2.HealthCheckResponse.SERVING

        def reflected() -> list[str]:
            with grpc.insecure_channel(at) as channel:
                return list(ProtoReflectionDescriptorDatabase(channel).get_services())

        assert SERVICE in await asyncio.to_thread(reflected)


async def test_method_that_is_not_there_is_unimplemented(
    address: str, credentials: Credentials
) -> None:
    """Not a crash of the interceptor."""
    async with telling(address, Rules(credentials)) as at, channel_as(at, "ci") as channel:
        with pytest.raises(grpc.RpcError) as caught:
            await ask(channel, "unary_unary", "assize.v1.Nothing")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_audit_log_is_for_auditors(tmp_path: Path, credentials: Credentials) -> None:
    """A submitter does not read what others did; statements are theirs to fetch."""
    log = opened_log(tmp_path / "state")
    log.grow(3)

    def look(at: str) -> None:
        with client_of(at, TOKENS["bob"]) as client:
            assert client.size() == 3
        with client_of(at, TOKENS["ci"]) as client:
            with pytest.raises(errors.AccessDenied) as caught:
                client.size()
            assert caught.value.reason == ReasonCode.FORBIDDEN
            assert client.service_keys()
        with client_of(at) as client, pytest.raises(errors.AccessDenied, match="ASSIZE_TOKEN"):
            client.size()

    try:
        async with showing(log, Rules(credentials)) as at:
            await asyncio.to_thread(look, at)
    finally:
        log.database.close_now()


@pytest.mark.parametrize("kind", KINDS)
async def test_threads_show_their_token_too(
    address: str, credentials: Credentials, kind: str
) -> None:
    """With any kind of call."""

    def call(at: str) -> bytes:
        with grpc.insecure_channel(at) as plain:
            channel = with_token(plain, TOKENS["ci"])
            method = getattr(channel, kind)(f"/{SERVICE}/{kind}")
            answer = method(iter([b""]) if kind.startswith("stream") else b"", timeout=30)
            return bytes(next(iter(answer)) if kind.endswith("stream") else answer)

    async with telling(address, Rules(credentials)) as at:
        assert await asyncio.to_thread(call, at) == b"ci submitter"


@pytest.mark.parametrize(
    ("at", "local"),
    [
        ("unix:///run/x", True),
        ("localhost:1", True),
        ("127.0.0.1:1", True),
        ("[::1]:1", True),
        ("10.0.0.1:1", False),
        ("dns:///assize.example:1", False),
        ("localhost.example:1", False),
        ("127.0.0.1.example:1", False),
        ("", False),
    ],
)
def test_token_is_not_sent_where_others_could_hear_it(at: str, local: bool) -> None:
    """Without TLS, only within the machine."""
    assert checked_token("t", at, secure=True) == "t"
    assert checked_token("", at, secure=False) == ""
    if local:
        assert checked_token("t", at, secure=False) == "t"
    else:
        with pytest.raises(errors.AccessDenied):
            checked_token("t", at, secure=False)


def test_token_comes_from_a_private_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file wins; one that others can read is refused."""
    monkeypatch.setenv("ASSIZE_TOKEN", " from-environment ")
    path = tmp_path / "token"
    path.write_text("from-file\n")
    path.chmod(0o644)
    with pytest.raises(errors.InvalidRequest, match="read by others"):
        read_token(path)
    path.chmod(0o600)
    assert (read_token(path), read_token(None)) == ("from-file", "from-environment")
    with pytest.raises(errors.InvalidRequest):
        read_token(tmp_path / "missing")
    monkeypatch.delenv("ASSIZE_TOKEN")
    assert read_token(None) == ""


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Give a certificate for 127.0.0.1, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "assize")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    chain, private = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return chain, private


async def test_listener_speaks_tls(
    credentials: Credentials, certificate: tuple[Path, Path]
) -> None:
    """And the client believes the authorities that it was given."""
    chain, private = certificate
    tls = server_credentials(chain, private)
    async with telling("127.0.0.1:0", Rules(credentials), tls=tls) as at:
        named = at.replace("127.0.0.1", "localhost")
        secure = grpc.aio.secure_channel(
            named, channel_credentials(chain), interceptors=token_interceptors(TOKENS["ci"])
        )
        async with secure as channel:
            assert await ask(channel, "unary_unary") == b"ci submitter"


def test_certificate_that_cannot_be_used_is_refused_at_once(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    """Not at the first handshake."""
    chain, private = certificate
    other = tmp_path / "other.pem"
    made = ec.generate_private_key(ec.SECP256R1())
    other.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for files in (
        (chain, other),
        (private, private),
        (chain, tmp_path / "missing"),
        (chain, chain),
    ):
        with pytest.raises(TlsUnusable) as caught:
            server_credentials(*files)
        assert caught.value.remedy
