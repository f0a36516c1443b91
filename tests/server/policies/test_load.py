"""Policy files: what they become, and what is refused with which line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from assize.model.verdict import Assurance
from assize_sandbox.limits import Limits
from assize_server.core.analysis_settings import AnalysisSettings, MypyStrictness
from assize_server.policies.load import PolicyError, load_directory

TEXT = """\
apiVersion: assize.dev/v1
name: default
owner: security@example.com
description: For tests.
limits:
  wall_seconds: 30
  cpu_seconds: 20.5
  memory_mb: 512
  pids: 64
  cpu_cores: 1
  output_mb: 1
  disk_mb: 64
  disk_inodes: 4096
  file_mb: 32
  open_files: 256
analysis:
  ruff:
    select: [E9, F, S]
    ignore: [S101]
    block: [E9, F82]
  mypy:
    strictness: standard
    block: true
  suppressions: ignore
assurance:
  least: split
  objects: mark
feedback:
  to_submitter: full
layer: org
engine:
  least_isolation: container
  allow: [runc, docker]
static:
  fail: []
  hold: []
  warn: []
default: deny
rules: []
tests: []
"""

Edit = Callable[[str], str]


def replaced(old: str, new: str) -> Edit:
    """Return the edit that puts `new` in place of `old`."""
    assert old in TEXT
    return lambda text: text.replace(old, new, 1)


def write(folder: Path, text: str = TEXT, name: str = "default.yaml") -> Path:
    """Write a policy file and return it."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path) -> str:
    """Return why a folder is refused, without the folder's own name."""
    with pytest.raises(PolicyError) as caught:
        load_directory(folder)
    return str(caught.value).replace(f"{folder}/", "").replace(str(folder), ".")


def digest(folder: Path, text: str) -> str:
    """Return the digest of a default policy of that text."""
    write(folder, text)
    return load_directory(folder)["default"].digest


def test_file_becomes_policy_value_by_value(tmp_path: Path) -> None:
    """Every key of the file is found again in the policy."""
    write(tmp_path)
    policy = load_directory(tmp_path)["default"]
    assert (policy.owner, policy.description) == ("security@example.com", "For tests.")
    assert policy.limits == Limits(cpu_seconds=20.5)
    assert policy.analysis == AnalysisSettings(
        ruff_select=("E9", "F", "S"),
        ruff_ignore=("S101",),
        ruff_block=("E9", "F82"),
        mypy=MypyStrictness.STANDARD,
        mypy_block=True,
        honor_suppressions=False,
    )
    assert policy.least_assurance is Assurance.SPLIT


def test_set_of_policies_is_read_by_name_and_in_order(tmp_path: Path) -> None:
    """Names are sorted, an unknown one is None or KeyError, the source is the very file."""
    write(tmp_path)
    other = TEXT.replace("name: default", "name: abc").replace("ignore\n", "honor\n")
    write(tmp_path, other, "abc.yaml")
    policies = load_directory(tmp_path)
    assert policies.names() == ("abc", "default")
    assert [policy.name for policy in policies] == ["abc", "default"]
    assert len(policies) == 2
    assert policies["abc"].analysis.honor_suppressions
    assert policies.source("abc") == other
    assert policies.get("missing") is None
    with pytest.raises(KeyError):
        policies["missing"]


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (replaced("  pids: 64", "  pid: 64"), "9:3: limits.pid: unknown key; did you mean pids?"),
        (replaced("  block: [", "  blocks: ["), "20:5: analysis.ruff.blocks: unknown key"),
        (replaced("owner:", "mode: audit\nowner:"), "3:1: mode: unknown key; known are apiVersion"),
        (replaced("  pids: 64\n", ""), "5:1: limits.pids: this key is missing"),
        (replaced("  pids: 64", "  pids: 64\n  pids: 65"), "10:3: key 'pids' was already given"),
        (replaced("ignore\n", "no\n"), "24:17: no is a boolean in some YAML versions"),
        (replaced("standard", "off"), "22:17: off is a boolean in some YAML versions"),
        (replaced("64\n", "0100\n"), "9:9: 0100 is read differently"),
        (replaced("64\n", "1_000\n"), "9:9: 1_000 is read differently"),
        (replaced("64\n", "\n"), "9:8: there is no value here"),
        (replaced("64\n", "&a 64\n"), "9:9: anchors and aliases are not allowed"),
        (replaced("64\n", "64.0\n"), "9:3: limits.pids: input should be a valid integer"),
        (replaced("64\n", '"64"\n'), "9:3: limits.pids: input should be a valid integer"),
        (replaced("64\n", "true\n"), "9:3: limits.pids: input should be a valid integer"),
        (replaced("64\n", "3\n"), "9:3: limits.pids: input should be greater than or equal to 4"),
        (replaced("512", "536870912"), "8:3: limits.memory_mb: input should be less than"),
        (replaced("256", "4097"), "15:3: limits.open_files: input should be less than"),
        (replaced(": 30\n", ": 0\n"), "6:3: limits.wall_seconds: input should be greater than"),
        (replaced(": 30\n", ": .inf\n"), "6:17: .inf is read differently"),
        (replaced("split", "none"), "26:3: assurance.least: input should be 'shared'"),
        (replaced("assize.dev/v1", "assize.dev/v2"), "1:1: apiVersion: input should be 'assize"),
        (replaced("name: default", "name: Default"), "2:1: name: string should match"),
        (replaced("name: default", "name: other"), "2:1: name: must be 'default' like the file"),
        (replaced("security@example.com", '""'), "3:1: owner: string should match"),
        (replaced("For tests.", '" "'), "4:1: description: string should match"),
        (replaced("[E9, F, S]", "[]"), "18:5: analysis.ruff.select: tuple should have at least 1"),
        (replaced("[E9, F, S]", "F"), "18:5: analysis.ruff.select: input should be a valid"),
        (replaced("[S101]", "[ALL OF S]"), "19:14: analysis.ruff.ignore[0]: string should match"),
        (replaced("[S101]", "[F8]"), "17:3: analysis.ruff: block names F82, which ignore leaves"),
        (replaced("[S101]", "[S101, S101]"), "17:3: analysis.ruff: ignore names S101 twice"),
        (replaced("[S101]", "[ALL]"), "17:3: analysis.ruff: ignore names ALL, which means other"),
        (replaced("F82]", "B]"), "17:3: analysis.ruff: block names B, which select does not cover"),
        (replaced("standard", '"off"'), "21:3: analysis.mypy: block is true, but mypy is off"),
        (lambda _: "", "1:1: the file is empty"),
        (lambda _: "# later\n", "2:1: the file is empty"),
        (lambda _: "[]\n", "1:1: input should be an object"),
        (lambda text: f"{text}---\n{text}", "41:1: only one document is allowed"),
    ],
)
def test_wrong_file_is_refused_with_line_and_column(
    tmp_path: Path, edit: Edit, problem: str
) -> None:
    """Nothing is guessed and nothing is left out; the message leads to the place."""
    write(tmp_path, edit(TEXT))
    lines = refusal(tmp_path).splitlines()
    assert any(line.startswith(f"default.yaml:{problem}") for line in lines)


