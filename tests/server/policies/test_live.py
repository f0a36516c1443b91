"""Policies of a running service: read anew as a whole or not at all."""

import threading
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.policy_texts import HEAD, RULES, TEAM, put

from assize_server.policies.live import LivePolicies, Reload
from assize_server.policies.load import PolicyError

# No static rules come with these folders.
PLAIN = HEAD[: HEAD.index("static:")] + "static:\n  fail: []\n  hold: []\n  warn: []\n" + RULES
PLAIN_TEAM = TEAM.replace("static: {fail: [deletion], warn: [sql]}\n", "")
PATIENCE_SECONDS = 30


def test_what_is_read_anew_holds_from_then_on(tmp_path: Path) -> None:
    """What changed is told by name."""
    live = LivePolicies(put(tmp_path, PLAIN))
    before = live["default"]
    put(tmp_path, PLAIN.replace("pids: 64", "pids: 32"), PLAIN_TEAM)
    with capture_logs() as logs:
        assert live.reload() == Reload(("payments",), ("default",), ())
    assert live["default"].limits.shape.pids == 32
    assert live.names() == ("default", "payments")
    assert before.limits.shape.pids == 64
    assert [each["event"] for each in logs] == ["policies reloaded"]
    (tmp_path / "teams" / "payments.yaml").unlink()
    assert live.reload() == Reload((), (), ("payments",))


def test_wrong_file_keeps_all_that_held_and_says_so(tmp_path: Path) -> None:
    """Not even the files that are right are taken; the log is told as an error."""
    live = LivePolicies(put(tmp_path, PLAIN, PLAIN_TEAM))
    before = {name: live[name] for name in live.names()}
    put(tmp_path, PLAIN.replace("pids: 64", "pids: 32"), PLAIN_TEAM.replace("team", "tame"))
    with capture_logs() as logs, pytest.raises(PolicyError):
        live.reload()
    assert {name: live[name] for name in live.names()} == before
    [told] = logs
    assert told["log_level"] == "error"
    assert "payments.yaml:2:1: layer: input should be 'team'" in told["problems"]


def test_snapshot_never_changes(tmp_path: Path) -> None:
    """What one request is judged by is one set of policies."""
    live = LivePolicies(put(tmp_path, PLAIN))
    snapshot, policy = live.snapshot(), live["default"]
    put(tmp_path, PLAIN.replace("pids: 64", "pids: 32"))
    live.reload()
    assert snapshot["default"] is policy
    assert snapshot.snapshot() is snapshot
    assert live["default"].digest != policy.digest


def test_signal_reads_anew_and_survives_a_wrong_file(tmp_path: Path) -> None:
    """A handler has nobody to raise to; what is wrong is in the log and the old set holds."""
    live = LivePolicies(put(tmp_path, PLAIN))
    put(tmp_path, PLAIN.replace("pids: 64", "pids: none"))
    with capture_logs() as logs:
        signalled(live)
    assert [each["log_level"] for each in logs] == ["error"]
    put(tmp_path, PLAIN.replace("pids: 64", "pids: 32"))
    signalled(live)
    assert live["default"].limits.shape.pids == 32


def signalled(live: LivePolicies) -> None:
    """Do what SIGHUP does and wait until it is done."""
    live.on_signal()
    for thread in threading.enumerate():
        if thread.name == "reload-policies":
            thread.join(PATIENCE_SECONDS)


def test_folder_that_is_wrong_at_the_start_is_refused(tmp_path: Path) -> None:
    """There is nothing to keep."""
    with pytest.raises(PolicyError):
        LivePolicies(tmp_path / "missing")
