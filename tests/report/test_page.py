"""The audit report as text: what it tells, what it never holds, and how it is built."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from rashpath.cli.html import POLICY
from rashpath.cli.report_page import page
from rashpath.facts import Audience, Dictionary
from rashpath.v1 import audit_pb2, audit_service_pb2, decision_pb2, facts_pb2
from tests.report import build
from tests.report.reading import read_page

SECTIONS = (
    ("decision", "1. The decision"),
    ("open", "2. What is open"),
    ("facts", "3. The facts"),
    ("cautions", "4. Contradictions and warnings"),
    ("way", "5. The way through the guideline"),
    ("steps", "6. Each step in words"),
    ("why", "7. Why it applies, or is open"),
    ("why-not", "8. Why not the others"),
    ("evidence", "9. The evidence"),
    ("record", "10. The record"),
    ("walk", "11. The walk as recorded"),
)
CANARY = "<script>document.title='pwned'</script>\"'&amp;"


@pytest.fixture(scope="module")
def clinician(graph):
    """The report of the example for a clinician."""
    return read_page(page(build.data(graph)))


def test_every_section_stands_in_order(clinician):
    """An auditor finds the parts where they are listed."""
    places = [clinician.text.rfind(title) for _, title in SECTIONS]
    assert -1 not in places
    assert places == sorted(places)
    assert [each["href"] for each in clinician.all("a")] == [f"#{id}" for id, _ in SECTIONS]


def test_it_says_who_asked_when_and_under_which_guideline(graph, clinician):
    """Ids, times, versions and digests of decision and guideline are there in full."""
    raw = build.record(graph)
    for expected in (
        build.DECISION,
        "ward-7",
        "order-2026-0815",
        "2026-11-23 14:02:41 UTC",
        "2026-11-23 16:05:09 UTC, rashpath 0.1.0",
        "valacyclovir_spreading_rash 1.0.0",
        graph.digest,
        "under review",
        "2025-07-11",
        build.digest("record").hex(),
        raw.previous_hash.hex(),
        raw.envelope_commitment.hex(),
        raw.ciphertext_digest.hex(),
        raw.chain,
        "417",
    ):
        assert expected in clinician.text


def test_every_fact_is_told_given_or_not(clinician):
    """Each fact of the dictionary has a row; what was unknown says so."""
    dictionary = Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR)
    for fact in dictionary:
        assert fact.label.clinician in clinician.text
    assert "57 of 61 facts were given, 4 were not known" in clinician.text
    assert clinician.text.count("not known decisive") == 2
    assert "1.1 mg/dL" in clinician.text


def test_the_dose_stands_with_its_row_and_formula(clinician):
    """A dose can be checked by hand from the page alone."""
    assert "2100 mg" in clinician.text
    assert "30 mg/kg x 70 kg = 2100 mg" in clinician.text
    assert "clearance 1.0 (not included) to 1.4 mL/min/kg: 30 mg/kg every 8 h" in clinician.text


def test_a_withheld_dose_says_why(graph):
    """Without a weight no dose in mg stands, and the page says what is missing."""
    case = build.read(build.EXAMPLE)
    case.patient.ClearField("weight_kg")
    text = read_page(page(build.data(graph, case))).text
    assert "Dose in mg withheld" in text
    assert "2100 mg" not in text


def test_every_recommendation_is_told(graph, clinician):
    """Each of them applies, is open, or is refused with the edge that refused it."""
    for node in graph.recommendations:
        assert node.title.clinician in clinician.text
    assert "virus: herpes simplex virus (needs: another cause)" in clinician.text


def test_what_is_open_names_its_questions(clinician):
    """The questions that would settle the open verdicts are asked."""
    assert "Is there any eye involvement?" in clinician.text
    assert "may be a sign of danger" in clinician.text


def test_evidence_marks_dangling_references(graph):
    """A reference that the article uses and does not list is marked."""
    case = build.read(build.EXAMPLE)
    case.reaction.new_exanthem = facts_pb2.FINDING_PRESENT
    text = read_page(page(build.data(graph, case))).text
    assert "[3] dangling the article lists no such reference" in text


def test_contradictions_stand_out(graph):
    """Facts that contradict each other are told with their names."""
    case = build.read(build.EXAMPLE)
    case.infection.indication = facts_pb2.INDICATION_ZOSTER
    text = read_page(page(build.data(graph, case))).text
    assert "no dose is computed until they are resolved" in text
    assert graph.contradictions[2].text.clinician in text


def test_a_patient_reads_no_dose(graph):
    """The patient's report has the patient's words, and no milligrams anywhere."""
    text = read_page(page(build.data(graph, audience=Audience.PATIENT))).text
    assert re.search(r"\d\s*mg", text) is None
    assert "as you told us" in text


def test_another_audience_is_told_so(graph):
    """A clinician's report of an answer sent in a patient's words says that it was."""
    data = build.data(graph, sent_to=Audience.PATIENT)
    assert not data.as_sent
    told = "The answer was sent in the patient's words."
    assert told in read_page(page(data)).text
    assert told not in read_page(page(build.data(graph))).text


def test_the_same_data_give_the_same_page(graph):
    """There is no clock and no chance in a page."""
    assert page(build.data(graph)) == page(build.data(graph))


def test_an_erased_decision_keeps_its_record(graph):
    """Without its content the page tells the record, the verification, and no fact."""
    reading = read_page(page(build.erased(graph)))
    assert reading.faults == []
    assert "Facts, walk and answer were erased for good" in reading.text
    assert build.digest("record").hex() in reading.text
    assert "The facts" not in reading.text
    assert [each["href"] for each in reading.all("a")] == ["#record"]


def test_a_damaged_ledger_is_told_with_its_first_bad_record(graph):
    """A fault in the chain of this decision stands on the first page."""
    verification = audit_service_pb2.VerifyLedgerResponse(
        sound=False,
        records=1204,
        chains=3,
        faults=[
            audit_pb2.LedgerFault(
                kind=audit_pb2.LEDGER_FAULT_KIND_RECORD_CHANGED,
                chain=build.record(graph).chain,
                sequence=416,
                record_id="01JDB7Q9V0000000000000000X",
                text="the record is not what was hashed",
            )
        ],
    )
    text = read_page(page(replace(build.data(graph), verification=verification))).text
    assert "Ledger: this decision's chain is damaged" in text
    assert "01JDB7Q9V0000000000000000X" in text
    assert "record changed" in text
    assert "Ledger: sound" not in text


@pytest.mark.parametrize("outcome", audit_pb2.ReplayOutcome.values())
def test_every_outcome_of_a_replay_has_words(graph, outcome):
    """No outcome is left to the reader to guess."""
    replayed = audit_service_pb2.ReplayDecisionResponse(
        result=audit_pb2.ReplayResult(outcome=outcome, differences=["urgency differs"])
    )
    text = read_page(page(replace(build.data(graph), replay=replayed))).text
    assert ("Replay: no outcome" in text) == (outcome == audit_pb2.REPLAY_OUTCOME_UNSPECIFIED)
    assert "urgency differs" in text


def test_words_that_stray_from_the_record_are_told(graph):
    """Where the present engine reaches another verdict than was recorded, the page warns."""
    data = build.data(graph)
    assert data.strayed == ()
    for each in data.recorded.walk:
        if each.node == "test_hiv":
            each.verdict = decision_pb2.VERDICT_DOES_NOT_APPLY
    strayed = replace(data, made=build.MADE)
    assert strayed.strayed == ("test_hiv",)
    assert "The words differ from the record." in page(strayed)


def test_what_is_missing_is_told(graph):
    """A part that could not be had is named, and the page stands without it."""
    data = replace(
        build.data(graph),
        guideline=None,
        diagram=None,
        verification=None,
        replay=None,
        missing=("Guideline: it is not kept.",),
    )
    reading = read_page(page(data))
    assert reading.faults == []
    assert "Guideline: it is not kept." in reading.text
    assert "Ledger: not verified" in reading.text


def test_nothing_given_becomes_markup(graph):
    """What callers write is text, wherever it stands."""
    data = build.data(graph, caller=CANARY, request_id=CANARY)
    data.recorded.record.chain = CANARY
    data.recorded.response.disclaimer = CANARY
    assert data.explained is not None
    assert data.verification is not None
    assert data.replay is not None
    data.explained.steps[3].because.append(CANARY)
    data.explained.recommendations[1].reasons[0].because.append(CANARY)
    data.verification.sound = False
    data.verification.faults.add(text=CANARY, record_id=CANARY, chain=CANARY)
    data.replay.result.differences.append(CANARY)
    made = page(replace(data, missing=(CANARY,), made_by=CANARY))
    reading = read_page(made)
    assert reading.faults == []
    assert reading.all("script") == []
    assert "<script" not in made
    assert reading.text.count("document.title='pwned'") >= 8


def test_a_name_cannot_pass_for_another(graph):
    """Characters that turn the direction of writing, or are not seen, are written out."""
    text = read_page(page(build.data(graph, caller="ward\u202e7\x00\u200b"))).text
    assert "ward[U+202E]7[U+0000][U+200B]" in text


def test_title_header_and_footer_hold_no_fact(graph):
    """What a window, an archive or a printer shows holds ids and hashes alone."""
    made = page(build.data(graph))
    title = re.search(r"<title>(.*?)</title>", made)
    assert title is not None
    assert title[1] == f"Audit report, decision {build.DECISION}"
    assert re.findall(r'-left { content: "([^"]*)"', made) == [
        f"Audit report - decision {build.DECISION}",
        f"valacyclovir_spreading_rash 1.0.0 - digest {graph.digest[:16]}"
        f" - record {build.digest('record').hex()[:16]}",
    ]


def test_nothing_is_fetched(graph):
    """No attribute names an address, and the policy lets the browser fetch nothing."""
    reading = read_page(page(build.data(graph)))
    values = [value for _, attributes in reading.tags for value in attributes.values()]
    assert [value for value in values if "//" in value] == []
    names = {name for _, attributes in reading.tags for name in attributes}
    assert {"src", "srcset", "onclick", "onload", "action", "style"} & names == set()
    policy = [each["content"] for each in reading.all("meta") if "http-equiv" in each]
    assert policy == [POLICY]
    assert policy[0].startswith("default-src 'none'")


def test_it_is_well_formed_and_navigable(clinician):
    """Tags are closed, ids stand once, tables have headings, landmarks are there."""
    assert clinician.faults == []
    ids = [attributes["id"] for _, attributes in clinician.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {each["href"].removeprefix("#") for each in clinician.all("a")} <= set(ids)
    assert len(clinician.all("main")) == len(clinician.all("h1")) == len(clinician.all("nav")) == 1
    assert all(each.get("scope") in ("col", "row") for each in clinician.all("th"))
    assert len(clinician.all("caption")) == len(clinician.all("table"))
    assert clinician.all("html") == [{"lang": "en"}]
    levels = [int(tag[1]) for tag, _ in clinician.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_ink_is_dark_enough(graph):
    """Every colour of text has a contrast of at least 4.5 to 1 on the page's papers."""
    style = page(build.data(graph))
    inks = re.findall(r"--(?:ink|soft|accent|good|warn|bad): (#[0-9a-f]{6})", style)
    papers = ["#ffffff", "#f4f6f8", "#fdf3f3", "#fdf8f0"]
    assert len(inks) == 6
    assert [(ink, paper) for ink in inks for paper in papers if contrast(ink, paper) < 4.5] == []


def contrast(ink: str, paper: str) -> float:
    """Returns the contrast of two colours as WCAG 2 defines it."""
    low, high = sorted((luminance(ink), luminance(paper)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """Returns the relative luminance of a colour as WCAG 2 defines it."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
