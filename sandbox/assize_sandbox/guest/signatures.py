"""Signatures of the candidate's functions, as `inspect.signature` shows them to the tests."""

import builtins
import inspect
from typing import Any

KINDS = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.VAR_POSITIONAL,
    inspect.Parameter.KEYWORD_ONLY,
    inspect.Parameter.VAR_KEYWORD,
)
BY_POSITION = KINDS[:2]


class Shown:
    """A default or an annotation that is not plain data; only how it looks is known."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        """Look like it."""
        return self._text


def signature_from(told: Any) -> inspect.Signature:
    """Return a signature as the candidate's module has it."""
    parameters, returned = told
    return inspect.Signature(
        [
            inspect.Parameter(
                str(name), KINDS[kind], default=part(default), annotation=part(annotation)
            )
            for name, kind, default, annotation in parameters
        ],
        return_annotation=part(returned),
    )


def part(told: Any) -> Any:
    """Return a default or an annotation; empty if there is none."""
    if not told:
        return inspect.Parameter.empty
    how, value = told
    if how == "builtin":
        return getattr(builtins, value)
    return value if how == "plain" else Shown(value)


def without_first(signature: inspect.Signature) -> inspect.Signature:
    """Return the signature of a method that is bound."""
    parameters = list(signature.parameters.values())
    bound = parameters and parameters[0].kind in BY_POSITION
    return signature.replace(parameters=parameters[1:] if bound else parameters)


def position_of(name: str, signature: "inspect.Signature | None") -> "int | None":
    """Return at which position a parameter can be passed, None if it cannot."""
    for position, parameter in enumerate(signature.parameters.values() if signature else ()):
        if parameter.kind in BY_POSITION and parameter.name == name:
            return position
    return None