def test_several_faults_of_a_file_are_reported_in_order_of_line(tmp_path: Path) -> None:
    """One look at the file mends all of them, and each says what was seen."""
    write(tmp_path, TEXT.replace("pids: 64", "pids: 1").replace("true", "maybe"))
    assert refusal(tmp_path).splitlines() == [
        "default.yaml:9:3: limits.pids: input should be greater than or equal to 4, got 1",
        'default.yaml:23:5: analysis.mypy.block: input should be a valid boolean, got "maybe"',
    ]


def test_longer_selected_prefix_wins_over_ignore(tmp_path: Path) -> None:
    """As in ruff: `select: [F82]` is looked for although `ignore: [F]` leaves the rest out."""
    text = TEXT.replace("[E9, F, S]", "[E9, F82]").replace("[S101]", "[F]")
    write(tmp_path, text)
    assert load_directory(tmp_path)["default"].analysis.ruff_ignore == ("F",)


def test_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A wrong path is no permission."""
    assert "cannot be read: No such file" in refusal(tmp_path / "missing")


def test_folder_without_default_policy_is_refused(tmp_path: Path) -> None:
    """An empty folder allows nothing; neither does one without the policy that all fall back to."""
    assert refusal(tmp_path) == ".: there is no default.yaml; policies here: none"
    write(tmp_path, TEXT.replace("name: default", "name: other"), "other.yaml")
    assert refusal(tmp_path) == ".: there is no default.yaml; policies here: other"


@pytest.mark.parametrize("name", ["extra.yml", "extra.YAML", "default.Yml"])
def test_file_that_looks_like_a_policy_and_is_not_read_is_refused(
    tmp_path: Path, name: str
) -> None:
    """Nobody believes that a policy holds which was never loaded."""
    write(tmp_path)
    write(tmp_path, name=name)
    stem = Path(name).stem
    assert refusal(tmp_path) == f"{name}:1:1: it would not be read; call it {stem}.yaml"


def test_one_wrong_file_among_good_ones_refuses_all(tmp_path: Path) -> None:
    """A service with half of its policies does not start."""
    write(tmp_path)
    write(tmp_path, TEXT, "other.yaml")
    assert refusal(tmp_path).startswith("other.yaml:2:1: name: must be 'other'")


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    """Profiles, schemas and notes live beside the policies."""
    write(tmp_path)
    for name in ("seccomp.json", "policy.schema.json", "README.md"):
        write(tmp_path, "not a policy", name)
    (tmp_path / "tests").mkdir()
    assert load_directory(tmp_path).names() == ("default",)


def test_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A folder or a dangling link in place of a file is an error, not an absence."""
    write(tmp_path)
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    assert refusal(tmp_path).startswith("gone.yaml:1:1: cannot be read: No such file")


def test_file_that_is_not_utf_8_is_refused_with_its_place(tmp_path: Path) -> None:
    """The line of the first wrong byte is named."""
    path = write(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"For tests.", b"F\xfcr Tests."))
    assert refusal(tmp_path) == "default.yaml:4:15: not UTF-8"


def test_digest_ignores_comments_order_and_spelling(tmp_path: Path) -> None:
    """The digest is of what a file means."""
    lines = TEXT.splitlines()
    other = "\n".join(["# why", lines[2], lines[1], lines[0], *lines[3:]])
    same = other.replace("wall_seconds: 30", "wall_seconds: 30.0").replace("split", '"split"')
    assert digest(tmp_path, same) == digest(tmp_path, TEXT)


@pytest.mark.parametrize(
    "edit",
    [
        replaced("security@example.com", "ops@example.com"),
        replaced("For tests.", "For other tests."),
        replaced("64\n", "63\n"),
        replaced("20.5", "20.25"),
        replaced("[S101]", "[]"),
        replaced("F82]", "F821]"),
        replaced("standard", "strict"),
        replaced("true", "false"),
        replaced("suppressions: ignore", "suppressions: honor"),
        replaced("least: split", "least: external"),
    ],
)
def test_digest_changes_with_each_value(tmp_path: Path, edit: Edit) -> None:
    """Two policies of one digest say the same."""
    assert digest(tmp_path, edit(TEXT)) != digest(tmp_path, TEXT)
