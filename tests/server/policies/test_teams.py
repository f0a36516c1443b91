"""Teams' files: they tighten one of the organisation's, and can do nothing else."""

from pathlib import Path

import pytest
from support.policy_texts import KNOWN, ORG, TEAM, put, refusal

from assize.model.effects import Decision, Effect, EffectKind
from assize.model.policies import LayerKind
from assize.model.verdict import Assurance
from assize_server.core.analysis_settings import MypyStrictness
from assize_server.core.feedback import Feedback
from assize_server.core.isolation import EngineName
from assize_server.core.rules import Approval
from assize_server.core.static_gates import Gate
from assize_server.core.weighing import weigh
from assize_server.policies.load import PolicyError, load_directory, load_file


def test_team_tightens_what_it_gives_and_has_the_rest_from_the_organisation(
    tmp_path: Path,
) -> None:
    """Value by value; both files' rules are weighed."""
    policies = load_directory(put(tmp_path, team=TEAM), KNOWN)
    org, team = policies["default"], policies["payments"]
    assert policies.names() == ("default", "payments")
    assert (team.limits.wall_seconds, team.limits.cpu_seconds) == (10, org.limits.cpu_seconds)
    assert set(team.analysis.ruff_select) == {"B", "E9", "F", "S"}
    assert set(team.analysis.ruff_block) == {"B", "E9", "F82"}
    assert team.analysis.ruff_ignore == org.analysis.ruff_ignore
    assert (team.analysis.mypy, team.analysis.mypy_block) == (MypyStrictness.STRICT, True)
    assert (team.least_assurance, team.refuses_objects) == (Assurance.EXTERNAL, True)
    assert team.engine.allow == {EngineName.RUNC}
    assert team.feedback is Feedback.VERDICT
    gates = {name: team.static.gate_of(name) for name in ("eval", "deletion", "net", "sql")}
    assert gates == {
        "eval": Gate.FAIL,
        "deletion": Gate.FAIL,
        "net": Gate.WARN,
        "sql": Gate.WARN,
    }
    assert len(team.effects) == 2
    assert team.effects[0] == org.effects[0]


def test_both_files_rules_hold_and_their_obligations_combine(tmp_path: Path) -> None:
    """The organisation asks one of two groups, the team one of them, twice and sooner."""
    team = load_directory(put(tmp_path, team=TEAM), KNOWN)["payments"]
    plain, ledger = Effect(EffectKind.FS_WRITE, "a"), Effect(EffectKind.FS_WRITE, "ledger/a")
    assert weigh(team.effects, [plain]).decision is Decision.ALLOW
    assert weigh(team.effects, [ledger]).approval == Approval(frozenset({"security"}), 2, 300)
    elsewhere = Effect(EffectKind.DB_INSERT, "ledger/a.db", table="main.audit")
    assert weigh(team.effects, [elsewhere]).decision is Decision.DENY


