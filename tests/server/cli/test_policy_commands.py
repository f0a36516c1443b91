"""`assize policy lint|test|explain|effective|diff|schema`: offline, exact, and fit for CI."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from assize.cli.exit_codes import ExitStatus
from assize.cli.main import app
from assize_server.policies.schema import json_schema
from assize_server.settings import packaged_policies

Run = Callable[..., Result]

GIT_RULE = 'path: "**/.git/**"'
DEEP_GIT_TEST = (
    "  - {effect: {kind: fs.rename, path: workspace/hook, source: workspace/.git/hooks/x}, "
    "expect: deny, by: ORG-030}\n"
)
TEAM = """\
apiVersion: assize.dev/v1
layer: team
name: payments
tightens: default
owner: payments@example.com
description: The default policy, and nobody touches a ledger.
limits: {wall_seconds: 10}
default: allow
rules:
  - id: PAY-001
    why: Ledgers are read by others.
    match: {kind: [fs.any], path: "workspace/ledger/**"}
    then: deny
tests:
  - {effect: {kind: fs.write, path: workspace/ledger/a}, expect: deny, by: PAY-001}
  - {effect: {kind: fs.write, path: workspace/ledgers}, expect: allow, by: default}
"""


@pytest.fixture(name="run")
def run_command() -> Run:
    """Run `assize policy` with some words."""

    def run(*words: str | Path) -> Result:
        return CliRunner().invoke(app, ["policy", *map(str, words)])

    return run


@pytest.fixture(name="folder")
def policies(tmp_path: Path) -> Path:
    """A copy of the policies that come with the package, and a team's."""
    copy = Path(shutil.copytree(packaged_policies(), tmp_path / "policies"))
    (copy / "teams").mkdir()
    (copy / "teams/payments.yaml").write_text(TEAM)
    return copy


def edited(folder: Path, *changes: tuple[str, str], name: str = "default.yaml") -> Path:
    """Return a changed copy of a folder."""
    copy = Path(
        shutil.copytree(folder, folder.parent / f"changed-{len(list(folder.parent.iterdir()))}")
    )
    text = (copy / name).read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (copy / name).write_text(text)
    return copy


def of(document: Result) -> Any:
    """Return the JSON that was printed."""
    return json.loads(document.stdout)


def test_packaged_policies_are_clean_and_covered(run: Run) -> None:
    """What an installation begins with passes its own lint, and every rule has both its tests."""
    assert run("lint").exit_code == ExitStatus.PASSED
    assert run("test", "--coverage").exit_code == ExitStatus.PASSED


def test_lint_names_file_line_and_column(run: Run, folder: Path) -> None:
    """Where the fault is, as editors read it."""
    changed = edited(folder, ("Losing what was there needs a person.", "Because."))
    result = run("lint", changed / "default.yaml")
    assert result.exit_code == ExitStatus.FAILED
    lines = (changed / "default.yaml").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "why: Because." in text)
    assert f"default.yaml:{line}:5: error short-why: ORG-010" in result.stdout


def test_lint_finds_what_nobody_can_approve(run: Run, folder: Path) -> None:
    """If it is told who there is."""
    approvers = folder.parent / "approvers.yaml"
    approvers.write_text("people:\n  - {name: alice, groups: [others]}\n")
    result = run("lint", folder / "default.yaml", "--approvers", approvers, "-o", "json")
    assert result.exit_code == ExitStatus.FAILED
    assert {each["code"] for each in of(result)["remarks"]} == {"nobody"}


def test_lint_runs_the_fixtures_of_static_rules(run: Run, folder: Path) -> None:
    """A pattern that matches nothing is found here, and not when it is needed."""
    file = min((folder / "static").glob("*.yaml"))
    text = file.read_text()
    begin = text.index("matches:")
    file.write_text(f"{text[:begin]}matches:\n    - pass\n{text[begin + len('matches:') + 1 :]}")
    result = run("lint", folder, "-o", "json")
    assert result.exit_code == ExitStatus.FAILED
    assert {each["code"] for each in of(result)["remarks"]} == {"fixture"}


def test_failing_test_of_a_file_is_a_failure_and_not_a_fault_of_usage(
    run: Run, folder: Path
) -> None:
    """Loading refuses such a file; testing says which test it is."""
    changed = edited(folder, (GIT_RULE, 'path: "**/.git/*"'))
    result = run("test", changed, "-o", "json")
    assert result.exit_code == ExitStatus.FAILED
    failed = [each for file in of(result)["files"] for each in file["failed"]]
    assert [each["problem"] for each in failed] == [
        "expected deny by ORG-030, but it is allow by ORG-001"
    ]
    assert run("lint", changed).exit_code == ExitStatus.USAGE


