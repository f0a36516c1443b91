"""How holds ended, counted from the store."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median_low

from sqlalchemy import Connection, RowMapping, select

from assize.model.approvals import HoldState, HoldStats, RuleStats
from assize_server.approvals.tables import holds

_APPROVED = frozenset(
    {HoldState.APPROVED, HoldState.COMMITTED, HoldState.CONFLICT, HoldState.FAILED}
)
"""What enough people had approved, whatever became of it."""


@dataclass(slots=True)
class _Counts:
    holds: int = 0
    approved: int = 0
    denied: int = 0
    expired: int = 0

    def add(self, state: HoldState) -> None:
        self.holds += 1
        self.approved += state in _APPROVED
        self.denied += state is HoldState.DENIED
        self.expired += state is HoldState.EXPIRED


def hold_stats(connection: Connection) -> HoldStats:
    """Return how all holds ended, and those of each rule."""
    columns = (holds.c.state, holds.c.rules, holds.c.created_at, holds.c.decided_at)
    rows = connection.execute(select(*columns)).mappings().all()
    total, by_rule = _Counts(), dict[str, _Counts]()
    for row in rows:
        state = HoldState(row["state"])
        total.add(state)
        for rule in row["rules"]:
            by_rule.setdefault(rule, _Counts()).add(state)
    return HoldStats(
        holds=total.holds,
        pending=total.holds - total.approved - total.denied - total.expired,
        approved=total.approved,
        denied=total.denied,
        expired=total.expired,
        median_seconds_to_decide=_median_seconds(rows),
        rules=tuple(
            RuleStats(rule, each.holds, each.approved, each.denied, each.expired)
            for rule, each in sorted(by_rule.items())
        ),
    )


def _median_seconds(rows: Iterable[RowMapping]) -> int | None:
    waited = [
        row["decided_at"] - row["created_at"]
        for row in rows
        if row["decided_at"] is not None and row["state"] != HoldState.EXPIRED.value
    ]
    return median_low(waited) if waited else None
