"""Effects: between records and messages."""

from assize.errors import MalformedAnswer
from assize.model.effects import (
    Decision,
    Effect,
    EffectKind,
    EffectSet,
    FileState,
    FileType,
    RowChange,
    WeighedEffect,
)
from assize.v1 import effects_pb2


def kind_to_proto(kind: EffectKind) -> effects_pb2.EffectKind.ValueType:
    """Return the message's value of a kind."""
    return effects_pb2.EffectKind.Value(f"EFFECT_KIND_{kind.name}")


def kind_from_proto(number: effects_pb2.EffectKind.ValueType) -> EffectKind:
    """Return the kind of a message's value.

    Raises:
        MalformedAnswer: It is none that we know.
    """
    try:
        return EffectKind[effects_pb2.EffectKind.Name(number).removeprefix("EFFECT_KIND_")]
    except (KeyError, ValueError) as error:
        raise MalformedAnswer(f"an effect of an unknown kind, {number}") from error


def decision_to_proto(decision: Decision) -> effects_pb2.Decision.ValueType:
    """Return the message's value of a decision."""
    return effects_pb2.Decision.Value(f"DECISION_{decision.name}")


def decision_from_proto(number: effects_pb2.Decision.ValueType) -> Decision:
    """Return the decision of a message's value.

    Raises:
        MalformedAnswer: It is none that we know.
    """
    try:
        return Decision[effects_pb2.Decision.Name(number).removeprefix("DECISION_")]
    except (KeyError, ValueError) as error:
        raise MalformedAnswer(f"an unknown decision, {number}") from error


def effect_to_proto(effect: Effect) -> effects_pb2.Effect:
    """Return the message of an effect."""
    message = effects_pb2.Effect(
        kind=kind_to_proto(effect.kind),
        path=effect.path,
        source=effect.source,
        table=effect.table,
        count=effect.count,
        rows=[_row_to_proto(row) for row in effect.rows],
        diff=effect.diff,
        detail=effect.detail,
    )
    if effect.before is not None:
        message.before.CopyFrom(state_to_proto(effect.before))
    if effect.after is not None:
        message.after.CopyFrom(state_to_proto(effect.after))
    return message


def effect_from_proto(message: effects_pb2.Effect) -> Effect:
    """Return the effect of a message.

    Raises:
        MalformedAnswer: A value is not one of those we know.
    """
    return Effect(
        kind=kind_from_proto(message.kind),
        path=message.path,
        source=message.source,
        before=state_from_proto(message.before) if message.HasField("before") else None,
        after=state_from_proto(message.after) if message.HasField("after") else None,
        table=message.table,
        count=message.count,
        rows=tuple(map(_row_from_proto, message.rows)),
        diff=message.diff,
        detail=message.detail,
    )


def weighed_to_proto(weighed: WeighedEffect) -> effects_pb2.WeighedEffect:
    """Return the message of a weighed effect."""
    return effects_pb2.WeighedEffect(
        effect=effect_to_proto(weighed.effect),
        decision=decision_to_proto(weighed.decision),
        rule=weighed.rule,
        why=weighed.why,
    )


def weighed_from_proto(message: effects_pb2.WeighedEffect) -> WeighedEffect:
    """Return the weighed effect of a message.

    Raises:
        MalformedAnswer: A value is not one of those we know.
    """
    return WeighedEffect(
        effect_from_proto(message.effect),
        decision_from_proto(message.decision),
        message.rule,
        message.why,
    )


def effect_set_to_proto(effects: EffectSet) -> effects_pb2.EffectSet:
    """Return the message of an effect set."""
    return effects_pb2.EffectSet(
        workspace=effects.workspace,
        base=effects.base,
        result=effects.result,
        effects=[effect_to_proto(effect) for effect in effects.effects],
    )


def effect_set_from_proto(message: effects_pb2.EffectSet) -> EffectSet:
    """Return the effect set of a message.

    Raises:
        MalformedAnswer: A value is not one of those we know.
    """
    return EffectSet(
        message.workspace,
        message.base,
        message.result,
        tuple(map(effect_from_proto, message.effects)),
    )


def state_to_proto(state: FileState) -> effects_pb2.FileState:
    """Return the message of what stands at a path."""
    return effects_pb2.FileState(
        type=effects_pb2.FileType.Value(f"FILE_TYPE_{state.type.name}"),
        mode=state.mode,
        size_bytes=state.size_bytes,
        digest=state.digest,
        target=state.target,
    )


def state_from_proto(message: effects_pb2.FileState) -> FileState:
    """Return what a message says of what stands at a path.

    Raises:
        MalformedAnswer: Its type is none that we know.
    """
    try:
        kind = FileType[effects_pb2.FileType.Name(message.type).removeprefix("FILE_TYPE_")]
    except (KeyError, ValueError) as error:
        raise MalformedAnswer(f"a file of an unknown type, {message.type}") from error
    return FileState(kind, message.mode, message.size_bytes, message.digest, message.target)


def _row_to_proto(row: RowChange) -> effects_pb2.RowChange:
    return effects_pb2.RowChange(
        key=_columns(row.key), before=_columns(row.before), after=_columns(row.after)
    )


def _row_from_proto(message: effects_pb2.RowChange) -> RowChange:
    return RowChange(
        key=tuple((each.column, each.value) for each in message.key),
        before=tuple((each.column, each.value) for each in message.before),
        after=tuple((each.column, each.value) for each in message.after),
    )


def _columns(values: tuple[tuple[str, str], ...]) -> list[effects_pb2.ColumnValue]:
    return [effects_pb2.ColumnValue(column=column, value=value) for column, value in values]
