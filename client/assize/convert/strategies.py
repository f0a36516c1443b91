"""Strategies: `assize.model.strategies` and `assize.v1.strategy_pb2`."""

from collections.abc import Iterable
from typing import assert_never

from assize.convert.faults import Faults
from assize.model import strategies as model
from assize.v1 import strategy_pb2

KINDS = ", ".join(
    field.name for field in strategy_pb2.Strategy.DESCRIPTOR.oneofs_by_name["kind"].fields
)


def argument_to_proto(argument: model.Argument) -> strategy_pb2.Strategy:
    """Return the message of an argument."""
    message = _to_proto(argument.strategy)
    message.name = argument.name
    return message


def argument_from_proto(
    message: strategy_pb2.Strategy, field: str, faults: Faults
) -> model.Argument | None:
    """Return the argument of a message, None after a fault was noted."""
    strategy = _from_proto(message, field, faults)
    return None if strategy is None else model.Argument(strategy, message.name)


def _to_proto(strategy: model.Strategy) -> strategy_pb2.Strategy:
    message = strategy_pb2.Strategy()
    match strategy:
        case model.Integers(least, most):
            message.integers.CopyFrom(strategy_pb2.IntegersStrategy(min=least, max=most))
        case model.Floats(floor, top, nan, infinity):
            floats = strategy_pb2.FloatsStrategy(
                min=floor, max=top, allow_nan=nan, allow_infinity=infinity
            )
            message.floats.CopyFrom(floats)
        case model.Booleans():
            message.booleans.SetInParent()
        case model.Text(least, most, alphabet):
            text = strategy_pb2.TextStrategy(min_size=least, max_size=most, alphabet=alphabet)
            message.text.CopyFrom(text)
        case model.Bytes(least, most):
            message.bytes.CopyFrom(strategy_pb2.BytesStrategy(min_size=least, max_size=most))
        case model.Nothing():
            message.none.SetInParent()
        case model.SampledFrom(values):
            message.sampled_from.CopyFrom(strategy_pb2.SampledFromStrategy(values=values))
        case _:
            _compound_to_proto(strategy, message)
    return message


def _compound_to_proto(
    strategy: model.Lists | model.Tuples | model.Dictionaries | model.OneOf | model.Optional,
    message: strategy_pb2.Strategy,
) -> None:
    match strategy:
        case model.Lists(of, least, most):
            lists = strategy_pb2.ListsStrategy(of=_to_proto(of), min_size=least, max_size=most)
            message.lists.CopyFrom(lists)
        case model.Tuples(items):
            tuples = strategy_pb2.TuplesStrategy(of=[_to_proto(each) for each in items])
            message.tuples.CopyFrom(tuples)
        case model.Dictionaries(keys, values, least, most):
            entries = strategy_pb2.DictionariesStrategy(
                keys=_to_proto(keys), values=_to_proto(values), min_size=least, max_size=most
            )
            message.dictionaries.CopyFrom(entries)
        case model.OneOf(choices):
            one_of = strategy_pb2.OneOfStrategy(of=[_to_proto(each) for each in choices])
            message.one_of.CopyFrom(one_of)
        case model.Optional(of):
            message.optional.CopyFrom(strategy_pb2.OptionalStrategy(of=_to_proto(of)))
        case _:
            assert_never(strategy)


def _from_proto(
    message: strategy_pb2.Strategy, field: str, faults: Faults
) -> model.Strategy | None:
    match message.WhichOneof("kind"):
        case "integers":
            integers = message.integers
            return model.Integers(
                integers.min if integers.HasField("min") else None,
                integers.max if integers.HasField("max") else None,
            )
        case "floats":
            floats = message.floats
            return model.Floats(
                floats.min if floats.HasField("min") else None,
                floats.max if floats.HasField("max") else None,
                floats.allow_nan,
                floats.allow_infinity,
            )
        case "booleans":
            return model.Booleans()
        case "text":
            return model.Text(message.text.min_size, _most(message.text), message.text.alphabet)
        case "bytes":
            return model.Bytes(message.bytes.min_size, _most(message.bytes))
        case "none":
            return model.Nothing()
        case "sampled_from":
            return model.SampledFrom(tuple(message.sampled_from.values))
        case None:
            faults.add(field, f"needs one of {KINDS}")
            return None
        case _:
            return _compound_from_proto(message, field, faults)


def _compound_from_proto(
    message: strategy_pb2.Strategy, field: str, faults: Faults
) -> model.Strategy | None:
    match message.WhichOneof("kind"):
        case "lists":
            of = _inner(message.lists.of, f"{field}.lists.of", faults)
            return of and model.Lists(of, message.lists.min_size, _most(message.lists))
        case "tuples":
            items = _all(message.tuples.of, f"{field}.tuples.of", faults)
            return None if items is None else model.Tuples(items)
        case "dictionaries":
            entries = message.dictionaries
            keys = _inner(entries.keys, f"{field}.dictionaries.keys", faults)
            values = _inner(entries.values, f"{field}.dictionaries.values", faults)
            if keys is None or values is None:
                return None
            return model.Dictionaries(keys, values, entries.min_size, _most(entries))
        case "one_of":
            choices = _all(message.one_of.of, f"{field}.one_of.of", faults)
            return None if choices is None else model.OneOf(choices)
        case "optional":
            of = _inner(message.optional.of, f"{field}.optional.of", faults)
            return of and model.Optional(of)
        case _:
            return None


def _inner(message: strategy_pb2.Strategy, field: str, faults: Faults) -> model.Strategy | None:
    if message.name:
        faults.add(f"{field}.name", "only the arguments themselves have names")
        return None
    return _from_proto(message, field, faults)


def _all(
    messages: Iterable[strategy_pb2.Strategy], field: str, faults: Faults
) -> tuple[model.Strategy, ...] | None:
    read = [_inner(each, f"{field}[{index}]", faults) for index, each in enumerate(messages)]
    found = tuple(each for each in read if each is not None)
    return found if len(found) == len(read) else None


def _most(
    sized: strategy_pb2.TextStrategy
    | strategy_pb2.BytesStrategy
    | strategy_pb2.ListsStrategy
    | strategy_pb2.DictionariesStrategy,
) -> int | None:
    return sized.max_size if sized.HasField("max_size") else None
