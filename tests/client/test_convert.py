"""Records and messages: what one says the other says, and nothing malformed gets through."""

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from assize.convert.answers import (
    event_from_proto,
    event_to_proto,
    verdict_from_proto,
    verdict_to_proto,
)
from assize.convert.faults import MOST_FAULTS
from assize.convert.requests import VerificationRequest, request_from_proto, request_to_proto
from assize.convert.spec import spec_from_proto, spec_to_proto
from assize.errors import InvalidFields, MalformedAnswer
from assize.model import events
from assize.model import spec as s
from assize.model import strategies as m
from assize.model import submission as sub
from assize.model import verdict as v
from assize.v1 import spec_pb2, verdict_pb2, verification_pb2

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
NAME = TEXT.filter(bool)
NUMBER = st.floats(allow_nan=False)
POSITIVE = st.floats(min_value=0, exclude_min=True, allow_nan=False)
INT32 = st.integers(1, 2**31 - 1)
INT64 = st.integers(1, 2**63 - 1)
TEXTS = st.one_of(
    st.builds(s.Exact, TEXT),
    st.builds(s.Normalized, TEXT),
    st.builds(s.Regex, TEXT),
    st.builds(s.Numeric, TEXT, NUMBER, NUMBER),
    st.builds(s.Contains, TEXT),
    st.just(s.Empty()),
)
APPROX = st.none() | st.builds(s.Tolerance, NUMBER, NUMBER)
CASES = st.one_of(
    st.builds(
        s.FunctionCase,
        TEXT,
        returns=TEXT,
        approx=APPROX,
        nan_equal=st.booleans(),
        unordered=st.booleans(),
        subset=st.booleans(),
    ),
    st.builds(s.FunctionCase, TEXT, raises=TEXT, approx=APPROX),
    st.builds(s.FunctionCase, TEXT, matches=TEXT),
    st.builds(s.FunctionCase, TEXT, where=TEXT),
)
SIZES = st.integers(0, 2**31 - 1)
MOST = st.none() | SIZES
INTEGER = st.none() | st.integers(-(2**63), 2**63 - 1)
LEAVES: st.SearchStrategy[m.Strategy] = st.one_of(
    st.builds(m.Integers, INTEGER, INTEGER),
    st.builds(m.Floats, st.none() | NUMBER, st.none() | NUMBER, st.booleans(), st.booleans()),
    st.just(m.Booleans()),
    st.builds(m.Text, SIZES, MOST, TEXT),
    st.builds(m.Bytes, SIZES, MOST),
    st.just(m.Nothing()),
    st.builds(m.SampledFrom, st.lists(TEXT, max_size=2).map(tuple)),
)
STRATEGIES: st.SearchStrategy[m.Strategy] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(m.Lists, inner, SIZES, MOST),
        st.builds(m.Tuples, st.lists(inner, max_size=2).map(tuple)),
        st.builds(m.Dictionaries, inner, inner, SIZES, MOST),
        st.builds(m.OneOf, st.lists(inner, max_size=2).map(tuple)),
        st.builds(m.Optional, inner),
    ),
    max_leaves=4,
)
PROPERTIES = st.builds(
    s.Property,
    module=TEXT,
    function=TEXT,
    arguments=st.lists(st.builds(m.Argument, STRATEGIES, TEXT), max_size=2).map(tuple),
    from_type_hints=st.booleans(),
    reference=st.tuples(TEXT, TEXT),
    max_examples=SIZES,
    seed=SIZES,
    approx=APPROX,
    nan_equal=st.booleans(),
    lifetime=st.sampled_from(s.Lifetime),
) | st.builds(s.Property, module=TEXT, function=TEXT, postcondition=TEXT)
PLACES = st.integers(0, 999_999_999) | st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
SUITES = st.builds(
    s.Tests,
    files=st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
    modules=st.lists(TEXT, max_size=2).map(tuple),
    lifetime=st.sampled_from(s.Lifetime),
    callbacks=st.booleans(),
    copy_back=st.lists(
        st.builds(s.CopyBack, TEXT, st.lists(PLACES, max_size=3).map(tuple)), max_size=2
    ).map(tuple),
    seed=st.integers(0, 2**31 - 1),
    shared=st.booleans(),
)
KINDS = st.one_of(
    SUITES,
    st.builds(s.ExitCode, st.integers(-(2**31), 2**31 - 1)),
    st.builds(s.Stdout, TEXTS),
    st.builds(s.Stderr, TEXTS),
    st.builds(s.JsonSchema, TEXT, st.none() | NAME),
    st.builds(s.FileIs, TEXT, present=st.booleans()),
    st.builds(s.FileIs, TEXT, sha256=TEXT),
    st.builds(s.FileIs, TEXT, text=TEXTS),
    st.builds(s.Function, TEXT, st.lists(CASES, max_size=3).map(tuple)),
    PROPERTIES,
    st.builds(s.Script, st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple)),
)
SPECS = st.builds(
    s.Spec,
    st.lists(
        st.builds(s.Check, NAME, KINDS, required=st.booleans(), weight=POSITIVE), max_size=3
    ).map(tuple),
)
SUBMISSIONS = st.builds(
    sub.Submission,
    files=st.lists(st.builds(sub.SourceFile, TEXT, st.binary(max_size=20)), max_size=3).map(tuple),
    entry_point=st.none() | NAME,
    arguments=st.lists(TEXT, max_size=3).map(tuple),
    stdin=st.binary(max_size=20),
    environment=st.dictionaries(TEXT, TEXT, max_size=3),
)
LIMITS = st.builds(
    sub.RequestedLimits,
    wall_seconds=st.none() | POSITIVE,
    cpu_seconds=st.none() | POSITIVE,
    memory_bytes=st.none() | INT64,
    pids=st.none() | INT32,
    output_bytes=st.none() | INT64,
    disk_bytes=st.none() | INT64,
    file_bytes=st.none() | INT64,
    open_files=st.none() | INT32,
)
REQUESTS = st.builds(VerificationRequest, SUBMISSIONS, SPECS, TEXT, LIMITS, TEXT)

