"""Checks that the case files cover what they must, by reading them only: no engine runs here.

Source: issue 2, "What must be shown"; the recommendation ids and contradictions of the decision
logic; the foscarnet test vectors of the clinical reference, part C2.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

CASES = Path(__file__).parent / "cases"

RECOMMENDATIONS = frozenset(
    """
    emergency_review continue_and_review reconsider_diagnosis send_lesion_pcr correct_dose
    reduce_dose_for_renal_function restore_adherence recheck_after_adequate_therapy
    stop_and_manage_drug_reaction look_for_drug_reaction treat_bacterial_superinfection
    look_for_bacterial_superinfection look_for_other_cause test_hiv investigate_immunodeficiency
    consult_infectious_disease send_resistance_test replace_acyclovir_class start_foscarnet
    foscarnet_not_recommended_renal escalate_after_foscarnet_failure topical_cidofovir
    consider_higher_dose acyclovir_oral_hiv_zoster acyclovir_iv_hiv_zoster
    pregnancy_specialist_review acyclovir_iv_maternal_hsv pitfall_continuing_ineffective_therapy
    pitfall_misdiagnosis pitfall_missing_immunodeficiency pitfall_inadequate_dosing
    """.split()
)

CONTRADICTIONS = frozenset(
    """
    pregnant_male gestation_not_pregnant hsv_with_zoster vzv_with_hsv_indication
    other_cause_with_herpes_result negative_pcr_with_isolate disseminated_and_localised
    route_not_possible improving_but_resistant no_antiviral_with_regimen
    """.split()
)

KEYS = frozenset(
    """
    status urgency urgency_not_excluded applies does_not_apply undetermined applies_exactly decisive
    questions first_question no_questions findings regimen withheld_because contradictions
    warnings not_covered evidence_flags defeaters
    """.split()
)

THRESHOLDS = (
    "days_4",
    "days_7",
    "clearance_10",
    "clearance_30",
    "clearance_50",
    "per_kg_0.4",
    "per_kg_0.5",
    "per_kg_0.6",
    "per_kg_0.8",
    "per_kg_1.0",
    "per_kg_1.4",
    "age_18",
    "creatinine_age_72",
    "weight_120",
    "bmi_30",
)

FOSCARNET_ROWS = (
    "above_1.4",
    "1.0_1.4",
    "0.8_1.0",
    "0.6_0.8",
    "0.5_0.6",
    "0.4_0.5",
    "below_0.4",
)


@dataclass(frozen=True, slots=True)
class Case:
    """One case file as it stands: where it lies and what it says."""

    name: str
    document: dict[str, Any]

    @property
    def expect(self) -> dict[str, Any]:
        """What the case demands of an answer."""
        expect: dict[str, Any] = self.document["expect"]
        return expect

    @property
    def covers(self) -> frozenset[str]:
        """What the case says that it shows."""
        return frozenset(self.document["covers"])

    @property
    def given(self) -> dict[str, Any]:
        """The facts by their path, such as `rash.trend`."""
        groups: dict[str, dict[str, Any]] = self.document["facts"]
        return {
            f"{group}.{name}": value
            for group, facts in groups.items()
            for name, value in facts.items()
        }

    @property
    def on(self) -> frozenset[str]:
        """The recommendations that the case demands to apply."""
        return frozenset(self.expect.get("applies", [])) | frozenset(
            self.expect.get("applies_exactly", [])
        )

    @property
    def off(self) -> frozenset[str]:
        """The recommendations that the case demands not to apply."""
        return frozenset(self.expect.get("does_not_apply", []))

    @property
    def open(self) -> frozenset[str]:
        """The recommendations that the case demands to be undetermined."""
        return frozenset(self.expect.get("undetermined", []))


@cache
def cases() -> tuple[Case, ...]:
    """All hand-written cases, in the order of their names."""
    return tuple(
        Case(str(path.relative_to(CASES).with_suffix("")), document)
        for path in sorted(CASES.rglob("*.yaml"))
        if not (document := yaml.safe_load(path.read_text(encoding="utf-8"))).get("generated")
    )


def covered() -> frozenset[str]:
    """Every mark of every case."""
    return frozenset[str]().union(*(case.covers for case in cases()))


def test_there_are_enough_hand_written_cases() -> None:
    """At least sixty cases are written by hand; what a program wrote does not count."""
    assert len(cases()) >= 60


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_case_is_well_formed(case: Case) -> None:
    """A case says what it is, where it comes from, and at least two things to be seen."""
    assert set(case.document) == {"title", "basis", "covers", "facts", "expect"}
    assert case.document["title"]
    assert case.document["basis"]
    assert case.covers
    assert len(case.expect) >= 2
    assert set(case.expect) <= KEYS


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_case_does_not_contradict_itself(case: Case) -> None:
    """No recommendation is demanded both on and off, and nothing that is given is asked."""
    exactly = case.expect.get("applies_exactly")
    assert not case.on & case.off
    assert not case.open & (case.on | case.off)
    assert exactly is None or case.on == frozenset(exactly)
    asked = set(case.expect.get("questions", []))
    asked |= {case.expect["first_question"]} if "first_question" in case.expect else set()
    asked |= {fact for facts in case.expect.get("decisive", {}).values() for fact in facts}
    assert not asked & set(case.given)
    assert not (asked and case.expect.get("no_questions"))
    assert not (case.open and case.expect.get("status") == "DECIDED")


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_case_shows_what_it_says_it_covers(case: Case) -> None:
    """Each `id:on`, `id:off` and `id:open` mark stands in the expectations, and the reverse."""
    assert case.on | case.off | case.open <= RECOMMENDATIONS
    expected = {f"{recommendation}:on" for recommendation in case.on}
    expected |= {f"{recommendation}:off" for recommendation in case.off}
    expected |= {f"{recommendation}:open" for recommendation in case.open}
    assert {mark for mark in case.covers if ":" in mark} == expected


@pytest.mark.parametrize("recommendation", sorted(RECOMMENDATIONS))
def test_every_recommendation_is_shown_on_and_off(recommendation: str) -> None:
    """Each recommendation applies in one case and is ruled out in another."""
    assert {f"{recommendation}:on", f"{recommendation}:off"} <= covered()


@pytest.mark.parametrize("tension", [f"T{number}" for number in range(1, 13)])
def test_every_tension_of_the_article_has_a_case(tension: str) -> None:
    """Each of the twelve tensions within the article is handled by a case that names it."""
    assert tension in covered()


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_every_threshold_is_shown_from_both_sides(threshold: str) -> None:
    """Each threshold has a case just below, at and just above it."""
    assert {f"threshold_{threshold}_{side}" for side in ("below", "at", "above")} <= covered()


@pytest.mark.parametrize("row", FOSCARNET_ROWS)
def test_every_row_of_the_foscarnet_table_has_a_case(row: str) -> None:
    """Each row of the label's renal table is met by a case, the refusing one included."""
    assert f"foscarnet_row_{row}" in covered()


