"""Property checks: `assize.model.spec.Property` and `assize.v1.spec_pb2.PropertyCheck`."""

from assize.convert.faults import Faults
from assize.convert.strategies import argument_from_proto, argument_to_proto
from assize.errors import FieldViolation, InvalidFields
from assize.model import spec as model
from assize.v1 import spec_pb2

DEFAULT_EXAMPLES = 100
ORACLES = "reference, postcondition"


def property_to_proto(kind: model.Property, field: str) -> spec_pb2.PropertyCheck:
    """Return the message of a property check.

    Raises:
        InvalidFields: A choice was made twice, or a value does not fit.
    """
    if kind.reference is not None and kind.postcondition is not None:
        raise InvalidFields([FieldViolation(field, f"only one of {ORACLES} may be set")])
    message = spec_pb2.PropertyCheck(
        module=kind.module,
        function=kind.function,
        arguments=[argument_to_proto(each) for each in kind.arguments],
        from_type_hints=kind.from_type_hints,
        max_examples=kind.max_examples,
        seed=kind.seed,
        approx=tolerance_to_proto(kind.approx),
        nan_equal=kind.nan_equal,
        lifetime=kind.lifetime.value,
    )
    if kind.postcondition is not None:
        message.postcondition = kind.postcondition
    if kind.reference is not None:
        path, content = kind.reference
        message.reference.CopyFrom(spec_pb2.ScriptFile(path=path, content=content))
    return message


def property_from_proto(
    message: spec_pb2.PropertyCheck, field: str, faults: Faults
) -> model.Property | None:
    """Return the property check of a message, None after a fault was noted."""
    oracle = message.WhichOneof("oracle")
    if oracle is None:
        faults.add(field, f"needs one of {ORACLES}")
    arguments = [
        argument_from_proto(each, f"{field}.arguments[{index}]", faults)
        for index, each in enumerate(message.arguments)
    ]
    lifetime = lifetime_from_proto(message.lifetime, f"{field}.lifetime", faults)
    if oracle is None or lifetime is None:
        return None
    source = message.reference
    return model.Property(
        module=message.module,
        function=message.function,
        arguments=tuple(each for each in arguments if each is not None),
        from_type_hints=message.from_type_hints,
        reference=(source.path, source.content) if oracle == "reference" else None,
        postcondition=message.postcondition if oracle == "postcondition" else None,
        max_examples=(
            message.max_examples if message.HasField("max_examples") else DEFAULT_EXAMPLES
        ),
        seed=message.seed,
        approx=tolerance_from_proto(message),
        nan_equal=message.nan_equal,
        lifetime=lifetime,
    )


def tolerance_to_proto(tolerance: model.Tolerance | None) -> spec_pb2.Tolerance | None:
    """Return the message of a tolerance."""
    if tolerance is None:
        return None
    return spec_pb2.Tolerance(relative=tolerance.relative, absolute=tolerance.absolute)


def tolerance_from_proto(
    message: spec_pb2.PropertyCheck | spec_pb2.FunctionCase,
) -> model.Tolerance | None:
    """Return the tolerance of a message that may have one."""
    if not message.HasField("approx"):
        return None
    return model.Tolerance(message.approx.relative, message.approx.absolute)


def lifetime_from_proto(text: str, field: str, faults: Faults) -> model.Lifetime | None:
    """Return how long the candidate's process lives, None after a fault was noted."""
    known = [each.value for each in model.Lifetime]
    if text not in ("", *known):
        faults.add(field, f"must be one of {', '.join(known)}")
        return None
    return model.Lifetime(text or model.Lifetime.TEST)
