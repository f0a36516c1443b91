"""Records as documents, digests, and messages: what comes back is what was written."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.approvals import PROGRAM, bundle, commit_hold, execution_hold

from assize.approvals.bundles import from_file, to_file
from assize.approvals.digests import (
    SHOWN_FILE_BYTES,
    held_program,
    require_honest,
    shown_digest,
    subject_digest,
    submission_digest,
)
from assize.approvals.documents import parsed, read, written
from assize.approvals.refusals import Refused
from assize.convert.holds import hold_from_proto, hold_to_proto
from assize.model.approvals import (
    AskingRule,
    Hold,
    HoldKind,
    RequiredApproval,
)
from assize.model.effects import (
    Decision,
    Effect,
    EffectKind,
    FileState,
    FileType,
    RowChange,
    WeighedEffect,
)
from assize.model.submission import SourceFile, Submission

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
COUNT = st.integers(0, 2**31 - 1)
COLUMNS = st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple)
STATES = st.none() | st.builds(FileState, st.sampled_from(FileType), COUNT, COUNT, TEXT, TEXT)
EFFECTS = st.builds(
    Effect,
    st.sampled_from(EffectKind),
    TEXT,
    TEXT,
    STATES,
    STATES,
    TEXT,
    COUNT,
    st.lists(st.builds(RowChange, COLUMNS, COLUMNS, COLUMNS), max_size=2).map(tuple),
    TEXT,
    TEXT,
)
WEIGHED = st.builds(WeighedEffect, EFFECTS, st.sampled_from(Decision), TEXT, TEXT)
HOLDS = st.builds(
    Hold,
    id=TEXT,
    kind=st.sampled_from(HoldKind),
    verification_id=TEXT,
    workspace=TEXT,
    base=TEXT,
    result=TEXT,
    submitter=TEXT,
    subject=TEXT,
    policy=TEXT,
    policy_digest=TEXT,
    rules=st.lists(st.builds(AskingRule, TEXT, TEXT), max_size=2).map(tuple),
    required=st.builds(RequiredApproval, st.lists(TEXT, max_size=2).map(tuple), COUNT),
    audience=TEXT,
    created_at=COUNT,
    expires_at=COUNT,
    weighed=st.lists(WEIGHED, max_size=2).map(tuple),
    program=st.none() | st.just(held_program(PROGRAM)),
    findings=st.just(execution_hold().findings),
)


@given(HOLDS)
def test_hold_comes_back_from_its_document_and_its_message(hold: Hold) -> None:
    """So that service and approver compute the same digests."""
    assert read(Hold, written(hold)) == hold
    assert hold_from_proto(hold_to_proto(hold)) == hold


@given(HOLDS, HOLDS)
def test_holds_that_differ_have_other_digests(one: Hold, other: Hold) -> None:
    """What was shown has one name."""
    assert (shown_digest(one) == shown_digest(other)) == (one == other)


def test_bundle_comes_back_from_its_file() -> None:
    """With its nonce."""
    assert from_file(to_file(bundle())) == bundle()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        written(bundle()),
        to_file(bundle()).replace(b"assize.bundle.v1", b"assize.bundle.v2"),
        to_file(bundle()).replace(b'"fs.delete"', b'"fs.destroy"'),
        to_file(bundle()).replace(b'"quorum":1', b'"quorum":"1"'),
        to_file(bundle()).replace(b'"quorum":1', b'"quorum":1.0'),
        to_file(bundle()).replace(b'"quorum":1', b'"quorum":1,"more":1'),
        to_file(bundle()).replace(b'"quorum":1', b'"quorum":1,"quorum":1'),
        to_file(bundle()).replace(b'"rows":[]', b'"rows":{}'),
    ],
    ids=range(10),
)
def test_file_of_another_form_is_refused(data: bytes) -> None:
    """Nothing in it is guessed."""
    with pytest.raises(Refused):
        from_file(data)


@given(st.binary(max_size=60))
def test_bytes_that_are_no_document_are_refused(data: bytes) -> None:
    """Never another error."""
    try:
        parsed(data)
    except Refused:
        return
    json.loads(data)


def test_record_with_a_value_too_many_in_a_pair_is_refused() -> None:
    """Pairs are pairs."""
    document = written(execution_hold()).replace(b'"environment":[]', b'"environment":[["a"]]')
    with pytest.raises(Refused):
        read(Hold, document)


def test_honest_holds_name_what_they_show() -> None:
    """Both kinds."""
    for hold in (commit_hold(), execution_hold()):
        require_honest(hold)
        assert subject_digest(hold) == hold.subject


@pytest.mark.parametrize(
    "hold",
    [
        replace(commit_hold(), weighed=commit_hold().weighed[:1]),
        replace(commit_hold(), result="e" * 64),
        replace(commit_hold(), workspace="bank"),
        replace(execution_hold(), program=None),
        replace(
            execution_hold(),
            program=held_program(Submission((SourceFile("main.py", b"print(1)"),), "main.py")),
        ),
    ],
    ids=range(5),
)
def test_hold_that_shows_something_else_than_it_names_is_refused(hold: Hold) -> None:
    """An approver's tools do not believe the service."""
    with pytest.raises(Refused):
        require_honest(hold)


