"""Measures the proof that two policies differ so and no more, beside merely reading one.

    python bench/policy_diff.py [--rules 50] [--rounds 5]

Three pairs of policies of that many rules each: the same one twice, one with three rules changed,
and one with all rules in another order. Figures are medians over rounds that take turns; reading
means: from YAML to compiled rules, as a service does at its start.
"""

import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
import yaml

# A script finds the folder that it is in, not the one above, which the package `bench` is in.
sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.options import Format, Output

from assize.model.effects import Decision, EffectKind
from assize.strict_yaml import load
from assize_server.core.differences import RuleComparison, compare
from assize_server.core.matching import Finder
from assize_server.core.rules import (
    DB_KINDS,
    FS_KINDS,
    SIZED_KINDS,
    Approval,
    Budget,
    EffectRules,
    Match,
    Rule,
)

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_DESTROYING: Final = frozenset(
    {EffectKind.FS_DELETE, EffectKind.FS_TRUNCATE, EffectKind.FS_RENAME_OVER}
)
_FORMS: Final = (
    "workspace/{0}/**",
    "**/{0}/**",
    "**/*.{0}",
    "**/{0}",
    "**/*{0}*",
    "workspace/{0}/*/{1}.txt",
    "workspace/{0}/**/{1}/*",
)


def main(
    rules: Annotated[int, typer.Option(min=4, max=1000, help="In each policy.")] = 50,
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    seed: int = 5,
    output: Output = Format.TEXT,
) -> None:
    """Compare made-up policies, and print the time beside that of reading one."""
    choose = random.Random(seed)  # noqa: S311 - not for secrets
    old = EffectRules(Decision.DENY, tuple(_rule(choose, index) for index in range(rules)))
    fresh = tuple(_rule(choose, rules + index) for index in range(3))
    changed = replace(old, rules=(*old.rules[3:], *fresh))
    shuffled = replace(old, rules=tuple(choose.sample(old.rules, rules)))
    text = _as_yaml(old)
    measured: dict[str, Callable[[], RuleComparison | None]] = {
        "read": lambda: _read(text, old),
        "same": lambda: compare(old, old),
        "three rules changed": lambda: compare(old, changed),
        "another order": lambda: compare(old, shuffled),
    }
    figures = _figures(measured, rounds)
    if output is Format.JSON:
        typer.echo(json.dumps({"rules": rules, "pairs": figures}, indent=2))
        return
    for name, each in figures.items():
        typer.echo(
            f"{name.ljust(20)} {each['ms']:9.1f} ms  {each['ratio']:6.2f} of reading"
            f"  {each['differences']:.0f} differences"
        )


def _figures(
    measured: dict[str, Callable[[], RuleComparison | None]], rounds: int
) -> dict[str, dict[str, float]]:
    seconds: dict[str, list[float]] = {name: [] for name in measured}
    differences: dict[str, int] = {}
    for _ in range(rounds):
        for name, run in measured.items():
            began = time.perf_counter()
            comparison = run()
            seconds[name].append(time.perf_counter() - began)
            differences[name] = len(comparison.differences) if comparison else 0
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    return {
        name: {
            "ms": median * 1000,
            "ratio": median / medians["read"],
            "differences": differences[name],
        }
        for name, median in medians.items()
    }


def _rule(choose: random.Random, index: int) -> Rule:
    """Return a rule like those that people write: names somewhere, endings, folders, tables."""
    names = ["".join(choose.choices(_LETTERS, k=choose.randint(2, 9))) for _ in range(2)]
    kinds = choose.choice((FS_KINDS, SIZED_KINDS, _DESTROYING, DB_KINDS))
    path, table = choose.choice(_FORMS).format(*names), None
    if kinds is DB_KINDS:
        path, table = choose.choice(("workspace/**", "**/*.db")), f"main.{names[0]}*"
    then = choose.choice(tuple(Decision))
    group = choose.choice(("data-owners", "security"))
    return Rule(
        id=f"R-{index}",
        why="It was made up to be measured.",
        match=Match(
            kinds,
            path,
            table,
            choose.choice((None, 10_000, 1_000_000)) if kinds is SIZED_KINDS else None,
        ),
        then=then,
        budget=Budget(count=100) if then is Decision.ALLOW else None,
        approval=None if then is Decision.DENY else Approval(frozenset({group}), 1, 900),
    )


def _as_yaml(rules: EffectRules) -> str:
    listed = [
        {
            "id": rule.id,
            "why": rule.why,
            "match": {
                "kind": sorted(rule.match.kinds),
                "path": rule.match.path,
                "table": rule.match.table or "any.*",
            },
            "then": rule.then.name.lower(),
        }
        for rule in rules.rules
    ]
    plain = json.loads(json.dumps({"rules": listed}))
    return yaml.safe_dump(plain, sort_keys=False)


def _read(text: str, rules: EffectRules) -> None:
    load(text, "policy.yaml")
    Finder(rules.rules)


if __name__ == "__main__":
    typer.run(main)
