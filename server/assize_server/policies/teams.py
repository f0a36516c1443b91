"""Completes a team's policy file with the org file that it tightens.

- Of the sections `limits` ... `static` a team gives what it tightens; the rest is the org's.
- `select` and `block` of ruff's, and the lists of `static`, are added to the org's. Every other
  list, and an approval, stands in place of the org's.
- `default`, `rules` and `tests` are the team's own and never the org's: both are weighed.
"""

from typing import Final

from assize.strict_yaml import Document, Path, Plain
from assize_server.policies.schema import TERMS, PolicyFile

_ADDED: Final = frozenset({("analysis", "ruff", "select"), ("analysis", "ruff", "block")})
_WHOLE: Final = frozenset({("static", "approval")})
_GATES: Final = ("fail", "hold", "warn")
"""From strict to lax."""

Mapping = dict[str, Plain]


def completed(document: Document, org: PolicyFile) -> Plain:
    """Return what the file says, with what it leaves out.

    Raises:
        YamlError: It moves a static rule to where less is done about it.
    """
    team = document.data
    if not isinstance(team, dict):
        return team
    above: Mapping = org.model_dump(mode="json", by_alias=True, exclude_none=True)
    terms = {key: _merged(above[key], team.get(key), (key,)) for key in TERMS}
    gates, given = above["static"], team.get("static")
    if isinstance(gates, dict) and isinstance(given, dict):
        terms["static"] = _static(document, gates, given, org.name)
    return {**team, **terms}


def _merged(above: Plain, below: Plain | None, place: Path) -> Plain:
    if below is None:
        return above
    if isinstance(above, dict) and isinstance(below, dict) and place not in _WHOLE:
        both = {key: _merged(value, below.get(key), (*place, key)) for key, value in above.items()}
        return {**below, **both}
    if isinstance(above, list) and isinstance(below, list) and place in _ADDED:
        # The team's own come first: an error about one of them is then at its place.
        return [*below, *(each for each in above if each not in below)]
    return below


def _static(document: Document, above: Mapping, below: Mapping, org: str) -> Mapping:
    merged: Mapping = {**above, **below}
    stricter: list[Plain] = []
    laxer = {name: gate for gate in _GATES for name in _names(above, gate)}
    for gate in _GATES:
        for index, name in enumerate(_names(below, gate)):
            before = laxer.get(str(name), gate)
            if _GATES.index(before) < _GATES.index(gate):
                problem = f"{name} would be loosened; policy {org!r} has it in {before}"
                raise document.error(("static", gate, index), problem)
        own = _names(below, gate)
        stricter += own
        if isinstance(below.get(gate, []), list):
            merged[gate] = [*own, *(each for each in _names(above, gate) if each not in stricter)]
    if not merged["hold"] and "approval" not in below:
        merged.pop("approval", None)
    return merged


def _names(section: Mapping, gate: str) -> list[Plain]:
    names = section.get(gate)
    return names if isinstance(names, list) else []
