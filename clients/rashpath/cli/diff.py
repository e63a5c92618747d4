"""The command `guideline diff`: what two guidelines decide differently, over all cases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rashpath.cli.connection import Connection
from rashpath.cli.errors import CommandError, ExitCode
from rashpath.cli.options import examples, selector

if TYPE_CHECKING:
    from rashpath.guideline import DecisionGraph
    from rashpath.v1.comparison_pb2 import ChangedAnswer
    from rashpath.v1.guideline_service_pb2 import CompareGuidelinesResponse

EXAMPLES = examples(
    "rashpath guideline diff valacyclovir_spreading_rash@1.0.0 my_guideline/1.1.0.yaml",
    "rashpath guideline diff old.yaml new.yaml --cases tests/cases --exit-code",
    "rashpath guideline diff old.yaml new.yaml --ledger sqlite:///audit.db --format json",
    "rashpath guideline diff old.yaml new.yaml --diagram difference.svg",
)

_GUIDELINE = "A guideline file, or ID[@VERSION] of one that the server serves."


class DiffFormat(StrEnum):
    """How a difference is written."""

    TEXT = "text"
    JSON = "json"


def diff(
    connection: Connection,
    before: Annotated[str, typer.Argument(metavar="A", help=_GUIDELINE)],
    after: Annotated[str, typer.Argument(metavar="B", help=_GUIDELINE)],
    cases: Annotated[
        Path | None,
        typer.Option("--cases", metavar="DIR", help="Name the case files whose answers differ."),
    ] = None,
    ledger: Annotated[
        str,
        typer.Option(
            "--ledger", metavar="URL", help="Name the recorded decisions that would differ."
        ),
    ] = "",
    keyring: Annotated[
        Path | None,
        typer.Option(
            "--keyring",
            metavar="FILE",
            envvar="RASHPATH_AUDIT_KEYRING_FILE",
            help="With --ledger: the keys that open what is recorded.",
        ),
    ] = None,
    diagram: Annotated[
        Path | None,
        typer.Option("--diagram", metavar="FILE", help="Also draw the difference as SVG."),
    ] = None,
    format_: Annotated[
        DiffFormat, typer.Option("--format", help="How it is written.")
    ] = DiffFormat.TEXT,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 5 if the answer to any case differs.")
    ] = False,
) -> None:
    """Tell what two guidelines decide differently, over all cases.

    For each recommendation, finding, dose and urgency: proved the same, or a
    smallest case that shows the difference, both answers to it, and in words
    where they differ. Two files need no server. Exits with 0 whatever differs,
    unless --exit-code is given.
    """
    if cases is not None and not cases.is_dir():
        raise CommandError(f"`{cases}`: no such folder")
    if keyring is not None and not ledger:
        keyring = None
    files = [_is_file(name) for name in (before, after)]
    if not any(files) and cases is None and not ledger and diagram is None:
        with connection.open() as decider:
            response = decider.compare_guidelines(selector(before), selector(after))
    else:
        response = _compared(connection, before, after, cases, ledger, keyring, diagram)
    if format_ is DiffFormat.JSON:
        from rashpath.cli.output import as_json

        print(as_json(response))
    else:
        from rashpath.cli.diff_text import diff_page
        from rashpath.cli.page import show

        show(diff_page(response))
    if exit_code and _differs(response):
        raise typer.Exit(ExitCode.CHECK_FAILED)


def _compared(
    connection: Connection,
    before: str,
    after: str,
    cases: Path | None,
    ledger: str,
    keyring: Path | None,
    diagram: Path | None,
) -> CompareGuidelinesResponse:
    """Compares in process, with what only this machine has: files, cases, a ledger."""
    from rashpath.readings.difference import DifferenceError, compare
    from rashpath.readings.difference.message import message

    first, second = _graph(connection, before), _graph(connection, after)
    try:
        comparison = compare(first, second)
    except DifferenceError as error:
        raise CommandError(str(error)) from None
    response = message(comparison)
    found: list[Iterator[ChangedAnswer]] = []
    if cases is not None:
        found.append(_of_cases(first, second, cases))
    if ledger:
        found.append(_of_ledger(first, second, ledger, keyring))
    for answers in found:
        for answer in answers:
            response.answers_compared += 1
            if answer.changes:
                response.changed.append(answer)
    if diagram is not None:
        from rashpath.readings.difference.picture import draw_difference

        try:
            diagram.write_bytes(draw_difference(comparison).content)
        except OSError as error:
            reason = (error.strerror or "cannot be written").lower()
            raise CommandError(f"`{diagram}`: {reason}", exit_code=ExitCode.OUR_FAULT) from None
    return response


def _is_file(name: str) -> bool:
    return name.endswith((".yaml", ".yml", ".json")) or "/" in name


def _graph(connection: Connection, name: str) -> DecisionGraph:
    """Returns a guideline from a file, or from what answers.

    Raises:
        CommandError: there is no such file, or it is faulty.
    """
    from rashpath.guideline import GuidelineError, load_bytes

    if _is_file(name):
        try:
            data = Path(name).read_bytes()
        except OSError as error:
            reason = (error.strerror or "cannot be read").lower()
            raise CommandError(f"`{name}`: {reason}") from None
    else:
        from rashpath.cli.output import as_plain

        with connection.open() as decider:
            served = decider.get_guideline(selector(name))
        data = json.dumps(as_plain(served.guideline)).encode()
    try:
        return load_bytes(data, name)
    except GuidelineError as error:
        raise CommandError(*(problem.located() for problem in error.problems)) from None


def _of_cases(before: DecisionGraph, after: DecisionGraph, folder: Path) -> Iterator[ChangedAnswer]:
    """Yields what differs for each case file of a folder, by path.

    A file holds a case, or a case below `facts`.

    Raises:
        FactsError: a file holds no case.
        CommandError: the guidelines are not about patients.
    """
    from rashpath.facts.check import given
    from rashpath.facts.document import parse
    from rashpath.facts.message import fill
    from rashpath.readings.difference import changed
    from rashpath.v1.comparison_pb2 import ChangedAnswer
    from rashpath.v1.facts_pb2 import PatientCase

    _require_patients(before, "--cases")
    for path in sorted((*folder.rglob("*.yaml"), *folder.rglob("*.json"))):
        document = parse(path.read_bytes(), str(path))
        content = document.value
        if isinstance(content, dict) and "facts" in content:
            case = fill(PatientCase, content["facts"] or {}, source=str(path))
        else:
            case = fill(PatientCase, content, document.places, str(path))
        differing = changed(before, after, given(case, before.dictionary))
        yield ChangedAnswer(name=path.relative_to(folder).as_posix(), changes=differing)


def _of_ledger(
    before: DecisionGraph, after: DecisionGraph, url: str, keyring: Path | None
) -> Iterator[ChangedAnswer]:
    """Yields what differs for each recorded decision of the first guideline, the newest first.

    Decisions whose content was erased are left out.

    Raises:
        CommandError: the ledger cannot be read, or the guidelines are not about patients.
    """
    from rashpath.cli.auditor import StorePlace
    from rashpath.cli.store import StoreAuditor
    from rashpath.facts.check import given
    from rashpath.readings.difference import changed
    from rashpath.v1.comparison_pb2 import ChangedAnswer

    _require_patients(before, "--ledger")
    with StoreAuditor(StorePlace(url, keyring)) as auditor:
        token = ""
        while True:
            page = auditor.list_decisions(guideline=before.guideline.id, page_token=token)
            for listed in page.decisions:
                if listed.erased:
                    continue
                recorded = auditor.get_decision(listed.record.id).decision
                facts = given(recorded.patient_case, before.dictionary)
                yield ChangedAnswer(name=listed.record.id, changes=changed(before, after, facts))
            token = page.next_page_token
            if not token:
                return


def _require_patients(graph: DecisionGraph, option: str) -> None:
    from rashpath.v1.facts_pb2 import PatientCase

    if graph.dictionary.case_type != PatientCase.DESCRIPTOR.full_name:
        raise CommandError(f"`{option}` has cases of patients; the guidelines decide others")


def _differs(response: CompareGuidelinesResponse) -> bool:
    from rashpath.v1 import comparison_pb2

    silent = (comparison_pb2.CONTENT_KIND_LOGIC, comparison_pb2.CONTENT_KIND_RELEASE)
    return not response.equivalent or any(each.kind not in silent for each in response.content)
