"""Runs a pytest suite in a process of the test sandbox, and tells what became of every test.

The candidate is not in this process; what is told here is the truth about the tests.
"""

import gc
import importlib
import json
import os
import sys
import types
from typing import TYPE_CHECKING, Any, Protocol

import _pytest.config
import anything
import copies
import files
import hypothesis
import letters
import pytest
import stand_in_modules
import trials
from callables import Function
from counterexamples import LEDGER
from link import Link
from stand_ins import RemoteType
from workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGE_MOST = 4000
PHASES = ["setup", "call", "teardown"]
"""Of every test; subtests report in between."""
COLLECTS = "collects"
"""The stub that a suite is collected with, and not run."""
PLUGINS = ("-p", "pytest_asyncio.plugin", "-p", "_hypothesis_pytestplugin")
OPTIONS = (
    "-q", "-p", "no:cacheprovider", "-p", "no:junitxml", "-c", os.devnull, "--rootdir=/workspace",
    "--import-mode=importlib", "--tb=short", "--asyncio-mode=auto", "--strict-markers",
    "-o", "asyncio_default_fixture_loop_scope=function",
    # They collect garbage at the end of each run, which takes as long as all the rest.
    "-p", "no:unraisableexception", "-p", "no:threadexception",
    # What the fork brought along could not be rewritten any more.
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
)  # fmt: skip


def preload() -> None:
    """Import before the fork what every suite would import after it."""
    for name in _pytest.config.default_plugins:
        importlib.import_module(f"_pytest.{name}")
    for name in ("_hypothesis_pytestplugin", "hypothesis.strategies", "pytest_asyncio.plugin"):
        importlib.import_module(name)
    # The candidate answers from another process, the first time after its imports.
    hypothesis.settings.register_profile("assize", deadline=None, database=None)
    hypothesis.settings.load_profile("assize")
    # The collector would touch, and so copy, every page of these in each child.
    gc.collect()
    gc.freeze()


def main(header: "dict[str, Any]") -> None:
    """Run the suite that the header describes; tell; end this process."""
    letters.read_by_child()
    os.environ.clear()
    os.environ.update(header["env"] | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    sys.path[:] = [path for path in sys.path if not path.endswith("/guest")]
    sys.path.insert(0, "/workspace")
    sys.dont_write_bytecode = True
    link = Link(
        callbacks=header["callbacks"],
        back=header["back"],
        fresh_each_call=header["lifetime"] == "call",
    )
    stub = header["stub"]
    LEDGER.stub = bool(stub)
    if stub == COLLECTS:
        tell_copies(header["seed_of_copies"])
    modules = frozenset(header["modules"])
    fill = fill_for(stub, link, modules)
    give_way()
    sys.meta_path.insert(0, stand_in_modules.Finder(modules, fill))
    reporter = Reporter(link, fresh=header["lifetime"] == "test" and not stub)
    seed = f"--hypothesis-seed={header['seed']}"
    only = ["--collect-only"] if stub == COLLECTS else []
    status = pytest.main([*OPTIONS, *PLUGINS, *only, seed, *header["tests"]], plugins=[reporter])
    tell({"done": int(status)})
    sys.stdout.flush()
    os._exit(0)


def give_way() -> None:
    """Forget our modules by their names, which the tests' and the candidate's may have, too."""
    ours = os.path.dirname(os.path.abspath(__file__))
    for name, module in list(sys.modules.items()):
        if os.path.dirname(getattr(module, "__file__", None) or "") == ours:
            del sys.modules[name]
    sys.modules["assize_trials"] = trials


def fill_for(stub: str, link: Link, modules: "frozenset[str]") -> "Callable[[Any], None]":
    """Return what fills a stand-in for a module of the candidate's."""
    if stub == COLLECTS:
        return anything.fill
    if stub:
        return stand_in_modules.fill_stub(stub == "raises")
    return stand_in_modules.fill_from(link, Workshop(link), modules)


def tell(report: "dict[str, Any]") -> None:
    """Pass a report on to the host."""
    letters.child_sends(b"R" + json.dumps(report).encode())


def tell_copies(seed: int) -> None:
    """Tell the host the copies of the test files in which some tests are wrong."""
    made = copies.Copies(files.texts(), seed)
    for number, (sources, names) in enumerate(zip(made.sources, made.wrong, strict=True)):
        tell({"copy": number, "wrong": names})
        for path, source in sources.items():
            tell({"copy": number, "path": path, "source": source})


class Boundary(Protocol):
    """What a reporter asks of the way to the candidate."""

    leaned: bool
    gone: str

    def fresh(self) -> None:
        """Have a new process of the candidate's."""
        ...


class Reporter:
    """A pytest plugin: reports every test once, with what it leaned on."""

    def __init__(self, link: Boundary, *, fresh: bool) -> None:
        self._link = link
        self._fresh = fresh
        self._phases: dict[str, list[Any]] = {}
        self._leaned_before = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(self, collector: Any, name: str, obj: Any) -> None:
        """Tell of a test that the candidate has decorated: it must not be missing unseen."""
        # Its type first: whatever else is asked of it goes to the candidate.
        if name.startswith("test") and isinstance(type(obj), RemoteType) and callable(obj):
            text = "this test is an object of the candidate's; did its module decorate it?"
            tell({"error": f"{collector.nodeid}::{name}", "message": text})

    def pytest_collection_modifyitems(self, items: "list[Any]") -> None:
        """Drop what is no test of ours: a candidate may name a function `test_something`."""
        items[:] = [item for item in items if not is_theirs(getattr(item, "obj", None))]

    def pytest_collection_finish(self, session: Any) -> None:
        """Tell which tests there are, before any of them runs."""
        self._leaned_before = self._link.leaned
        tell({"collected": [item.nodeid for item in session.items]})

    def pytest_collectreport(self, report: Any) -> None:
        """Tell of a file that could not be collected."""
        if report.failed:
            tell({"error": report.nodeid, "message": str(report.longrepr)[-MESSAGE_MOST:]})

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: Any) -> None:
        """Give the test a candidate of its own."""
        self._phases[item.nodeid] = []
        self._link.leaned = self._leaned_before
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
        elif [phase.when for phase in phases if type(phase) is pytest.TestReport] != PHASES:
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


def is_theirs(thing: Any) -> bool:
    """Tell whether something that looks like a test stands in for something of the candidate's."""
    if type(thing) is types.FunctionType:
        return "_assize_target" in thing.__dict__
    return type(thing) is Function or isinstance(type(thing), RemoteType)
