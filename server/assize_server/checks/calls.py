"""Turns the call of a function case into what the guest is sent."""

from assize.model.spec import FunctionCase
from assize.values.notation import parse_call
from assize_sandbox.codec import encode_call


def encoded_arguments(case: FunctionCase) -> tuple[str, bytes]:
    """Return the function's dotted name and its encoded arguments; nothing of what is expected.

    Raises:
        NotationError: The call is not in the notation of docs/values.md.
        CodecError: The arguments are over a limit of the encoding.
    """
    call = parse_call(case.call)
    return call.function, encode_call(call.arguments, call.keywords)
