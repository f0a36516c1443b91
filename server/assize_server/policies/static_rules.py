"""Reads the folder of static rules. Fails closed: what is not understood in full is not used.

- Each `<group>.yaml` is a list of rules; a file that looks like one and would not be read is an
  error.
- Errors read `file:line:column: problem`, all those of a file at once.
- Whether a rule matches what it is meant to is told by its fixtures: `run_fixtures`.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from assize.strict_yaml import Document, YamlError, load
from assize.strict_yaml import Path as Place
from assize_server.core.static_gates import StaticChecks, StaticGates, StaticRule
from assize_server.policies import matchers, words
from assize_server.policies.static_fixtures import FixtureFault, faults_of
from assize_server.policies.static_schema import Fixture, StaticRuleSection, WrittenRule

FOLDER: Final = "static"
"""Of the folder of policies: where the static rules are."""
SUFFIX: Final = ".yaml"
MATCHERS_BYTES_MOST: Final = 1024 * 1024
"""Of all rules together: they are sent to the analysers with each request."""

_LOOKALIKES = frozenset({".yaml", ".yml", ".json"})
_FORM = TypeAdapter(tuple[StaticRuleSection, ...])


class StaticRuleError(Exception):
    """A file of static rules is wrong, or there are none; nothing may be judged by them."""


@dataclass(frozen=True, slots=True)
class StaticRules:
    """The static rules of an installation."""

    written: tuple[WrittenRule, ...] = ()
    """In order of file and of place in it."""

    @property
    def rules(self) -> tuple[StaticRule, ...]:
        """What is looked for and told, without fixtures."""
        return tuple(each.rule for each in self.written)

    @property
    def ids(self) -> tuple[str, ...]:
        """The rules' ids."""
        return tuple(each.rule.id for each in self.written)

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups, each once."""
        return tuple(dict.fromkeys(each.rule.group for each in self.written))

    def unknown(self, gates: StaticGates) -> tuple[str, ...]:
        """Return what a policy names that is neither a rule nor a group, in order."""
        return tuple(sorted(gates.names - {*self.ids, *self.groups}))

    def checks(self, gates: StaticGates) -> StaticChecks:
        """Return what a policy with these gates looks for.

        Raises:
            StaticRuleError: It names what is neither a rule nor a group.
        """
        if unknown := self.unknown(gates):
            known = ", ".join(self.groups) or "none"
            problem = f"no static rule or group is called {', '.join(unknown)}"
            raise StaticRuleError(f"{problem}; groups are {known}")
        named = (rule for rule in self.rules if gates.gate_of(rule.id, rule.group) is not None)
        return StaticChecks(tuple(named), gates)


def digest(checks: StaticChecks) -> str:
    """Return the SHA-256 of what is looked for and what it does: words and order do not count."""
    meaning = sorted((rule.id, rule.matcher, checks.gate(rule)) for rule in checks.in_force())
    canonical = json.dumps(meaning, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def load_static(folder: Path) -> StaticRules:
    """Read all static rules of a folder.

    Raises:
        StaticRuleError: A file is wrong, the folder cannot be read or holds no rules.
    """
    written = tuple(rule for path in _paths(folder) for rule in load_file(path))
    if not written:
        raise StaticRuleError(f"{folder}: there are no static rules here")
    _require_unique(written)
    size = sum(len(each.rule.matcher) for each in written)
    if size > MATCHERS_BYTES_MOST:
        problem = f"the rules have {size} characters; at most {MATCHERS_BYTES_MOST} are sent"
        raise StaticRuleError(f"{folder}: {problem}")
    return StaticRules(written)


def load_file(path: Path) -> tuple[WrittenRule, ...]:
    """Read one file of static rules.

    Raises:
        StaticRuleError: It cannot be read, or is not a list of rules that ast-grep takes.
    """
    try:
        document = load(_text(path), str(path))
    except YamlError as error:
        raise StaticRuleError(str(error)) from error
    sections = _checked(document)
    return tuple(_written(section, index, path, document) for index, section in enumerate(sections))


def run_fixtures(rules: StaticRules) -> tuple[FixtureFault, ...]:
    """Return what the rules' own fixtures show to be wrong with them; empty if nothing is."""
    return tuple(fault for each in rules.written for fault in faults_of(each))


