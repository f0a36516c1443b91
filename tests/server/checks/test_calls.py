"""What of a function case goes into the sandbox."""

import pytest

from assize.model.spec import FunctionCase
from assize.values.notation import NotationError, parse_value
from assize_sandbox.codec import decode, encode
from assize_server.checks.calls import encoded_arguments


def test_call_is_sent_without_what_is_expected_of_it() -> None:
    """The guest gets the name and the arguments; the answer stays outside."""
    case = FunctionCase("Account.open([1], kind='x')", returns="'the secret answer'")
    name, data = encoded_arguments(case)
    assert name == "Account.open"
    assert encode(decode(data)) == encode(parse_value("(([1],), {'kind': 'x'})"))
    assert b"secret" not in data


def test_call_that_is_not_in_the_notation_raises_notation_error() -> None:
    """Admission refuses such a case; here nothing is sent for it."""
    with pytest.raises(NotationError, match="nothing is evaluated"):
        encoded_arguments(FunctionCase("f(1 + 1)", returns="2"))
