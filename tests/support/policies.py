"""Strategies for policies, rules and effects, and what is needed to compare them."""

from hypothesis import strategies as st

from assize.model.effects import Decision, Effect, EffectKind, FileState, FileType
from assize.model.policies import LayerKind, PolicyLayer
from assize.model.verdict import Assurance
from assize_sandbox.limits import Limits, Shape
from assize_server.core.analysis_settings import AnalysisSettings, MypyStrictness
from assize_server.core.feedback import Feedback
from assize_server.core.isolation import EngineDemand, EngineName, IsolationLevel
from assize_server.core.policy import Policy
from assize_server.core.rules import (
    DB_KINDS,
    RENAMES,
    SIZED_KINDS,
    Approval,
    Budget,
    EffectRules,
    Match,
    Rule,
)
from assize_server.core.static_gates import NO_GATES, StaticGates

GLOBS = ("workspace/**", "**/.git/**", "workspace/a/*", "**/*.py", "workspace/?", "**", "b/**")
PATHS = ("a", "b", ".git/x", "a/b", "a/.git/c", "a/b/c.py", "x.py")
TABLES = ("", "main.users", "main.logs", "temp.users")
TABLE_GLOBS = ("main.*", "*.users", "main.logs")
PREFIXES = ("E9", "F", "F8", "F82", "F821", "S", "S1", "S101", "PLE", "B")

approvals = st.builds(
    Approval,
    groups=st.frozensets(st.sampled_from("abc"), min_size=1),
    quorum=st.integers(1, 4),
    ttl_seconds=st.integers(1, 10_000),
)
budgets = st.builds(
    Budget, count=st.none() | st.integers(1, 4), bytes=st.none() | st.integers(1, 40)
)


@st.composite
def matches(draw: st.DrawFn) -> Match:
    """Draw which effects a rule is about, as files can say it."""
    kinds = draw(st.frozensets(st.sampled_from(EffectKind), min_size=1))
    path = draw(st.none() | st.sampled_from(GLOBS))
    table = draw(st.none() | st.sampled_from(TABLE_GLOBS)) if kinds <= DB_KINDS else None
    over = draw(st.none() | st.integers(0, 20)) if kinds <= SIZED_KINDS else None
    return Match(kinds, path, table, over)


@st.composite
def rules(draw: st.DrawFn, id_: str) -> Rule:
    """Draw a rule with what its decision asks for."""
    then = draw(st.sampled_from(Decision))
    budget = draw(st.none() | budgets) if then is Decision.ALLOW else None
    holds = then is Decision.HOLD or budget is not None
    return Rule(id_, "Because.", draw(matches()), then, budget, draw(approvals) if holds else None)


@st.composite
def rule_sets(draw: st.DrawFn, prefix: str = "R") -> EffectRules:
    """Draw the effect rules of one file."""
    count = draw(st.integers(0, 5))
    listed = tuple(draw(rules(f"{prefix}-{index}")) for index in range(count))
    default = draw(st.sampled_from(Decision))
    return EffectRules(default, listed, draw(approvals) if default is Decision.HOLD else None)


@st.composite
def effects(draw: st.DrawFn) -> Effect:
    """Draw one effect."""
    kind = draw(st.sampled_from(EffectKind))
    state = FileState(FileType.FILE, 0o644, draw(st.integers(0, 30)))
    return Effect(
        kind,
        draw(st.sampled_from(PATHS)),
        source=draw(st.sampled_from(PATHS)) if kind in RENAMES else "",
        after=state if kind in SIZED_KINDS else None,
        table=draw(st.sampled_from(TABLES)) if kind in DB_KINDS else "",
        count=draw(st.integers(1, 3)),
    )


prefixes = st.lists(st.sampled_from(PREFIXES), unique=True).map(tuple)
names = st.frozensets(st.sampled_from(["delete", "sql", "shell", "net"]))


@st.composite
def gates(draw: st.DrawFn) -> StaticGates:
    """Draw what is done about static rules; somebody is asked just where something is held."""
    hold = draw(names)
    return StaticGates(draw(names), hold, draw(names), draw(approvals) if hold else None)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Draw a policy of one layer."""
    shape = Shape(*(draw(st.integers(1, 100)) for _ in range(5)))
    numbers = [draw(st.integers(1, 100)) for _ in range(5)]
    return Policy(
        name="drawn",
        digest=draw(st.text("0123456789abcdef", min_size=64, max_size=64)),
        owner="somebody",
        description="drawn",
        limits=Limits(shape, *numbers),
        analysis=draw(
            st.builds(
                AnalysisSettings,
                ruff_select=prefixes,
                ruff_ignore=prefixes,
                ruff_block=prefixes,
                mypy=st.sampled_from(MypyStrictness),
                mypy_block=st.booleans(),
                honor_suppressions=st.booleans(),
            )
        ),
        least_assurance=draw(st.sampled_from(Assurance)),
        refuses_objects=draw(st.booleans()),
        feedback=draw(st.sampled_from(Feedback)),
        engine=draw(
            st.builds(
                EngineDemand,
                st.sampled_from(IsolationLevel),
                st.frozensets(st.sampled_from(EngineName)),
            )
        ),
        static=draw(gates()),
        # What rules mean together is another matter (`rule_sets`).
        effects=(EffectRules(draw(st.sampled_from(Decision)), ()),),
        layers=(PolicyLayer(LayerKind.ORG, "drawn", "d" * 64),),
    )


def policy(limits: Limits) -> Policy:
    """Return a strict policy with these limits, which denies every effect."""
    digest = "d" * 64
    return Policy(
        name="strict",
        digest=digest,
        owner="somebody",
        description="for tests",
        limits=limits,
        analysis=AnalysisSettings(
            ruff_select=("F", "S"),
            ruff_ignore=("S101",),
            ruff_block=("F",),
            mypy=MypyStrictness.STRICT,
            mypy_block=True,
            honor_suppressions=False,
        ),
        least_assurance=Assurance.EXTERNAL,
        refuses_objects=True,
        feedback=Feedback.VERDICT,
        engine=EngineDemand(IsolationLevel.USER_NAMESPACE, frozenset(EngineName)),
        static=NO_GATES,
        effects=(EffectRules(Decision.DENY, ()),),
        layers=(PolicyLayer(LayerKind.ORG, "strict", digest),),
    )
