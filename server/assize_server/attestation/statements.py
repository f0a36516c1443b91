"""Verdicts as signed statements. No clock and no store: times and keys are handed in.

envelope = attest(verdict, job.submission, job.spec, Circumstances(started_ms, ended_ms), keys)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Final

from assize.attest import Json, signed_statement, subjects_of
from assize.model.spec import Spec
from assize.model.submission import Submission
from assize.model.verdict import CheckResult, Isolation, Usage, Verdict
from assize_server.attestation.keys import ServiceKeys

_MILLION: Final = 1_000_000
_VERSION: Final = version("assize")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the verdict itself does not say."""

    started_ms: int
    """When it was admitted, in milliseconds since 1970 (UTC)."""
    ended_ms: int
    """When the verdict was given."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 in hex of what came of it: `effects`, `base_snapshot`, `result_snapshot`."""


def attest(
    verdict: Verdict,
    submission: Submission,
    spec: Spec,
    circumstances: Circumstances,
    keys: ServiceKeys,
) -> bytes:
    """Return the signed statement of a verdict: a DSSE envelope as JSON.

    Give it the whole verdict, before a policy's feedback leaves things out for its submitter: none
    of what feedback hides (expected values, outputs, messages) is in a statement.
    """
    predicate: dict[str, Json] = {
        **_outcome(verdict),
        "checks": [_check(each) for each in verdict.checks],
        "findings": len(verdict.findings),
        "policy": {"name": verdict.policy, "digest": verdict.policy_digest},
        "isolation": _isolation(verdict.isolation),
        "usage": _usage(verdict.usage),
        "digests": dict(circumstances.digests),
        "started_ms": circumstances.started_ms,
        "ended_ms": circumstances.ended_ms,
        "service": {"origin": keys.origin, "version": _VERSION},
    }
    return signed_statement(subjects_of(submission, spec), predicate, keys.public, keys.sign)


def _outcome(verdict: Verdict) -> dict[str, Json]:
    return {
        "verification_id": verdict.verification_id,
        "request_id": verdict.request_id,
        "status": verdict.status.value,
        "reason": verdict.reason.value if verdict.reason else "",
        "score_millionths": round(verdict.score * _MILLION),
        "assurance": verdict.assurance.name if verdict.assurance else "",
    }


def _check(check: CheckResult) -> Json:
    return {
        "name": check.name,
        "status": check.status.value,
        "assurance": check.assurance.name,
        "required": check.required,
        "weight_millionths": round(check.weight * _MILLION),
        "reason": check.reason.value if check.reason else "",
        "cases_passed": check.cases_passed,
        "cases_total": check.cases_total,
    }


def _isolation(isolation: Isolation | None) -> Json:
    if isolation is None:
        return None
    return {
        "engine": isolation.engine,
        "runtime": isolation.runtime,
        "image_digest": isolation.image_digest,
        "barriers": list(isolation.barriers),
    }


def _usage(usage: Usage) -> Json:
    return {
        "wall_ms": round(usage.wall_seconds * 1000),
        "cpu_ms": round(usage.cpu_seconds * 1000),
        "peak_memory_bytes": usage.peak_memory_bytes,
        "peak_pids": usage.peak_pids,
        "output_bytes": usage.output_bytes,
    }