REASONS = st.none() | st.sampled_from(v.Reason)
EDITS = st.builds(v.Edit, INT32, INT32, INT32, INT32, TEXT)
FINDINGS = st.builds(
    v.Finding,
    tool=TEXT,
    rule=TEXT,
    severity=st.sampled_from(v.Severity),
    path=TEXT,
    line=INT32,
    column=INT32,
    message=TEXT,
    fix=st.none() | st.builds(v.Fix, TEXT, st.lists(EDITS, max_size=2).map(tuple)),
)
RESULTS = st.builds(
    v.CheckResult,
    name=TEXT,
    status=st.sampled_from(v.CheckStatus),
    assurance=st.sampled_from(v.Assurance),
    required=st.booleans(),
    weight=NUMBER,
    reason=REASONS,
    message=TEXT,
    expected=TEXT,
    actual=TEXT,
    diff=TEXT,
    input=TEXT,
    cases_passed=INT32,
    cases_total=INT32,
)
OUTPUTS = st.builds(v.Output, st.binary(max_size=20), st.binary(max_size=20), INT64)
PROGRAMS = st.builds(
    v.ProgramEnd,
    exit_code=st.none() | st.integers(0, 255),
    signal=st.none() | st.integers(0, 64),
    stdout=OUTPUTS,
    stderr=OUTPUTS,
)
VERDICTS = st.builds(
    v.Verdict,
    verification_id=TEXT,
    status=st.sampled_from(v.Status),
    message=TEXT,
    policy=TEXT,
    policy_digest=TEXT,
    request_id=TEXT,
    reason=REASONS,
    score=NUMBER,
    assurance=st.none() | st.sampled_from(v.Assurance),
    checks=st.lists(RESULTS, max_size=2).map(tuple),
    findings=st.lists(FINDINGS, max_size=2).map(tuple),
    program=st.none() | PROGRAMS,
    usage=st.builds(v.Usage, NUMBER, NUMBER, INT64, INT32, INT64),
    stages=st.lists(st.builds(v.StageTime, TEXT, NUMBER), max_size=2).map(tuple),
    isolation=st.none()
    | st.builds(v.Isolation, TEXT, TEXT, TEXT, st.lists(TEXT, max_size=2).map(tuple)),
)
EVENTS = st.one_of(
    st.builds(events.Admitted, TEXT, TEXT, TEXT),
    st.builds(events.StageStarted, TEXT),
    st.builds(events.StageEnded, TEXT, NUMBER),
    st.builds(events.OutputChunk, TEXT, st.binary(max_size=20)),
    FINDINGS,
    VERDICTS,
)


