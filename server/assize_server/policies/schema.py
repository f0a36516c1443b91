"""The form of a policy file.

An org file gives every key: what a policy allows is read from its file alone and never from a
default in this code. A team file gives what it tightens, and its own rules. `python -m
assize_server.policies.schema > policies/policy.schema.json` writes the JSON Schema that editors
check both with.
"""

import json
import sys
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from assize_server.policies.effects import (
    ApprovalSection,
    Rules,
    RuleSection,
    RuleTests,
    RuleTestSection,
    Verb,
)
from assize_server.policies.form import Line, Name, Prose, Section, contradiction
from assize_server.policies.sections import (
    MB,
    AnalysisSection,
    AssuranceSection,
    EngineSection,
    FeedbackSection,
    LimitsSection,
    StaticSection,
)

__all__ = [
    "MB",
    "TERMS",
    "AnalysisSection",
    "ApprovalSection",
    "AssuranceSection",
    "EngineSection",
    "FeedbackSection",
    "LimitsSection",
    "PolicyFile",
    "PolicyText",
    "RuleSection",
    "RuleTestSection",
    "StaticSection",
    "TeamFile",
    "json_schema",
]

TERMS: Final = ("limits", "analysis", "assurance", "engine", "feedback", "static")
"""Sections of which a team file gives what it tightens; the rest is the org file's."""

Json = dict[str, object]


class PolicyText(Section):
    """What the files of all layers have in common."""

    api_version: Literal["assize.dev/v1"] = Field(alias="apiVersion")
    """`assize.dev/v1`, the version of this form."""
    name: Name
    """What requests call it: small letters, digits, `-`, `_`. The same as the file's."""
    owner: Line
    """Who answers for it; one line. Change it to somebody in your organisation."""
    description: Prose
    """What it is for. Callers see it."""
    limits: LimitsSection
    """The most that a run may use."""
    analysis: AnalysisSection
    """What the code is searched for before it runs."""
    assurance: AssuranceSection
    """What a pass must be worth."""
    engine: EngineSection
    """Where the code may run."""
    feedback: FeedbackSection
    """What goes back to whoever submitted the code."""
    static: StaticSection
    """Which static rules the source is searched for, and what each does."""
    default: Verb
    """What is done about an effect that no rule is about: `deny`, `hold` or `allow`."""
    default_approval: ApprovalSection | None = None
    """Who decides on what `default` holds; given where that is `hold`."""
    rules: Rules
    """What may land of what a run changes. The strictest rule that is about an effect decides, the
    first of equally strict ones."""
    tests: RuleTests
    """What the rules say of these effects. A file whose tests do not hold is not loaded."""

    @model_validator(mode="after")
    def _check_default(self) -> Self:
        if self.default == "hold" and self.default_approval is None:
            raise contradiction("default_approval is missing: who decides on what default holds?")
        if self.default != "hold" and self.default_approval is not None:
            raise contradiction("default_approval is given, but default holds nothing")
        return self


class PolicyFile(PolicyText):
    """A policy of Assize: what a verification may use, what it must show, and what may land."""

    layer: Literal["org"]
    """Whose word it is: `org`, or `team` for a file in `teams/`."""


class TeamFile(PolicyText):
    """A team's policy: an org policy, tightened. What it does not give is the org file's."""

    layer: Literal["team"]
    """Whose word it is: `org`, or `team` for a file in `teams/`."""
    tightens: Name
    """Of a team's file alone: the org policy that it tightens."""


def json_schema() -> str:
    """Return the JSON Schema of policy files, as text."""
    org, team = PolicyFile.model_json_schema(by_alias=True), TeamFile.model_json_schema()
    definitions = {name: _without_null(each) for name, each in org.pop("$defs").items()}
    partial = {f"Team{name}": _optional(each) for name, each in definitions.items()}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "if": {"properties": {"layer": {"const": "team"}}, "required": ["layer"]},
        "then": {"$ref": "#/$defs/TeamFile"},
        "else": {"$ref": "#/$defs/PolicyFile"},
        "$defs": {
            **definitions,
            **{name: each for name, each in partial.items() if name in _PARTIAL},
            "PolicyFile": _without_null(org),
            "TeamFile": _of_team(_without_null(team)),
        },
    }
    return json.dumps(schema, indent=2) + "\n"


_PARTIAL: Final = frozenset(
    f"Team{each.__name__}"
    for each in (
        LimitsSection,
        AnalysisSection,
        AssuranceSection,
        EngineSection,
        FeedbackSection,
        StaticSection,
    )
) | {"TeamRuffSection", "TeamMypySection"}
"""The sections that a team gives in part."""


def _without_null(schema: Json) -> Json:
    """Return a schema in which what may be left out is never null: the files have none."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return schema
    return {**schema, "properties": {key: _value(each) for key, each in properties.items()}}


def _value(schema: Json) -> Json:
    choices = schema.get("anyOf")
    if not isinstance(choices, list) or {"type": "null"} not in choices:
        return schema
    [given] = [each for each in choices if each != {"type": "null"}]
    rest = {key: each for key, each in schema.items() if key not in {"anyOf", "default"}}
    return {**given, **rest}


def _optional(schema: Json) -> Json:
    """Return a section of which any part may be given."""
    text = json.dumps({key: each for key, each in schema.items() if key != "required"})
    optional: Json = json.loads(_team_references(text))
    return optional


def _of_team(schema: Json) -> Json:
    schema.pop("$defs")
    required = schema["required"]
    assert isinstance(required, list)  # noqa: S101 - pydantic writes it
    left = [key for key in required if key not in TERMS]
    file: Json = json.loads(_team_references(json.dumps({**schema, "required": left})))
    return file


def _team_references(text: str) -> str:
    for name in _PARTIAL:
        text = text.replace(f'"#/$defs/{name.removeprefix("Team")}"', f'"#/$defs/{name}"')
    return text


if __name__ == "__main__":
    sys.stdout.write(json_schema())
