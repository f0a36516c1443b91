"""Effect rules and tests in policy files: what they become, and what is refused with which line."""

from pathlib import Path

import pytest
from support.policy_texts import KNOWN, ORG, put, refusal

from assize.model.effects import Decision, EffectKind
from assize_server.core.isolation import EngineDemand, EngineName, IsolationLevel
from assize_server.core.rules import (
    DB_KINDS,
    FS_KINDS,
    Approval,
    Budget,
    EffectRules,
    Match,
    Rule,
    RuleTest,
)
from assize_server.core.static_gates import StaticGates
from assize_server.policies.load import load_directory, load_file


def test_rules_of_a_file_become_records_value_by_value(tmp_path: Path) -> None:
    """Every key of the file is found again."""
    policy = load_directory(put(tmp_path), KNOWN)["default"]
    kinds = {EffectKind.FS_CREATE, EffectKind.FS_WRITE, EffectKind.FS_RENAME}
    either = frozenset({"owners", "security"})
    owners = Approval(frozenset({"owners"}), 1, 900)
    assert policy.effects == (
        EffectRules(
            Decision.DENY,
            (
                Rule(
                    "ORG-1",
                    "Ordinary files.",
                    Match(frozenset(kinds), "workspace/**"),
                    Decision.ALLOW,
                    Budget(10, 1000),
                    owners,
                ),
                Rule(
                    "ORG-2",
                    "Large files.",
                    Match(frozenset({EffectKind.FS_WRITE}), over_bytes=100),
                    Decision.HOLD,
                    approval=Approval(either, 2, 8 * 3600),
                ),
                Rule(
                    "ORG-3",
                    "Logs of what people did.",
                    Match(DB_KINDS, table="main.audit"),
                    Decision.DENY,
                ),
            ),
        ),
    )
    assert policy.engine == EngineDemand(IsolationLevel.CONTAINER, frozenset(EngineName))
    assert policy.static == StaticGates(
        warn=frozenset({"net"}),
        hold=frozenset({"deletion"}),
        fail=frozenset({"eval"}),
        approval=Approval(either, 1, 3600),
    )


def test_tests_of_a_file_become_records(tmp_path: Path) -> None:
    """What a linter and a coverage report work with, and the lines that they tell."""
    loaded = load_file(put(tmp_path) / "default.yaml", KNOWN)
    assert loaded.tests[1] == RuleTest(
        EffectKind.FS_WRITE, "workspace/a", Decision.HOLD, "ORG-2", bytes=101
    )
    assert loaded.tests[3].source == "b"
    assert (
        loaded.document.position(("tests", 1)).line
        == ORG[: ORG.index("bytes: 101")].count("\n") + 1
    )


def test_any_stands_for_all_kinds_and_leaves_special_to_denials(tmp_path: Path) -> None:
    """A rule that allows everything allows nothing that no workspace can hold."""
    anything = ORG.replace("[db.any], table: main.audit", "[fs.any, db.any]")
    anything = anything.replace("expect: allow, by: ORG-1", "expect: deny, by: ORG-3")
    anything = anything.replace("expect: hold, by: ORG-2", "expect: deny, by: ORG-3")
    anything = anything.replace("expect: deny, by: default", "expect: deny, by: ORG-3")
    [rules] = load_directory(put(tmp_path, anything), KNOWN)["default"].effects
    assert rules.rules[2].match.kinds == FS_KINDS | DB_KINDS
    allowing = ORG.replace("[fs.create, fs.write, fs.rename]", "[fs.any]")
    [rules] = load_directory(put(tmp_path, allowing), KNOWN)["default"].effects
    assert rules.rules[0].match.kinds == FS_KINDS - {EffectKind.FS_SPECIAL}


def test_default_that_holds_says_who_decides(tmp_path: Path) -> None:
    """A hold without anybody to ask is refused, and so is somebody to ask about nothing."""
    held = ORG.replace("expect: deny, by: default", "expect: hold, by: default")
    asking = "default: hold\ndefault_approval: {group: owners, quorum: 1, ttl: 30s}"
    put(tmp_path, held.replace("default: deny", asking))
    [rules] = load_directory(tmp_path, KNOWN)["default"].effects
    assert rules.approval == Approval(frozenset({"owners"}), 1, 30)
    put(tmp_path, held.replace("default: deny", "default: hold"))
    assert refusal(tmp_path) == [
        "default.yaml:1:1: default_approval is missing: who decides on what default holds?"
    ]


