"""Reads the folder of policy files. Fails closed: what is not understood in full is not used.

- Each `<name>.yaml` is one policy of the organisation's, each `teams/<name>.yaml` one that a team
  made of one of those by tightening it. Requests name either. Other files (seccomp.json,
  README.md ...) are left alone, but a file that looks like a policy and would not be read (`.yml`)
  is an error.
- There must be a policy called `default`.
- A file that would loosen what is above it is refused, and so is one whose own tests do not hold.
- Errors read `file:line:column: problem`, all those of a file at once.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from assize.model.policies import LayerKind
from assize.strict_yaml import Document, YamlError
from assize_server.core.layers import loosenings, meet
from assize_server.core.policy import Policy
from assize_server.core.rules import EffectRules, RuleTest
from assize_server.core.static_gates import StaticGates
from assize_server.core.weighing import fault_of_test
from assize_server.policies.files import PolicyError, Source, org_file, read, refuse, team_file
from assize_server.policies.records import policy_of, tests_of
from assize_server.policies.schema import PolicyFile, PolicyText
from assize_server.policies.searching import searching, static_rules
from assize_server.policies.static_rules import StaticRules

__all__ = [
    "DEFAULT_NAME",
    "STATIC",
    "SUFFIX",
    "TEAMS",
    "LoadedPolicy",
    "PolicyError",
    "PolicySet",
    "load_directory",
    "load_file",
    "loaded_org",
    "loaded_team",
]

DEFAULT_NAME: Final = "default"
SUFFIX: Final = ".yaml"
TEAMS: Final = "teams"
"""The folder, in that of the policies, of the teams' files."""
STATIC: Final = "static"
"""The folder, in that of the policies, of the static rules."""
NO_POLICIES: Final = frozenset({"approvers.yaml"})
"""Files of that folder with another form, which others read."""

_LOOKALIKES = frozenset({".yaml", ".yml"})


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A policy, and the file that says it."""

    policy: Policy
    """What holds under its name: over all of its layers."""
    document: Document
    """The file as data, with the lines of its keys."""
    file: PolicyText
    """The file's checked form; of a team's, completed with what it tightens."""
    source: str
    """The file as it was written."""
    above: tuple["LoadedPolicy", ...] = ()
    """Those that it tightens, the organisation's first."""

    @property
    def rules(self) -> EffectRules:
        """The effect rules of this file alone."""
        return self.policy.effects[-1]

    @property
    def tests(self) -> tuple[RuleTest, ...]:
        """What the file says of its own rules, in order."""
        return tests_of(self.file)


class PolicySet:
    """The policies of an installation."""

    def __init__(self, loaded: Mapping[str, LoadedPolicy]) -> None:
        self._loaded = {name: loaded[name] for name in sorted(loaded)}

    def snapshot(self) -> "PolicySet":
        """Return the set as it is now, which never changes: what one request is judged by."""
        return self

    def by_name(self) -> dict[str, LoadedPolicy]:
        """Return the policies with their files, in order of name."""
        return dict(self._loaded)

    def loaded(self, name: str) -> LoadedPolicy:
        """Return a policy with its file.

        Raises:
            KeyError: There is none of that name.
        """
        return self._loaded[name]

    def get(self, name: str) -> Policy | None:
        """Return the policy of that name, or None."""
        found = self._loaded.get(name)
        return found.policy if found is not None else None

    def __getitem__(self, name: str) -> Policy:
        """Return the policy of that name.

        Raises:
            KeyError: There is none.
        """
        return self._loaded[name].policy

    def __iter__(self) -> Iterator[Policy]:
        """Yield the policies in order of name."""
        return (loaded.policy for loaded in self._loaded.values())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._loaded)

    def names(self) -> tuple[str, ...]:
        """Return the names in order."""
        return tuple(self._loaded)

    def source(self, name: str) -> str:
        """Return the policy's file as it was written.

        Raises:
            KeyError: There is no such policy.
        """
        return self._loaded[name].source


def load_directory(folder: Path, known: frozenset[str] | None = None) -> PolicySet:
    """Read all policies of a folder. `known` are the static rules there are; None: read them too.

    Raises:
        PolicyError: A file is wrong, the folder cannot be read, or it holds no default policy.
    """
    rules = static_rules(folder / STATIC) if known is None else None
    known = _known(rules) if known is None else known
    orgs = {path.stem: loaded_org(read(path), known) for path in _policy_paths(folder)}
    if DEFAULT_NAME not in orgs:
        found = ", ".join(sorted(orgs)) or "none"
        raise PolicyError(f"{folder}: there is no {DEFAULT_NAME}{SUFFIX}; policies here: {found}")
    teams = folder / TEAMS
    paths = _policy_paths(teams) if teams.is_dir() else []
    every = orgs | {path.stem: loaded_team(read(path), orgs, known) for path in paths}
    return PolicySet({name: _searching(loaded, rules) for name, loaded in every.items()})


def _known(rules: StaticRules | None) -> frozenset[str]:
    return frozenset() if rules is None else frozenset({*rules.ids, *rules.groups})


