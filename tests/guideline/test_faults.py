"""Every fault of a guideline file is refused with its file, line and path, and nothing else is."""

from __future__ import annotations

import pytest

from rashpath.guideline import load_bytes
from tests.guideline.faults.conditions import CONDITIONS
from tests.guideline.faults.content import CONTENT
from tests.guideline.faults.exact import EXACT
from tests.guideline.faults.fault import Fault
from tests.guideline.faults.reading import READING
from tests.guideline.faults.shape import SHAPE
from tests.guideline.small import NAME, TEXT, edited, line_of, problems_of

ALL = SHAPE | EXACT | CONDITIONS | CONTENT | READING


@pytest.mark.parametrize("fault", ALL.values(), ids=ALL)
def test_fault_is_refused_with_its_place(fault: Fault) -> None:
    """The message names the fault, and its place leads the editor to the right line."""
    text = edited(fault.old, fault.new)
    problems = problems_of(text)
    told = [problem.located() for problem in problems]
    (problem,) = (each for each in problems if each.field == fault.path and fault.says in each.text)
    line = line_of(fault.at or fault.new.strip("\n"), text)
    assert problem.located().startswith(f"{NAME}:{line}: `"), told


ALONE = {
    name: fault
    for name, fault in (SHAPE | EXACT | CONDITIONS).items()
    if name
    not in {
        "second start",
        "no start",
        "fork that leads nowhere",
        "finding twice",
        "edge into the start",
        "node of no kind",
        "edge out of an end",
        "edge that is never taken",
        "case left out",
    }
}


@pytest.mark.parametrize("fault", ALONE.values(), ids=ALONE)
def test_one_fault_gives_one_message(fault: Fault) -> None:
    """What merely follows from a fault is not told beside it."""
    problems = problems_of(edited(fault.old, fault.new))
    assert [fault.path] == [problem.field for problem in problems]


def test_the_toy_guideline_is_accepted() -> None:
    """Without an edit there is nothing to refuse."""
    graph = load_bytes(TEXT.encode(), NAME)
    assert graph.guideline.id == "small"
    assert set(graph.reach.nodes) == set(graph.by_id)


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    """Three faults in one file give three messages from top to bottom."""
    text = edited("urgency: ROUTINE\n", "urgency: ROUTINE\n      gives: wine\n")
    text = text.replace("citation: 1", "citation: 3").replace("id: rest", "id: Rest")
    problems = problems_of(text)
    assert [problem.field for problem in problems] == [
        "statements[0].citation",
        "nodes[6].recommendation.gives",
        "nodes[7].id",
    ]
    lines = [problem.line or 0 for problem in problems]
    assert sorted(lines) == lines


def test_two_definitions_of_each_other() -> None:
    """A circle of definitions is told at each of them, with the way round."""
    text = edited('when: "!contradicted"', "when: ready")
    problems = problems_of(text)
    assert [problem.field for problem in problems] == ["definitions[2].when", "definitions[3].when"]
    assert "`ready` -> `coherent` -> `ready`" in problems[0].text


def test_places_are_found_behind_json_names() -> None:
    """A file in JSON names has its faults told with lines, too."""
    text = edited("case_type: rashpath", "caseType: nowhere").replace("red_flag", "redFlag")
    (problem,) = problems_of(text)
    assert problem.field == "case_type"
    assert problem.line == line_of("caseType", text)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "the input is empty"),
        (b"\xff\xfe\x00", "the input is not UTF-8 text"),
        (b"- 1", "a group of `name: value`"),
        (b"3", "a group of `name: value`"),
        (b"a: &b 1", "anchors are not accepted"),
        (b"#" * (4 * 1024 * 1024 + 1), "more than 4194304"),
    ],
    ids=["empty", "junk", "list", "number", "anchor", "large"],
)
def test_what_is_no_guideline_is_refused(data: bytes, says: str) -> None:
    """A file that holds no guideline at all is refused with its name."""
    (problem,) = problems_of(data)
    assert says in problem.text
    assert problem.located().startswith(NAME)
