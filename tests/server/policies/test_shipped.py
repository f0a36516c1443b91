"""The policies that come with the package: what they allow, block and demand."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from assize.model.effects import Decision, Effect, EffectKind, FileState, FileType
from assize.model.submission import RequestedLimits
from assize.model.verdict import Assurance
from assize.strict_yaml import load
from assize_server.core.analysis_settings import MypyStrictness, covers
from assize_server.core.policy import effective_limits
from assize_server.core.rules import DB_KINDS, RENAMES
from assize_server.core.weighing import weigh
from assize_server.policies.load import PolicySet, load_directory
from assize_server.policies.reference import keys, with_table
from assize_server.policies.schema import json_schema
from assize_server.settings import packaged_policies

SHIPPED = packaged_policies()


@pytest.fixture(scope="module")
def shipped() -> PolicySet:
    """Return the policies that come with the package."""
    return load_directory(SHIPPED)


def test_shipped_policies_mean_what_their_readme_says(shipped: PolicySet) -> None:
    """What each is for shows in what it allows and demands."""
    assert shipped.names() == ("default", "evaluation", "strict")
    least = {policy.name: policy.least_assurance for policy in shipped}
    assert least == {
        "default": Assurance.SPLIT,
        "evaluation": Assurance.SHARED,
        "strict": Assurance.EXTERNAL,
    }
    assert shipped["evaluation"].limits.shape == shipped["default"].limits.shape
    assert shipped["evaluation"].analysis.mypy is MypyStrictness.OFF
    assert shipped["strict"].analysis.mypy is MypyStrictness.STRICT
    assert not any(policy.analysis.honor_suppressions for policy in shipped)


def test_shipped_strict_policy_is_nowhere_looser_than_default(shipped: PolicySet) -> None:
    """Whoever moves to `strict` gives nothing up."""
    default, strict = shipped["default"], shipped["strict"]
    limits = strict.limits
    requested = RequestedLimits(
        wall_seconds=limits.wall_seconds,
        cpu_seconds=limits.cpu_seconds,
        memory_bytes=limits.shape.memory_bytes,
        pids=limits.shape.pids,
        output_bytes=limits.output_bytes,
        disk_bytes=limits.shape.disk_bytes,
        file_bytes=limits.file_bytes,
        open_files=limits.open_files,
    )
    effective_limits(default, requested)
    for prefix in default.analysis.ruff_block:
        assert any(covers(wide, prefix) for wide in strict.analysis.ruff_block), prefix


def test_shipped_rule_prefixes_are_known_to_ruff(shipped: PolicySet) -> None:
    """A prefix that names no rule would make ruff fail, or would block nothing."""
    listing = subprocess.run(
        [sys.executable, "-m", "ruff", "rule", "--all", "--output-format", "json"],
        capture_output=True,
        check=True,
    )
    rules = [rule["code"] for rule in json.loads(listing.stdout)]
    for policy in shipped:
        settings = policy.analysis
        for prefix in (*settings.ruff_select, *settings.ruff_ignore, *settings.ruff_block):
            assert any(covers(prefix, rule) for rule in rules), f"{policy.name}: {prefix}"


@pytest.mark.parametrize(
    ("source", "blocked"),
    [
        ("def f(:\n", True),
        ("print(nope)\n", True),
        ("'%s %s' % (1,)\n", True),
        ("if (0, 'x'):\n    pass\n", True),
        ("import os\n", False),
        ("assert 1 == 1\n", False),
        ("def f(a=[]):\n    return a\n", False),
        ("value = f'plain'\n", False),
    ],
)
def test_shipped_default_blocks_bugs_and_only_warns_of_the_rest(
    shipped: PolicySet, source: str, *, blocked: bool
) -> None:
    """Code that may still be right is not failed for its style."""
    settings = shipped["default"].analysis
    found = subprocess.run(
        [
            *(sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache"),
            *("--output-format=json", f"--select={','.join(settings.ruff_select)}", "-"),
        ],
        input=source,
        capture_output=True,
        text=True,
        check=False,
    )
    rules = [finding["code"] for finding in json.loads(found.stdout)]
    assert rules
    assert any(map(settings.blocks, rules)) is blocked


def test_schema_for_editors_is_fresh() -> None:
    """`python -m assize_server.policies.schema` was run after the last change of the form."""
    assert (SHIPPED / "policy.schema.json").read_text(encoding="utf-8") == json_schema()


@pytest.mark.parametrize("name", ["default", "strict", "evaluation"])
def test_schema_for_editors_takes_shipped_policies_and_refuses_unknown_keys(name: str) -> None:
    """An editor says what the service will say."""
    path = SHIPPED / f"{name}.yaml"
    data = load(path.read_text(encoding="utf-8"), path.name).data
    assert isinstance(data, dict)
    schema = jsonschema.Draft202012Validator(json.loads(json_schema()))
    assert schema.is_valid(data)
    assert not schema.is_valid({**data, "unknown": 1})
    assert not schema.is_valid({key: value for key, value in data.items() if key != "owner"})


def test_readme_for_auditors_names_every_key_and_every_file() -> None:
    """No key is left for an auditor to guess."""
    readme = (SHIPPED / "README.md").read_text(encoding="utf-8")
    document = load((SHIPPED / "default.yaml").read_text(encoding="utf-8"), "default.yaml")
    for place in document.positions:
        leaf = not any(other[:-1] == place for other in document.positions if other)
        if leaf and not any(isinstance(part, int) for part in place):
            assert f"`{'.'.join(map(str, place))}`" in readme
    for path in SHIPPED.iterdir():
        assert path.name == "README.md" or f"`{path.name}`" in readme


def test_keys_in_readme_are_generated_from_where_they_are_defined() -> None:
    """`python -m assize_server.policies.reference policies/README.md` was run after a change."""
    page = (SHIPPED / "README.md").read_text(encoding="utf-8")
    assert with_table(page) == page
    assert [key for key, text in keys().items() if not text] == []


def test_example_of_a_team_in_readme_is_a_policy(tmp_path: Path) -> None:
    """What the page shows can be copied."""
    shutil.copy(SHIPPED / "default.yaml", tmp_path)
    shutil.copytree(SHIPPED / "static", tmp_path / "static")
    page = (SHIPPED / "README.md").read_text(encoding="utf-8")
    example = next(each for each in page.split("```yaml\n") if "layer: team" in each[:80])
    (tmp_path / "teams").mkdir()
    (tmp_path / "teams" / "payments.yaml").write_text(example.split("```")[0], encoding="utf-8")
    team = load_directory(tmp_path)["payments"]
    assert (team.limits.wall_seconds, len(team.effects)) == (10, 2)


@pytest.mark.parametrize("name", ["default", "strict", "evaluation"])
def test_shipped_rules_and_defaults_are_all_tested(shipped: PolicySet, name: str) -> None:
    """Each rule decides in one of the file's tests, and a neighbour of its effects does not."""
    loaded = shipped.loaded(name)
    decided = {test.by for test in loaded.tests}
    assert decided >= {rule.id for rule in loaded.rules.rules}
    assert "default" in decided


@pytest.mark.parametrize("kind", list(EffectKind))
@pytest.mark.parametrize(
    "path", ["a", "a/.git/x", ".git", ".git/x", "a.git/x", "a/b/c.py", ".gitignore"]
)
def test_shipped_strict_rules_are_nowhere_laxer_than_default(
    shipped: PolicySet, kind: EffectKind, path: str
) -> None:
    """Whoever moves to `strict` gives nothing up in what may land either."""
    table = "main.users" if kind in DB_KINDS else ""
    for size in (0, 6_000_000, 60_000_000):
        state = FileState(FileType.FILE, 0o644, size)
        effect = Effect(kind, path, source="b" if kind in RENAMES else "", after=state, table=table)
        default, strict = (weigh(shipped[name].effects, [effect]) for name in ("default", "strict"))
        assert strict.decision >= default.decision
        if strict.approval and default.approval:
            assert strict.approval.quorum >= default.approval.quorum
            assert strict.approval.groups <= default.approval.groups


def test_shipped_policies_let_nothing_land_that_no_rule_names(shipped: PolicySet) -> None:
    """None of them allows by default."""
    assert {rules.default for policy in shipped for rules in policy.effects} == {Decision.DENY}
