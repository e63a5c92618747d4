"""Faults of what the guideline says and cites."""

from __future__ import annotations

from tests.guideline.faults.fault import Fault

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
