"""mypy, held ready: the stubs of the standard library are read once, each request forks from that.

A `Checker` builds a program that imports what most programs import, and keeps mypy's graph of it.
`check` adds the candidate's modules to that graph and checks them alone. It leaves the graph
spoiled, and is therefore called once, in a forked child.

The candidate's files are handed over as text and never looked up: no folder of the candidate's is
on mypy's search path, so its stubs, configuration and `py.typed` mean nothing. A module that bears
the name of a standard one is checked under another name, and everybody's `import json` goes on
meaning the standard library's.

This leans on the inside of the mypy version that is pinned in pyproject.toml; a test compares it
with mypy's command line.
"""

import gc
import json
import os

from mypy import build
from mypy.errors import CompileError
from mypy.modulefinder import BuildSource
from mypy.options import Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

STOCK = """
import abc, argparse, array, ast, asyncio, base64, bisect, builtins, calendar, collections
import collections.abc, concurrent.futures, contextlib, copy, csv, dataclasses, datetime, decimal
import enum, fractions, functools, gc, glob, gzip, hashlib, heapq, hmac, html, http.client, inspect
import io, ipaddress, itertools, json, logging, math, numbers, operator, os, os.path, pathlib
import pickle, pprint, queue, random, re, secrets, shutil, signal, socket, sqlite3, statistics
import string, struct, subprocess, sys, tempfile, textwrap, threading, time, timeit, traceback
import types, typing, typing_extensions, unicodedata, unittest, urllib.parse, urllib.request, uuid
import warnings, weakref, xml.etree.ElementTree, zipfile, zlib, zoneinfo
"""
STRICT: dict[str, object] = {
    "disallow_any_generics": True,
    "disallow_subclassing_any": True,
    "disallow_untyped_calls": True,
    "disallow_untyped_defs": True,
    "disallow_incomplete_defs": True,
    "check_untyped_defs": True,
    "disallow_untyped_decorators": True,
    "warn_redundant_casts": True,
    "warn_unused_ignores": True,
    "warn_return_any": True,
    "implicit_reexport": False,
    "strict_equality": True,
    "extra_checks": True,
}


def base_options() -> Options:
    """Return what holds for every module: nothing is read but what we name."""
    options = Options()
    options.python_version = (3, 11)
    options.platform = "linux"
    options.python_executable = None  # no site-packages
    options.incremental = False  # no cache that a request could poison
    options.cache_dir = os.devnull
    options.ignore_missing_imports = True  # what is installed is the candidate's image's matter
    options.output = "json"
    options.show_column_numbers = True
    options.many_errors_threshold = -1
    return options


class Checker:
    """mypy with the standard library loaded."""

    def __init__(self) -> None:
        """Load it; takes a second or two."""
        os.environ.pop("MYPYPATH", None)
        self._lines: list[str] = []
        stock = [BuildSource("stock.py", "assize_stock", STOCK)]
        result = build.build(stock, base_options(), flush_errors=self._take)
        self._manager, self._graph = result.manager, result.graph
        self._ready = set(self._graph)
        # What is alive now stays alive: the collector of a child need not look at it, and so does
        # not copy its pages.
        gc.collect()
        gc.freeze()

    def check(self, texts: dict[str, str], strict: bool) -> "list[dict[str, Any]]":
        """Return mypy's messages about `{path: text}` as it prints them in JSON. Call once."""
        sources = self._sources(texts)
        changes: dict[str, object] = STRICT if strict else {}
        options = self._manager.options
        options.per_module_options = {source.module: changes for source in sources}
        options.build_per_module_cache()
        self._manager.errors.reset()
        self._lines.clear()
        try:
            self._build(sources)
        except CompileError as error:
            self._lines.extend(error.messages)
        return [json.loads(line) for line in self._lines if line.startswith("{")]

    def _take(self, _path: str | None, lines: list[str], _serious: bool) -> None:
        self._lines.extend(lines)

    def _build(self, sources: list[BuildSource]) -> None:
        """Do what mypy.build.process_graph does, for the modules that are not ready yet."""
        manager, graph = self._manager, self._graph
        build.load_graph(sources, manager, graph, [])
        manager.import_map.update((name, state.dependencies_set) for name, state in graph.items())
        components = build.sorted_components(graph)
        manager.scc_by_id = {component.id: component for component in components}
        manager.top_order = [component.id for component in components]
        for component in components:
            for module in component.mod_ids:
                manager.scc_by_mod_id[module] = component
            if component.mod_ids <= self._ready:
                manager.done_sccs.add(component.id)
        for component in components:  # leaves first
            if component.id not in manager.done_sccs:
                build.process_stale_scc(graph, component, manager)
                manager.done_sccs.add(component.id)

    def _sources(self, texts: dict[str, str]) -> list[BuildSource]:
        modules: dict[str, str] = {}
        for path in sorted(texts):
            modules[self._module_name(path, modules)] = path
        sources = [BuildSource(path, module, texts[path]) for module, path in modules.items()]
        for package in sorted(packages(modules) - modules.keys()):
            # A folder without __init__.py is a package all the same.
            path = package.replace(".", "/") + "/__init__.py"
            sources.append(BuildSource(path, package, ""))
        return sources

    def _module_name(self, path: str, taken: "Collection[str]") -> str:
        parts = [part.replace(".", "_") for part in path.removesuffix(".py").split("/")]
        if parts[-1] == "__init__" and len(parts) > 1:
            parts.pop()
        if self._is_standard(parts[0]):
            parts[0] += "_of_candidate"
        while ".".join(parts) in taken:
            parts[-1] += "_"
        return ".".join(parts)

    def _is_standard(self, name: str) -> bool:
        found = self._manager.find_module_cache.find_module(name, fast_path=True)
        return name in self._ready or isinstance(found, str)


def packages(modules: "Collection[str]") -> set[str]:
    """Return every package that a module of these lies in."""
    names: set[str] = set()
    for module in modules:
        parts = module.split(".")
        names.update(".".join(parts[:count]) for count in range(1, len(parts)))
    return names