def test_text_that_is_not_what_its_digest_says_is_refused() -> None:
    """A program that is shown is the program that runs."""
    hold = execution_hold()
    assert hold.program is not None
    (file,) = hold.program.files
    forged = replace(hold.program, files=(replace(file, text="print('harmless')\n"),))
    with pytest.raises(Refused):
        require_honest(replace(hold, program=forged))


@pytest.mark.parametrize(
    "forgery",
    [
        {"text": "", "size_bytes": 0},
        {"text": "", "size_bytes": 0, "path": "empty.py"},
        {"size_bytes": 1},
    ],
    ids=range(3),
)
def test_file_that_is_told_to_be_empty_or_shorter_is_refused(forgery: dict[str, Any]) -> None:
    """The size is in no digest: what is told to be empty would be shown as nothing at all."""
    hold = execution_hold()
    assert hold.program is not None
    (file,) = hold.program.files
    program = replace(hold.program, files=(replace(file, **forgery),))
    forged = replace(hold, program=program, subject=submission_digest(program))
    with pytest.raises(Refused):
        require_honest(forged)


def test_empty_file_is_honest() -> None:
    """There is nothing to be shown of it."""
    program = held_program(replace(PROGRAM, files=(SourceFile("main.py", b""),)))
    hold = replace(execution_hold(), program=program, subject=submission_digest(program))
    require_honest(hold)


@pytest.mark.parametrize(
    "hold",
    [
        replace(commit_hold(), program=execution_hold().program),
        replace(commit_hold(), findings=execution_hold().findings),
        replace(execution_hold(), weighed=commit_hold().weighed),
    ],
    ids=range(3),
)
def test_hold_that_shows_what_its_kind_does_not_bind_is_refused(hold: Hold) -> None:
    """A harmless program beside effects, or effects before a run, would only mislead."""
    with pytest.raises(Refused):
        require_honest(hold)


def test_everything_that_is_run_is_bound() -> None:
    """Path, content, entry point, arguments, environment and input each change the digest."""
    variants = [
        PROGRAM,
        replace(PROGRAM, files=(SourceFile("other.py", PROGRAM.files[0].content),)),
        replace(PROGRAM, files=(SourceFile("main.py", b"x"),)),
        replace(PROGRAM, entry_point=None),
        replace(PROGRAM, arguments=("x",)),
        replace(PROGRAM, environment={"A": "b"}),
        replace(PROGRAM, stdin=b"x"),
    ]
    digests = {submission_digest(held_program(each)) for each in variants}
    assert len(digests) == len(variants)


@pytest.mark.parametrize("content", [b"\xff", b"x" * (SHOWN_FILE_BYTES + 1)])
def test_file_that_is_no_text_or_long_is_named_and_not_shown(content: bytes) -> None:
    """Its digest still binds it."""
    program = held_program(Submission((SourceFile("data", content),)))
    assert (program.files[0].text, program.files[0].size_bytes) == ("", len(content))
