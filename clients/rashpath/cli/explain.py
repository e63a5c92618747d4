"""The command `explain`: why a decision came about, and what would change it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from rashpath.cli.auditor import Source, open_auditor
from rashpath.cli.errors import CommandError
from rashpath.cli.options import (
    Audience,
    AudienceOption,
    DigestOption,
    GuidelineOption,
    examples,
    selector,
)

if TYPE_CHECKING:
    from rashpath.v1.decision_service_pb2 import ExplainPathRequest, ExplainPathResponse

EXAMPLES = examples(
    "rashpath explain case.yaml",
    "rashpath explain case.yaml --why start_foscarnet",
    "rashpath explain case.yaml --why-not acyclovir_oral_hiv_zoster --audience patient",
    "rashpath explain case.yaml --what-would-change start_foscarnet",
    "rashpath explain case.yaml --what-if rash.trend=IMPROVING --what-if immune.hiv=",
    "rashpath explain --decision 01JDB7Q9V2M8K4T6W3XNRYHCFA --why start_foscarnet",
    "rashpath explain --decision 01JDB7Q9V2M8K4T6W3XNRYHCFA --store sqlite:///copy-of-audit.db",
)


class ExplanationFormat(StrEnum):
    """How an explanation is written."""

    TEXT = "text"
    JSON = "json"


def fact_names(incomplete: str) -> list[str]:
    """Returns the facts that a beginning of ``--what-if`` may mean, for shell completion."""
    from rashpath.facts.dictionary import Choice, Dictionary
    from rashpath.v1 import facts_pb2

    dictionary = Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR)
    path, equals, _ = incomplete.partition("=")
    if equals and path in dictionary:
        kind = dictionary[path].kind
        values = [value.short for value in kind.values] if isinstance(kind, Choice) else []
        return [f"{path}={value}" for value in values]
    return [f"{fact.path}=" for fact in dictionary]


def explain(
    source: Source,
    case: Annotated[
        str, typer.Argument(metavar="[CASE]", help="YAML or JSON file; `-` is stdin.")
    ] = "",
    decision: Annotated[
        str,
        typer.Option("--decision", metavar="ID", help="Recorded decision, instead of a case."),
    ] = "",
    why: Annotated[
        list[str] | None,
        typer.Option("--why", metavar="ID", help="Recommendation to explain; may be repeated."),
    ] = None,
    why_not: Annotated[
        list[str] | None,
        typer.Option("--why-not", metavar="ID", help="The same, for one that does not apply."),
    ] = None,
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            "--what-if",
            metavar="FACT=VALUE",
            help="Compare with a changed fact; nothing behind the `=` makes it unknown.",
            autocompletion=fact_names,
        ),
    ] = None,
    what_would_change: Annotated[
        list[str] | None,
        typer.Option(
            "--what-would-change",
            metavar="ID",
            help="Recommendation to tell which changes of facts would turn; may be repeated.",
        ),
    ] = None,
    guideline: GuidelineOption = "",
    digest: DigestOption = "",
    audience: AudienceOption = Audience.CLINICIAN,
    format_: Annotated[
        ExplanationFormat, typer.Option("--format", help="How the explanation is written.")
    ] = ExplanationFormat.TEXT,
) -> None:
    """Explain the decision of a case, or a recorded one.

    Tells every step and why each recommendation applies, does not apply or is
    open; or only those that --why and --why-not name. --what-if tells what
    other facts would change, --what-would-change which facts it would take.
    """
    if bool(case) == bool(decision):
        raise CommandError("give a case or `--decision ID`, one of them")
    if decision and (guideline or digest):
        raise CommandError("a recorded decision names its own guideline; leave `--guideline` out")
    source.require_decision(decision)
    from rashpath.cli.words import audience_message
    from rashpath.v1.decision_service_pb2 import ExplainPathRequest

    request = ExplainPathRequest(
        why=why,
        why_not=why_not,
        what_would_change=what_would_change,
        audience=audience_message(audience),
    )
    if decision:
        request.decision_id = decision
    else:
        from rashpath.cli.cases import read_case

        request.patient_case.CopyFrom(read_case(case))
        request.guideline.CopyFrom(selector(guideline, digest))
    for fact, value in _changes(what_if or []).items():
        request.what_if.add(fact=fact, value=value)
    explained = _explained(source, request)
    if format_ is ExplanationFormat.JSON:
        from rashpath.cli.output import as_json

        print(as_json(explained))
        return
    from rashpath.cli.explanation_text import explanation_page
    from rashpath.cli.page import show

    show(explanation_page(request, explained, audience=audience))


def _explained(source: Source, request: ExplainPathRequest) -> ExplainPathResponse:
    changes = {change.fact: change.value for change in request.what_if}
    if request.decision_id:
        with open_auditor(source.connection, source.store) as auditor:
            return auditor.explain_decision(
                request.decision_id,
                why=request.why,
                why_not=request.why_not,
                what_if=changes,
                what_would_change=request.what_would_change,
                audience=request.audience,
            )
    with source.connection.open() as decider:
        return decider.explain_path(
            request.patient_case,
            guideline=request.guideline,
            why=request.why,
            why_not=request.why_not,
            what_if=changes,
            what_would_change=request.what_would_change,
            audience=request.audience,
        )


def _changes(assignments: list[str]) -> dict[str, str]:
    """Returns the value that each fact is changed to, empty for unknown.

    Raises:
        FactsError: with every assignment that names no fact or no value of it.
        CommandError: a fact is changed twice.
    """
    from rashpath.facts.assignment import find_fact, parse_assignment
    from rashpath.facts.dictionary import Dictionary
    from rashpath.facts.errors import FactsError, Problem
    from rashpath.v1 import facts_pb2

    dictionary = Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR)
    changes: dict[str, str] = {}
    problems: list[Problem] = []
    for assignment in assignments:
        name, equals, value = (part.strip() for part in assignment.partition("="))
        try:
            if equals and not value:
                find_fact(name, dictionary)
            else:
                parse_assignment(assignment, dictionary)
        except FactsError as error:
            problems.extend(error.problems)
            continue
        if name in changes:
            raise CommandError(f"`--what-if` changes `{name}` twice")
        changes[name] = value
    if problems:
        raise FactsError(problems)
    return changes
