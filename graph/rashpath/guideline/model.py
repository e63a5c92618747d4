"""The guideline as the readings see it: typed nodes and edges around a networkx graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import networkx as nx

from rashpath.expression.decision_diagram import Diagrams
from rashpath.expression.levels import defeating_facts
from rashpath.expression.text import condition_text
from rashpath.expression.tree import Computed, Condition, Exists, Leaf, leaves
from rashpath.facts.dictionary import Dictionary
from rashpath.facts.wording import Audience, Wording
from rashpath.v1 import decision_pb2, guideline_pb2

SEMANTICS_VERSION = "1"
"""Version of what verdicts mean; a change of it may change answers to the same facts."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A reservation; shown unless ``when`` is known to be false."""

    flag: guideline_pb2.EvidenceFlag.ValueType
    text: str
    sources: tuple[str, ...]
    when: Condition | None


@dataclass(frozen=True, slots=True)
class Note:
    """What to observe; shown unless ``when`` is known to be false."""

    text: Wording
    statements: tuple[str, ...]
    sources: tuple[str, ...]
    flags: tuple[Flag, ...]
    when: Condition | None


@dataclass(frozen=True, slots=True)
class Definition:
    """A named condition; ``withheld_code`` is its word where it keeps a dose back."""

    id: str
    condition: Condition
    text: Wording
    statements: tuple[str, ...]
    sources: tuple[str, ...]
    withheld_code: str


@dataclass(frozen=True, slots=True)
class DoseRow:
    """One row of a dose table: mg per kg and dose, and hours between doses."""

    when: Condition
    dose_mg_per_kg: float
    interval_hours: int
    text: str


@dataclass(frozen=True, slots=True)
class Regimen:
    """How a treatment is given; ``gate`` lists what must hold for a dose in mg to be shown."""

    plan: guideline_pb2.RegimenPlan
    rows: tuple[DoseRow, ...]
    gate: tuple[Definition, ...]
    weight: str


@dataclass(frozen=True, slots=True)
class _Node:
    """What every node has.

    Args:
        id: stable id.
        lane: id of its lane; empty for the start.
        title: title in words.
        statements: ids of the article's statements behind it.
        sources: ids of the other sources behind it.
        flags: reservations.
    """

    id: str
    lane: str
    title: Wording
    statements: tuple[str, ...]
    sources: tuple[str, ...]
    flags: tuple[Flag, ...]


@dataclass(frozen=True, slots=True)
class Start(_Node):
    """The one root."""


@dataclass(frozen=True, slots=True)
class Decision(_Node):
    """A question; its outgoing edges exclude each other and leave no case out."""


@dataclass(frozen=True, slots=True)
class All(_Node):
    """A fork; every outgoing edge is followed."""


@dataclass(frozen=True, slots=True)
class Finding(_Node):
    """A named conclusion: ``finding`` has ``value`` where the node is reached."""

    finding: str
    value: str


