"""Files of static rules: what they become, what is refused with which line, what fixtures show."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assize_server.core.static_gates import StaticGates
from assize_server.policies import matchers, static_rules
from assize_server.policies.static_fixtures import matches
from assize_server.policies.static_rules import (
    StaticRuleError,
    digest,
    load_static,
    run_fixtures,
)

TEXT = """\
# For tests.
- id: delete-call
  message: It deletes.
  why: What is gone is gone.
  rule:
    kind: attribute
    any:
      - pattern: os.remove
      - has: {field: attribute, regex: "^unlink$", stopBy: neighbor}
    not:
      inside: {kind: decorator}
  matches:
    - os.remove("a")
    - path.unlink()
  passes:
    - items.remove("a")
    - |
      @path.unlink
      def f(): ...
"""

Edit = Callable[[str], str]


def replaced(old: str, new: str) -> Edit:
    """Return the edit that puts `new` in place of `old`."""
    assert old in TEXT
    return lambda text: text.replace(old, new, 1)


def write(folder: Path, text: str = TEXT, name: str = "deletion.yaml") -> None:
    """Write a file of rules."""
    (folder / name).write_text(text, encoding="utf-8")


def refusal(folder: Path) -> str:
    """Return why a folder is refused, without the folder's own name."""
    with pytest.raises(StaticRuleError) as caught:
        load_static(folder)
    return str(caught.value).replace(f"{folder}/", "").replace(str(folder), ".")


def faults(folder: Path, text: str) -> list[str]:
    """Return what the fixtures of a file show, without the folder's own name."""
    write(folder, text)
    return [str(each).replace(f"{folder}/", "") for each in run_fixtures(load_static(folder))]


def test_file_becomes_rules_of_its_group(tmp_path: Path) -> None:
    """Id, message and why are the file's; the group is its name."""
    write(tmp_path)
    rules = load_static(tmp_path)
    (rule,) = rules.rules
    assert (rule.id, rule.group) == ("delete-call", "deletion")
    assert (rule.message, rule.why) == ("It deletes.", "What is gone is gone.")
    assert (rules.ids, rules.groups) == (("delete-call",), ("deletion",))
    assert run_fixtures(rules) == ()


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (replaced("  why:", "  wy:"), "deletion.yaml:4:3: [0].wy: unknown key; known are id"),
        (replaced("  why: What is gone is gone.\n", ""), "deletion.yaml:2:3: [0].why: this key"),
        (replaced("delete-call", "Delete_Call"), "deletion.yaml:2:3: [0].id: string should match"),
        (replaced("kind: attr", "knd: attr"), "6:5: [0].rule.knd: unknown key; did you mean kind?"),
        (replaced("stopBy", "stopby"), "9:52: [0].rule.any[1].has.stopby: unknown key; did you"),
        (replaced("neighbor", "never"), "stopBy: this must be one of neighbor, end or a rule"),
        (
            replaced("{kind: dec", "{range: 1, kind: dec"),
            "11:16: [0].rule.not.inside.range: unknow",
        ),
        (replaced("kind: attribute", "kind: atribute"), "5:3: [0].rule: ast-grep does not take it"),
        (replaced("^unlink$", "("), "5:3: [0].rule: ast-grep does not take it"),
        (replaced("os.remove\n", "a b\n"), "5:3: [0].rule: ast-grep does not take it"),
        (replaced("kind: attribute", "kind: 1"), "6:5: [0].rule.kind: this must be text"),
        (replaced("{kind: decorator}", "{}"), "11:7: [0].rule.not.inside: this is empty"),
        (replaced("{kind: decorator}", "decorator"), "inside: this must be keys and values"),
        (replaced("  why:", "  utils: {a: b}\n  why:"), "utils.a: this must be a rule object"),
        (replaced("  why:", "  constraints: {A: {knd: b}}\n  why:"), "constraints.A.knd: unknown"),
        (
            replaced("  matches:", "  matches: []\n  other:"),
            "matches: tuple should have at least 1",
        ),
        (replaced("- id:", "id:"), "deletion.yaml:"),
        (replaced("message: It", "message: &a It"), "3:12: anchors and aliases are not allowed"),
        (replaced("  why:", "  id: again\n  why:"), "4:3: key 'id' was already given in line 2"),
    ],
)
def test_wrong_file_is_refused_with_its_line(tmp_path: Path, edit: Edit, problem: str) -> None:
    """What ast-grep would read past in silence is an error at its place."""
    write(tmp_path, edit(TEXT))
    assert problem in refusal(tmp_path)


def test_any_and_all_must_be_lists_of_rules(tmp_path: Path) -> None:
    """An empty list matches everything or nothing."""
    start, end = TEXT.index("    any:"), TEXT.index("    not:")
    for value in ("[]", "{kind: call}"):
        write(tmp_path, TEXT[:start] + f"    any: {value}\n" + TEXT[end:])
        assert "any: this must be a list of rules with at least one" in refusal(tmp_path)


def test_folder_without_rules_is_refused(tmp_path: Path) -> None:
    """No rules is no set of rules that somebody chose."""
    assert refusal(tmp_path) == ".: there are no static rules here"
    assert "cannot be read" in refusal(tmp_path / "missing")
    write(tmp_path, name="deletion.yml")
    assert refusal(tmp_path) == "deletion.yml:1:1: it would not be read; call it deletion.yaml"
    (tmp_path / "deletion.yml").rename(tmp_path / "deletion.yaml")
    (tmp_path / "deletion.yaml").write_bytes(b"# \xff\n")
    assert refusal(tmp_path) == "deletion.yaml:1:3: not UTF-8"


