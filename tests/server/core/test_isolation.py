"""Where a policy lets code run: only engines it allows, behind barriers that were seen to hold."""

import pytest

from assize.model.verdict import Isolation
from assize_server.core.isolation import EngineDemand, EngineName, IsolationLevel, isolation_fault

RUNC = Isolation("runc", "runc 1.1.5", "0" * 64, ("network", "user_namespace"))
DOCKER = Isolation("docker", "runc 1.1.5", "0" * 64, ("network",))
EITHER = frozenset(EngineName)


@pytest.mark.parametrize("seen", [RUNC, DOCKER])
def test_engine_that_is_not_allowed_is_refused_by_name(seen: Isolation) -> None:
    """The text says what is allowed and what runs here."""
    other = EITHER - {EngineName(seen.engine)}
    fault = isolation_fault(EngineDemand(IsolationLevel.CONTAINER, other), seen)
    assert fault == (
        f"the policy allows the engines {next(iter(other))}; this service runs {seen.engine}"
    )
    assert isolation_fault(EngineDemand(IsolationLevel.CONTAINER, EITHER), seen) is None


def test_user_namespace_counts_only_where_it_was_seen_to_hold() -> None:
    """Docker's daemon gives one only where it is set up so; a name of an engine proves nothing."""
    demand = EngineDemand(IsolationLevel.USER_NAMESPACE, EITHER)
    assert isolation_fault(demand, RUNC) is None
    fault = isolation_fault(demand, DOCKER)
    assert (
        fault == "the policy asks for user_namespace; the barrier user_namespace does not hold here"
    )


def test_policy_that_allows_no_engine_runs_nothing() -> None:
    """Layers that share no engine leave none."""
    demand = EngineDemand(IsolationLevel.CONTAINER, frozenset())
    assert isolation_fault(demand, RUNC) == (
        "the policy allows the engines none; this service runs runc"
    )


def test_engine_for_tests_is_allowed_by_no_policy() -> None:
    """No file can say its name."""
    fake = Isolation("fake", "none", "0" * 64, ("user_namespace",))
    assert isolation_fault(EngineDemand(IsolationLevel.CONTAINER, EITHER), fake) is not None