@dataclass(frozen=True, slots=True)
class Recommendation(_Node):
    """Something to do."""

    text: Wording
    urgency: guideline_pb2.Urgency.ValueType
    provenance: tuple[guideline_pb2.Provenance.ValueType, ...]
    gives: str
    regimen: Regimen | None
    alternatives: tuple[guideline_pb2.Alternative, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class End(_Node):
    """Nothing more is to be said on this way."""


Node = Start | Decision | All | Finding | Recommendation | End


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge.

    Args:
        tail: id of the node that it leaves.
        head: id of the node that it enters.
        condition: the condition under which it is taken; of ``otherwise``, the complement of its
            siblings; of an edge without condition, always true.
        written: the condition as the file has it; None where it has none.
        otherwise: True for the complement of its siblings.
        text: the answer that it stands for.
    """

    tail: str
    head: str
    condition: Condition
    written: Condition | None
    otherwise: bool
    text: Wording

    @property
    def conditional(self) -> bool:
        """True if the edge is not always taken from its node."""
        return self.otherwise or self.written is not None


@dataclass(frozen=True, slots=True)
class WrittenCondition:
    """The condition of an edge as CEL text, and its comparisons by their texts, in reading order.

    Definitions are opened, and so is the existence of computed numbers. An edge that is always
    taken has no text and no comparisons.
    """

    text: str
    leaves: Mapping[str, Leaf]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Given facts that cannot all be true."""

    id: str
    condition: Condition
    text: Wording


@dataclass(frozen=True, slots=True)
class Caution:
    """Shown where its condition is known to hold."""

    id: str
    condition: Condition
    text: Wording


@dataclass(frozen=True, slots=True)
class NotCovered:
    """What the guideline does not cover, where its condition holds."""

    id: str
    condition: Condition
    text: Wording


@dataclass(frozen=True, slots=True)
class Invariant:
    """A property of every case."""

    id: str
    condition: Condition
    text: str


@dataclass(frozen=True, slots=True)
class NamedComputed:
    """A computed number with its words."""

    number: Computed
    label: Wording
    unit: str
    invalid_text: Wording


@dataclass(frozen=True, slots=True)
class Reach:
    """The exact conditions of a guideline, as diagrams.

    Whatever is missing did not fit the limit of nodes; Kleene's tables must do for it.

    Args:
        diagrams: holds all diagrams.
        nodes: when each node is reached.
        edges: when each edge is taken.
        doses: when each recommendation with a dose gate applies and its gate is open.
        definitions: when each definition holds.
    """

    diagrams: Diagrams
    nodes: Mapping[str, int]
    edges: Mapping[tuple[str, str], int]
    doses: Mapping[str, int]
    definitions: Mapping[str, int]


class DecisionGraph:
    """A loaded guideline: the only thing that readings are given.

    Args:
        guideline: the message that the file holds.
        dictionary: the facts of its case type.
        digest: SHA-256 over the canonical guideline and fact dictionary, hexadecimal.
        nodes: nodes in the order of the file.
        edges: edges in the order of the file.
        definitions: named conditions by id, in the order of the file.
        computed: computed numbers by id, in the order of the file.
        contradictions: in the order of the file.
        cautions: in the order of the file.
        not_covered: in the order of the file.
        invariants: in the order of the file.
        red_flag: the definition that tells danger.
        reach: exact conditions of nodes and edges.
    """

    def __init__(
        self,
        *,
        guideline: guideline_pb2.Guideline,
        dictionary: Dictionary,
        digest: str,
        nodes: tuple[Node, ...],
        edges: tuple[Edge, ...],
        definitions: Mapping[str, Definition],
        computed: Mapping[str, NamedComputed],
        contradictions: tuple[Contradiction, ...],
        cautions: tuple[Caution, ...],
        not_covered: tuple[NotCovered, ...],
        invariants: tuple[Invariant, ...],
        red_flag: Definition,
        reach: Reach,
    ) -> None:
        self.guideline = guideline
        self.dictionary = dictionary
        self.digest = digest
        self.definitions = definitions
        self.computed = computed
        self.contradictions = contradictions
        self.cautions = cautions
        self.not_covered = not_covered
        self.invariants = invariants
        self.red_flag = red_flag
        self.reach = reach
        self._graph = graph_of(nodes, edges)
        place = {node.id: index for index, node in enumerate(nodes)}
        self.order: tuple[Node, ...] = tuple(
            self._graph.nodes[id]["node"]
            for id in nx.lexicographical_topological_sort(self._graph, key=place.__getitem__)
        )
        self.by_id: Mapping[str, Node] = MappingProxyType({node.id: node for node in nodes})
        self._out = {node.id: tuple(e for e in edges if e.tail == node.id) for node in nodes}
        self._in = {node.id: tuple(e for e in edges if e.head == node.id) for node in nodes}

    def out_of(self, node: str) -> tuple[Edge, ...]:
        """Returns the edges that leave a node, in the order of the file."""
        return self._out[node]

    def into(self, node: str) -> tuple[Edge, ...]:
        """Returns the edges that enter a node, in the order of the file."""
        return self._in[node]

    @cached_property
    def recommendations(self) -> tuple[Recommendation, ...]:
        """All recommendations, in topological order."""
        return tuple(node for node in self.order if isinstance(node, Recommendation))

    @cached_property
    def written(self) -> Mapping[tuple[str, str], WrittenCondition]:
        """The conditions of all edges, by tail and head, ready to be shown."""
        return {
            (edge.tail, edge.head): (
                WrittenCondition(condition_text(edge.condition), _leaves_once(edge.condition))
                if edge.conditional
                else WrittenCondition("", {})
            )
            for edges in self._out.values()
            for edge in edges
        }

    @cached_property
    def defeasible(self) -> frozenset[str]:
        """Ids of the recommendations that a further fact can withdraw, found without a case."""
        return frozenset(
            node.id
            for node in self.recommendations
            if node.id in self.reach.nodes
            and any(
                defeating_facts(level)
                for level in self.reach.diagrams.support(self.reach.nodes[node.id])
            )
        )

    @cached_property
    def findings(self) -> Mapping[str, tuple[Finding, ...]]:
        """The nodes of each finding, in topological order."""
        groups: dict[str, tuple[Finding, ...]] = {}
        for node in self.order:
            if isinstance(node, Finding):
                groups[node.finding] = (*groups.get(node.finding, ()), node)
        return groups

    @cached_property
    def name(self) -> str:
        """Id and version, such as `spots@1.0.0`."""
        return f"{self.guideline.id}@{self.guideline.version}"

    def info(self, audience: Audience = Audience.CLINICIAN) -> decision_pb2.GuidelineInfo:
        """Returns what names this guideline in an answer."""
        return decision_pb2.GuidelineInfo(
            id=self.guideline.id,
            version=self.guideline.version,
            digest=self.digest,
            review_status=self.guideline.review_status,
            last_updated=self.guideline.last_updated,
            title=Wording.of(self.guideline.title).to(audience),
            semantics_version=SEMANTICS_VERSION,
        )


def graph_of(nodes: tuple[Node, ...], edges: tuple[Edge, ...]) -> nx.DiGraph[str]:
    """Returns the networkx graph of some nodes and edges, each carried as an attribute."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for node in nodes:
        graph.add_node(node.id, node=node)
    for edge in edges:
        graph.add_edge(edge.tail, edge.head, edge=edge)
    return graph


def _leaves_once(condition: Condition) -> dict[str, Leaf]:
    found: dict[str, Leaf] = {}
    pending = [condition]
    while pending:
        for leaf in leaves(pending.pop(0)):
            if isinstance(leaf, Exists):
                pending.append(leaf.computed.valid_when)
            else:
                found.setdefault(condition_text(leaf), leaf)
    return found