def test_rule_without_near_miss_fails_coverage_alone(run: Run, folder: Path) -> None:
    """The tests themselves hold."""
    changed = edited(
        folder,
        (
            "  - {effect: {kind: fs.write, path: workspace/ledgers}, expect: allow, by: default}\n",
            "",
        ),
        name="teams/payments.yaml",
    )
    path = changed / "teams/payments.yaml"
    assert run("test", path).exit_code == ExitStatus.PASSED
    assert run("test", path, "--coverage").exit_code == ExitStatus.FAILED


def test_wrong_file_is_told_with_its_place(run: Run, folder: Path) -> None:
    """By every command, with the exit status of a wrong question."""
    changed = edited(folder, ("pids: 64", "pids: many"))
    lines = (changed / "default.yaml").read_text().splitlines()
    place = f"default.yaml:{lines.index('  pids: many') + 1}:3: limits.pids"
    for words in (
        ("lint", changed),
        ("test", changed),
        ("effective", "default", "--policies", changed),
        ("diff", folder, changed),
        ("explain", "--policies", changed, "--kind", "fs.write", "--path", "a"),
    ):
        result = run(*words)
        assert result.exit_code == ExitStatus.USAGE
        assert place in result.stderr


def test_diff_of_a_narrowed_rule_shows_the_shortest_path_and_fails_on_request(
    run: Run, folder: Path
) -> None:
    """The tests that would have told have gone with it; the proof has not."""
    changed = edited(folder, (GIT_RULE, 'path: "**/.git/*"'), (DEEP_GIT_TEST, ""))
    assert run("diff", folder, changed).exit_code == ExitStatus.PASSED
    result = run("diff", folder, changed, "--fail-on-loosening", "-o", "json")
    assert result.exit_code == ExitStatus.FAILED
    document = of(result)
    assert document["proven"]
    assert document["loosens"]
    changes = {each["policy"]: each for each in document["policies"]}
    assert changes["strict"]["change"] == "same"
    (shortest, *_) = (
        each["example"]["path"]
        for each in changes["default"]["rules"]
        if each["direction"] == "loosened"
    )
    assert shortest == "workspace/.git/x/x"
    assert run("diff", changed, folder, "--fail-on-loosening").exit_code == ExitStatus.PASSED


def test_diff_of_reordered_rules_is_proven_the_same(run: Run, folder: Path) -> None:
    """Comments, order between strictnesses and spelling change nothing."""
    text = (folder / "default.yaml").read_text()
    begin, end = text.index("  - id: ORG-030"), text.index("  - id: ORG-031")
    moved = text[begin:end]
    without = text.replace(moved, "")
    first = without.index("  - id: ORG-001")
    changed = edited(folder)
    (changed / "default.yaml").write_text(f"{without[:first]}{moved}{without[first:]}")
    result = run("diff", folder, changed, "--fail-on-loosening")
    assert result.exit_code == ExitStatus.PASSED
    assert result.stdout.splitlines() == [
        f"policy {name}: same, proven" for name in ("default", "evaluation", "payments", "strict")
    ]


def test_diff_counts_what_it_cannot_compare_as_looser(run: Run, folder: Path) -> None:
    """A policy that requests can now name, and files of another form."""
    changed = edited(folder)
    shutil.copy(changed / "evaluation.yaml", changed / "open.yaml")
    text = (changed / "open.yaml").read_text().replace("name: evaluation", "name: open")
    (changed / "open.yaml").write_text(text)
    result = run("diff", folder, changed, "--fail-on-loosening")
    assert result.exit_code == ExitStatus.FAILED
    assert "policy open: added" in result.stdout
    sealed = edited(folder)
    (sealed / "seccomp.json").write_text("{}")
    result = run("diff", folder, sealed, "--fail-on-loosening")
    assert result.exit_code == ExitStatus.FAILED
    assert "seccomp.json differs" in result.stdout


