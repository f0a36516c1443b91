"""Policy files that were changed at random: refused as such, or loaded as what they say."""

import json

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.policy_texts import KNOWN, ORG, TEAM

from assize.strict_yaml import Plain
from assize_server.policies.files import PolicyError, Source, parsed
from assize_server.policies.load import LoadedPolicy, loaded_org, loaded_team
from assize_server.policies.text import effective_text, file_text

PIECES = (
    *("allow", "deny", "hold", "fs.any", "db.any", "fs.special", "default", "team", "org"),
    *("0", "1", "-1", "1.5", "1e3", "0755", "true", "no", '""', '"x"', "[]", "{}", "null", "~"),
    *(
        "**",
        "*",
        "?",
        "/",
        "..",
        "[a]",
        "&a ",
        "*a",
        "!!str ",
        "|",
        ">",
        "- ",
        "\t",
        "\n",
        " ",
        ":",
    ),
    *("\x00", "\u2028", "\ud7ff", "é", "15m", "8h", "owners", "why:", "tests:", "rules:", "# "),
)


def org(text: str) -> LoadedPolicy:
    """Load an organisation's file from its text."""
    source = "default.yaml"
    return loaded_org(Source(text, parsed(text, source)), KNOWN)


ABOVE = org(ORG)


def team(text: str) -> LoadedPolicy:
    """Load a team's file from its text, over one that is right."""
    source = "teams/payments.yaml"
    return loaded_team(Source(text, parsed(text, source)), {"default": ABOVE}, KNOWN)


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    """Draw a text with a few pieces cut out, put in, or exchanged."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        length = draw(st.integers(0, 12))
        piece = draw(st.sampled_from(PIECES) | st.text(max_size=4))
        text = text[:start] + piece + text[start + length :]
    return text


@st.composite
def lines_changed(draw: st.DrawFn, text: str) -> str:
    """Draw a text with whole lines dropped, doubled or moved: it is still YAML more often."""
    lines = text.splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        taken = lines.pop(at) if draw(st.booleans()) else lines[at]
        if draw(st.booleans()):
            lines.insert(draw(st.integers(0, len(lines))), taken)
    return "".join(lines)


texts = mutated(ORG) | lines_changed(ORG)
team_texts = mutated(TEAM) | lines_changed(TEAM)


@given(texts)
@example("")
@example("[]")
@example("rules: [1]")
@example('"a\\nb\\e[31m": 1')
@settings(max_examples=100)
def test_changed_file_is_refused_with_its_place_or_means_what_it_says(text: str) -> None:
    """Nothing but `PolicyError`, and what loads is read back as the same."""
    try:
        loaded = org(text)
    except PolicyError as error:
        faults = str(error).splitlines()
    else:
        faults = []
    assert all(line.startswith("default.yaml:") for line in faults)
    if faults:
        return
    again = org(file_text(loaded.file))
    assert again.policy == loaded.policy
    assert again.tests == loaded.tests
    assert said(loaded.file.model_dump_json(by_alias=True, exclude_none=True)) == by_yaml(text)


@given(team_texts)
@settings(max_examples=100)
def test_changed_file_of_a_team_is_refused_or_loosens_nothing(text: str) -> None:
    """Whatever is in the lower layer, the organisation's limits and rules hold."""
    try:
        loaded = team(text)
    except PolicyError as error:
        faults = str(error).splitlines()
    else:
        faults = []
    assert all(line.startswith("teams/payments.yaml:") for line in faults)
    if faults:
        return
    above, policy = ABOVE.policy, loaded.policy
    assert policy.effects[0] == above.effects[0]
    assert policy.limits.wall_seconds <= above.limits.wall_seconds
    assert policy.limits.shape.pids <= above.limits.shape.pids
    assert policy.least_assurance >= above.least_assurance
    assert policy.engine.allow <= above.engine.allow
    assert policy.static.fail >= above.static.fail
    assert effective_text(loaded)


def said(text: str) -> Plain:
    """Return JSON as plain data, with whole numbers as integers."""
    return normal(json.loads(text))


def by_yaml(text: str) -> Plain:
    """Return what another reader of YAML, which is not strict, takes a policy file to say."""
    return normal(yaml.safe_load(text))


def normal(value: Plain) -> Plain:
    """Return plain data in which 30 and 30.0 are the same."""
    if isinstance(value, dict):
        return {key: normal(each) for key, each in value.items()}
    if isinstance(value, list):
        return [normal(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


@pytest.mark.parametrize(
    "owner",
    ["y", "null", "~", "0x1f", "1:30", ".5", "- a", "a: b", "# a", "'", '"', "é", "*a", "a b"],
)
def test_any_text_is_written_so_that_it_is_read_back(owner: str) -> None:
    """Words that some YAML version takes for something else are put in quotes."""
    text = ORG.replace("security@example.com", json.dumps(owner))
    loaded = org(text)
    assert loaded.policy.owner == owner
    assert org(file_text(loaded.file)).policy == loaded.policy


def test_effective_text_shows_what_holds_and_each_layers_rules() -> None:
    """For people: tightened values, digests, and rules side by side."""
    loaded = team(TEAM)
    shown = yaml.safe_load(effective_text(loaded))
    assert shown["digest"] == loaded.policy.digest
    assert [(each["layer"], each["name"]) for each in shown["layers"]] == [
        ("org", "default"),
        ("team", "payments"),
    ]
    assert shown["limits"]["wall_seconds"] == 10
    assert shown["limits"]["cpu_seconds"] == 20
    assert shown["static"]["fail"] == ["deletion", "eval"]
    rules = {each["name"]: [rule["id"] for rule in each["rules"]] for each in shown["effects"]}
    assert rules == {"default": ["ORG-1", "ORG-2", "ORG-3"], "payments": ["PAY-1"]}