def test_id_is_unique_over_all_files_and_no_group(tmp_path: Path) -> None:
    """A policy that names it must mean one thing."""
    write(tmp_path)
    write(tmp_path, name="other.yaml")
    assert refusal(tmp_path) == "deletion.yaml:5:3: the id delete-call is given 2 times"
    write(tmp_path, TEXT.replace("delete-call", "deletion"), "other.yaml")
    assert refusal(tmp_path) == "other.yaml:5:3: the id deletion is also the name of a group"


def test_rules_that_are_too_large_together_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are sent to the analysers with each request."""
    write(tmp_path)
    monkeypatch.setattr(static_rules, "MATCHERS_BYTES_MOST", 10)
    assert "at most 10 are sent" in refusal(tmp_path)


def test_gates_that_name_what_is_not_there_are_refused(tmp_path: Path) -> None:
    """A safeguard with a typing mistake is none."""
    write(tmp_path)
    rules = load_static(tmp_path)
    assert rules.unknown(StaticGates(frozenset({"deletion", "delete-call"}))) == ()
    assert rules.unknown(StaticGates(hold=frozenset({"deletions"}))) == ("deletions",)
    with pytest.raises(StaticRuleError, match="called deletions; groups are deletion"):
        rules.checks(StaticGates(hold=frozenset({"deletions"})))


def test_digest_tells_what_is_looked_for_and_what_it_does(tmp_path: Path) -> None:
    """Another rule or another gate is another digest; words and order are not."""
    write(tmp_path)
    warn = StaticGates(warn=frozenset({"deletion"}))
    base = digest(load_static(tmp_path).checks(warn))
    assert digest(load_static(tmp_path).checks(StaticGates(hold=warn.warn))) != base
    write(tmp_path, TEXT.replace("gone is gone", "lost is lost"))
    assert digest(load_static(tmp_path).checks(warn)) == base
    write(tmp_path, TEXT.replace("^unlink$", "^rmdir$"))
    assert digest(load_static(tmp_path).checks(warn)) != base


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (
            replaced("path.unlink()", "path.touch()"),
            '14:7: delete-call: the rule does not match: "path.touch()"',
        ),
        (
            replaced('items.remove("a")', 'os.remove("a")'),
            '16:7: delete-call: the rule must not match, and does: "os.remove(\\"a\\")"',
        ),
        (
            replaced('items.remove("a")', "print 1"),
            "16:7: delete-call: this fixture is not Python",
        ),
        (
            replaced("pattern: os.remove\n", "pattern: os.remove($A,$B,$$$C)\n"),
            '13:7: delete-call: the rule does not match: "os.remove(\\"a\\")"',
        ),
        (
            replaced("    - path.unlink()\n", ""),
            "5:3: delete-call: rule.any[1] alone matches none of `matches`",
        ),
        (
            replaced("      @path.unlink\n", "      @path.touch\n"),
            "5:3: delete-call: no fixture comes out another way without rule.not",
        ),
    ],
)
def test_fixture_tells_of_a_rule_that_does_not_do_what_it_says(
    tmp_path: Path, edit: Edit, problem: str
) -> None:
    """A wrong pattern matches nothing in silence; its fixtures say so, with their line."""
    found = faults(tmp_path, edit(TEXT))
    assert found
    assert found[0].startswith("deletion.yaml:")
    assert problem in found[0]


def test_alternative_within_an_alternative_needs_its_own_fixture(tmp_path: Path) -> None:
    """Another alternative further out does not hide that one matches nothing."""
    inner = "      - {kind: attribute, any: [{regex: unlink}, {regex: zzz}]}\n"
    found = faults(tmp_path, TEXT.replace("      - has:", f"{inner}      - has:"))
    assert [each.partition(": ")[2] for each in found] == [
        "delete-call: rule.any[1].any[1] alone matches none of `matches`; add one that needs it"
    ]


def test_constraints_and_utils_are_ast_greps(tmp_path: Path) -> None:
    """Both reach ast-grep."""
    text = TEXT.replace("pattern: os.remove\n", "matches: removal\n").replace(
        "  why:",
        "  utils: {removal: {pattern: $M.remove}}\n  constraints: {M: {regex: ^os$}}\n  why:",
    )
    assert faults(tmp_path, text) == []
    assert faults(tmp_path, text.replace("^os$", "^items$")) != []


WORDS = (
    "call attribute strng os.remove $A $$$ f($A,$$$B) ( ^(a|b [[:x:]] \\p{No} end value 2n+1 -1 é"
)
snippets = st.sampled_from([*WORDS.split(), "", "a b"])
keys = st.sampled_from([*matchers.RELATION_KEYS, *matchers.NTH_CHILD_KEYS, "context", "knd"])
matcher_values = st.recursive(
    snippets | st.integers(-3, 3) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=200)
@given(st.dictionaries(keys, matcher_values, max_size=4))
def test_any_rule_object_is_taken_or_refused_and_then_matched(matcher: dict[str, object]) -> None:
    """Nothing else happens: what is taken can be matched, and the rest is refused."""
    config = {"rule": matcher}
    if list(matchers.faults(matcher, ("rule",))) or matchers.refusal(config) is not None:
        return
    matches(config, "import os\n@a\ndef f(x): return os.remove('a', [1, 2])\n")
