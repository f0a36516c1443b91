"""`assize serve`: run the service."""

import asyncio
import ipaddress
import logging
import os
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import grpc
import structlog
import typer
import uvloop
from sqlalchemy.exc import SQLAlchemyError

from assize_sandbox.errors import SandboxError
from assize_server import log_output
from assize_server.access.credentials import Credentials, load_credentials
from assize_server.access.interceptor import APPROVALS, Authentication, Rules
from assize_server.access.tls import server_credentials
from assize_server.policies.load import PolicyError
from assize_server.rpc.approval_server import ApprovalServer
from assize_server.rpc.rooms import caller_name
from assize_server.rpc.server import RpcServer
from assize_server.service import Service, running
from assize_server.settings import DEFAULT_LISTEN, EngineChoice, Settings, from_environment

EXIT_USAGE = 2
EXIT_CANNOT_SERVE = 4
APPROVALS_SOCKET = "approvals.sock"
LOCAL_APPROVER = "local-approver"
"""Whoever can open the socket of approvals, where there is no credentials file."""

_log = structlog.get_logger(__name__)
_reloads: set[asyncio.Task[None]] = set()


def command(
    listen: Annotated[
        str, typer.Option(help="host:port or unix:///path to listen on.")
    ] = DEFAULT_LISTEN,
    engine: Annotated[
        EngineChoice | None,
        typer.Option(help="What runs the code; auto: Docker where a daemon answers, else runc."),
    ] = None,
    runtime: Annotated[
        str | None,
        typer.Option(help="OCI runtime of the runc engine, such as 'runsc --platform=ptrace'."),
    ] = None,
    docker_runtime: Annotated[
        str | None, typer.Option(help="Runtime that the Docker daemon knows, such as 'runsc'.")
    ] = None,
    policies: Annotated[
        Path | None, typer.Option(help="Folder of policy files.", exists=True, file_okay=False)
    ] = None,
    pool_size: Annotated[int, typer.Option(min=0, help="Containers kept ready.")] = 2,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Verifications that run at once.")
    ] = None,
    approvals_listen: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            show_default=False,
            help="Where approvers are answered, an address of its own that asks for an approver's "
            "credential. Empty: a socket in the state folder that only this user can open.",
        ),
    ] = "",
    access: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            envvar="ASSIZE_ACCESS",
            help="Who may call (docs/access.md). Without it, whoever reaches a local address.",
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="PEM; with --tls-key.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="PEM, not encrypted.")
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            envvar="ASSIZE_STATE",
            file_okay=False,
            help="Folder of the database, the keys and what workspaces hold.",
            show_default=False,
        ),
    ] = None,
    checkpoints: Annotated[
        str,
        typer.Option(
            envvar="ASSIZE_CHECKPOINTS",
            metavar="PLACE",
            help="Where the audit log's checkpoints are published: file:PATH, folder:PATH, "
            "git:PATH or command:TEXT (docs/audit.md).",
        ),
    ] = "",
    allow_remote: Annotated[
        bool,
        typer.Option(
            "--allow-remote",
            help="Listen on an address that others can reach, without credentials and TLS of our "
            "own: something in front authenticates callers.",
        ),
    ] = False,
) -> None:
    """Run the verification service until SIGTERM or Ctrl-C.

    At start every barrier of the sandbox is tried for real; one that does not hold stops the
    service (exit status 4). SIGTERM drains: running verifications end, new ones are refused. SIGHUP
    reads policies and approvers anew; a file that is wrong changes nothing and is told in the log.

    docs/deployment.md lists every variable that is read beside these options.

    Example: assize serve --listen unix:///run/assize/rpc.sock --engine runc
    """
    addresses = Addresses(listen, approvals_listen, tls_cert, tls_key)
    if fault := fault_of(addresses, authenticated=access is not None, allow_remote=allow_remote):
        typer.echo(f"error: {fault}", err=True)
        raise typer.Exit(EXIT_USAGE)
    try:
        base = from_environment()
    except ValueError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(EXIT_USAGE) from error
    log_output.to_stderr(logging.INFO)
    settings = replace(
        base,
        engine=engine or base.engine,
        runtime=tuple(runtime.split()) if runtime else base.runtime,
        docker_runtime=docker_runtime,
        policies=policies or base.policies,
        state=state or base.state,
        access=access,
        checkpoints=checkpoints,
        pool_size=pool_size,
        concurrency=concurrency or base.concurrency,
    )
    try:
        uvloop.run(serve(settings, addresses))
    except (SandboxError, PolicyError, OSError, SQLAlchemyError) as error:
        typer.echo(f"cannot serve: {error}", err=True)
        remedy = getattr(error, "remedy", "")
        if isinstance(error, PolicyError):
            remedy = (
                f"see the line, and try it with `assize policy lint {settings.policy_folder()}`"
            )
        if remedy:
            typer.echo(f"to mend it: {remedy}", err=True)
        raise typer.Exit(EXIT_CANNOT_SERVE) from error


