"""Function checks: `assize.model.spec.Function` and `assize.v1.spec_pb2.FunctionCheck`."""

from assize.convert.faults import Faults
from assize.convert.properties import tolerance_from_proto, tolerance_to_proto
from assize.errors import FieldViolation, InvalidFields
from assize.model import spec as model
from assize.v1 import spec_pb2

ANSWERS = "returns, raises, matches, where"


def function_to_proto(kind: model.Function, field: str) -> spec_pb2.FunctionCheck:
    """Return the message of a function check.

    Raises:
        InvalidFields: A case has several answers, or a value does not fit.
    """
    cases = [
        _case_to_proto(case, f"{field}.cases[{index}]") for index, case in enumerate(kind.cases)
    ]
    return spec_pb2.FunctionCheck(module=kind.module, cases=cases)


def function_from_proto(
    message: spec_pb2.FunctionCheck, field: str, faults: Faults
) -> model.Function:
    """Return the function check of a message, without the cases that faults were noted of."""
    cases = (
        _case_from_proto(case, f"{field}.cases[{index}]", faults)
        for index, case in enumerate(message.cases)
    )
    return model.Function(message.module, tuple(case for case in cases if case is not None))


def _case_to_proto(case: model.FunctionCase, field: str) -> spec_pb2.FunctionCase:
    message = spec_pb2.FunctionCase(
        call=case.call,
        approx=tolerance_to_proto(case.approx),
        nan_equal=case.nan_equal,
        unordered=case.unordered,
        subset=case.subset,
    )
    answers = [(name, getattr(case, name)) for name in ANSWERS.split(", ")]
    given = [(name, text) for name, text in answers if text is not None]
    if len(given) > 1:
        raise InvalidFields([FieldViolation(field, f"only one of {ANSWERS} may be set")])
    for name, text in given:
        setattr(message, name, text)
    return message


def _case_from_proto(
    message: spec_pb2.FunctionCase, field: str, faults: Faults
) -> model.FunctionCase | None:
    expect = message.WhichOneof("expect")
    if expect is None:
        faults.add(field, f"needs one of {ANSWERS}")
        return None
    return model.FunctionCase(
        call=message.call,
        returns=message.returns if expect == "returns" else None,
        raises=message.raises if expect == "raises" else None,
        matches=message.matches if expect == "matches" else None,
        where=message.where if expect == "where" else None,
        approx=tolerance_from_proto(message),
        nan_equal=message.nan_equal,
        unordered=message.unordered,
        subset=message.subset,
    )
