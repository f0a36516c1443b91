"""What decides about runs once they were judged, put together: landing, desk, carrying out."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from assize.model.callers import Role
from assize.model.verdict import Isolation
from assize_sandbox.workspaces.views import Views
from assize_server.access.credentials import load_credentials
from assize_server.approvals.approvers import FILE_NAME, load_approvers
from assize_server.approvals.desk import Desk
from assize_server.approvals.errors import ApproversError
from assize_server.approvals.expiry import expire_forever
from assize_server.approvals.holds import Caps
from assize_server.approvals.live import LiveApprovers, digest_of
from assize_server.approvals.seams import NoNotifier, Notifier
from assize_server.approvals.webhooks import Webhooks, targets_from
from assize_server.audit.records import record_approvers
from assize_server.core.approvers import Approvers, ApproversContradiction
from assize_server.execution.dispatcher import LocalDispatcher
from assize_server.landing.carrying import Carrier
from assize_server.landing.comparing import TreeEffects
from assize_server.landing.journal import AuditJournal
from assize_server.landing.landings import WorkspaceLanding
from assize_server.landing.moves import Moves
from assize_server.landing.pins import Pins
from assize_server.landing.releasing import Releases
from assize_server.ledger.recording import Ledger
from assize_server.policies.load import PolicySet
from assize_server.settings import Settings
from assize_server.state import State, now_ms, seconds
from assize_server.tasks import ended


@dataclass(frozen=True, slots=True)
class Office:
    """The parts that a service needs of it."""

    landing: WorkspaceLanding
    desk: Desk
    ledger: Ledger
    carrier: Carrier
    releases: Releases
    approvers: LiveApprovers
    state: State

    async def reload_approvers(self) -> None:
        """Read the approvers anew, and write down that they changed. For SIGHUP."""
        if await asyncio.to_thread(self.approvers.reload):
            await _note_approvers(self.state, self.approvers())

    async def begin(
        self,
        dispatcher: LocalDispatcher,
        policies: PolicySet,
        pins: Pins,
        isolation: Isolation | None = None,
        *,
        alone: bool = True,
        keeps: bool = True,
    ) -> None:
        """Go on with what was left when the service ended. Once everything else is up.

        Who is not `alone` with the state leaves everything: another may be in the middle of it. Who
        does not keep it, and is gone after a run or two, carries out nothing that was approved: it
        would be cut off.
        """
        self.releases.begin(dispatcher, policies, pins, isolation)
        if alone:
            await self.carrier.recover()
        if alone and keeps:
            await self.desk.resume()


@asynccontextmanager
async def offices(
    settings: Settings,
    state: State,
    policies: PolicySet,
    effects: TreeEffects,
    views: Views | None,
) -> AsyncIterator[Office]:
    """Open the office, and close it without leaving anything half carried out.

    Raises:
        SandboxError: The file of approvers, credentials or webhooks is wrong.
    """
    async with AsyncExitStack() as stack:
        approvers = LiveApprovers(lambda: approvers_of(settings))
        await _note_approvers(state, approvers())
        notifier = await stack.enter_async_context(_notifier())
        quotas = state.workspaces.settings.quotas
        ledger, releases = Ledger(state.keys), Releases()

        def policy_digest(name: str) -> str:
            policy = policies.get(name)
            return "" if policy is None else policy.digest

        moves = Moves(state.database, approvers, quotas, state.keys.origin, policy_digest, views)
        carrier = Carrier(
            state.database,
            state.objects,
            quotas,
            moves,
            policy_digest,
            releases.release,
            ledger,
            seconds,
        )
        desk = Desk(
            state.database,
            approvers=approvers,
            audience=state.keys.origin,
            current_policy=policy_digest,
            committer=carrier,
            journal=AuditJournal(carrier, now_ms),
            notifier=notifier,
        )
        stack.push_async_callback(desk.close)
        expiring = asyncio.create_task(expire_forever(desk), name="assize-expiry")
        stack.push_async_callback(ended, expiring)
        landing = WorkspaceLanding(
            moves, state.objects, effects, Caps(), seconds, announce=desk.announce
        )
        yield Office(landing, desk, ledger, carrier, releases, approvers, state)


def approvers_of(settings: Settings) -> Approvers:
    """Return who may approve: nobody where there is no file.

    Raises:
        SandboxError: A file is wrong, or somebody in it may submit, too.
    """
    path = settings.policy_folder() / FILE_NAME
    found = load_approvers(path) if path.exists() else Approvers()
    if settings.access is None:
        return found
    known = load_credentials(settings.access).callers()
    submitters = frozenset(each.name for each in known if each.role is Role.SUBMITTER)
    try:
        return replace(found, submitters=found.submitters | submitters)
    except ApproversContradiction as error:
        raise ApproversError(f"{path} and {settings.access}: {error}") from error


@asynccontextmanager
async def _notifier() -> AsyncIterator[Notifier]:
    targets = targets_from(os.environ)
    if not targets:
        yield NoNotifier()
        return
    async with Webhooks(targets) as webhooks:
        yield webhooks


async def _note_approvers(state: State, approvers: Approvers) -> None:
    digest, people = digest_of(approvers), len(approvers.people)
    await state.database.write(
        lambda connection: record_approvers(connection, digest, people, now_ms())
    )
