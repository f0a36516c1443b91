"""Which strategies are admitted, and how each is written for hypothesis."""

import math
from dataclasses import dataclass
from typing import Final, assert_never

from assize.model.strategies import (
    Booleans,
    Bytes,
    Dictionaries,
    Floats,
    Integers,
    Lists,
    Nothing,
    OneOf,
    Optional,
    SampledFrom,
    Strategy,
    Text,
    Tuples,
)
from assize.values.keys import KeyFault, check_keys
from assize.values.notation import MOST_CHARACTERS, NotationError, parse_value, show
from assize_server.core.bounds import (
    MOST_SAMPLES,
    MOST_SIZE,
    MOST_STRATEGIES,
    MOST_STRATEGY_DEPTH,
)
from assize_server.core.excerpt import one_line
from assize_server.core.faults import Faults

WRITTEN_MOST: Final = 10 * MOST_CHARACTERS
"""A character may be written as ten, such as `\\U000e0001`: nothing is ever cut."""


def written(strategy: Strategy) -> str:
    """Return the expression that makes the strategy; hypothesis's module is `st`."""
    match strategy:
        case Integers(least, most):
            return f"st.integers({least}, {most})"
        case Floats(floor, top, nan, infinity):
            # Both bounds exclude infinity by themselves, and hypothesis refuses to be told so.
            endless = "" if None not in (floor, top) else f", allow_infinity={infinity}"
            return f"st.floats({floor}, {top}, allow_nan={nan}{endless})"
        case Booleans():
            return "st.booleans()"
        case Text(least, most, alphabet):
            among = f"{alphabet!r}, " if alphabet else ""
            return f"st.text({among}min_size={least}, max_size={most})"
        case Bytes(least, most):
            return f"st.binary(min_size={least}, max_size={most})"
        case Nothing():
            return "st.none()"
        case SampledFrom(values):
            return f"st.sampled_from([{', '.join(map(_value, values))}])"
        case _:
            return _written_compound(strategy)


def _written_compound(strategy: Lists | Tuples | Dictionaries | OneOf | Optional) -> str:
    match strategy:
        case Lists(of, least, most):
            return f"st.lists({written(of)}, min_size={least}, max_size={most})"
        case Tuples(items):
            return f"st.tuples({', '.join(map(written, items))})"
        case Dictionaries(keys, values, least, most):
            sizes = f"min_size={least}, max_size={most}"
            return f"st.dictionaries({written(keys)}, {written(values)}, {sizes})"
        case OneOf(choices):
            return f"st.one_of({', '.join(map(written, choices))})"
        case Optional(of):
            return f"st.none() | {written(of)}"
        case _:
            assert_never(strategy)


def _value(text: str) -> str:
    return show(parse_value(text), WRITTEN_MOST)


@dataclass(slots=True)
class StrategyCheck:
    """Notes what is wrong with the strategies of one property check."""

    faults: Faults
    count: int = 0

    def check(self, strategy: Strategy, field: str, depth: int = 0) -> None:
        """Note every fault of a strategy and of what it is made of."""
        self.count += 1
        if self.count == MOST_STRATEGIES + 1:
            self.faults.add(field, f"at most {MOST_STRATEGIES} strategies are allowed in all")
        if self.count > MOST_STRATEGIES:
            return
        if depth > MOST_STRATEGY_DEPTH:
            self.faults.add(field, f"strategies are at most {MOST_STRATEGY_DEPTH} deep")
            return
        match strategy:
            case Integers(least, most):
                self._check_order(least, most, f"{field}.integers")
            case Floats():
                self._check_floats(strategy, f"{field}.floats")
            case Text(least, most):
                self._check_sizes(least, most, f"{field}.text")
            case Bytes(least, most):
                self._check_sizes(least, most, f"{field}.bytes")
            case SampledFrom(values):
                self._check_samples(values, f"{field}.sampled_from.values")
            case Booleans() | Nothing():
                pass
            case _:
                self._check_parts(strategy, field, depth + 1)

    def _check_parts(
        self, strategy: Lists | Tuples | Dictionaries | OneOf | Optional, field: str, depth: int
    ) -> None:
        match strategy:
            case Lists(of, least, most):
                self._check_sizes(least, most, f"{field}.lists")
                self.check(of, f"{field}.lists.of", depth)
            case Optional(of):
                self.check(of, f"{field}.optional.of", depth)
            case Tuples(items):
                self._check_all(items, f"{field}.tuples.of", depth)
            case OneOf(choices):
                if not choices:
                    self.faults.add(f"{field}.one_of.of", "at least 1 strategy is needed, got 0")
                self._check_all(choices, f"{field}.one_of.of", depth)
            case Dictionaries(keys, values, least, most):
                self._check_sizes(least, most, f"{field}.dictionaries")
                self.check(keys, f"{field}.dictionaries.keys", depth)
                self.check(values, f"{field}.dictionaries.values", depth)
                if not hashable(keys):
                    problem = "makes what cannot be the key of a dict"
                    self.faults.add(f"{field}.dictionaries.keys", problem)

    def _check_all(self, parts: tuple[Strategy, ...], field: str, depth: int) -> None:
        for index, part in enumerate(parts):
            self.check(part, f"{field}[{index}]", depth)

    def _check_order(self, least: float | None, most: float | None, field: str) -> None:
        if least is not None and most is not None and least > most:
            self.faults.add(field, f"min is above max: {least} > {most}")

    def _check_sizes(self, least: int, most: int | None, field: str) -> None:
        for name, size in (("min_size", least), ("max_size", most)):
            if size is not None and not 0 <= size <= MOST_SIZE:
                self.faults.add(f"{field}.{name}", f"a size is 0 to {MOST_SIZE}, got {size}")
        self._check_order(least, most, field)

    def _check_floats(self, floats: Floats, field: str) -> None:
        bounds = [bound for bound in (floats.min, floats.max) if bound is not None]
        if not all(map(math.isfinite, bounds)):
            self.faults.add(field, "min and max are finite; leave one out where there is none")
        if bounds and floats.allow_nan:
            self.faults.add(f"{field}.allow_nan", "NaN is within no bounds; leave out min and max")
        if len(bounds) > 1 and floats.allow_infinity:
            self.faults.add(f"{field}.allow_infinity", "no infinity is within min and max")
        self._check_order(floats.min, floats.max, field)

    def _check_samples(self, values: tuple[str, ...], field: str) -> None:
        if not 0 < len(values) <= MOST_SAMPLES:
            self.faults.add(field, f"1 to {MOST_SAMPLES} values are needed, got {len(values)}")
        for index, text in enumerate(values[:MOST_SAMPLES]):
            try:
                parse_value(text)
            except NotationError as error:
                self.faults.add(f"{field}[{index}]", one_line(str(error), 300))


def hashable(strategy: Strategy) -> bool:
    """Tell whether everything that a strategy makes can be the key of a dict."""
    match strategy:
        case Lists() | Dictionaries():
            return False
        case Optional(of):
            return hashable(of)
        case Tuples(parts) | OneOf(parts):
            return all(map(hashable, parts))
        case SampledFrom(values):
            return all(map(_can_be_key, values))
        case _:
            return True


def _can_be_key(text: str) -> bool:
    try:
        check_keys([parse_value(text)])
    except NotationError:
        return True  # A fault of its own, told elsewhere.
    except KeyFault:
        return False
    return True
