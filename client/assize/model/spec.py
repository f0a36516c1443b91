"""What the code must show. Expected values in here never enter the candidate's sandbox."""

from dataclasses import dataclass
from enum import StrEnum

from assize.model.strategies import Argument


@dataclass(frozen=True, slots=True)
class ExitCode:
    """The program must exit with `code` (0 to 255)."""

    code: int


@dataclass(frozen=True, slots=True)
class Exact:
    """The text must be equal, character for character, after strict UTF-8 decoding."""

    text: str


@dataclass(frozen=True, slots=True)
class Normalized:
    """Equal once runs of white space are one space and the ends are stripped."""

    text: str


@dataclass(frozen=True, slots=True)
class Regex:
    """The pattern must match somewhere, within bounded time."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Numeric:
    """Numbers within a tolerance of those in `text`; the words between them equal."""

    text: str
    relative: float = 0.0
    absolute: float = 0.0


@dataclass(frozen=True, slots=True)
class Contains:
    """The text must occur."""

    text: str


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing may be written."""


TextExpectation = Exact | Normalized | Regex | Numeric | Contains | Empty


@dataclass(frozen=True, slots=True)
class Stdout:
    """The program's standard output."""

    text: TextExpectation


@dataclass(frozen=True, slots=True)
class Stderr:
    """The program's standard error."""

    text: TextExpectation


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """A JSON document in `path` (None: standard output) must satisfy `schema` (JSON text)."""

    schema: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class FileIs:
    """What must hold of a file that the program wrote: exactly one of the fields is set."""

    path: str
    present: bool | None = None
    sha256: str | None = None
    text: TextExpectation | None = None


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much two floats may differ, as in `math.isclose`; finite and not negative."""

    relative: float = 0.0
    absolute: float = 0.0


@dataclass(frozen=True, slots=True)
class FunctionCase:
    """One call in the notation of docs/values.md, and its answer.

    Exactly one of `returns`, `raises`, `matches` and `where` is set. `unordered` and `subset` say
    how `returns` is compared.
    """

    call: str
    returns: str | None = None
    raises: str | None = None
    approx: Tolerance | None = None
    nan_equal: bool = False
    matches: str | None = None
    where: str | None = None
    unordered: bool = False
    subset: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """Calls of the functions of `module`, each in a fresh process."""

    module: str
    cases: tuple[FunctionCase, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """A trusted script run beside the candidate; the first file is started. Assurance SHARED."""

    files: tuple[tuple[str, str], ...]


class Lifetime(StrEnum):
    """How long a process of the candidate's lives while tests run."""

    TEST = "test"
    CALL = "call"
    SUITE = "suite"


@dataclass(frozen=True, slots=True)
class CopyBack:
    """Arguments of `function`, by position or name, that are copied back after a call."""

    function: str
    arguments: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Tests:
    """Tests that run apart from the candidate; its `modules` are importable as stand-ins.

    With `shared` they import the candidate itself, in its container: assurance SHARED.
    """

    files: tuple[tuple[str, str], ...]
    modules: tuple[str, ...] = ()
    lifetime: Lifetime = Lifetime.TEST
    callbacks: bool = False
    copy_back: tuple[CopyBack, ...] = ()
    seed: int = 0
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Property:
    """A function that must hold for inputs that are made up.

    `reference` (path and source) has the function that is right; `postcondition` is an expression.
    Exactly one of the two is set, and `arguments` or `from_type_hints`.
    """

    module: str
    function: str
    arguments: tuple[Argument, ...] = ()
    from_type_hints: bool = False
    reference: tuple[str, str] | None = None
    postcondition: str | None = None
    max_examples: int = 100
    seed: int = 0
    approx: Tolerance | None = None
    nan_equal: bool = False
    lifetime: Lifetime = Lifetime.TEST


CheckKind = ExitCode | Stdout | Stderr | JsonSchema | FileIs | Function | Script | Tests | Property


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to check. `weight` is its share of the score; a failed required one decides."""

    name: str
    kind: CheckKind
    required: bool = True
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Spec:
    """At least one check, with unique names."""

    checks: tuple[Check, ...]