def test_diff_that_is_not_proven_fails_with_or_without_the_flag(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known, and that is not the same as nothing being looser."""
    monkeypatch.setattr("assize_server.core.differences.compare.__defaults__", (3,))
    result = run("diff", folder, folder, "-o", "json")
    assert result.exit_code == ExitStatus.UNKNOWN
    assert not of(result)["proven"]


def test_explain_names_the_deciding_rule_and_what_else_matches(run: Run, folder: Path) -> None:
    """Over both layers of a team's policy."""
    words = ("--policies", folder, "--kind", "fs.delete", "--path", "workspace/ledger/a")
    result = run("explain", "payments", *words, "-o", "json")
    assert result.exit_code == ExitStatus.PASSED
    (effect,) = of(result)["effects"]
    assert (effect["decision"], effect["rule"]) == ("DENY", "PAY-001")
    assert [layer["rule"] for layer in effect["layers"]] == ["ORG-010", "PAY-001"]
    text = run("explain", "payments", *words).stdout
    assert "PAY-001 (deny) decides" in text
    assert "ORG-011" not in text
    assert (
        "ORG-011 (hold) not about it: it is not about this kind"
        in run("explain", "payments", *words, "--all").stdout
    )


def test_explain_reads_the_effects_of_a_verdict(run: Run, folder: Path) -> None:
    """And says where it was judged by another policy, or decided otherwise."""
    effect = {
        "kind": "FS_RENAME_OVER",
        "path": "b\x1b[31m",
        "source": "a",
        "after": {"type": "FILE", "size_bytes": 3},
        "table": "",
    }
    verdict = folder.parent / "verdict.json"
    verdict.write_text(
        json.dumps(
            {
                "policy": "default",
                "policy_digest": "0",
                "effects": [{"effect": effect, "decision": "ALLOW", "rule": "ORG-001"}],
            }
        )
    )
    result = run("explain", "--policies", folder, "--verdict", verdict)
    assert result.exit_code == ExitStatus.PASSED
    assert "HOLD by ORG-010" in result.stdout
    assert "the verdict said ALLOW by ORG-001" in result.stdout
    assert "judged by default 0" in result.stderr
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"effects": [{}]}', '{"effects": [1]}'])
def test_explain_of_what_is_no_verdict_is_a_fault_of_usage(
    run: Run, folder: Path, text: str
) -> None:
    """Whatever is wrong with it."""
    verdict = folder.parent / "verdict.json"
    verdict.write_text(text)
    result = run("explain", "--policies", folder, "--verdict", verdict)
    assert result.exit_code == ExitStatus.USAGE
    assert "verdict.json" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--kind", "fs.write"),
        ("--kind", "fs.write", "--path", "a/../b"),
        ("--kind", "fs.rename", "--path", "a"),
        ("--kind", "fs.write", "--path", "a", "--table", "main.a"),
        ("--kind", "fs.delete", "--path", "a", "--bytes", "3"),
    ],
)
def test_explain_of_an_effect_that_cannot_be_is_a_fault_of_usage(
    run: Run, words: tuple[str, ...]
) -> None:
    """Rather than an answer about something else."""
    assert run("explain", *words).exit_code == ExitStatus.USAGE


def test_effective_policy_has_all_layers_and_their_digest(run: Run, folder: Path) -> None:
    """A team's limits, and a request's below them."""
    words = ("effective", "payments", "--policies", folder, "-o", "json")
    team = of(run(*words))
    assert team["limits"]["wall_seconds"] == 10
    assert [layer["layer"] for layer in team["layers"]] == ["org", "team"]
    asked = of(run(*words, "--limit", "wall_seconds=5"))
    assert asked["limits"]["wall_seconds"] == 5
    assert [layer["layer"] for layer in asked["layers"]] == ["org", "team", "request"]
    assert asked["digest"] != team["digest"]
    for limit in ("wall_seconds=50", "wall_seconds=soon", "speed=3", "pids"):
        assert run(*words, "--limit", limit).exit_code == ExitStatus.USAGE


def test_schema_is_the_one_that_editors_use(run: Run) -> None:
    """The same text as in the repository."""
    assert run("schema").stdout == json_schema()


def test_every_command_shows_an_example(run: Run) -> None:
    """Of its use."""
    for command in ("lint", "test", "explain", "effective", "diff", "schema"):
        assert "Example: assize policy" in run(command, "--help").stdout


def test_light_installation_keeps_the_commands_that_ask_a_service(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the package of the service there is nothing to attach."""
    monkeypatch.setattr("assize.cli.policy.entry_points", lambda **_: [])
    listed = run("--help").stdout
    assert "list" in listed
    assert "lint" not in listed