@given(REQUESTS)
def test_request_survives_the_wire(request: VerificationRequest) -> None:
    """Record, message, bytes, message, record: the same request."""
    data = request_to_proto(request).SerializeToString()
    assert request_from_proto(verification_pb2.VerifyRequest.FromString(data)) == request


@given(VERDICTS)
def test_verdict_survives_the_wire(verdict: v.Verdict) -> None:
    """Record, message, bytes, message, record: the same verdict."""
    data = verdict_to_proto(verdict).SerializeToString()
    assert verdict_from_proto(verdict_pb2.Verdict.FromString(data)) == verdict


@given(EVENTS, INT64)
def test_event_survives_the_wire(event: events.Event, sequence: int) -> None:
    """Record, message, bytes, message, record: the same event at the same position."""
    data = event_to_proto(event, sequence).SerializeToString()
    message = verification_pb2.StreamVerifyResponse.FromString(data)
    assert event_from_proto(message) == event
    assert message.sequence == sequence


@given(st.binary(max_size=200))
def test_any_parsable_request_is_read_or_refused_with_fields(data: bytes) -> None:
    """Hostile requests raise nothing but field violations."""
    message = verification_pb2.VerifyRequest()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return
    violations = None
    try:
        request_from_proto(message)
    except InvalidFields as error:
        violations = error.violations
    assert violations is None or violations


def test_spec_without_choices_names_every_field_at_fault() -> None:
    """All faults are told at once, each with its path and what could stand there."""
    message = spec_pb2.Spec(
        checks=[
            spec_pb2.Check(name="nothing"),
            spec_pb2.Check(stdout=spec_pb2.TextCheck()),
            spec_pb2.Check(stderr=spec_pb2.TextCheck(empty=False)),
            spec_pb2.Check(file=spec_pb2.FileCheck(path="a", text=spec_pb2.TextCheck())),
            spec_pb2.Check(file=spec_pb2.FileCheck(path="a")),
            spec_pb2.Check(
                function=spec_pb2.FunctionCheck(cases=[spec_pb2.FunctionCase(call="f()")])
            ),
        ]
    )
    with pytest.raises(InvalidFields) as caught:
        spec_from_proto(message)
    assert [violation.field for violation in caught.value.violations] == [
        "spec.checks[0]",
        "spec.checks[1].stdout",
        "spec.checks[2].stderr.empty",
        "spec.checks[3].file.text",
        "spec.checks[4].file",
        "spec.checks[5].function.cases[0]",
    ]
    assert "exit_code, stdout" in caught.value.violations[0].description
    assert "returns, raises" in caught.value.violations[5].description


def test_many_faults_are_told_up_to_a_bound() -> None:
    """Ten thousand bad checks do not make a giant answer."""
    message = spec_pb2.Spec(checks=[spec_pb2.Check() for _ in range(10_000)])
    with pytest.raises(InvalidFields) as caught:
        spec_from_proto(message)
    assert len(caught.value.violations) == MOST_FAULTS


def test_unnamed_check_is_named_after_kind_and_position_and_weighs_one() -> None:
    """What a spec leaves out has a documented meaning."""
    message = spec_pb2.Spec(
        checks=[
            spec_pb2.Check(exit_code=spec_pb2.ExitCodeCheck()),
            spec_pb2.Check(stdout=spec_pb2.TextCheck(empty=True)),
        ]
    )
    assert spec_from_proto(message).checks == (
        s.Check("exit_code-1", s.ExitCode(0)),
        s.Check("stdout-2", s.Stdout(s.Empty())),
    )


@pytest.mark.parametrize(
    ("check", "field"),
    [
        (s.Check("a", s.FileIs("x", present=True, sha256="0")), "spec.checks[0].file"),
        (
            s.Check("a", s.Function("m", (s.FunctionCase("f()", returns="1", raises="E"),))),
            "spec.checks[0].function.cases[0]",
        ),
        (s.Check("a", s.ExitCode(2**40)), "spec.checks[0]"),
        (s.Check("a", s.ExitCode(0), weight=0), "spec.checks[0].weight"),
        (s.Check("\ud800", s.ExitCode(0)), "spec.checks[0]"),
    ],
)
def test_record_that_no_message_can_say_is_refused(check: s.Check, field: str) -> None:
    """Nothing is dropped or changed in silence on the way out."""
    with pytest.raises(InvalidFields) as caught:
        spec_to_proto(s.Spec((check,)))
    assert caught.value.violations[0].field == field


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        (sub.RequestedLimits(pids=0), "limits.pids"),
        (sub.RequestedLimits(wall_seconds=0.0), "limits.wall_seconds"),
        (sub.RequestedLimits(pids=2**31), "limits"),
    ],
)
def test_limit_that_would_read_as_none_is_refused(limits: sub.RequestedLimits, field: str) -> None:
    """A zero on the wire means "as the policy says", which is not what zero asks for."""
    request = VerificationRequest(sub.Submission(()), s.Spec(()), limits=limits)
    with pytest.raises(InvalidFields) as caught:
        request_to_proto(request)
    assert caught.value.violations[0].field == field


