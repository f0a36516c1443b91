"""From the checked form of a policy file to the records that the service works with."""

import hashlib
import json
from typing import Final

from assize.model.effects import Decision, EffectKind
from assize.model.policies import LayerKind, PolicyLayer
from assize.model.verdict import Assurance
from assize_sandbox.limits import Limits, Shape
from assize_server.core.analysis_settings import AnalysisSettings
from assize_server.core.isolation import EngineDemand, IsolationLevel
from assize_server.core.policy import Policy
from assize_server.core.rules import Approval, Budget, EffectRules, Match, Rule, RuleTest
from assize_server.core.static_gates import StaticGates
from assize_server.policies.effects import (
    ApprovalSection,
    BudgetSection,
    RuleSection,
    RuleTestSection,
    seconds_of,
)
from assize_server.policies.schema import PolicyText
from assize_server.policies.sections import (
    MB,
    AnalysisSection,
    EngineSection,
    LimitsSection,
    StaticSection,
)

_NOT_DENIED: Final = frozenset({EffectKind.FS_SPECIAL})
"""What `fs.any` leaves out where a rule does not deny: only that can be done about it."""


def policy_of(file: PolicyText, kind: LayerKind) -> Policy:
    """Return the policy of one file by itself."""
    digest = digest_of(file)
    return Policy(
        name=file.name,
        digest=digest,
        owner=file.owner,
        description=file.description,
        limits=_limits(file.limits),
        analysis=_analysis(file.analysis),
        least_assurance=Assurance[file.assurance.least.upper()],
        refuses_objects=file.assurance.objects == "refuse",
        feedback=file.feedback.to_submitter,
        engine=_engine(file.engine),
        static=_static(file.static),
        effects=(rules_of(file),),
        layers=(PolicyLayer(kind, file.name, digest),),
    )


def rules_of(file: PolicyText) -> EffectRules:
    """Return the effect rules of a file."""
    return EffectRules(
        default=_decision(file.default),
        rules=tuple(map(_rule, file.rules)),
        approval=_approval(file.default_approval),
    )


def tests_of(file: PolicyText) -> tuple[RuleTest, ...]:
    """Return the tests of a file, in order."""
    return tuple(map(_test, file.tests))


def digest_of(file: PolicyText) -> str:
    """Return the SHA-256 of what the file means: comments, order and spelling do not count."""
    meaning = file.model_dump(mode="json", by_alias=True, exclude_none=True)
    canonical = json.dumps(meaning, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _rule(section: RuleSection) -> Rule:
    then, match = _decision(section.then), section.match
    kinds = match.kinds()
    return Rule(
        id=section.id,
        why=section.why,
        match=Match(
            kinds=kinds if then is Decision.DENY else kinds - _NOT_DENIED,
            path=match.path,
            table=match.table,
            over_bytes=match.over_bytes,
        ),
        then=then,
        budget=_budget(section.limits),
        approval=_approval(section.approval),
    )


def _test(section: RuleTestSection) -> RuleTest:
    effect = section.effect
    return RuleTest(
        kind=effect.kind,
        path=effect.path,
        expect=_decision(section.expect),
        by=section.by,
        source=effect.source or "",
        table=effect.table or "",
        bytes=effect.bytes or 0,
    )


def _decision(verb: str) -> Decision:
    return Decision[verb.upper()]


def _budget(section: BudgetSection | None) -> Budget | None:
    return None if section is None else Budget(section.count, section.bytes)


def _approval(section: ApprovalSection | None) -> Approval | None:
    if section is None:
        return None
    return Approval(section.names(), section.quorum, seconds_of(section.ttl))


def _engine(section: EngineSection) -> EngineDemand:
    level = IsolationLevel[section.least_isolation.upper()]
    return EngineDemand(level, frozenset(section.allow))


def _static(section: StaticSection) -> StaticGates:
    return StaticGates(
        warn=frozenset(section.warn),
        hold=frozenset(section.hold),
        fail=frozenset(section.fail),
        approval=_approval(section.approval),
    )


def _limits(section: LimitsSection) -> Limits:
    return Limits(
        shape=Shape(
            memory_bytes=section.memory_mb * MB,
            pids=section.pids,
            cpu_cores=section.cpu_cores,
            disk_bytes=section.disk_mb * MB,
            disk_inodes=section.disk_inodes,
        ),
        wall_seconds=section.wall_seconds,
        cpu_seconds=section.cpu_seconds,
        output_bytes=section.output_mb * MB,
        file_bytes=section.file_mb * MB,
        open_files=section.open_files,
    )


def _analysis(section: AnalysisSection) -> AnalysisSettings:
    return AnalysisSettings(
        ruff_select=section.ruff.select,
        ruff_ignore=section.ruff.ignore,
        ruff_block=section.ruff.block,
        mypy=section.mypy.strictness,
        mypy_block=section.mypy.block,
        honor_suppressions=section.suppressions == "honor",
    )
