"""What `assize doctor` says of the rest: what is remembered, shown to runs, decided and by whom.

It changes nothing that a service would keep: a state folder, a database and keys that are not there
yet are made by the first start.
"""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

from assize.audit.checkpoints import MalformedCheckpoint, unverified
from assize.counts import counted
from assize_sandbox.errors import SandboxError
from assize_sandbox.workspaces.kinds import ViewKind
from assize_sandbox.workspaces.layers import Layers
from assize_sandbox.workspaces.objects import ObjectStore
from assize_sandbox.workspaces.views import Views
from assize_server.access.credentials import load_credentials
from assize_server.approvals.approvers import FILE_NAME
from assize_server.approvals.webhooks import targets_from
from assize_server.attestation.keys import FILE, FOLDER, found_keys
from assize_server.audit.places import place_of
from assize_server.cli.examined import Examined
from assize_server.core.approvers import Approvers
from assize_server.core.policy import Policy
from assize_server.landing.office import approvers_of
from assize_server.policies.load import PolicyError, load_directory
from assize_server.settings import Settings
from assize_server.state import DATABASE
from assize_server.store.database import VERSION, misfits

GUEST_UID: Final = 65534
"""Who owns what views are tried with; any user but root does."""
SEEN: Final = {
    ViewKind.OVERLAY: "overlay: a run over a workspace costs what it changes",
    ViewKind.COPY: "copy: no overlay here, each run over a workspace gets a whole copy in memory",
}


def kept(settings: Settings) -> Iterator[Examined]:
    """Look at everything that is not needed to judge code, but to remember and decide."""
    yield state(settings)
    yield database(settings)
    yield keys(settings)
    yield views(settings)
    yield access(settings)
    yield from approvers(settings)
    yield checkpoints(settings)
    yield webhooks()


def state(settings: Settings) -> Examined:
    """Tell whether the service could write down what it does."""
    folder = settings.state_folder()
    there = next(one for one in (folder, *folder.parents) if one.exists())
    return Examined(
        "state",
        there.is_dir() and os.access(there, os.W_OK | os.X_OK),
        f"{folder}" if there == folder else f"{folder}, made at the first start",
        "set ASSIZE_STATE to a folder that this user may write to",
    )


def database(settings: Settings) -> Examined:
    """Tell whether the database there can be used by this version."""
    path = settings.state_folder() / DATABASE
    if not path.exists():
        return Examined("database", passed=True, evidence="made at the first start")
    read_only = sqlalchemy.create_engine(f"sqlite:///file:{quote(str(path))}?mode=ro&uri=true")
    try:
        with read_only.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            lacking = misfits(connection)
    except SQLAlchemyError as error:
        problem = getattr(error, "orig", None) or error
        remedy = "restore it, or set ASSIZE_STATE to an empty folder (docs/deployment.md)"
        return Examined("database", passed=False, evidence=f"{path}: {problem}", remedy=remedy)
    finally:
        read_only.dispose()
    told = f"version {found}, this Assize wants {VERSION}; {path.stat().st_size >> 10} KiB"
    if lacking:
        told += f"; without {', '.join(lacking)}"
    return Examined(
        "database",
        found == VERSION and not lacking,
        told,
        "set ASSIZE_STATE to an empty folder, or use the version that made it",
    )


def keys(settings: Settings) -> Examined:
    """Tell whether what the service signs with is there and nobody else's."""
    folder = settings.state_folder()
    try:
        found = found_keys(folder)
    except SandboxError as error:
        return Examined("signing keys", passed=False, evidence=str(error), remedy=error.remedy)
    except OSError as error:
        remedy = "run this as the service's user"
        return Examined("signing keys", passed=False, evidence=str(error), remedy=remedy)
    if found is None:
        return Examined("signing keys", passed=True, evidence="made at the first start")
    mode = (folder / FOLDER / FILE).stat().st_mode & 0o777
    told = f"{found.public.id[:16]} signs as {found.origin}, mode {mode:04o}"
    return Examined("signing keys", passed=True, evidence=f"{told}, {len(found.retired)} retired")