def test_no_rules_and_a_default_that_denies_is_a_policy(tmp_path: Path) -> None:
    """It denies; there is no mode that only watches."""
    put(tmp_path, ORG[: ORG.index("rules:")] + "rules: []\ntests: []\n")
    assert load_directory(tmp_path, KNOWN)["default"].effects == (EffectRules(Decision.DENY, ()),)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("id: ORG-2", "id: ORG-1", "rules[1].id: ORG-1 is the id of two rules"),
        ("id: ORG-2", "id: default", "rules[1].id: string should match"),
        ("    why: Large files.\n", "", "rules[1].why: this key is missing"),
        ("why: Large files.", 'why: " "', "rules[1].why: string should match"),
        ("then: hold", "then: audit", "rules[1].then: input should be 'allow', 'hold' or 'deny'"),
        ("[fs.write]", "[fs.rite]", "rules[1].match.kind[0]: must be one of fs.any, db.any"),
        ("[fs.write]", "[]", "rules[1].match.kind: tuple should have at least 1 item"),
        (
            "over_bytes: 100",
            "over_byte: 100",
            "rules[1].match.over_byte: unknown key; did you mean",
        ),
        ("over_bytes: 100", "over_bytes: -1", "rules[1].match.over_bytes: input should be greater"),
        ('"workspace/**"', '"/workspace"', "rules[0].match.path: an empty part matches nothing"),
        ('"workspace/**"', '"a/../b"', "rules[0].match.path: no path has a part '..'"),
        ('"workspace/**"', '"a[bc]"', "rules[0].match.path: '[' is not allowed"),
        ('"workspace/**"', '"a**"', "rules[0].match.path: ** stands alone"),
        ("main.audit}\n    then", "audit}\n    then", "rules[2].match.table: must be schema.table"),
        ("[db.any]", "[db.any, fs.write]", "rules[2].match: table is given, but not all kinds"),
        ("[fs.write], over", "[fs.delete], over", "rules[1].match: over_bytes is given"),
        ("[fs.create,", "[fs.special,", "rules[0]: fs.special can only be denied"),
        ("{count: 10, bytes: 1000}", "{}", "rules[0].limits: give count, bytes or both"),
        ("{count: 10, bytes: 1000}", "{count: 0}", "rules[0].limits.count: input should be gr"),
        (
            "    approval: {group: owners, quorum: 1, ttl: 15m}\n",
            "",
            "rules[0]: approval is missing: who decides on what the rule holds?",
        ),
        (
            "    then: deny",
            "    then: deny\n    approval: {group: owners, quorum: 1, ttl: 15m}",
            "rules[2]: approval is given, but the rule holds nothing",
        ),
        (
            "    then: deny",
            "    then: deny\n    limits: {count: 1}",
            "rules[2]: limits are given, but the rule does not allow: it is deny",
        ),
        ("quorum: 2", "quorum: 0", "rules[1].approval.quorum: input should be greater"),
        ("ttl: 8h", "ttl: 8", "rules[1].approval.ttl: input should be a valid string"),
        ("ttl: 8h", "ttl: 0h", "rules[1].approval.ttl: string should match"),
        ("ttl: 8h", "ttl: 31d", "rules[1].approval.ttl: must be at most 30d, got 31d"),
        ("groups: [owners, security], quorum: 2", "quorum: 2", "rules[1].approval: give either"),
        ("{group: owners,", "{group: a, groups: [b],", "rules[0].approval: give either group or"),
        ("groups: [owners, security], quorum: 2", "groups: [], quorum: 2", "rules[1].approval.gro"),
        ("expect: hold", "expect: allow", "tests[1]: expected allow by ORG-2, but it is hold by"),
        ("by: ORG-2", "by: ORG-1", "tests[1]: expected hold by ORG-1, but it is hold by ORG-2"),
        ("by: ORG-2", "by: ORG-9", "tests[1]: expected hold by ORG-9, but it is hold by ORG-2"),
        (", source: b", "", "tests[3].effect: source is given for renames, and for nothing else"),
        ("workspace/a, source", "a//b, source", "tests[3].effect.path: must be a path without"),
        ("kind: fs.rename, path", "kind: fs.any, path", "tests[3].effect.kind: input should be"),
        ("table: main.audit}, exp", "table: audit}, exp", "tests[2].effect.table: must be schema"),
        ("bytes: 101", "table: main.a", "tests[1].effect: table is given, but the kind is not"),
        ("warn: [net]", "warn: [nett]", "static.warn: there is no static rule and no group 'nett'"),
        ("warn: [net]", "warn: [eval]", "static: eval is named twice"),
        ("hold: [deletion]", "hold: []", "static: approval is given, but nothing is held"),
        ("allow: [runc, docker]", "allow: [fake]", "engine.allow[0]: input should be 'runc' or"),
        ("allow: [runc, docker]", "allow: []", "engine.allow: tuple should have at least 1"),
        ("container\n", "none\n", "engine.least_isolation: input should be 'container' or"),
        ("layer: org", "layer: team", "layer: input should be 'org'"),
    ],
)
def test_wrong_rule_is_refused_at_its_line(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    """Nothing that fails open is loaded: each fault names its key and leads to its line."""
    assert old in ORG
    text = ORG.replace(old, new, 1)
    put(tmp_path, text)
    found = [line for line in refusal(tmp_path) if problem in line]
    assert found
    line = int(found[0].split(":")[1])
    changed = text[: ORG.index(old)].count("\n") + 1
    # The line of the key that changed, or of what it is a part of.
    assert 1 <= line <= changed


def test_rule_about_nothing_given_is_about_every_path(tmp_path: Path) -> None:
    """What is left out of `match` is no condition."""
    put(
        tmp_path,
        ORG.replace(', path: "workspace/**"', "").replace(
            "expect: deny, by: default", "expect: allow, by: ORG-1"
        ),
    )
    assert load_directory(tmp_path, KNOWN)["default"].effects[0].rules[0].match.path is None
