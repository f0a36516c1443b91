"""`assize policy lint|test|explain|effective|diff|schema`: policies without a service.

Exit status: 0 all is well; 1 something was found, a test does not hold, or something is looser and
that was not to be; 2 the command line or a file is at fault; 4 it could not be proven.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from assize.cli.exit_codes import ExitStatus
from assize.cli.terminal import one_line
from assize.cli.verify import Format, FormatOption
from assize.counts import counted
from assize_server.cli.policy_diff import diff
from assize_server.cli.policy_effective import effective
from assize_server.cli.policy_explain import explain
from assize_server.cli.policy_files import (
    Json,
    Tested,
    faults_told,
    fixture_faults,
    loaded,
    people,
    position,
    print_json,
    tested,
)
from assize_server.core.lint import Remark, Severity, lint
from assize_server.policies.load import LoadedPolicy
from assize_server.policies.schema import json_schema
from assize_server.policies.static_fixtures import FixtureFault

app = typer.Typer(
    help="Check, test, explain and compare policy files, offline.", no_args_is_help=True
)
app.command()(explain)
app.command()(effective)
app.command()(diff)

PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PATH]...",
        exists=True,
        help="Policy files, or folders of them. By default ASSIZE_POLICIES, else the package's.",
        show_default=False,
    ),
]


@app.command("lint")
def lint_policies(
    paths: PathsArgument = None,
    approvers: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="The file of approvers: rules that nobody could approve are found, too.",
        ),
    ] = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Find rules that never decide, are not tested, say no why, or cost too much.

    Of a folder, the fixtures of its static rules are run, too.

    Notes are told and do not fail it. Exit status: 0 clean, 1 something was found, 2 a file is at
    fault, 4 it could not be proven which rules decide.

    Example: assize policy lint policies/

    Example: assize policy lint policies/default.yaml --approvers policies/approvers.yaml -o json
    """
    with faults_told():
        groups = people(approvers) if approvers else None
        found = [
            (policy, remark)
            for policy in loaded(paths or [])
            for remark in lint(policy.rules, policy.tests, groups)
        ]
        faults = fixture_faults(paths or [])
    remarks = [_Told.of(policy, remark) for policy, remark in found]
    remarks += [_Told.of_fixture(fault) for fault in faults]
    if output is Format.JSON:
        print_json(
            {"format": "assize.policy-lint.v1", "remarks": [asdict(remark) for remark in remarks]}
        )
    else:
        for remark in remarks:
            typer.echo(remark.line_of_text())
    severities = {remark.severity for remark in remarks}
    if Severity.UNKNOWN in severities:
        raise typer.Exit(ExitStatus.UNKNOWN)
    if Severity.ERROR in severities:
        raise typer.Exit(ExitStatus.FAILED)


@app.command("test")
def run_tests(
    paths: PathsArgument = None,
    wants_coverage: Annotated[
        bool,
        typer.Option("--coverage", help="Demand of each rule a hit and a near miss; show both."),
    ] = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Run the tests in policy files.

    A hit of a rule is a test that it decides. A near miss is one of an effect that meets all that
    the rule asks but one of kind, path, table and size.

    Exit status: 0 all hold, 1 one does not or (with --coverage) a rule lacks one, 2 a file is at
    fault.

    Example: assize policy test --coverage policies/
    """
    with faults_told():
        results = tested(paths or [])
    if output is Format.JSON:
        print_json(
            {"format": "assize.policy-test.v1", "files": [_tested(result) for result in results]}
        )
    else:
        for result in results:
            _print_tested(result, wants_coverage=wants_coverage)
    is_covered = all(each.is_covered for result in results for each in result.coverage)
    if any(result.faults for result in results) or (wants_coverage and not is_covered):
        raise typer.Exit(ExitStatus.FAILED)


@app.command()
def schema() -> None:
    """Print the JSON Schema of policy files, for editors.

    Example: assize policy schema > policy.schema.json
    """
    typer.echo(json_schema(), nl=False)


@dataclass(frozen=True, slots=True)
class _Told:
    """A remark as it is printed, and as a document."""

    file: str
    line: int
    column: int
    policy: str
    """Empty: it is about a static rule."""
    rule: str
    """Empty: it is about all of them."""
    code: str
    severity: Severity
    text: str

    @classmethod
    def of(cls, policy: LoadedPolicy, remark: Remark) -> "_Told":
        place = () if remark.rule is None else ("rules", remark.rule)
        at = position(policy.document, *place, remark.key)
        rule = "" if remark.rule is None else policy.rules.rules[remark.rule].id
        name, source = policy.policy.name, policy.document.source
        return cls(
            source, at.line, at.column, name, rule, remark.code, remark.severity, remark.text
        )

    @classmethod
    def of_fixture(cls, fault: FixtureFault) -> "_Told":
        at = fault.position
        return cls(
            fault.file,
            at.line,
            at.column,
            "",
            fault.rule,
            "fixture",
            Severity.ERROR,
            fault.problem,
        )

    def line_of_text(self) -> str:
        """Return it in one line, as editors and CI read it."""
        rule = f"{self.rule}: " if self.rule else ""
        where = f"{self.file}:{self.line}:{self.column}"
        return one_line(f"{where}: {self.severity} {self.code}: {rule}{self.text}")


def _tested(result: Tested) -> Json:
    places = [(position(result.document, "tests", index), fault) for index, fault in result.faults]
    return {
        "file": result.document.source,
        "policy": result.name,
        "tests": result.tests,
        "failed": [
            {"line": at.line, "column": at.column, "problem": fault} for at, fault in places
        ],
        "coverage": [
            {
                "rule": each.rule,
                "hits": each.hits,
                "near_misses": each.near_misses,
                "needs_near_miss": each.needs_near_miss,
                "covered": each.is_covered,
            }
            for each in result.coverage
        ],
    }


def _print_tested(result: Tested, *, wants_coverage: bool) -> None:
    source = one_line(result.document.source)
    for index, fault in result.faults:
        at = position(result.document, "tests", index)
        typer.echo(f"{source}:{at.line}:{at.column}: {one_line(fault)}")
    held = result.tests - len(result.faults)
    covered = sum(each.is_covered for each in result.coverage)
    summary = f"{source}: {held} of {counted(result.tests, 'test')} hold"
    if wants_coverage:
        summary += f", {covered} of {counted(len(result.coverage), 'rule')} covered"
        for each in result.coverage:
            lacks = "" if each.is_covered else "  not covered"
            typer.echo(
                f"  {each.rule.ljust(20)} {counted(each.hits, 'hit')}, "
                f"{counted(each.near_misses, 'near miss', 'near misses')}{lacks}"
            )
    typer.echo(summary)
