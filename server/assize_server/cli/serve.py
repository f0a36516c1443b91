"""`assize serve`: run the service."""

import asyncio
import ipaddress
import logging
import signal
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvloop

from assize_sandbox.errors import SandboxError
from assize_server import log_output
from assize_server.policies.load import PolicyError
from assize_server.rpc.server import RpcServer
from assize_server.service import running
from assize_server.settings import DEFAULT_LISTEN, EngineChoice, Settings, from_environment

EXIT_USAGE = 2
EXIT_CANNOT_SERVE = 4

_log = structlog.get_logger(__name__)


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
    allow_remote: Annotated[
        bool,
        typer.Option(
            "--allow-remote",
            help="Listen on an address that others can reach. Calls are not authenticated yet: "
            "put a proxy in front that does.",
        ),
    ] = False,
) -> None:
    """Run the verification service until SIGTERM or Ctrl-C.

    At start every barrier of the sandbox is tried for real; one that does not hold stops the
    service (exit status 4). SIGTERM drains: running verifications end, new ones are refused.

    Example: assize serve --listen unix:///run/assize/rpc.sock --engine runc
    """
    if not allow_remote and not is_local(listen):
        typer.echo(f"{listen} can be reached from outside; say --allow-remote to mean it", err=True)
        raise typer.Exit(EXIT_USAGE)
    log_output.to_stderr(logging.INFO)
    base = from_environment()
    settings = replace(
        base,
        engine=engine or base.engine,
        runtime=tuple(runtime.split()) if runtime else base.runtime,
        docker_runtime=docker_runtime,
        policies=policies or base.policies,
        pool_size=pool_size,
        concurrency=concurrency or base.concurrency,
    )
    try:
        uvloop.run(serve(settings, listen))
    except (SandboxError, PolicyError, OSError) as error:
        typer.echo(f"cannot serve: {error}", err=True)
        if remedy := getattr(error, "remedy", ""):
            typer.echo(f"to mend it: {remedy}", err=True)
        raise typer.Exit(EXIT_CANNOT_SERVE) from error


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


async def serve(settings: Settings, listen: str) -> None:
    """Serve until told to stop, then drain."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(settings) as service:
        server = RpcServer(service.dispatcher, service.policies)
        port = await server.start(listen)
        _log.info("listening", address=listen, port=port)
        await stop.wait()
        await server.stop_admitting()
        service.dispatcher.stop_admitting()
        _log.info("draining", seconds=settings.drain_seconds)
        await service.dispatcher.drain(settings.drain_seconds)
        await server.stop(1.0)
