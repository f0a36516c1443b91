"""Webhooks against a real HTTP server on this machine."""

import asyncio
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.approvals import CREATED, DELETED, NOW, Clock, commit_hold

from assize.model.approvals import HoldKind, HoldState, HoldSummary
from assize_server.approvals import webhooks
from assize_server.approvals.errors import ApprovalError
from assize_server.approvals.seams import Notice, NoticeKind
from assize_server.approvals.webhooks import Target, Webhooks, targets_from

SECRET = b"0123456789abcdef"


@dataclass
class Receiver:
    """What an HTTP server got, and what it answers next."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    """Statuses of the next answers; 204 afterwards."""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    """Headers and bodies."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Give an HTTP server that records."""
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.got.append((dict(self.headers.items()), body))
            status = kept.answers.pop(0) if kept.answers else 204
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"{kept.url}elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


def notice(kind: NoticeKind = NoticeKind.NEW) -> Notice:
    """Return a notice."""
    hold = commit_hold()
    summary = HoldSummary(
        id=hold.id,
        kind=HoldKind.BEFORE_COMMIT,
        state=HoldState.PENDING,
        detail="denied by alice: a secret reason",
        verification_id=hold.verification_id,
        workspace=hold.workspace,
        submitter=hold.submitter,
        policy=hold.policy,
        rules=("ORG-010",),
        groups=("data-owners",),
        quorum=1,
        approvals=0,
        effects=3,
        irreversible=2,
        created_at=hold.created_at,
        expires_at=hold.expires_at,
        sequence=1,
    )
    return Notice(kind, summary, NOW)


class Pauses:
    """Records the pauses and takes none."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        """Record it."""
        self.seconds.append(seconds)


async def delivered(receiver: Receiver, *notices: Notice) -> Pauses:
    """Deliver notices and return the pauses that were taken."""
    pauses = Pauses()
    async with Webhooks([Target(receiver.url, SECRET)], clock=Clock(), pause=pauses) as hooks:
        for each in notices:
            hooks.notify(each)
        await hooks.settle()
    return pauses


async def test_notice_is_signed_and_dated(receiver: Receiver) -> None:
    """A receiver can tell who sent it, and when."""
    await delivered(receiver, notice())
    ((headers, body),) = receiver.got
    assert headers["X-Assize-Timestamp"] == str(NOW)
    mac = hmac.new(SECRET, f"{NOW}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Assize-Signature"] == f"v1={mac}"
    told = json.loads(body)
    assert (told["type"], told["hold"], told["effects"]) == ("hold.new", "hold-1", 3)


async def test_notice_tells_no_content(receiver: Receiver) -> None:
    """No path, no text, no reason, no nonce."""
    await delivered(receiver, *map(notice, NoticeKind))
    for _, body in receiver.got:
        for secret in (CREATED.path, DELETED.path, CREATED.diff, "ann", "secret", "nonce"):
            assert secret.encode() not in body


async def test_receiver_that_is_down_is_asked_again_with_growing_pauses(
    receiver: Receiver,
) -> None:
    """The same delivery, until it is taken."""
    receiver.answers = [503, 429, 500]
    pauses = await delivered(receiver, notice())
    assert len(receiver.got) == 4
    assert len({headers["X-Assize-Delivery"] for headers, _ in receiver.got}) == 1
    assert pauses.seconds[0] < pauses.seconds[1] + 1 < pauses.seconds[2] + 2
    assert pauses.seconds[2] >= 4


async def test_receiver_that_stays_down_is_given_up_and_the_next_notice_goes_on(
    receiver: Receiver,
) -> None:
    """Nothing waits for ever."""
    receiver.answers = [500] * webhooks.ATTEMPTS
    await delivered(receiver, notice(), notice(NoticeKind.DENIED))
    assert len(receiver.got) == webhooks.ATTEMPTS + 1
    assert json.loads(receiver.got[-1][1])["type"] == "hold.denied"


@pytest.mark.parametrize("status", [400, 404, 302])
async def test_receiver_that_refuses_is_not_asked_again(receiver: Receiver, status: int) -> None:
    """Nor is a redirect followed."""
    receiver.answers = [status]
    assert (await delivered(receiver, notice())).seconds == []
    assert len(receiver.got) == 1


async def test_receiver_that_nobody_is_at_is_given_up(receiver: Receiver) -> None:
    """A connection that is refused is tried as often, and never fails the caller."""
    gone = Target("http://127.0.0.1:9/", SECRET)
    pauses = Pauses()
    async with Webhooks([gone, Target(receiver.url, SECRET)], pause=pauses) as hooks:
        hooks.notify(notice())
        await hooks.settle()
    assert len(receiver.got) == 1
    assert len(pauses.seconds) == webhooks.ATTEMPTS - 1


async def test_full_queue_drops_and_never_blocks(receiver: Receiver) -> None:
    """A receiver that hangs costs memory for so many notices and no more."""
    receiver.answers = [503]
    stuck, waiting = asyncio.Event(), asyncio.Event()

    async def pause(_seconds: float) -> None:
        waiting.set()
        await stuck.wait()

    hooks = Webhooks([Target(receiver.url, SECRET)], pause=pause, queued_most=2)
    async with hooks:
        hooks.notify(notice())
        await waiting.wait()
        for _ in range(100):
            hooks.notify(notice(NoticeKind.EXPIRED))
        stuck.set()
        await hooks.settle()
    assert len(receiver.got) == 2 + 2


async def test_ending_gives_up_what_is_queued(receiver: Receiver) -> None:
    """Stopping the service does not wait for a receiver that hangs."""
    receiver.answers = [503] * 100
    waiting = asyncio.Event()

    async def pause(_seconds: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    async with Webhooks([Target(receiver.url, SECRET)], pause=pause) as hooks:
        hooks.notify(notice())
        await waiting.wait()
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    ("url", "secret"),
    [("ftp://host/", SECRET), ("host", SECRET), ("https://", SECRET), ("https://host/", b"short")],
)
def test_target_that_is_of_no_use_is_refused(url: str, secret: bytes) -> None:
    """Before anything is sent."""
    with pytest.raises(ApprovalError):
        Target(url, secret)


def test_targets_come_from_the_environment(tmp_path: Path) -> None:
    """URLs without a secret are refused; a target does not show its secret."""
    assert targets_from({}) == ()
    urls = "https://a.example/x https://b.example/"
    with pytest.raises(ApprovalError):
        targets_from({"ASSIZE_WEBHOOKS": urls})
    (tmp_path / "secret").write_bytes(SECRET + b"\n")
    found = targets_from(
        {"ASSIZE_WEBHOOKS": urls, "ASSIZE_WEBHOOK_SECRET_FILE": str(tmp_path / "secret")}
    )
    assert found == (Target("https://a.example/x", SECRET), Target("https://b.example/", SECRET))
    assert SECRET.decode() not in repr(found)
