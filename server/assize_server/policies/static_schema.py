"""The form of a file of static rules, and what such a file becomes.

A file is a list of rules and is called like their group. Every key but `constraints` and `utils`
must be given. What is below `rule`, `constraints` and `utils` is ast-grep's: see `matchers.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, JsonValue, StringConstraints

from assize.strict_yaml import Position
from assize_server.core.static_gates import StaticRule
from assize_server.policies.form import Prose, Section

RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
Sentence = Annotated[str, StringConstraints(pattern=r"^\S[^\r\n]{0,299}$")]
Snippet = Annotated[str, StringConstraints(pattern=r"\S", max_length=4000)]


class StaticRuleSection(Section):
    """One static rule."""

    id: RuleId
    """In kebab case, unique over all files of rules; what findings and policies call it."""
    message: Sentence
    """What it saw, for whoever submitted the code: one sentence."""
    why: Prose
    """Why it is looked for, and what it does not see, for whoever decides about it."""
    rule: dict[str, JsonValue]
    """What ast-grep looks for."""
    constraints: dict[str, JsonValue] = Field(default_factory=dict)
    """What the rule's meta variables must be besides; a rule object for each, without its `$`."""
    utils: dict[str, JsonValue] = Field(default_factory=dict)
    """Rule objects that `matches` can name."""
    matches: tuple[Snippet, ...] = Field(min_length=1)
    """Python that the rule must match."""
    passes: tuple[Snippet, ...] = Field(min_length=1)
    """Python that looks like it and that the rule must not match."""


@dataclass(frozen=True, slots=True)
class Fixture:
    """A piece of Python that a rule must or must not match."""

    source: str
    """The Python."""
    position: Position
    """Where in the file of rules it is."""


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """A static rule as its file says it."""

    rule: StaticRule
    """What is looked for and told."""
    config: Mapping[str, object]
    """What ast-grep looks for: `rule`, and `constraints` and `utils` if there are any."""
    matches: tuple[Fixture, ...]
    """What it must match."""
    passes: tuple[Fixture, ...]
    """What it must not match."""
    file: str
    """The file, as errors show it."""
    position: Position
    """Where in the file its `rule` is."""
