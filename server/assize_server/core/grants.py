"""Whether a grant is taken, and which held effects it lets through.

- It lasts eight hours at most from now, and is for some effects, never for any number.
- It counts for one policy by its digest: a change of the policy ends it.
- It lets a run through only as a whole: every held effect must be under its rules and its paths, a
  rename at both, and what is left of its number must reach for all of them. What is denied stays
  denied.
- It is one person's approval. A quorum of two takes grants of two people, and whoever submits the
  run is none of them.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from assize.approvals.envelopes import opened
from assize.approvals.grants import MOST_EFFECTS, MOST_SECONDS, grant_of
from assize.approvals.refusals import RefusalCode, Refused
from assize.model.approvals import Grant, GrantRecord, RequiredApproval
from assize.model.effects import Decision, Effect, EffectKind, WeighedEffect
from assize_server.core.approvals import signer_of
from assize_server.core.approvers import Approvers, same_being
from assize_server.core.globs import GlobError, Matcher, matcher, parse

ID_CHARS: Final = 32
"""Of a grant's id: the beginning of the digest of what was signed."""
ROOT: Final = "workspace/"
"""What a rule's and a grant's paths begin with."""


def granted(envelope: bytes, approvers: Approvers, audience: str, now: int) -> GrantRecord:
    """Return the grant of an envelope, if it may be given.

    Raises:
        Refused: It may not; the code says why.
    """
    signed = opened(envelope)
    person = signer_of(signed, approvers)
    grant = grant_of(signed)
    if grant.audience != audience:
        text = f"it is meant for {grant.audience[:40]!r}, this is {audience!r}"
        raise Refused(RefusalCode.OTHER_AUDIENCE, text)
    _require_timely(grant, now)
    _require_narrow(grant, now)
    grant_id = hashlib.sha256(signed.payload).hexdigest()[:ID_CHARS]
    return GrantRecord(grant_id, grant, person.name, signed.key_id)


def count_of(weighed: Iterable[WeighedEffect]) -> int:
    """Return how many effects are held, rows counted each."""
    return sum(each.effect.count for each in weighed if each.decision is Decision.HOLD)


def covers(
    record: GrantRecord,
    weighed: Sequence[WeighedEffect],
    *,
    workspace: str,
    policy_digest: str,
    now: int,
) -> bool:
    """Tell whether a grant lets every held effect of a run through."""
    grant = record.grant
    held = [each for each in weighed if each.decision is Decision.HOLD]
    if not held or any(each.decision is Decision.DENY for each in weighed):
        return False
    if (grant.workspace, grant.policy_digest) != (workspace, policy_digest):
        return False
    if record.revoked_at or not grant.not_before <= now < grant.not_after:
        return False
    if count_of(held) > grant.most_effects - record.used:
        return False
    globs = [matcher(parse(path)) for path in grant.paths]
    return all(each.rule in grant.rules and _within(each.effect, globs) for each in held)


def covering(
    records: Iterable[GrantRecord],
    weighed: Sequence[WeighedEffect],
    required: RequiredApproval,
    approvers: Approvers,
    *,
    submitter: str,
    workspace: str,
    policy_digest: str,
    now: int,
) -> tuple[GrantRecord, ...]:
    """Return the grants that together stand for the required approval; none: it must be asked."""
    chosen: dict[str, GrantRecord] = {}
    for record in records:
        if (
            not same_being(record.person, submitter)
            and approvers.counts(record.person, record.key_id, required.groups)
            and covers(record, weighed, workspace=workspace, policy_digest=policy_digest, now=now)
        ):
            chosen.setdefault(record.person, record)
    if required.quorum < 1 or len(chosen) < required.quorum:
        return ()
    return tuple(chosen.values())[: required.quorum]


def _within(effect: Effect, globs: Sequence[Matcher]) -> bool:
    # What cannot be committed or told row by row is never granted ahead.
    if effect.kind in {EffectKind.FS_SPECIAL, EffectKind.DB_UNATTRIBUTABLE}:
        return False
    paths = [effect.path, effect.source] if effect.source else [effect.path]
    return all(any(fits(ROOT + path) for fits in globs) for path in paths)


def _require_timely(grant: Grant, now: int) -> None:
    if now < grant.not_before:
        raise Refused(RefusalCode.NOT_YET_VALID, f"it begins at {grant.not_before}, it is {now}")
    if now >= grant.not_after:
        raise Refused(RefusalCode.EXPIRED, f"it ended at {grant.not_after}, it is {now}")


def _require_narrow(grant: Grant, now: int) -> None:
    if grant.not_after - now > MOST_SECONDS:
        text = f"a grant lasts {MOST_SECONDS} s at most, this one {grant.not_after - now}"
        raise Refused(RefusalCode.TOO_WIDE, text)
    if not 1 <= grant.most_effects <= MOST_EFFECTS:
        text = f"a grant is for 1 to {MOST_EFFECTS} effects, got {grant.most_effects}"
        raise Refused(RefusalCode.TOO_WIDE, text)
    for path in grant.paths:
        try:
            parse(path)
        except GlobError as error:
            text = f"the path {path[:80]!r} is no pattern: {error}"
            raise Refused(RefusalCode.MALFORMED_TOKEN, text) from error
        if not path.startswith(ROOT):
            text = f"the path {path[:80]!r} must begin with {ROOT}"
            raise Refused(RefusalCode.TOO_WIDE, text)