def _paths(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        problem = f"the folder of static rules cannot be read: {error.strerror or error}"
        raise StaticRuleError(f"{folder}: {problem}") from error
    files = [path for path in paths if path.suffix.lower() in _LOOKALIKES]
    for path in files:
        if path.suffix != SUFFIX:
            raise StaticRuleError(f"{path}:1:1: it would not be read; call it {path.stem}{SUFFIX}")
    return files


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StaticRuleError(f"{path}:1:1: cannot be read: {error.strerror or error}") from error
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise StaticRuleError(f"{path}:{line}:{column}: not UTF-8") from error


def _checked(document: Document) -> tuple[StaticRuleSection, ...]:
    try:
        # As JSON: there, strict validation still takes lists for tuples.
        sections = _FORM.validate_json(json.dumps(document.data))
    except ValidationError as error:
        found = [document.error(each["loc"], _problem(each)) for each in error.errors()]
        raise _all(found) from error
    faults = [fault for index, each in enumerate(sections) for fault in _faults(each, index)]
    if faults:
        raise _all([document.error(place, problem) for place, problem in faults])
    return sections


def _faults(section: StaticRuleSection, index: int) -> Iterator[matchers.Fault]:
    """Yield what is wrong with what ast-grep is to look for."""
    found = list(matchers.faults(section.rule, (index, "rule")))
    for key, each in (("constraints", section.constraints), ("utils", section.utils)):
        for name, matcher in each.items():
            place: Place = (index, key, name)
            if isinstance(matcher, dict):
                found += matchers.faults(matcher, place)
            else:
                found.append((place, "this must be a rule object"))
    if not found and (refused := matchers.refusal(_config(section))) is not None:
        found.append(((index, "rule"), f"ast-grep does not take it: {refused}"))
    yield from found


def _problem(error: ErrorDetails) -> str:
    match error["type"]:
        case "missing":
            return "this key is missing"
        case "extra_forbidden":
            return f"unknown key; known are {', '.join(StaticRuleSection.model_fields)}"
        case _:
            return f"{error['msg'][:1].lower()}{error['msg'][1:]}"


def _all(found: list[YamlError]) -> StaticRuleError:
    found.sort(key=lambda each: (each.position.line, each.position.column))
    return StaticRuleError("\n".join(map(str, found)))


def _config(section: StaticRuleSection) -> Mapping[str, object]:
    optional = {"constraints": section.constraints, "utils": section.utils}
    return {"rule": section.rule} | {key: each for key, each in optional.items() if each}


def _written(section: StaticRuleSection, index: int, path: Path, document: Document) -> WrittenRule:
    config = _config(section)
    matcher = json.dumps(config, sort_keys=True)
    needed = tuple(sorted(words.of_rule(section.rule)))
    rule = StaticRule(section.id, path.stem, section.message, section.why.strip(), matcher, needed)

    def fixtures(key: str) -> tuple[Fixture, ...]:
        sources = cast("tuple[str, ...]", getattr(section, key))
        return tuple(
            Fixture(source, document.position((index, key, number)))
            for number, source in enumerate(sources)
        )

    position = document.position((index, "rule"))
    return WrittenRule(
        rule, config, fixtures("matches"), fixtures("passes"), document.source, position
    )


def _require_unique(written: tuple[WrittenRule, ...]) -> None:
    """Refuse an id that is given twice, or that is a group's: a policy could not tell them."""
    counted = Counter(each.rule.id for each in written)
    groups = {each.rule.group for each in written}
    for each in written:
        at = f"{each.file}:{each.position.line}:{each.position.column}"
        if counted[each.rule.id] > 1:
            raise StaticRuleError(
                f"{at}: the id {each.rule.id} is given {counted[each.rule.id]} times"
            )
        if each.rule.id in groups:
            raise StaticRuleError(f"{at}: the id {each.rule.id} is also the name of a group")