@pytest.mark.parametrize("contradiction", sorted(CONTRADICTIONS))
def test_every_contradiction_has_a_case(contradiction: str) -> None:
    """Each pair of facts that cannot both be true is reported in a case."""
    assert any(contradiction in case.expect.get("contradictions", []) for case in cases())


@pytest.mark.parametrize(
    ("age", "sex", "weight", "creatinine", "per_kg", "hours", "dose"),
    [
        (45, "MALE", 70, 0.9, 40, 8, 2800),
        (45, "MALE", 70, 1.1, 30, 8, 2100),
        (60, "FEMALE", 62, 1.0, 35, 12, 2170),
        (72, "MALE", 80, 1.2, 25, 12, 2000),
        (72, "FEMALE", 55, 1.2, 25, 12, 1375),
        (80, "MALE", 65, 1.5, 40, 24, 2600),
        (80, "FEMALE", 50, 1.6, 35, 24, 1750),
        (55, "MALE", 90, 2.0, 40, 24, 3600),
    ],
)
def test_every_foscarnet_test_vector_has_a_case(
    age: int, sex: str, weight: float, creatinine: float, per_kg: int, hours: int, dose: int
) -> None:
    """Each patient of the reference's table of vectors stands in a case with its dose."""
    patient = {
        "patient.age_years": age,
        "patient.sex": sex,
        "patient.weight_kg": weight,
        "renal.serum_creatinine_mg_dl": creatinine,
    }
    regimens = [
        case.expect["regimen"]["start_foscarnet"]
        for case in cases()
        if patient.items() <= case.given.items()
        and any(mark.startswith("c2_") for mark in case.covers)
    ]
    assert regimens == [{"dose_mg_per_kg": per_kg, "interval_hours": hours, "dose_mg": dose}]


def test_the_foscarnet_floor_has_its_test_vector() -> None:
    """At 0.39 mL/min/kg a case demands that foscarnet is not started."""
    floor = [case for case in cases() if "c2_floor_0_39" in case.covers]
    assert len(floor) == 1
    given = floor[0].given
    assert round(given["renal.creatinine_clearance_ml_min"] / given["patient.weight_kg"], 9) == 0.39
    assert "start_foscarnet" in floor[0].off
    assert "foscarnet_not_recommended_renal" in floor[0].on


def test_an_empty_case_is_among_them() -> None:
    """Nothing known is a case of its own and leaves the emergency open."""
    empty = [case for case in cases() if not case.given]
    assert [case.expect["urgency_not_excluded"] for case in empty] == ["EMERGENCY"]


def test_a_case_with_every_fact_given_is_among_them() -> None:
    """A case that gives all 61 facts demands a decision without a question."""
    full = [case for case in cases() if len(case.given) == 61]
    assert full
    assert all(case.expect["status"] == "DECIDED" for case in full)
    assert all(case.expect["no_questions"] for case in full)
