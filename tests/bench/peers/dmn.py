"""The sub-guideline as DMN decision tables, run by SpiffWorkflow's own engine.

A table of a lane has one column a definition or fact, and its rows in order; the engine takes the
first that fits. `-` means any value.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from xml.sax.saxutils import escape

from tests.bench.sub_cases import LANES, Outcome, Plain

_DOSE_LOW = "dose_mg * doses_per_day < 1000"
_IMMUNOCOMPROMISED = (
    "hiv == 'HIV_POSITIVE' or organ_transplant or stem_cell_transplant"
    " or immunosuppressive_medication or haematological_malignancy or other_immunodeficiency"
)
_GROUNDS = (
    f"(drug != 'NO_ANTIVIRAL' and not ({_DOSE_LOW}) and adherence == 'GOOD'"
    " and days_on_therapy >= 7) or appropriate_therapy_failed"
    f" or (prolonged_or_repeated_courses and ({_IMMUNOCOMPROMISED}))"
    " or (breakthrough_on_prophylaxis and stem_cell_transplant) or earlier_resistant_isolate"
)
_ANOTHER_CAUSE = "lesion_pcr == 'PCR_NEGATIVE' or virus == 'OTHER_CAUSE'"
_POSSIBLE = "prolonged_or_repeated_courses or (days_on_therapy >= 4 and adherence == 'GOOD')"
_BARRED = (
    "new_exanthem or facial_oedema or skin_detachment or hypersensitivity"
    " or failed_or_not_tolerated"
)
_COMPUTABLE = (
    "age_years >= 18 and pregnancy == 'NOT_PREGNANT' and dialysis == 'NO_DIALYSIS' and stable"
)
_CLEARANCE = (
    "(140.0 - age_years) / (72.0 * serum_creatinine_mg_dl) * (0.85 if sex == 'FEMALE' else 1.0)"
)

_Row = tuple[tuple[str, ...], str]
_TABLES: dict[str, tuple[tuple[str, ...], tuple[_Row, ...]]] = {
    "therapy": (
        ("drug", _DOSE_LOW, "adherence"),
        (
            (("'NO_ANTIVIRAL'", "-", "-"), "no_antiviral"),
            (("-", "True", "-"), "correct_dose"),
            (("-", "-", "? in ('PARTIAL', 'POOR')"), "restore_adherence"),
            (("-", "-", "-"), "therapy_in_order"),
        ),
    ),
    "immune": (
        ("hiv", "unexplained_weight_loss or lymphadenopathy", _IMMUNOCOMPROMISED),
        (
            (("'HIV_NOT_TESTED'", "-", "-"), "test_hiv"),
            (("'HIV_PENDING'", "-", "-"), "awaiting_hiv"),
            (("-", "True", "-"), "investigate_immunodeficiency"),
            (("-", "-", "True"), "host_immunocompromised"),
            (("-", "-", "-"), "host_not_reported"),
        ),
    ),
    "resistance": (
        ("trend", "acyclovir_susceptibility", _ANOTHER_CAUSE, _GROUNDS, _POSSIBLE),
        (
            (("'IMPROVING'", "-", "-", "-", "-"), "continue_and_review"),
            (("-", "'SUSCEPTIBILITY_RESISTANT'", "-", "-", "-"), "resistance_confirmed"),
            (("-", "'SUSCEPTIBILITY_SUSCEPTIBLE'", "-", "-", "-"), "resistance_excluded"),
            (("-", "-", "True", "-", "-"), "reconsider_diagnosis"),
            (("-", "-", "-", "True", "-"), "resistance_suspected"),
            (("-", "-", "-", "-", "True"), "resistance_possible"),
            (("-", "-", "-", "-", "-"), "resistance_not_suspected"),
        ),
    ),
    # Its first column is the outcome of the lane before it.
    "foscarnet": (
        ("resistance", _BARRED, _COMPUTABLE, _CLEARANCE),
        (
            (
                ("? not in ('resistance_confirmed', 'resistance_suspected')", "-", "-", "-"),
                "foscarnet_not_needed",
            ),
            (("-", "True", "-", "-"), "foscarnet_barred"),
            (("-", "-", "False", "-"), "settle_renal_function"),
            (("-", "-", "-", "? > 1.4"), "foscarnet_full"),
            (("-", "-", "-", "? >= 0.4"), "foscarnet_reduced"),
            (("-", "-", "-", "-"), "foscarnet_not_recommended"),
        ),
    ),
}


def decider(example: Plain) -> Callable[[Plain], Outcome]:
    """Returns the decision by SpiffWorkflow: one table after the other, no workflow around them."""
    from lxml import etree
    from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
    from SpiffWorkflow.dmn.engine.DMNEngine import DMNEngine
    from SpiffWorkflow.dmn.parser.BpmnDmnParser import BpmnDmnParser

    parser = BpmnDmnParser()
    for lane in LANES:
        parser.add_dmn_xml(etree.fromstring(_xml(lane)), filename=lane)
    engines = {
        lane: DMNEngine(parser.dmn_parsers[lane].decision.decisionTables[0])
        for lane in _parsed(parser)
    }
    # Its errors say where they happened, and ask the workflow and the task for it.
    workflow = SimpleNamespace(script_engine=PythonScriptEngine(), spec=SimpleNamespace(file=""))
    workflow.top_workflow = workflow
    spec = SimpleNamespace(bpmn_name="")

    def decide(facts: Plain) -> Outcome:
        task = SimpleNamespace(data=dict(facts), workflow=workflow, task_spec=spec)
        for engine in engines.values():
            task.data.update(engine.result(task))
        return tuple(task.data[lane] for lane in LANES)

    return decide


def _parsed(parser: Any) -> tuple[str, ...]:
    for lane in LANES:
        parser.dmn_parsers[lane].parse()
    return LANES


def _xml(lane: str) -> str:
    columns, rows = _TABLES[lane]
    inputs = "".join(
        f'<input id="{lane}_i{index}" label="{index}"><inputExpression id="{lane}_e{index}">'
        f"<text>{escape(column)}</text></inputExpression></input>"
        for index, column in enumerate(columns)
    )
    rules = "".join(
        f'<rule id="{lane}_r{number}">'
        + "".join(
            f'<inputEntry id="{lane}_r{number}_{index}"><text>{escape(test)}</text></inputEntry>'
            for index, test in enumerate(tests)
        )
        + f'<outputEntry id="{lane}_r{number}_o"><text>"{node}"</text></outputEntry></rule>'
        for number, (tests, node) in enumerate(rows)
    )
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="sub" name="sub"'
        f' namespace="sub"><decision id="{lane}" name="{lane}"><decisionTable id="{lane}_table"'
        f' hitPolicy="UNIQUE">{inputs}<output id="{lane}_o" label="{lane}" name="{lane}"'
        f' typeRef="string"/>{rules}</decisionTable></decision></definitions>'
    )
