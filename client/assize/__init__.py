"""Assize: verdicts on agent-written code that the code could not have forged.

    from assize import Client, SourceFile, Submission, load_spec

    with Client("127.0.0.1:50051") as client:
        files = (SourceFile("solution.py", source),)
        verdict = client.verify(Submission(files), load_spec(Path("spec.yaml")))

`AsyncClient` is the same for asyncio. What can go wrong is in `assize.errors`.
"""

import importlib
from typing import TYPE_CHECKING

from assize import errors
from assize.model.candidates import CandidatesSummary, CandidateVerdict, PassAtK
from assize.model.events import Admitted, Event, OutputChunk, StageEnded, StageStarted
from assize.model.spec import (
    Check,
    Contains,
    CopyBack,
    Empty,
    Exact,
    ExitCode,
    FileIs,
    Function,
    FunctionCase,
    JsonSchema,
    Lifetime,
    Normalized,
    Numeric,
    Regex,
    Script,
    Spec,
    Stderr,
    Stdout,
    Tests,
    Tolerance,
)
from assize.model.submission import RequestedLimits, SourceFile, Submission, WorkspaceUse
from assize.model.verdict import (
    Assurance,
    CheckResult,
    CheckStatus,
    Finding,
    Reason,
    Severity,
    Status,
    Verdict,
)

if TYPE_CHECKING:
    from assize.aio import AsyncClient
    from assize.client import Client
    from assize.convert.policies import PolicySummary, PolicyText
    from assize.spec_file import load_spec, parse_spec
else:
    # gRPC and YAML take longer to import than all the rest, and whoever needs the records only
    # (`assize.model`, in the sandbox) imports this package too.
    _LATER = {
        "AsyncClient": "assize.aio",
        "Client": "assize.client",
        "PolicySummary": "assize.convert.policies",
        "PolicyText": "assize.convert.policies",
        "load_spec": "assize.spec_file",
        "parse_spec": "assize.spec_file",
    }

    def __getattr__(name):
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(importlib.import_module(_LATER[name]), name)
        return value


__all__ = [
    "Admitted",
    "Assurance",
    "AsyncClient",
    "CandidateVerdict",
    "CandidatesSummary",
    "Check",
    "CheckResult",
    "CheckStatus",
    "Client",
    "Contains",
    "CopyBack",
    "Empty",
    "Event",
    "Exact",
    "ExitCode",
    "FileIs",
    "Finding",
    "Function",
    "FunctionCase",
    "JsonSchema",
    "Lifetime",
    "Normalized",
    "Numeric",
    "OutputChunk",
    "PassAtK",
    "PolicySummary",
    "PolicyText",
    "Reason",
    "Regex",
    "RequestedLimits",
    "Script",
    "Severity",
    "SourceFile",
    "Spec",
    "StageEnded",
    "StageStarted",
    "Status",
    "Stderr",
    "Stdout",
    "Submission",
    "Tests",
    "Tolerance",
    "Verdict",
    "WorkspaceUse",
    "errors",
    "load_spec",
    "parse_spec",
]
