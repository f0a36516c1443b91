"""Weighs 100 effects by 50 rules, and asks each rule by itself in turns with that; prints ratios.

    python bench/policies.py
    python bench/policies.py --rules 200 --effects 1000 -o json

The milliseconds depend on the machine; what can be compared are the ratios of one run.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from assize.model.effects import Decision, Effect, EffectKind, FileState, FileType
from assize_server.core.matching import act_of, is_about
from assize_server.core.rules import FS_KINDS, Approval, Budget, EffectRules, Match, Rule
from assize_server.core.weighing import weigh
from assize_server.policies.load import load_directory
from assize_server.settings import packaged_policies

OWNERS = Approval(frozenset({"owners"}), 1, 900)
PATTERNS = (
    "workspace/package_{}/**",
    "**/.hidden_{}/**",
    "workspace/**/*.kind_{}",
    "workspace/*/part_{}_*/**",
)
THEN = (Decision.ALLOW, Decision.HOLD, Decision.DENY)


def rules_of(count: int) -> tuple[EffectRules, ...]:
    """Return a policy of so many rules, all about files: every effect meets every one of them."""
    rules = []
    for index in range(count):
        then = THEN[index % len(THEN)]
        budget = Budget(count=10_000) if then is Decision.ALLOW else None
        path = PATTERNS[index % len(PATTERNS)].format(index)
        approval = None if then is Decision.DENY else OWNERS
        match = Match(FS_KINDS, path)
        rules.append(Rule(f"R-{index}", "For the benchmark.", match, then, budget, approval))
    return (EffectRules(Decision.DENY, tuple(rules)),)


def effects_of(count: int) -> tuple[Effect, ...]:
    """Return so many effects on files some folders deep."""
    state = FileState(FileType.FILE, 0o644, 1000)
    return tuple(
        Effect(
            EffectKind.FS_WRITE,
            f"package_{index % 60}/source/part_{index % 7}/module_{index}.py",
            after=state,
        )
        for index in range(count)
    )


def plainly(rules: tuple[EffectRules, ...], effects: Sequence[Effect]) -> int:
    """Ask every rule about every effect, as the specification reads."""
    decided = 0
    for effect in effects:
        act = act_of(effect)
        decided += max(
            (rule.then for layer in rules for rule in layer.rules if _any(rule, act.paths, effect)),
            default=Decision.DENY,
        )
    return decided


def _any(rule: Rule, paths: tuple[str, ...], effect: Effect) -> bool:
    return any(is_about(rule, path, act_of(effect)) for path in paths)


def milliseconds(rounds: int, *work: Callable[[], object]) -> list[float]:
    """Do each work once to warm up, then all in turns, and return the median of each."""
    taken: list[list[float]] = [[] for _ in work]
    for each in work:
        each()
    for _ in range(rounds):
        for index, each in enumerate(work):
            began = time.perf_counter()
            each()
            taken[index].append((time.perf_counter() - began) * 1000)
    return [statistics.median(times) for times in taken]


def measured(options: argparse.Namespace) -> dict[str, float]:
    """Return the figures by name."""
    rules, effects = rules_of(options.rules), effects_of(options.effects)
    folder = packaged_policies()
    weighed, twice, plain, load = milliseconds(
        options.rounds,
        lambda: weigh(rules, effects),
        lambda: weigh(rules + rules, effects),
        lambda: plainly(rules, effects),
        lambda: load_directory(folder),
    )
    return {
        "weigh ms": weighed,
        "each rule by itself / weigh": plain / weighed,
        "two layers / weigh": twice / weighed,
        "load shipped policies ms": load,
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="How long it takes to weigh effects.")
    parser.add_argument("--rules", type=int, default=50)
    parser.add_argument("--effects", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")
    options = parser.parse_args()
    figures = measured(options)
    if options.output == "json":
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{value:10.3f}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
