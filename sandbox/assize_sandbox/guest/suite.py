"""Runs a pytest suite in a process of the test sandbox, and tells what became of every test.

The candidate is not in this process; what is told here is the truth about the tests.
"""

import json
import os
import sys
from typing import Any

import letters
import pytest
import stand_in_modules
import trials
from counterexamples import LEDGER
from link import Link
from stand_ins import Function, Workshop

MESSAGE_MOST = 4000
REPORTS = {"passed": "passed", "failed": "failed", "skipped": "skipped"}
PLUGINS = ("-p", "pytest_asyncio.plugin", "-p", "_hypothesis_pytestplugin")
OPTIONS = (
    "-q", "-p", "no:cacheprovider", "-p", "no:junitxml", "-c", os.devnull, "--rootdir=/work",
    "--import-mode=importlib", "--tb=short", "--asyncio-mode=auto", "--strict-markers",
)  # fmt: skip


def main(header: "dict[str, Any]") -> None:
    """Run the suite that the header describes; tell; end this process."""
    letters.read_by_child()
    os.environ.clear()
    os.environ.update(header["env"] | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    sys.path[:] = [path for path in sys.path if not path.endswith("/guest")]
    sys.path.insert(0, "/work")
    sys.dont_write_bytecode = True
    link = Link(
        callbacks=header["callbacks"],
        back=header["back"],
        fresh_each_call=header["lifetime"] == "call",
    )
    stub = header["stub"]
    LEDGER.stub = bool(stub)
    sys.modules["assize_trials"] = trials
    fill = (
        stand_in_modules.fill_stub(stub == "raises")
        if stub
        else stand_in_modules.fill_from(link, Workshop(link))
    )
    sys.meta_path.insert(0, stand_in_modules.Finder(frozenset(header["modules"]), fill))
    reporter = Reporter(link, fresh=header["lifetime"] == "test" and not stub)
    seed = f"--hypothesis-seed={header['seed']}"
    status = pytest.main([*OPTIONS, *PLUGINS, seed, *header["tests"]], plugins=[reporter])
    tell({"done": int(status)})
    sys.stdout.flush()
    os._exit(0)


def tell(report: "dict[str, Any]") -> None:
    """Pass a report on to the host."""
    letters.child_sends(b"R" + json.dumps(report).encode())


class Reporter:
    """A pytest plugin: reports every test once, with what it leaned on."""

    def __init__(self, link: Link, *, fresh: bool) -> None:
        self._link = link
        self._fresh = fresh
        self._phases: dict[str, list[Any]] = {}

    def pytest_collection_modifyitems(self, items: "list[Any]") -> None:
        """Drop what is no test of ours: a candidate may name a function `test_something`."""
        items[:] = [item for item in items if not isinstance(getattr(item, "obj", None), Function)]

    def pytest_collection_finish(self, session: Any) -> None:
        """Tell which tests there are, before any of them runs."""
        tell({"collected": [item.nodeid for item in session.items]})

    def pytest_collectreport(self, report: Any) -> None:
        """Tell of a file that could not be collected."""
        if report.failed:
            tell({"error": report.nodeid, "message": str(report.longrepr)[-MESSAGE_MOST:]})

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: Any) -> None:
        """Give the test a candidate of its own."""
        self._phases[item.nodeid] = []
        self._link.leaned = False
        LEDGER.reset()
        if self._fresh or self._link.gone:
            self._link.fresh()

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Keep a phase of a test; tell once it is over."""
        phases = self._phases[report.nodeid]
        phases.append(report)
        if report.when == "teardown":
            tell(self._verdict(report.nodeid, phases))

    def _verdict(self, test: str, phases: "list[Any]") -> "dict[str, Any]":
        outcome = "passed"
        if any(phase.failed for phase in phases):
            outcome = "failed"
        elif any(hasattr(phase, "wasxfail") for phase in phases):
            outcome = "xfailed"
        elif any(phase.skipped for phase in phases):
            outcome = "skipped"
        elif [phase.when for phase in phases] != ["setup", "call", "teardown"]:
            outcome = "failed"
        if self._link.gone:
            outcome = "failed"
        broken = [phase for phase in phases if not phase.passed]
        message = str(broken[0].longrepr)[-MESSAGE_MOST:] if broken else ""
        return {
            "test": test,
            "outcome": outcome,
            "message": message or self._link.gone,
            "leaned": self._link.leaned,
            "gone": self._link.gone,
            **(LEDGER.told() if outcome == "failed" else {}),
        }
