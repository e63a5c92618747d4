"""The sub-guideline as a networkx graph with a Python function on each edge, walked naively."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx

from tests.bench.sub_cases import LANES, Outcome, Plain

_Facts = dict[str, Any]


def _immunocompromised(f: _Facts) -> bool:
    return bool(
        f["hiv"] == "HIV_POSITIVE"
        or f["organ_transplant"]
        or f["stem_cell_transplant"]
        or f["immunosuppressive_medication"]
        or f["haematological_malignancy"]
        or f["other_immunodeficiency"]
    )


def _dose_low(f: _Facts) -> bool:
    return bool(f["dose_mg"] * f["doses_per_day"] < 1000.0)


def _grounds(f: _Facts) -> bool:
    treated = f["drug"] != "NO_ANTIVIRAL" and not _dose_low(f) and f["adherence"] == "GOOD"
    return bool(
        (treated and f["days_on_therapy"] >= 7)
        or f["appropriate_therapy_failed"]
        or (f["prolonged_or_repeated_courses"] and _immunocompromised(f))
        or (f["breakthrough_on_prophylaxis"] and f["stem_cell_transplant"])
        or f["earlier_resistant_isolate"]
    )


def _another_cause(f: _Facts) -> bool:
    return bool(f["lesion_pcr"] == "PCR_NEGATIVE" or f["virus"] == "OTHER_CAUSE")


def _needed(f: _Facts) -> bool:
    susceptibility = f["acyclovir_susceptibility"]
    if f["trend"] == "IMPROVING" or susceptibility == "SUSCEPTIBILITY_SUSCEPTIBLE":
        return False
    return susceptibility == "SUSCEPTIBILITY_RESISTANT" or (not _another_cause(f) and _grounds(f))


def _barred(f: _Facts) -> bool:
    signs = ("new_exanthem", "facial_oedema", "skin_detachment")
    return any(f[sign] for sign in (*signs, "hypersensitivity", "failed_or_not_tolerated"))


def _computable(f: _Facts) -> bool:
    return bool(
        f["age_years"] >= 18
        and f["pregnancy"] == "NOT_PREGNANT"
        and f["dialysis"] == "NO_DIALYSIS"
        and f["stable"]
    )


def _clearance(f: _Facts) -> float:
    factor = 0.85 if f["sex"] == "FEMALE" else 1.0
    return float((140.0 - f["age_years"]) / (72.0 * f["serum_creatinine_mg_dl"]) * factor)


# Each decision with its branches in order; the first whose condition holds is taken, and the last
# has none.
_BRANCHES: dict[str, list[tuple[str, Callable[[_Facts], bool] | None]]] = {
    "antiviral_question": [
        ("no_antiviral", lambda f: f["drug"] == "NO_ANTIVIRAL"),
        ("dose_question", None),
    ],
    "dose_question": [("correct_dose", _dose_low), ("adherence_question", None)],
    "adherence_question": [
        ("restore_adherence", lambda f: f["adherence"] in ("PARTIAL", "POOR")),
        ("therapy_in_order", None),
    ],
    "hiv_question": [
        ("test_hiv", lambda f: f["hiv"] == "HIV_NOT_TESTED"),
        ("awaiting_hiv", lambda f: f["hiv"] == "HIV_PENDING"),
        ("signs_question", None),
    ],
    "signs_question": [
        (
            "investigate_immunodeficiency",
            lambda f: f["unexplained_weight_loss"] or f["lymphadenopathy"],
        ),
        ("host_question", None),
    ],
    "host_question": [
        ("host_immunocompromised", _immunocompromised),
        ("host_not_reported", None),
    ],
    "trend_question": [
        ("continue_and_review", lambda f: f["trend"] == "IMPROVING"),
        ("susceptibility_question", None),
    ],
    "susceptibility_question": [
        (
            "resistance_confirmed",
            lambda f: f["acyclovir_susceptibility"] == "SUSCEPTIBILITY_RESISTANT",
        ),
        (
            "resistance_excluded",
            lambda f: f["acyclovir_susceptibility"] == "SUSCEPTIBILITY_SUSCEPTIBLE",
        ),
        ("cause_question", None),
    ],
    "cause_question": [("reconsider_diagnosis", _another_cause), ("suspicion_question", None)],
    "suspicion_question": [("resistance_suspected", _grounds), ("possible_question", None)],
    "possible_question": [
        (
            "resistance_possible",
            lambda f: (
                f["prolonged_or_repeated_courses"]
                or (f["days_on_therapy"] >= 4 and f["adherence"] == "GOOD")
            ),
        ),
        ("resistance_not_suspected", None),
    ],
    "need_question": [("bar_question", _needed), ("foscarnet_not_needed", None)],
    "bar_question": [("foscarnet_barred", _barred), ("clearance_question", None)],
    "clearance_question": [("row_question", _computable), ("settle_renal_function", None)],
    "row_question": [
        ("foscarnet_full", lambda f: _clearance(f) > 1.4),
        ("foscarnet_reduced", lambda f: _clearance(f) >= 0.4),
        ("foscarnet_not_recommended", None),
    ],
}
_ROOTS = {
    "therapy": "antiviral_question",
    "immune": "hiv_question",
    "resistance": "trend_question",
    "foscarnet": "need_question",
}


def decider(example: Plain) -> Callable[[Plain], Outcome]:
    """Returns the decision by a walk over the graph, node by node."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_edge("start", "lanes", when=None)
    for lane in LANES:
        graph.add_edge("lanes", _ROOTS[lane], when=None)
    for tail, branches in _BRANCHES.items():
        for head, when in branches:
            graph.add_edge(tail, head, when=when)

    def end(node: str, facts: Plain) -> str:
        when: Callable[[_Facts], bool] | None
        while graph.out_degree(node):
            for _, head, when in graph.out_edges(node, data="when"):
                if when is None or when(facts):
                    node = head
                    break
        return node

    def decide(facts: Plain) -> Outcome:
        (start,) = (node for node, count in graph.in_degree() if not count)
        (fork,) = graph.successors(start)
        return tuple(end(root, facts) for root in graph.successors(fork))  # type: ignore[return-value]  # four texts

    return decide
