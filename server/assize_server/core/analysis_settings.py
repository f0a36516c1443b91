"""What a policy asks of the static analysers. It runs none of them.

- A rule prefix is a group of ruff's (`F`), a part of it (`F82`) or one rule (`F821`).
- Letters are taken whole, as ruff takes them: `S` covers `S101` and not `SIM101`.
- What ruff reports without a rule code (a file that it cannot parse) is always an error: a file
  that was not analysed must not count as a clean one.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from assize_server.core.static_gates import NO_CHECKS, StaticChecks

_CODE = re.compile(r"(?P<group>[A-Z]+)(?P<number>[0-9]*)")
_PYLINT = "PL"
"""The one group of ruff's that is made of others: PLC, PLE, PLR, PLW."""


class MypyStrictness(StrEnum):
    """How mypy is run."""

    OFF = "off"
    """Not at all."""
    STANDARD = "standard"
    """With mypy's defaults: annotated code is checked."""
    STRICT = "strict"
    """With `--strict`: everything must be annotated."""


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """Which findings are looked for, and which of them fail a verification."""

    ruff_select: tuple[str, ...]
    """Rule prefixes that ruff looks for; never empty, else ruff would take its own defaults."""
    ruff_ignore: tuple[str, ...]
    """Rule prefixes that it leaves out of those."""
    ruff_block: tuple[str, ...]
    """Rule prefixes whose findings are ERROR; the others are WARNING."""
    mypy: MypyStrictness
    """How mypy is run."""
    mypy_block: bool
    """Whether what mypy calls an error is ERROR; else it is WARNING."""
    honor_suppressions: bool
    """Whether `# noqa`, `# type: ignore` and their like in the code count."""
    static: StaticChecks = NO_CHECKS
    """Rules on the source, and what happens when one matches."""

    def blocks(self, rule: str) -> bool:
        """Tell whether a finding of this ruff rule is ERROR."""
        if _CODE.fullmatch(rule) is None:
            return True
        return any(covers(prefix, rule) for prefix in self.ruff_block)


def covers(prefix: str, rule: str) -> bool:
    """Tell whether every rule that `rule` names (one or a prefix) is among those of `prefix`."""
    wide, narrow = _CODE.fullmatch(prefix), _CODE.fullmatch(rule)
    if wide is None or narrow is None:
        return False
    return rule.startswith(prefix) and (prefix == _PYLINT or wide["group"] == narrow["group"])
