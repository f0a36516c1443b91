"""Exceptions of the candidate's, as the tests see them.

They arrive as a plain builtin, or as a stand-in for the candidate's own class; never as one to
which a test runner or Python itself gives a meaning of its own: skip, exit, end of iteration.
"""

import builtins

REFUSED_BASES = frozenset(
    {"BaseException", "SystemExit", "KeyboardInterrupt", "GeneratorExit", "StopIteration",
     "StopAsyncIteration", "BaseExceptionGroup", "ExceptionGroup"}
)  # fmt: skip
"""Builtins that a test runner, or Python itself, gives a meaning of its own."""


def exception_class(path: str, bases: "tuple[str, ...]") -> "type[Exception]":
    """Return a class that `except` and `pytest.raises` take for the candidate's."""
    module, _, name = path.partition(":")
    known = [getattr(builtins, base, None) for base in bases if base not in REFUSED_BASES]
    plain = [base for base in known if isinstance(base, type) and issubclass(base, Exception)]
    nearest: type[Exception] = plain[0] if plain else Exception
    if module == "builtins" and nearest.__name__ == name:
        return nearest
    return type(name.rpartition(".")[2] or "Unknown", (nearest,), {"__module__": module})
