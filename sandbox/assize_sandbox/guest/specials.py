"""Special methods of classes, as a number: both sides of a split test count them in this order.

A stand-in has the special methods that its object's class has, and no other: what is callable,
iterable or a context there is so here.
"""

BINARY = (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "lshift", "rshift", "and",
    "or", "xor", "matmul",
)  # fmt: skip
UNARY = (
    "len", "iter", "next", "reversed", "contains", "getitem", "setitem", "delitem", "neg", "pos",
    "abs", "invert", "int", "float", "complex", "round", "index", "bytes", "aiter", "hash",
)  # fmt: skip
"""Operations on one object of the candidate's; some take plain arguments."""
REFLECTED = tuple(f"r{name}" for name in BINARY)
IN_PLACE = tuple(f"i{name}" for name in BINARY if name != "divmod")
OTHERS = ("call", "enter", "exit", "await", "anext", "aenter", "aexit")
NAMES = (*UNARY, *BINARY, *REFLECTED, *IN_PLACE, *OTHERS)


def mask_of(kind: type) -> int:
    """Return the special methods of a class, a bit for each."""
    mask = 0
    for place, name in enumerate(NAMES):
        # Not getattr: that would find the methods of the metaclass, too.
        for base in kind.__mro__:
            if f"__{name}__" in base.__dict__:
                mask |= (base.__dict__[f"__{name}__"] is not None) << place
                break
    return mask


def names_of(mask: int) -> "list[str]":
    """Return the names of the bits that are set."""
    return [name for place, name in enumerate(NAMES) if mask >> place & 1]
