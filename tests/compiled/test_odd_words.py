"""Labels, units and ranges that no shipped fact has: the kernel's words are the plain ones."""

from __future__ import annotations

import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import Default

from rashpath.facts.wording import Audience
from rashpath.guideline import load_bytes
from rashpath.v1 import options_pb2
from tests.compiled.sameness import Engines
from tests.conformance.strategies import Facts

# Each fact: its name, its label, its unit, its hard range and its plausible one.
FACTS = (
    ("weight", "weight", "kg", (-100.0, 100.0), (-100.0, 100.0)),
    ("digits", "98800 mg of it", "mg/98800", (0.0, 200_000.0), (0.0, 50.0)),
    ("same", "771 of 98800", "771", (-1000.0, 200_000.0), (-500.0, 90_000.0)),
    ("large", "large", "1", (0.0, 1e18), (1.0, 1e17)),
)

_X = "{clinician: x, patient: x}"
_ROW = "interval_hours: 8, text: x, sources: [V1]"
GUIDELINE = f"""
id: odd
version: 1.0.0
title: {_X}
question: {_X}
disclaimer: {_X}
review_status: SUBMITTED
last_updated: "2025-07-11"
case_type: rashpath.odd.Case
red_flag: danger
sources: [{{id: V1, title: x}}]
references: [{{number: 1, title: x, resolved: true}}]
statements: [{{id: S1, section: x, text: x, citation: 1}}]
computed_numbers:
  - id: sum
    label: {{clinician: 98800 1, patient: 98800 1}}
    unit: 98800/1
    formula: g.digits + g.same
    range: {{minimum: -1000, maximum: 400000}}
    sources: [V1]
definitions:
  - {{id: danger, when: g.large < 1.0, text: {_X}}}
  - {{id: few, when: g.digits < 100.0 && sum < 100.0, text: {_X}}}
  - {{id: fewer, when: g.same < 90.0 || sum == 1.0, text: {_X}}}
  - {{id: ready, when: few && fewer, text: {_X}}}
properties: [DETERMINISTIC]
lanes: [{{id: lane, title: {_X}}}]
nodes:
  - {{id: start, title: {_X}, start: {{}}}}
  - {{id: ask, lane: lane, title: {_X}, decision: {{}}}}
  - id: give
    lane: lane
    title: {_X}
    statements: [S1]
    recommendation:
      text: {_X}
      urgency: ROUTINE
      provenance: [ARTICLE]
      regimen:
        drug: water
        route: by mouth
        dose_gate: ready
        weight_fact: g.weight
        rows:
          - {{when: g.weight < 1.0, dose_mg_per_kg: 0.1, {_ROW}}}
          - {{when: g.weight >= 1.0, dose_mg_per_kg: 98800, {_ROW}}}
  - {{id: done, lane: lane, title: {_X}, end: {{}}}}
edges:
  - {{from_node: start, to_node: ask}}
  - {{from_node: ask, to_node: give, when: g.large < 9e17, text: {_X}}}
  - {{from_node: ask, to_node: done, otherwise: true, text: {_X}}}
"""


def add_facts() -> None:
    """Adds the case message of these facts to the messages that are known."""
    package = "rashpath.odd"
    file = FileDescriptorProto(
        name="odd.proto",
        package=package,
        syntax="proto3",
        dependency=[options_pb2.DESCRIPTOR.name],
    )
    case, group = file.message_type.add(name="Case"), file.message_type.add(name="Group")
    case.field.add(
        name="g",
        number=1,
        type=FieldDescriptorProto.TYPE_MESSAGE,
        label=FieldDescriptorProto.LABEL_OPTIONAL,
        type_name=f".{package}.Group",
    )
    for place, (name, label, unit, hard, plausible) in enumerate(FACTS):
        group.oneof_decl.add(name=f"_{name}")
        field = group.field.add(
            name=name,
            number=place + 1,
            type=FieldDescriptorProto.TYPE_DOUBLE,
            label=FieldDescriptorProto.LABEL_OPTIONAL,
            proto3_optional=True,
            oneof_index=place,
        )
        its = field.options.Extensions[options_pb2.fact]
        for words in (its.label, its.question):
            words.clinician = words.patient = label
        its.unit = unit
        its.hard_range.minimum, its.hard_range.maximum = hard
        its.plausible_range.minimum, its.plausible_range.maximum = plausible
    Default().AddSerializedFile(file.SerializeToString())


@pytest.fixture(scope="module")
def engines() -> Engines:
    """Both engines over a guideline of these facts."""
    add_facts()
    return Engines(load_bytes(GUIDELINE.encode()))


ALL: dict[str, int | float] = {"g.weight": 70.0, "g.digits": 9.0, "g.same": 40.0, "g.large": 5.0}


@pytest.mark.parametrize("audience", list(Audience))
@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"g.digits": 771.0}, id="digits in a label that stands alone"),
        pytest.param(ALL | {"g.same": 98_800.0}, id="digits in label and unit"),
        pytest.param(ALL | {"g.digits": 60.0}, id="digits around a computed number"),
        pytest.param(ALL | {"g.digits": 1.0, "g.same": 0.0}, id="one"),
        pytest.param({"g.large": 2e17}, id="beyond a large end of what is plausible"),
        pytest.param({"g.large": 0.5}, id="below it"),
        pytest.param(ALL | {"g.weight": -0.5}, id="less than nothing, and no whole milligram"),
        pytest.param(ALL | {"g.weight": -0.0}, id="nothing, with a sign"),
        pytest.param(ALL | {"g.weight": -12.34}, id="less than nothing"),
    ],
)
def test_odd_words_are_the_plain_ones(engines: Engines, facts: Facts, audience: Audience) -> None:
    case = engines.message(facts)
    assert engines.plain(case, audience) == engines.compiled(case, audience)
