"""Answers that a released guideline must give: a few cases that a server decides at each start.

They show that the engine and the content that a server has together decide as they did when the
version was released: a wrong library, a damaged file or a changed engine is noticed before the
first patient. They are compact: status, urgency, verdicts, findings and doses, not the words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from rashpath.expression.evaluate import Facts
from rashpath.facts.check import check, given
from rashpath.facts.dictionary import Choice
from rashpath.facts.document import parse
from rashpath.facts.errors import FactsError
from rashpath.facts.message import fill
from rashpath.facts.plain import Plain, fault
from rashpath.facts.show import symbol
from rashpath.guideline.model import DecisionGraph, Finding
from rashpath.guideline.release import (
    ReleaseError,
    read_release,
    release_path,
    write_part,
)
from rashpath.readings.walk import Verdict, Walk, walk
from rashpath.v1 import guideline_pb2

SELF_TEST = "self_test"
"""Key of the cases in a release file."""

MOST = 50
"""Most cases of a self-test: each start walks all of them."""


def write_self_test(graph: DecisionGraph, path: Path, files: Sequence[Path]) -> int:
    """Writes what the guideline answers to some cases into the release file beside it.

    It writes what *is* answered: that it is right is for the case files' own expectations and for
    who reads the difference of the release file.

    Args:
        graph: the guideline.
        path: its file.
        files: case files: facts, or a mapping with `facts`; 1 to 50.

    Returns:
        How many cases were written; those there were are replaced.

    Raises:
        FactsError: a case file has faults, or there are too many or none.
        ReleaseError: the release file cannot be understood or would become too large.
        OSError: a file cannot be read or written.
    """
    if not 1 <= len(files) <= MOST:
        raise fault(str(path), f"a self-test has 1 to {MOST} cases, not {len(files)}")
    cases = []
    for file in files:
        document = parse(file.read_bytes(), str(file))
        content = document.value
        facts: Plain = content
        if isinstance(content, dict) and "facts" in content:
            facts = content["facts"]
        known = _facts(graph, facts, str(file))
        cases.append(
            {
                "name": f"{file.parent.name}/{file.stem}",
                "facts": _nested(graph, known),
                "answer": compact(walk(graph, known)),
            }
        )
    write_part(graph, path, SELF_TEST, cases)
    return len(cases)


def count_of(graph: DecisionGraph, path: Path) -> int:
    """Returns how many cases the self-test of a guideline has; 0 where it has none.

    Raises:
        ReleaseError: the release file cannot be understood.
        OSError: it cannot be read.
    """
    return len(_cases(graph, path))


def failures(graph: DecisionGraph, path: Path) -> tuple[str, ...]:
    """Returns what a guideline answers otherwise than its release file says, in words.

    Args:
        graph: the guideline.
        path: its file; the release file lies beside it. One for another text says nothing.

    Returns:
        One line for each case that differs; empty where all are as expected or there are none.

    Raises:
        ReleaseError: the release file cannot be understood.
        OSError: it cannot be read.
    """
    return tuple(_differences(graph, _cases(graph, path)))


def compact(walked: Walk) -> dict[str, Any]:
    """Returns what a walk decides, without any words.

    Returns:
        `status`, `urgency`, ids of what `applies` and what is `undetermined`, `findings` by id and
        `doses_mg` by recommendation (None: withheld); all in the order of the guideline.
    """
    nodes = walked.graph.recommendations
    verdicts = {node.id: walked.step(node.id).verdict for node in nodes}
    return {
        "status": "DECIDED" if walked.decided else "NEEDS_FACTS",
        "urgency": guideline_pb2.Urgency.Name(walked.urgency).removeprefix("URGENCY_"),
        "applies": [id for id in verdicts if verdicts[id] is Verdict.APPLIES],
        "undetermined": [id for id in verdicts if verdicts[id] is Verdict.UNDETERMINED],
        "findings": {
            step.node.finding: step.node.value
            for step in walked.steps
            if isinstance(step.node, Finding) and step.verdict is Verdict.APPLIES
        },
        "doses_mg": {id: dose.mg for id, dose in walked.doses.items()},
    }


def _differences(graph: DecisionGraph, cases: list[Any]) -> Iterator[str]:
    for each in cases:
        try:
            name, expected = str(each["name"]), dict(each["answer"])
            facts = _facts(graph, each["facts"], name)
        except (FactsError, KeyError, TypeError, ValueError):
            yield "a case of it cannot be read"
            continue
        answer = compact(walk(graph, facts))
        wrong = [
            key for key in sorted({*answer, *expected}) if answer.get(key) != expected.get(key)
        ]
        if wrong:
            yield f"`{name}` has another {', '.join(f'`{key}`' for key in wrong)} than released"


def _cases(graph: DecisionGraph, path: Path) -> list[Any]:
    release = read_release(release_path(path))
    if release is None or release.digest != graph.digest:
        return []
    cases = release.rest.get(SELF_TEST, [])
    if not isinstance(cases, list) or len(cases) > MOST:
        raise ReleaseError(f"`{SELF_TEST}` in the release file is no list of {MOST} cases or fewer")
    return cases


def _facts(graph: DecisionGraph, plain: Plain, source: str) -> Facts:
    message_class: type[Message] = GetMessageClass(
        Default().FindMessageTypeByName(graph.guideline.case_type)
    )
    case = fill(message_class, plain, source=source)
    problems, _ = check(case, graph.dictionary)
    if problems:
        raise FactsError(problems)
    return given(case, graph.dictionary)


def _nested(graph: DecisionGraph, facts: Facts) -> dict[str, dict[str, Any]]:
    """Returns facts by group and name, choices as words, as a case file has them."""
    found: dict[str, dict[str, Any]] = {}
    for path, value in facts.items():
        fact = graph.dictionary[path]
        shown = symbol(fact, value) if isinstance(fact.kind, Choice) else value
        found.setdefault(fact.group, {})[fact.name] = shown
    return found