def test_digest_is_over_both_files(tmp_path: Path) -> None:
    """A change of either, down to a rule's why, is another policy."""
    digests = {load_directory(put(tmp_path, team=TEAM), KNOWN)["payments"].digest}
    for org, team in (
        (ORG.replace("Large files.", "Big files."), TEAM),
        (ORG, TEAM.replace("read by others", "audited")),
        (ORG, TEAM.replace("wall_seconds: 10", "wall_seconds: 11")),
    ):
        policies = load_directory(put(tmp_path, org, team), KNOWN)
        digests.add(policies["payments"].digest)
        digests.add(policies["default"].digest)
    # Three changes of the team's policy; the organisation's is two.
    assert len(digests) == 4 + 2
    layers = policies["payments"].layers
    assert [(layer.kind, layer.name) for layer in layers] == [
        (LayerKind.ORG, "default"),
        (LayerKind.TEAM, "payments"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "wall_seconds: 10",
            "wall_seconds: 31",
            "7:10: limits.wall_seconds: would loosen policy 'default', which says 30",
        ),
        (
            "wall_seconds: 10",
            "memory_mb: 513",
            "7:10: limits.memory_mb: would loosen policy 'default', which says 512",
        ),
        ("strictness: strict", 'strictness: "off", block: false', "10:10: analysis.mypy.strict"),
        ("select: [B]", "ignore: [F401], select: [B]", "9:10: analysis.ruff.ignore: would loosen"),
        ("  mypy:", "  suppressions: honor\n  mypy:", "10:3: analysis.suppressions: would loosen"),
        ("least: external", "least: shared", "11:13: assurance.least: would loosen policy"),
        ("least: external", "objects: mark", "11:13: assurance.objects: would loosen policy"),
        ("to_submitter: verdict", "to_submitter: full", "13:12: feedback.to_submitter: would"),
        (
            "warn: [sql]",
            "warn: [eval]",
            "14:35: static.warn[0]: eval would be loosened; policy 'default' has it in fail",
        ),
        (
            "fail: [deletion], warn: [sql]",
            "approval: {group: others, quorum: 1, ttl: 1h}",
            "14:10: static.approval.groups: would loosen policy 'default', which says [owners, sec",
        ),
        ("tightens: default", "tightens: other", "4:1: tightens: must be a policy of the organ"),
        ("tightens: default\n", "", "tightens: must be a policy of the organisation's: default"),
        ("name: payments", "name: default", "3:1: name: must be 'payments' like the file"),
        ("PAY-1\n", "ORG-1\n", "17:5: rules[0].id: ORG-1 is the id of a rule of policy 'default'"),
        ("wall_seconds: 10", "wall_second: 10", "7:10: limits.wall_second: unknown key; did you"),
        ("wall_seconds: 10", "pids: 1", "7:10: limits.pids: input should be greater than or equal"),
        ("select: [B]", "select: [b]", "9:19: analysis.ruff.select[0]: string should match"),
        ("block: [B]", "block: [C]", "9:3: analysis.ruff: block names C, which select does not"),
        ("default: allow\n", "", "1:1: default: this key is missing"),
        ("by: PAY-1}", "by: ORG-1}", "23:5: tests[0]: expected hold by ORG-1, but it is hold by"),
        ("allow: [runc]", "allow: []", "12:10: engine.allow: tuple should have at least 1 item"),
    ],
)
def test_team_file_that_loosens_or_is_wrong_is_refused_at_its_line(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    """With the value that it would loosen; nothing of the folder is loaded."""
    assert old in TEAM
    put(tmp_path, team=TEAM.replace(old, new, 1))
    lines = refusal(tmp_path)
    assert any(line.startswith("teams/payments.yaml:") and problem in line for line in lines), lines


def test_engine_that_the_organisation_does_not_allow_is_a_loosening(tmp_path: Path) -> None:
    """Lists that allow can only shrink."""
    org = ORG.replace("allow: [runc, docker]", "allow: [docker]")
    put(tmp_path, org, TEAM)
    [line] = refusal(tmp_path)
    assert line == (
        "teams/payments.yaml:12:10: engine.allow: would loosen policy 'default', "
        "which says [docker]"
    )


def test_change_of_the_organisation_can_make_a_team_loose(tmp_path: Path) -> None:
    """Both are read together, so that it does not go unseen."""
    put(tmp_path, ORG.replace("wall_seconds: 30", "wall_seconds: 5"), TEAM)
    assert "teams/payments.yaml:7:10: limits.wall_seconds: would loosen" in refusal(tmp_path)[0]


def test_policy_of_a_team_and_one_of_the_organisation_have_names_of_their_own(
    tmp_path: Path,
) -> None:
    """One name is never two policies."""
    put(tmp_path, team=TEAM)
    (tmp_path / "payments.yaml").write_text(ORG.replace("name: default", "name: payments"))
    assert refusal(tmp_path) == [
        "teams/payments.yaml:3:1: name: a policy of the organisation's is called 'payments'"
    ]


def test_team_file_is_read_by_itself_with_what_it_tightens(tmp_path: Path) -> None:
    """For tools that look at one file."""
    put(tmp_path, team=TEAM)
    loaded = load_file(tmp_path / "teams" / "payments.yaml", KNOWN)
    assert loaded.policy == load_directory(tmp_path, KNOWN)["payments"]
    assert loaded.rules.rules[0].id == "PAY-1"


def test_team_file_that_would_not_be_read_is_refused(tmp_path: Path) -> None:
    """As for the organisation's."""
    put(tmp_path, team=TEAM)
    (tmp_path / "teams" / "more.yml").write_text(TEAM)
    assert refusal(tmp_path) == ["teams/more.yml:1:1: it would not be read; call it more.yaml"]


def static_rule(name: str) -> str:
    """Return a file of one static rule."""
    return (
        f"- id: {name}\n  message: It calls foo.\n  why: For the test.\n"
        "  rule: {pattern: foo()}\n  matches: [foo()]\n  passes: [bar()]\n"
    )


def test_static_rules_are_known_by_the_files_of_their_folder(tmp_path: Path) -> None:
    """Ids, and the names of the files, which are the groups; the rules become the policy's."""
    put(tmp_path)
    static = tmp_path / "static"
    static.mkdir()
    for name in ("eval", "deletion"):
        (static / f"{name}.yaml").write_text(static_rule(f"{name}-one"))
    with pytest.raises(PolicyError, match="no static rule and no group 'net' in static/"):
        load_directory(tmp_path)
    (static / "more.yaml").write_text(static_rule("net"))
    policy = load_directory(tmp_path)["default"]
    assert policy.static.warn == {"net"}
    assert "net" in {rule.id for rule in policy.analysis.static.rules}
    (static / "more.yaml").write_text(static_rule("net").replace("pattern: foo", "pattern: baz"))
    assert load_directory(tmp_path)["default"].digest != policy.digest