def views(settings: Settings) -> Examined:
    """Try what a run over a workspace would be shown."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        # Below home, where the service's own views are: an overlay is of that very file system.
        with tempfile.TemporaryDirectory(prefix="doctor-", dir=settings.home) as folder:
            kind = _kind_of_views(Path(folder))
    except (SandboxError, OSError) as error:
        return Examined(
            "views",
            passed=False,
            evidence=f"none: workspaces are kept, and no code is run over one ({error})",
            remedy=getattr(error, "remedy", "") or "run as root on the host, not in a container",
            informational=True,
        )
    return Examined("views", passed=True, evidence=SEEN[kind])


def _kind_of_views(folder: Path) -> ViewKind:
    objects = ObjectStore(folder / "objects")
    layers = Layers(folder / "layers", objects, owner=GUEST_UID)
    tried = Views(folder / "views", objects, layers, owner=GUEST_UID)
    try:
        return tried.start()
    finally:
        tried.close()


def access(settings: Settings) -> Examined:
    """Tell who may call."""
    if settings.access is None:
        return Examined(
            "access",
            passed=False,
            evidence="whoever reaches a local address, all of them as `anonymous`",
            remedy="name a credentials file in ASSIZE_ACCESS (docs/access.md)",
            informational=True,
        )
    try:
        roles = Counter(each.role.value for each in load_credentials(settings.access).callers())
    except SandboxError as error:
        return Examined("access", passed=False, evidence=str(error), remedy=error.remedy)
    told = ", ".join(f"{count} {role}" for role, count in sorted(roles.items()))
    return Examined("access", passed=True, evidence=f"{settings.access}: {told}")


def approvers(settings: Settings) -> Iterator[Examined]:
    """Tell who decides about what policies hold, and whether they are enough."""
    path = settings.policy_folder() / FILE_NAME
    try:
        found = approvers_of(settings)
    except SandboxError as error:
        yield Examined("approvers", passed=False, evidence=str(error), remedy=error.remedy)
        return
    people = [each for each in found.people if each.keys]
    yield Examined(
        "approvers",
        bool(people),
        f"{len(people)} with a key" if people else "nobody: holds can only expire",
        f"name people and their keys in {path} (docs/approvals.md)",
        informational=True,
    )
    if people:
        yield from _quorums(settings, found)


def _quorums(settings: Settings, found: Approvers) -> Iterator[Examined]:
    try:
        policies = load_directory(settings.policy_folder())
    except PolicyError:
        # Told in the row of the policies.
        return
    lacking = [text for policy in policies for text in _lacking(policy, found)]
    told = "; ".join(dict.fromkeys(lacking)) or "each approval that a policy asks for can be given"
    remedy = "add people to the group in approvers.yaml, or ask for fewer in the policy"
    yield Examined("quorums", not lacking, told, remedy, informational=True)


def _lacking(policy: Policy, found: Approvers) -> Iterator[str]:
    for layer in policy.effects:
        for rule in layer.rules:
            if (asked := rule.approval) is None:
                continue
            able = sum(bool(each.keys and each.groups & asked.groups) for each in found.people)
            if able < asked.quorum:
                groups = " or ".join(sorted(asked.groups))
                yield f"{policy.name} asks for {asked.quorum} of {groups}, there are {able}"


def checkpoints(settings: Settings) -> Examined:
    """Tell where the audit log's checkpoints go, and whether the place can be read."""
    if not settings.checkpoints:
        return Examined(
            "checkpoints",
            passed=False,
            evidence="published nowhere: whoever holds this machine could rewrite the audit log",
            remedy="set ASSIZE_CHECKPOINTS (docs/audit.md)",
            informational=True,
        )
    try:
        note = place_of(settings.checkpoints).newest()
        told = (
            "none that can be seen"
            if note is None
            else counted(unverified(note).size, "entry", "entries")
        )
    except SandboxError as error:
        return Examined("checkpoints", passed=False, evidence=str(error), remedy=error.remedy)
    except MalformedCheckpoint as error:
        remedy = "name another place (docs/audit.md, 'When the log is broken')"
        return Examined("checkpoints", passed=False, evidence=str(error), remedy=remedy)
    return Examined(
        "checkpoints", passed=True, evidence=f"{settings.checkpoints}; the newest: {told}"
    )


def webhooks() -> Examined:
    """Tell who is told of holds."""
    try:
        targets = targets_from(os.environ)
    except SandboxError as error:
        return Examined("webhooks", passed=False, evidence=str(error), remedy=error.remedy)
    told = f"{len(targets)} told of holds" if targets else "nobody is told of holds"
    return Examined("webhooks", passed=True, evidence=told)
