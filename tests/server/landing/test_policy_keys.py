"""What the keys of a policy do to a run over a workspace, through the whole service."""

from pathlib import Path

import pytest
from support.landing import WORKSPACE, sitting

from assize import errors
from assize.errors import ReasonCode
from assize.model.effects import Decision
from assize.model.verdict import Isolation, Status
from assize_sandbox.engines.fake import Behaviour

TWO = b"writes two files"
PROGRAMS = {TWO: Behaviour(files={"b.txt": b"new", "c.txt": b"newer"})}
BARE = Isolation("docker", "runc 1.1.5", "0" * 64, ("network", "seccomp"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("least_isolation: container", "least_isolation: user_namespace"),
        ("allow: [runc, docker]", "allow: [runc]"),
    ],
    ids=["least_isolation", "allow"],
)
async def test_engine_that_the_policy_does_not_take_is_refused_before_anything_runs(
    tmp_path: Path, old: str, new: str
) -> None:
    """By what the start-up probe saw, and not by what the engine says of itself."""
    async with sitting(tmp_path, PROGRAMS, isolation=BARE, policy_edits={old: new}) as court:
        with pytest.raises(errors.InvalidRequest) as caught:
            await court.verify(TWO)
        assert court.engine.recorded == []
    assert caught.value.reason == ReasonCode.ISOLATION_TOO_WEAK
    assert [each.field for each in caught.value.violations] == ["policy"]


@pytest.mark.parametrize("budget", ["count: 1, bytes: 50000000", "count: 500, bytes: 7"])
async def test_what_is_beyond_a_budget_is_held(tmp_path: Path, budget: str) -> None:
    """In order of path: the first file is within it, the second is not."""
    edits = {"count: 500, bytes: 50000000": budget}
    # The policy's own tests are of its budget in bytes.
    edits["bytes: 50000000}, expect: allow"] = "bytes: 1}, expect: allow"
    async with sitting(tmp_path, PROGRAMS, policy_edits=edits) as court:
        verdict = await court.verify(TWO)
    assert verdict.status is Status.HELD, verdict
    assert [each.decision for each in verdict.effects] == [Decision.ALLOW, Decision.HOLD]
    assert verdict.hold is not None
    assert verdict.hold.rules == ("ORG-001",)


async def test_approval_of_the_rule_is_what_the_hold_asks_for(tmp_path: Path) -> None:
    """Its group, its quorum, and its time."""
    edits = {
        "count: 500, bytes: 50000000}\n    approval: {group: data-owners, quorum: 1, ttl: 15m}": (
            "count: 1, bytes: 50000000}\n    approval: {group: security, quorum: 2, ttl: 5m}"
        )
    }
    async with sitting(tmp_path, PROGRAMS, policy_edits=edits) as court:
        verdict = await court.verify(TWO)
        assert verdict.hold is not None, verdict
        bundle, _ = await court.office.desk.bundle(verdict.hold.hold_id, "alice")
    assert (verdict.hold.groups, verdict.hold.quorum) == (("security",), 2)
    assert bundle.hold.expires_at - bundle.hold.created_at == 5 * 60
    assert bundle.hold.workspace == f"anonymous/{WORKSPACE}"


async def test_what_no_rule_names_is_the_defaults(tmp_path: Path) -> None:
    """Here it denies."""
    rule = "kind: [fs.create, fs.write, fs.mkdir, fs.rename, fs.chmod]"
    edits = {
        rule: "kind: [fs.write, fs.rename]",
        # The policy's own test of what it no longer allows.
        "path: workspace/.gitignore}, expect: allow, by: ORG-001": (
            "path: workspace/.gitignore}, expect: deny, by: default"
        ),
    }
    async with sitting(tmp_path, PROGRAMS, policy_edits=edits) as court:
        verdict = await court.verify(TWO)
    assert verdict.status is Status.FAILED
    assert {each.rule for each in verdict.effects} == {"default"}