def test_argument_that_is_not_unicode_is_refused_by_field() -> None:
    """Bytes of a shell that are no text get an answer, not a crash."""
    request = VerificationRequest(sub.Submission((), arguments=("\udcff",)), s.Spec(()))
    with pytest.raises(InvalidFields) as caught:
        request_to_proto(request)
    assert caught.value.violations[0].field == "submission"


def test_verdict_with_lone_surrogates_and_huge_positions_still_crosses() -> None:
    """A candidate cannot turn its failure into a failure of the service."""
    finding = v.Finding("mypy", "x", v.Severity.ERROR, "\ud800.py", 10**30, -1, "\udfff")
    verdict = v.Verdict(
        "id", v.Status.FAILED, "\ud800", "default", "d", findings=(finding,), score=0.0
    )
    back = verdict_from_proto(verdict_to_proto(verdict))
    assert back.message == "\\ud800"
    assert back.findings[0].path == "\\ud800.py"
    assert (back.findings[0].line, back.findings[0].column) == (2**31 - 1, 0)


@pytest.mark.parametrize(
    "message",
    [
        verdict_pb2.Verdict(),
        verdict_pb2.Verdict(status=99),  # type: ignore[arg-type]
        verdict_pb2.Verdict(status=verdict_pb2.STATUS_PASSED, reason=99),  # type: ignore[arg-type]
        verdict_pb2.Verdict(status=verdict_pb2.STATUS_PASSED, findings=[verdict_pb2.Finding()]),
        verdict_pb2.Verdict(status=verdict_pb2.STATUS_PASSED, checks=[verdict_pb2.CheckResult()]),
        verdict_pb2.Verdict(
            status=verdict_pb2.STATUS_PASSED,
            checks=[verdict_pb2.CheckResult(assurance=verdict_pb2.ASSURANCE_SPLIT)],
        ),
    ],
)
def test_verdict_that_lacks_or_has_unknown_values_is_no_verdict(
    message: verdict_pb2.Verdict,
) -> None:
    """An answer that is not understood is never taken for a pass."""
    with pytest.raises(MalformedAnswer):
        verdict_from_proto(message)


def test_event_of_unknown_kind_is_none() -> None:
    """A newer service may tell more than this client knows."""
    assert event_from_proto(verification_pb2.StreamVerifyResponse(sequence=1)) is None


@pytest.mark.parametrize("text", ["9" * 10, "9" * 10_000, "\u0663", "-1", "", "1.5"])
def test_argument_that_is_no_position_stays_a_text(text: str) -> None:
    """Where it is refused as a name; reading it never fails."""
    copied = spec_pb2.CopyBack(function="f", arguments=[text, "0"])
    check = spec_pb2.Check(name="a", tests=spec_pb2.TestsCheck(copy_back=[copied]))
    kind = spec_from_proto(spec_pb2.Spec(checks=[check])).checks[0].kind
    assert isinstance(kind, s.Tests)
    assert kind.copy_back == (s.CopyBack("f", (text, 0)),)


def test_lifetime_is_one_test_by_default_and_no_other_word() -> None:
    """The field is named."""
    check = spec_pb2.Check(name="a", tests=spec_pb2.TestsCheck())
    kind = spec_from_proto(spec_pb2.Spec(checks=[check])).checks[0].kind
    assert isinstance(kind, s.Tests)
    assert kind.lifetime is s.Lifetime.TEST
    check.tests.lifetime = "forever"
    with pytest.raises(InvalidFields) as caught:
        spec_from_proto(spec_pb2.Spec(checks=[check]))
    assert "tests.lifetime" in caught.value.violations[0].field
