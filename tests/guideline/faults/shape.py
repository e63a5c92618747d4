"""Faults of the shape of the graph."""

from __future__ import annotations

from tests.guideline.faults.fault import Fault

TO_TELL = "  - {from_node: steady, to_node: tell}\n"

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
