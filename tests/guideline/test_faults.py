"""Every fault of a guideline file is refused with its file, line and path, and nothing else is."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from rashpath.guideline import load_bytes
from tests.guideline.small import NAME, TEXT, edited, line_of, problems_of


@dataclass(frozen=True, slots=True)
class Fault:
    """One edit that breaks the toy guideline.

    Args:
        old: a passage of the file.
        new: what stands in its place.
        path: where the fault is.
        says: part of the message.
        at: a passage of the edited file that begins on the fault's line; empty: `new` does.
    """

    old: str
    new: str
    path: str
    says: str
    at: str = ""


TO_TELL = "  - {from_node: steady, to_node: tell}\n"
DANGER = "    when: rash.trend == SPREADING && renal.stable == ABSENT\n"
LIGHT = "when: patient.weight_kg <= 50.0"

SHAPE = {
    "cycle": Fault(
        TO_TELL,
        TO_TELL + "  - {from_node: tell, to_node: ask_size}\n",
        "nodes[6]",
        "is on a cycle: `tell` -> `ask_size` -> `tell`",
        "id: tell",
    ),
    "own neighbour": Fault(
        TO_TELL,
        TO_TELL + "  - {from_node: steady, to_node: steady}\n",
        "nodes[4]",
        "is on a cycle: `steady` -> `steady`",
        "id: steady",
    ),
    "second start": Fault(
        "  - id: rest\n",
        "  - {id: begin, title: {clinician: b, patient: b}, start: {}}\n  - id: rest\n",
        "nodes[7]",
        "`begin` is a second start beside `start`",
        "id: begin",
    ),
    "second root": Fault(
        "  - id: rest\n",
        "  - {id: island, title: {clinician: i, patient: i}, finding: {}}\n  - id: rest\n",
        "nodes[7]",
        "`island` is a second root: no edge enters it",
        "id: island",
    ),
    "no start": Fault("    start: {}\n", "    all: {}\n", "nodes", "there is no start", "nodes:"),
    "edge into the start": Fault(
        TO_TELL,
        TO_TELL + "  - {from_node: tell, to_node: start}\n",
        "nodes[0]",
        "an edge from `tell` enters the start",
        "id: start\n",
    ),
    "edge from nowhere": Fault(
        "from_node: steady", "from_node: stedy", "edges[8].from_node", "`stedy` is not a node"
    ),
    "edge to nowhere": Fault(
        "steady, to_node: tell", "steady, to_node: yell", "edges[8].to_node", "`yell` is not a node"
    ),
    "edge twice": Fault(
        TO_TELL,
        TO_TELL + "  - {to_node: tell, from_node: steady}\n",
        "edges[9]",
        "there is already an edge from `steady` to `tell`",
        "{to_node: tell, from_node: steady}",
    ),
    "edge out of an end": Fault(
        TO_TELL,
        TO_TELL + "  - {from_node: rest, to_node: tell}\n",
        "nodes[7]",
        "`rest` is an end, but an edge leaves it",
        "id: rest",
    ),
    "decision with one branch": Fault(
        "  - from_node: ask_size\n"
        "    to_node: rest\n"
        "    otherwise: true\n"
        "    text: {clinician: small, patient: small}\n",
        "",
        "nodes[5]",
        "`ask_size` is a decision with fewer than two branches",
        "id: ask_size",
    ),
    "branch without condition": Fault(
        "    when: rash.trend == UNCHANGED\n",
        "",
        "edges[4]",
        "a branch has a condition or is `otherwise`",
        "from_node: ask_trend\n    to_node: steady",
    ),
    "branch without words": Fault(
        "    text: {clinician: it stays, patient: it stays}\n",
        "",
        "edges[4]",
        "a branch needs a text for both audiences",
        "from_node: ask_trend\n    to_node: steady",
    ),
    "condition outside a decision": Fault(
        "{from_node: steady, to_node: tell}",
        "{from_node: steady, to_node: tell, when: grown}",
        "edges[8]",
        "`steady` is no decision; its edges have no condition",
    ),
    "fork that leads nowhere": Fault(
        "    end: {}\n", "    all: {}\n", "nodes[7]", "`rest` leads nowhere", "id: rest"
    ),
    "node of no kind": Fault(
        "    end: {}\n", "", "nodes[7]", "says not what kind of node it is", "id: rest"
    ),
    "finding twice": Fault(
        "    end: {}\n",
        "    finding: {finding: course, value: STEADY}\n",
        "nodes[4]",
        "`course` has the value `STEADY` twice",
        "id: steady",
    ),
}

EXACT = {
    "case left out": Fault(
        "    otherwise: true\n    text: {clinician: it goes",
        "    when: rash.trend == SPREADING && false\n    text: {clinician: it goes",
        "nodes[2]",
        "no branch is taken where rash.trend is IMPROVING",
        "id: ask_trend",
    ),
    "two branches at once": Fault(
        "when: rash.trend == UNCHANGED",
        "when: rash.trend != IMPROVING",
        "nodes[2]",
        "the branches to `act` and `steady` are both taken where rash.trend is SPREADING",
        "id: ask_trend",
    ),
    "edge that is never taken": Fault(
        "when: rash.trend == UNCHANGED",
        "when: rash.trend == UNCHANGED && rash.trend == IMPROVING",
        "edges[4]",
        "the edge from `ask_trend` to `steady` is taken in no case",
        "from_node: ask_trend\n    to_node: steady",
    ),
    "unguarded computed number": Fault(
        "(valid(extent) && extent > limit)",
        "extent > limit",
        "edges[6].when",
        "uses `extent` where it does not exist; guard it with `valid(extent)`",
        "when: extent > limit",
    ),
    "guard of the wrong side": Fault(
        "(valid(extent) && extent > limit)",
        "(valid(extent) || extent > limit)",
        "edges[6].when",
        "uses `extent` where it does not exist",
        "when: (valid(extent) ||",
    ),
    "contradiction that could be unknown": Fault(
        "has(patient.weight_kg) && has(patient.age_years)",
        "has(patient.weight_kg)",
        "contradictions[0].when",
        "reads `patient.age_years` where it is not given; use `has()`",
        "when: >-\n      has(patient.weight_kg)\n",
    ),
    "contradiction by a computed number": Fault(
        "&& patient.weight_kg < 5.0",
        "&& valid(extent) && extent < 5.0 && has(renal.stable)",
        "contradictions[0].when",
        "reads the computed number `extent`",
        "when: >-\n      has(patient.weight_kg)",
    ),
    "dose rows overlap": Fault(
        LIGHT,
        "when: patient.weight_kg <= 51.0",
        "nodes[3].recommendation.regimen.rows[1]",
        "overlaps another where patient.weight_kg is 50.5",
        "{when: patient.weight_kg > 50.0",
    ),
    "dose rows leave a gap": Fault(
        LIGHT,
        "when: patient.weight_kg < 50.0",
        "nodes[3].recommendation.regimen",
        "the gate is open but no row holds where patient.",
        "regimen:",
    ),
}

CONDITIONS = {
    "undefined name": Fault(
        "when: grown && coherent",
        "when: grown && sober",
        "definitions[3].when",
        "undeclared reference to 'sober' (in container '') (line 1, column 10)",
    ),
    "undefined fact": Fault(
        "when: patient.weight_kg > 120.0",
        "when: patient.wieght_kg > 120.0",
        "cautions[0].when",
        "undefined field 'wieght_kg'",
    ),
    "type error": Fault(
        "when: patient.weight_kg > 120.0",
        "when: patient.weight_kg > 120",
        "cautions[0].when",
        "found no matching overload for '_>_' applied to '(double, int)'",
    ),
    "type error on an edge": Fault(
        "when: rash.trend == UNCHANGED",
        "when: rash.trend == PRESENT",
        "edges[4].when",
        "`rash.trend` is compared with its own values only (character 15)",
    ),
    "type error in a row": Fault(
        LIGHT,
        "when: patient.height_cm",
        "nodes[3].recommendation.regimen.rows[0].when",
        "a condition is expected here",
    ),
    "type error in a note": Fault(
        "          when: patient.age_years > 60",
        "          when: patient.age_years > 60.5",
        "nodes[3].recommendation.notes[0].when",
        "found no matching overload",
    ),
    "type error in an invariant": Fault(
        "applies('act')",
        "applies('akt')",
        "invariants[0].holds",
        "`akt` is not a recommendation",
        "holds:",
    ),
    "faulty contradiction": Fault(
        "patient.age_years > 60\n    text: {clinician: old",
        "patient.age > 60\n    text: {clinician: old",
        "contradictions[0].when",
        "undefined field 'age'",
        "when: >-\n      has(patient.weight_kg)",
    ),
    "defined by itself": Fault(
        "when: grown && coherent",
        "when: grown || ready",
        "definitions[3].when",
        "is defined by itself: `ready` -> `ready`",
    ),
    "computed by itself": Fault(
        "valid_when: renal.stable == PRESENT",
        "valid_when: extent > 3.0",
        "computed_numbers[0].valid_when",
        "is defined by itself: `extent` -> `extent`",
    ),
    "range too small": Fault(
        "range: {minimum: 0, maximum: 250}",
        "range: {minimum: 0, maximum: 249}",
        "computed_numbers[0].range",
        "does not enclose what the formula can give: 0 to 250",
    ),
    "no range": Fault(
        "    range: {minimum: 0, maximum: 250}\n",
        "",
        "computed_numbers[0].range",
        "does not enclose",
        "id: extent",
    ),
    "divisor that could be zero": Fault(
        "/ patient.weight_kg",
        "/ therapy.dose_mg",
        "computed_numbers[0].formula",
        "a divisor is a product of constants and facts whose range excludes zero",
        "formula:",
    ),
    "gate that is no conjunction of definitions": Fault(
        "when: grown && coherent",
        "when: grown || coherent",
        "nodes[3].recommendation.regimen.dose_gate",
        "`ready` is not a conjunction of definitions",
        "dose_gate:",
    ),
    "gate with a bare condition": Fault(
        "when: grown && coherent",
        "when: grown && patient.age_years < 100",
        "nodes[3].recommendation.regimen.dose_gate",
        "`ready` is not a conjunction of definitions",
        "dose_gate:",
    ),
    "gate that is not defined": Fault(
        "dose_gate: ready",
        "dose_gate: redy",
        "nodes[3].recommendation.regimen.dose_gate",
        "`redy` is not a definition",
    ),
    "weight that is no fact": Fault(
        "weight_fact: patient.weight_kg",
        "weight_fact: patient.sex",
        "nodes[3].recommendation.regimen.weight_fact",
        "is not a fact that is a decimal number",
    ),
    "rows without a gate": Fault(
        "        dose_gate: ready\n",
        "",
        "nodes[3].recommendation.regimen",
        "rows, dose_gate and weight_fact go together",
        "regimen:",
    ),
    "row without a dose": Fault(
        "dose_mg_per_kg: 2, ",
        "",
        "nodes[3].recommendation.regimen.rows[0]",
        "has no dose or no interval",
        "{when: patient.weight_kg <= 50.0",
    ),
}

CONTENT = {
    "statement that does not exist": Fault(
        "statements: [S1]", "statements: [S9]", "nodes[3].statements[0]", "`S9` is not among the"
    ),
    "source that does not exist": Fault(
        "text: light, sources: [V1]",
        "text: light, sources: [V9]",
        "nodes[3].recommendation.regimen.rows[0].sources[0]",
        "`V9` is not among the sources",
    ),
    "statement without a home": Fault(
        "    statements: [S1]\n",
        "    sources: [V1]\n",
        "statements[0]",
        "`S1` has no home: nothing cites it",
        "{id: S1",
    ),
    "no citation": Fault(
        "text: Where grown begins, sources: [V1]}",
        "text: Where grown begins}",
        "numbers[1]",
        "has no citation",
        "{id: grown_age",
    ),
    "recommendation of the article without a statement": Fault(
        "    statements: [S2]\n    recommendation:",
        "    sources: [V1]\n    recommendation:",
        "nodes[6].recommendation",
        "is of the article but cites no statement",
        "recommendation:\n      text: {clinician: Tell",
    ),
    "reference that does not exist": Fault(
        "citation: 1", "citation: 3", "statements[0].citation", "3 is not among the references"
    ),
    "no patient wording": Fault(
        "text: {clinician: Act now, patient: Ask now}",
        "text: {clinician: Act now}",
        "nodes[3].recommendation.text",
        "has no patient wording",
    ),
    "no clinician wording": Fault(
        "title: {clinician: Steady, patient: Steady}",
        "title: {patient: Steady}",
        "nodes[4].title",
        "has no clinician wording",
    ),
    "no wording": Fault(
        "    text: {clinician: heavy, patient: heavy}\n",
        "",
        "cautions[0]",
        "has no text",
        "id: heavy",
    ),
    "no title": Fault(
        "    title: {clinician: Steady, patient: Steady}\n",
        "",
        "nodes[4]",
        "has no title",
        "id: steady",
    ),
    "node twice": Fault(
        "id: rest",
        "id: tell",
        "nodes[7].id",
        "`tell` is already an id in `nodes`",
        "id: tell\n    title: {clinician: Nothing",
    ),
    "statement twice": Fault(
        "{id: S2, section: One, text: What is",
        "{id: S1, section: One, text: What is",
        "statements[1].id",
        "`S1` is already an id in `statements`",
    ),
    "definition twice": Fault(
        "id: coherent",
        "id: grown",
        "definitions[2].id",
        "`grown` is already",
        'id: grown\n    when: "!',
    ),
    "name of two things": Fault(
        "id: coherent",
        "id: limit",
        "definitions[2].id",
        "`limit` is already a name of numbers",
        'id: limit\n    when: "!',
    ),
    "name that the language has": Fault(
        "id: coherent",
        "id: contradicted",
        "definitions[2].id",
        "`contradicted` is already a name",
    ),
    "name that is no name": Fault(
        "id: danger",
        "id: Danger",
        "definitions[1].id",
        "`Danger` is not lowercase snake_case",
    ),
    "no id": Fault(
        "id: rest",
        "lane: first",
        "nodes[7]",
        "has no id",
        "lane: first\n    title: {clinician: Nothing",
    ),
    "lane that does not exist": Fault(
        "    lane: first\n    title: {clinician: Steady",
        "    lane: third\n    title: {clinician: Steady",
        "nodes[4].lane",
        "`third` is not among the lanes",
        "lane: third",
    ),
    "treatment that does not exist": Fault(
        "gives: water",
        "gives: wine",
        "nodes[3].recommendation.gives",
        "`wine` is not among the",
    ),
    "no urgency": Fault(
        "      urgency: ROUTINE\n",
        "",
        "nodes[6].recommendation",
        "has no urgency",
        "recommendation:\n      text: {clinician: Tell",
    ),
    "page feature without a home": Fault(
        "not_actionable:\n  - {id: N2, reason: It shows nothing}\n",
        "",
        "page_features[1]",
        "`N2` has no home",
        "{id: N2",
    ),
    "page feature in a field that is not there": Fault(
        "field: title", "field: titel", "page_features[0].field", "`titel` is not there or not"
    ),
    "page feature in a field that is empty": Fault(
        "field: title", "field: not_covered", "page_features[0].field", "`not_covered` is not there"
    ),
    "page feature in a method that is not there": Fault(
        "field: title",
        "method: rashpath.v1.DecisionService.Guess",
        "page_features[0].method",
        "`rashpath.v1.DecisionService.Guess` is not there",
    ),
    "excuse for nothing": Fault(
        "- {id: N2, reason", "- {id: N3, reason", "not_actionable[0]", "`N3` is no statement and no"
    ),
    "excuse without a reason": Fault(
        ", reason: It shows nothing",
        "",
        "not_actionable[0]",
        "has no reason",
        "{id: N2}",
    ),
    "case type that does not exist": Fault(
        "case_type: rashpath.v1.PatientCase",
        "case_type: rashpath.v1.PatientKase",
        "case_type",
        "`rashpath.v1.PatientKase` is not a known message",
    ),
    "case type that is an enum": Fault(
        "case_type: rashpath.v1.PatientCase",
        "case_type: rashpath.v1.Trend",
        "case_type",
        "`rashpath.v1.Trend` is not a known message",
    ),
    "case type without facts": Fault(
        "case_type: rashpath.v1.PatientCase",
        "case_type: rashpath.v1.Guideline",
        "case_type",
        "`rashpath.v1.Guideline` holds no facts",
    ),
    "red flag that is not defined": Fault(
        "red_flag: danger", "red_flag: dangre", "red_flag", "`dangre` is not a definition"
    ),
    "version": Fault("version: 0.1.0", "version: '0.1'", "version", "is not a semantic version"),
    "day": Fault('"2025-07-11"', "11 July 2025", "last_updated", "is not a day such as"),
    "no review status": Fault(
        "review_status: SUBMITTED\n", "", "review_status", "is missing", "id: small"
    ),
}

READING = {
    "misspelt key": Fault(
        "      urgency: ROUTINE",
        "      urgancy: ROUTINE",
        "nodes[6].recommendation.urgancy",
        "`urgancy` is not a field of `nodes[6].recommendation`; did you mean `urgency`?",
    ),
    "misspelt section": Fault(
        "\ncautions:", "\ncaution:", "caution", "did you mean `cautions`?", "caution:"
    ),
    "misspelt value": Fault(
        "urgency: ROUTINE",
        "urgency: ROUTIEN",
        "nodes[6].recommendation.urgency",
        "did you mean ROUTINE?",
    ),
    "number as text": Fault(
        "maximum: 250",
        "maximum: '250'",
        "computed_numbers[0].range.maximum",
        'is text "250", where a number is expected',
        "range: {",
    ),
    "not a number": Fault(
        "decimal: 90.0", "decimal: .nan", "numbers[0].decimal", "is not a number"
    ),
    "two kinds of node": Fault(
        "    end: {}\n",
        "    end: {}\n    all: {}\n",
        "nodes[7].end",
        "`all` and `end` exclude each other",
        "end: {}\n    all: {}\nedges",
    ),
    "key twice": Fault(
        "id: small\n",
        "id: small\nid: large\n",
        "id",
        "`id` is given twice, first on line 2",
        "id: large",
    ),
}

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
