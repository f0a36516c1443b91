"""Tells people elsewhere of holds: signed JSON over HTTP, again and again until it is taken.

- A verification never waits: a notice goes into a bounded queue, one for each target, and is
  dropped with a log line where that is full. The hold itself is what counts.
- What is told are ids, names, rule ids and counts. No path, no content, no nonce, no reason.
- `X-Assize-Signature: v1=<hex>` is the HMAC-SHA256, by the target's secret, of the timestamp, a dot
  and the body; `X-Assize-Timestamp` are the Unix seconds of this attempt. Receivers refuse what is
  older than some minutes, and take each `X-Assize-Delivery` once.
- 2xx is taken. 408, 425, 429, 5xx and broken connections are tried again with growing pauses, what
  else there is is not. Redirects are not followed.
"""

import asyncio
import hashlib
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

import httpx
import structlog
import tenacity

from assize_server.approvals.desk import unix_seconds
from assize_server.approvals.errors import ApprovalError
from assize_server.approvals.seams import Notice

QUEUED_MOST: Final = 256
ATTEMPTS: Final = 8
LONGEST_PAUSE_SECONDS: Final = 120.0
TIMEOUT_SECONDS: Final = 10.0
SECRET_LEAST_BYTES: Final = 16
_AGAIN: Final = frozenset({408, 425, 429})
_SERVER_FAULT: Final = 500

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Target:
    """Who is told."""

    url: str
    """`https://` or `http://`."""
    secret: bytes = field(repr=False)
    """Shared with the receiver; signs every body."""

    def __post_init__(self) -> None:
        """Refuse what could not be used.

        Raises:
            ApprovalError: The URL is none, or the secret is short.
        """
        parts = urlsplit(self.url)
        if parts.scheme not in {"https", "http"} or not parts.hostname:
            raise ApprovalError(f"a webhook needs an http(s) URL, got {self.url[:80]!r}")
        if len(self.secret) < SECRET_LEAST_BYTES:
            text = f"a webhook's secret has at least {SECRET_LEAST_BYTES} bytes"
            raise ApprovalError(text, remedy="openssl rand -hex 32 makes one")

    @property
    def host(self) -> str:
        """What logs may say: a URL may hold a token."""
        return urlsplit(self.url).hostname or ""


class _TryAgain(Exception):
    """The receiver may take it later."""


class Webhooks:
    """A `Notifier` over HTTP; a context manager that gives up what is queued at its end."""

    def __init__(
        self,
        targets: Sequence[Target],
        *,
        clock: Callable[[], int] = unix_seconds,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        queued_most: int = QUEUED_MOST,
    ) -> None:
        self._queues = {target: asyncio.Queue[Notice](queued_most) for target in targets}
        self._clock = clock
        self._pause = pause
        self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False)
        self._workers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Begin to deliver."""
        self._workers = [
            asyncio.create_task(self._deliver(target, queue))
            for target, queue in self._queues.items()
        ]
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Stop delivering."""
        for worker in self._workers:
            worker.cancel()
        if self._workers:
            await asyncio.wait(self._workers)
        await self._client.aclose()

    def notify(self, notice: Notice) -> None:
        """Take a notice; never waits and never fails."""
        for target, queue in self._queues.items():
            try:
                queue.put_nowait(notice)
            except asyncio.QueueFull:
                _log.warning("notice dropped", target=target.host, hold=notice.hold.id)

    async def settle(self) -> None:
        """Wait until all that was taken has been delivered or given up."""
        await asyncio.gather(*(queue.join() for queue in self._queues.values()))

    async def _deliver(self, target: Target, queue: asyncio.Queue[Notice]) -> None:
        while True:
            notice = await queue.get()
            try:
                await self._until_taken(target, notice)
            except (_TryAgain, httpx.HTTPError, httpx.InvalidURL) as error:
                kind = type(error).__name__
                _log.warning("notice given up", target=target.host, hold=notice.hold.id, why=kind)
            finally:
                queue.task_done()

    async def _until_taken(self, target: Target, notice: Notice) -> None:
        body, delivery = body_of(notice), secrets.token_hex(16)
        async for attempt in tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=tenacity.wait_exponential(multiplier=1, max=LONGEST_PAUSE_SECONDS)
            + tenacity.wait_random(0, 1),
            retry=tenacity.retry_if_exception_type((_TryAgain, httpx.TransportError)),
            sleep=self._pause,
            reraise=True,
        ):
            with attempt:
                await self._post(target, body, delivery)

    async def _post(self, target: Target, body: bytes, delivery: str) -> None:
        headers = {
            "Content-Type": "application/json",
            "X-Assize-Delivery": delivery,
            **signature_headers(target.secret, self._clock(), body),
        }
        # The answer's body is not read: it is of no use, and of any length.
        async with self._client.stream("POST", target.url, content=body, headers=headers) as answer:
            status = answer.status_code
        if status in _AGAIN or status >= _SERVER_FAULT:
            raise _TryAgain(str(status))
        if not httpx.codes.is_success(status):
            _log.warning("notice refused", target=target.host, status=status)


def body_of(notice: Notice) -> bytes:
    """Return what is sent: ids, names and counts."""
    hold = notice.hold
    told = {
        "type": notice.kind.value,
        "at": notice.at,
        "hold": hold.id,
        "gate": hold.kind.value,
        "state": hold.state.value,
        "verification": hold.verification_id,
        "workspace": hold.workspace,
        "submitter": hold.submitter,
        "policy": hold.policy,
        "rules": list(hold.rules),
        "groups": list(hold.groups),
        "quorum": hold.quorum,
        "approvals": hold.approvals,
        "effects": hold.effects,
        "irreversible": hold.irreversible,
        "created_at": hold.created_at,
        "expires_at": hold.expires_at,
    }
    return json.dumps(told, separators=(",", ":"), sort_keys=True).encode()


def signature_headers(secret: bytes, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that prove who sent a body, and when."""
    signed = f"{timestamp}.".encode() + body
    mac = hmac.new(secret, signed, hashlib.sha256).hexdigest()
    return {"X-Assize-Timestamp": str(timestamp), "X-Assize-Signature": f"v1={mac}"}


def targets_from(environment: Mapping[str, str]) -> tuple[Target, ...]:
    """Read ASSIZE_WEBHOOKS (URLs, spaces between) and ASSIZE_WEBHOOK_SECRET_FILE.

    Raises:
        ApprovalError: There are URLs and no readable secret, or one of either is of no use.
    """
    urls = environment.get("ASSIZE_WEBHOOKS", "").split()
    if not urls:
        return ()
    named = environment.get("ASSIZE_WEBHOOK_SECRET_FILE", "")
    try:
        secret = Path(named).read_bytes().strip()
    except OSError as error:
        text = f"ASSIZE_WEBHOOK_SECRET_FILE {named!r} cannot be read: {error.strerror}"
        raise ApprovalError(text, remedy="openssl rand -hex 32 > that file") from error
    return tuple(Target(url, secret) for url in urls)