def fault_of(addresses: "Addresses", *, authenticated: bool, allow_remote: bool) -> str:
    """Return what keeps the service from listening there, empty if nothing does.

    SECURITY: where others can come, callers are told apart, or somebody has said that something in
    front does that.
    """
    for address in filter(None, (addresses.listen, addresses.approvals)):
        if not (address.startswith("unix:") or address.rpartition(":")[2].isdigit()):
            return f"an address is host:port or unix:///path, got {address!r}"
    if (addresses.tls_cert is None) != (addresses.tls_key is None):
        return "--tls-cert and --tls-key go together"
    if addresses.approvals and not authenticated:
        return (
            f"approvers cannot be told from submitters at {addresses.approvals}: name a "
            "credentials file with --access, or leave --approvals-listen out and approve over the "
            "socket in the state folder"
        )
    guarded = authenticated and addresses.tls_cert is not None
    for address in (addresses.listen, addresses.approvals):
        if address and not (guarded or allow_remote or is_local(address)):
            return (
                f"{address} can be reached from outside: give --access, --tls-cert and --tls-key, "
                "or say --allow-remote to mean it"
            )
    return ""


def is_local(address: str) -> bool:
    """Tell whether only this machine can reach the address."""
    if address.startswith("unix:"):
        return True
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the service listens, and by which certificate."""

    listen: str
    approvals: str
    """Empty: a socket in the state folder."""
    tls_cert: Path | None = None
    tls_key: Path | None = None

    def credentials(self) -> grpc.ServerCredentials | None:
        """Return what TLS needs; None where there is none.

        Raises:
            SandboxError: The certificate cannot be used.
        """
        if self.tls_cert is None or self.tls_key is None:
            return None
        return server_credentials(self.tls_cert, self.tls_key)


async def serve(settings: Settings, addresses: Addresses) -> None:
    """Serve until told to stop, then drain."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    known = None if settings.access is None else load_credentials(settings.access)
    tls = addresses.credentials()
    async with running(settings) as service:
        loop.add_signal_handler(signal.SIGHUP, read_anew, service)
        server = RpcServer(service.dispatcher, service.policies, service.rooms(known))
        approvals = await approvals_server(service, addresses, known, tls)
        port = await server.start(addresses.listen, tls)
        if not settings.checkpoints:
            _log.warning("checkpoints are published nowhere; set ASSIZE_CHECKPOINTS")
        _log.info("listening", address=addresses.listen, port=port)
        await stop.wait()
        await server.stop_admitting()
        service.dispatcher.stop_admitting()
        _log.info("draining", seconds=settings.drain_seconds)
        await service.dispatcher.drain(settings.drain_seconds)
        await server.stop(1.0)
        await approvals.stop(1.0)


def read_anew(service: Service) -> None:
    """Read policies and approvers anew, beside everything else. What is wrong is in the log."""
    service.policies.on_signal()
    _reloads.add(task := asyncio.create_task(service.office.reload_approvers()))
    task.add_done_callback(_reloads.discard)


async def approvals_server(
    service: Service,
    addresses: Addresses,
    known: Credentials | None,
    tls: grpc.ServerCredentials | None,
) -> ApprovalServer:
    """Answer approvers, at an address of their own.

    SECURITY: without a credentials file there is nobody to tell apart. Then a socket that only
    this user can open is the credential, and no other address is taken. With one the token is the
    credential, and who may open a socket is up to the umask, as for the other listener.

    Raises:
        SandboxError: There is an address, and no credentials file.
        OSError: The address cannot be bound.
    """
    if known is None and addresses.approvals:
        raise SandboxError(
            f"approvers cannot be told from submitters at {addresses.approvals}",
            remedy="name a credentials file with --access, or leave --approvals-listen out",
        )
    address = addresses.approvals or f"unix://{service.state.folder.absolute()}/{APPROVALS_SOCKET}"
    server = ApprovalServer(
        service.office.desk,
        caller_name if known is not None else lambda _context: LOCAL_APPROVER,
        [Authentication(Rules(known, APPROVALS))],
    )
    chosen = os.umask(0o177)
    if known is not None:
        os.umask(chosen)
    try:
        port = await server.start(address, None if address.startswith("unix:") else tls)
    finally:
        os.umask(chosen)
    _log.info("answering approvers", address=address, port=port)
    return server