def _searching(loaded: LoadedPolicy, rules: StaticRules | None) -> LoadedPolicy:
    if rules is None:
        return loaded
    return replace(loaded, policy=searching(loaded.policy, rules))


def load_file(path: Path, known: frozenset[str] | None = None) -> LoadedPolicy:
    """Read one policy file, and of a team's the org file that it tightens.

    Raises:
        PolicyError: It cannot be read, or is not a policy of that name.
    """
    is_team = path.absolute().parent.name == TEAMS
    folder = path.absolute().parent.parent if is_team else path.absolute().parent
    rules = static_rules(folder / STATIC) if known is None else None
    known = _known(rules) if known is None else known
    if not is_team:
        return _searching(loaded_org(read(path), known), rules)
    source = read(path)
    name = _tightened(source.document)
    above = folder / f"{name}{SUFFIX}"
    orgs = {name: loaded_org(read(above), known)} if above.is_file() else {}
    return _searching(loaded_team(source, orgs, known), rules)


def loaded_org(source: Source, known: frozenset[str]) -> LoadedPolicy:
    """Return the policy of an organisation's file.

    Raises:
        PolicyError: The file is wrong.
    """
    document = source.document
    file = org_file(document)
    policy = policy_of(file, LayerKind.ORG)
    refuse([*_misnamed(document, file.name), *_faults(document, file, policy, known)])
    return LoadedPolicy(policy, document, file, source.text)


def loaded_team(
    source: Source, orgs: Mapping[str, LoadedPolicy], known: frozenset[str]
) -> LoadedPolicy:
    """Return the policy of a team's file, tightening one of the organisation's.

    Raises:
        PolicyError: The file is wrong, or would loosen something.
    """
    document = source.document
    above = orgs.get(_tightened(document))
    if above is None or not isinstance(above.file, PolicyFile):
        problem = f"must be a policy of the organisation's: {', '.join(sorted(orgs)) or 'none'}"
        raise PolicyError(str(document.error(("tightens",), problem)))
    file = team_file(document, above.file)
    policy = policy_of(file, LayerKind.TEAM)
    refuse(
        [
            *_misnamed(document, file.name),
            *_taken(document, file.name, orgs),
            *_faults(document, file, policy, known),
            *_shared_ids(document, file, above),
            *_loosened(document, above.policy, policy),
        ]
    )
    return LoadedPolicy(meet(above.policy, policy), document, file, source.text, (above,))


def _policy_paths(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        problem = f"the folder of policies cannot be read: {error.strerror or error}"
        raise PolicyError(f"{folder}: {problem}") from error
    policies = [
        path
        for path in paths
        if path.suffix.lower() in _LOOKALIKES and path.name not in NO_POLICIES
    ]
    for path in policies:
        if path.suffix != SUFFIX:
            raise PolicyError(f"{path}:1:1: it would not be read; call it {path.stem}{SUFFIX}")
    return policies


def _tightened(document: Document) -> str:
    name = document.data.get("tightens") if isinstance(document.data, dict) else None
    return name if isinstance(name, str) else ""


def _misnamed(document: Document, name: str) -> Iterator[YamlError]:
    stem = Path(document.source).stem
    if name != stem:
        yield document.error(("name",), f"must be {stem!r} like the file, got {name!r}")


def _taken(document: Document, name: str, orgs: Mapping[str, LoadedPolicy]) -> Iterator[YamlError]:
    if name in orgs:
        yield document.error(("name",), f"a policy of the organisation's is called {name!r}")


def _faults(
    document: Document, file: PolicyText, policy: Policy, known: frozenset[str]
) -> Iterator[YamlError]:
    """Yield what is wrong in a file beyond its form."""
    yield from _doubled_ids(document, file)
    yield from _unknown_static(document, policy.static, known)
    for index, test in enumerate(tests_of(file)):
        if fault := fault_of_test(policy.effects[0], test):
            yield document.error(("tests", index), fault)


def _doubled_ids(document: Document, file: PolicyText) -> Iterator[YamlError]:
    seen = Counter[str]()
    for index, rule in enumerate(file.rules):
        seen[rule.id] += 1
        if seen[rule.id] > 1:
            yield document.error(("rules", index, "id"), f"{rule.id} is the id of two rules")


def _shared_ids(document: Document, file: PolicyText, above: LoadedPolicy) -> Iterator[YamlError]:
    taken = {rule.id for rule in above.file.rules}
    for index, rule in enumerate(file.rules):
        if rule.id in taken:
            problem = f"{rule.id} is the id of a rule of policy {above.policy.name!r}"
            yield document.error(("rules", index, "id"), problem)


def _unknown_static(
    document: Document, gates: StaticGates, known: frozenset[str]
) -> Iterator[YamlError]:
    named = (("fail", gates.fail), ("hold", gates.hold), ("warn", gates.warn))
    for key, names in named:
        for name in sorted(names - known):
            problem = f"there is no static rule and no group {name!r} in {STATIC}/"
            yield document.error(("static", key), problem)


def _loosened(document: Document, above: Policy, policy: Policy) -> Iterator[YamlError]:
    for loosening in loosenings(above, policy):
        problem = f"would loosen policy {above.name!r}, which says {loosening.upper}"
        yield document.error(loosening.place, problem)
