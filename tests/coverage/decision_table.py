"""The table of recommendations as the decision logic has it, copied out by hand.

What no condition decides (how urgent, what is given, on which statements it rests) is told from the
guideline by this table alone, and not by what the guideline itself says.

Source: decision logic, part 4.
"""

from __future__ import annotations

from rashpath.guideline import DecisionGraph
from rashpath.v1 import guideline_pb2

ACYCLOVIR = "acyclovir_class"

# id: urgency, what is given, where it comes from (statements; SAFETY where the authors add it)
TABLE: dict[str, tuple[str, str, str]] = {
    "emergency_review": ("EMERGENCY", "", "SAFETY S38"),
    "continue_and_review": ("ROUTINE", "", "SAFETY"),
    "reconsider_diagnosis": ("PROMPT", "", "S12 S15 S33"),
    "send_lesion_pcr": ("PROMPT", "", "SAFETY"),
    "correct_dose": ("PROMPT", ACYCLOVIR, "S36 S37"),
    "reduce_dose_for_renal_function": ("SAME_DAY", "", "SAFETY"),
    "restore_adherence": ("PROMPT", ACYCLOVIR, "S3"),
    "recheck_after_adequate_therapy": ("PROMPT", ACYCLOVIR, "S3"),
    "stop_and_manage_drug_reaction": ("SAME_DAY", "", "S13 S34"),
    "look_for_drug_reaction": ("PROMPT", "", "S13 S34"),
    "treat_bacterial_superinfection": ("SAME_DAY", "", "S14"),
    "look_for_bacterial_superinfection": ("PROMPT", "", "S14"),
    "look_for_other_cause": ("PROMPT", "", "S12 S15 S33"),
    "test_hiv": ("PROMPT", "", "S8"),
    "investigate_immunodeficiency": ("PROMPT", "", "S7 S9 S10 S11 S35"),
    "consult_infectious_disease": ("SAME_DAY", "", "S2 S4 S5 S6 S16 S38"),
    "send_resistance_test": ("SAME_DAY", "", "SAFETY"),
    "replace_acyclovir_class": ("SAME_DAY", "", "S20 S21 S22 S23 S32"),
    "start_foscarnet": ("SAME_DAY", "foscarnet", "S17 S18 S19"),
    "foscarnet_not_recommended_renal": ("SAME_DAY", "", "SAFETY"),
    "escalate_after_foscarnet_failure": ("SAME_DAY", "", "SAFETY"),
    "topical_cidofovir": ("PROMPT", "cidofovir_topical", "S24 S25 S26"),
    "consider_higher_dose": ("PROMPT", ACYCLOVIR, "S27"),
    "acyclovir_oral_hiv_zoster": ("PROMPT", ACYCLOVIR, "S28"),
    "acyclovir_iv_hiv_zoster": ("SAME_DAY", ACYCLOVIR, "S29"),
    "pregnancy_specialist_review": ("PROMPT", "", "S30"),
    "acyclovir_iv_maternal_hsv": ("EMERGENCY", ACYCLOVIR, "S31"),
    "pitfall_continuing_ineffective_therapy": ("ROUTINE", "", "S32"),
    "pitfall_misdiagnosis": ("ROUTINE", "", "S33 S34"),
    "pitfall_missing_immunodeficiency": ("ROUTINE", "", "S35"),
    "pitfall_inadequate_dosing": ("ROUTINE", "", "S36 S37"),
}

INVARIANTS = frozenset(
    """
    no_acyclovir_class_under_resistance no_acyclovir_class_under_drug_reaction
    replacing_implies_consultation foscarnet_implies_consultation cidofovir_implies_consultation
    no_foscarnet_dose_with_gate_closed no_foscarnet_dose_below_floor foscarnet_only_unblocked
    every_red_flag_is_an_emergency untested_hiv_is_tested cidofovir_only_for_hsv
    hiv_zoster_never_with_resistance excessive_dose_is_reduced
    """.split()
)
"""The safety invariants 1 to 9 of the decision logic, part 5; 10 and the rest are built in."""

PROPERTIES = frozenset(("DOSE_TOTAL_NEVER_RISES", "MONOTONE", "DETERMINISTIC", "TOTAL"))
DANGLING = frozenset((3, 4))
"""Numbers that the article cites without a reference behind them."""


def faults_of_table(graph: DecisionGraph) -> list[str]:
    """Returns where a guideline says something else than the decision logic, in words."""
    faults = []
    for node in graph.recommendations:
        urgency, gives, source = TABLE[node.id]
        provenance = {guideline_pb2.Provenance.Name(each) for each in node.provenance}
        wanted = {
            f"PROVENANCE_{'SAFETY' if each == 'SAFETY' else 'ARTICLE'}" for each in source.split()
        }
        statements = {each for each in source.split() if each != "SAFETY"}
        if guideline_pb2.Urgency.Name(node.urgency) != f"URGENCY_{urgency}":
            faults.append(f"{node.id}: urgency")
        if node.gives != gives:
            faults.append(f"{node.id}: gives")
        if not wanted <= provenance:
            faults.append(f"{node.id}: provenance")
        if not statements <= set(node.statements):
            faults.append(f"{node.id}: statements")
    missing = set(TABLE) - {node.id for node in graph.recommendations}
    faults += [f"{id}: is missing" for id in sorted(missing)]
    if {each.id for each in graph.invariants} != INVARIANTS:
        faults.append("invariants")
    named = {guideline_pb2.Property.Name(each) for each in graph.guideline.properties}
    if {name.removeprefix("PROPERTY_") for name in named} != PROPERTIES:
        faults.append("properties")
    references = graph.guideline.references
    if {each.number for each in references if not each.resolved} != DANGLING:
        faults.append("dangling references")
    if graph.guideline.review_status != guideline_pb2.REVIEW_STATUS_UNDER_REVIEW:
        faults.append("review status")
    return faults
