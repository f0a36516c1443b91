"""What the sections of a policy file are made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Line = Annotated[str, StringConstraints(pattern=r"^\S[^\r\n]{0,199}$")]
Prose = Annotated[str, StringConstraints(pattern=r"\S", max_length=2000)]

CONTRADICTION = "contradiction"
"""The type of the errors whose text says all."""


class Section(BaseModel):
    """A mapping of a policy file."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )


def contradiction(problem: str) -> PydanticCustomError:
    """Return the error of a value that is of the right type, and wrong."""
    return PydanticCustomError(CONTRADICTION, "{problem}", {"problem": problem})
