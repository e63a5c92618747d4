"""Decides a malformed case: by rashpath as `rashpath evaluate --local` does, and by the peers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rashpath.facts.document import parse
from rashpath.facts.errors import FactsError
from rashpath.facts.message import fill
from rashpath.service.application import Application
from rashpath.service.errors import Refusal
from rashpath.v1.decision_pb2 import VERDICT_APPLIES, View
from rashpath.v1.decision_service_pb2 import EvaluateRequest, EvaluateResponse
from rashpath.v1.facts_pb2 import PatientCase
from tests.bench.guidelines import sub
from tests.bench.peers import cel, clips, dmn, json_logic, rego, zen
from tests.bench.sub_cases import FOLDER, LANES, Outcome, Plain
from tests.malformed.cases import SOUND, Malformed, grouped
from tests.malformed.clips_types import typed_decider
from tests.malformed.zen_schema import schema_decider

_CONTRADICTIONS = Path(__file__).with_name("contradictions.yaml")
"""What cannot be true together; the sub-guideline of the benchmark does not say so."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came back.

    Args:
        outcome: where the four lanes end; a lane that is open or unknown is empty. None: refused.
        errors: the messages of a refusal: the error, its notes, and the errors that led to it.
        open: facts that are asked for.
        contradicting: facts of the contradictions that are reported.
        unusual: facts that are warned of.
        crashed: whether the process that was asked died, or did not come back.
    """

    outcome: Outcome | None = None
    errors: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    contradicting: tuple[str, ...] = ()
    unusual: tuple[str, ...] = ()
    crashed: bool = False


@dataclass(frozen=True, slots=True)
class Peer:
    """An engine to compare with.

    Args:
        name: for tables.
        distribution: its package.
        how: how it is called, for the page.
        decider: makes the decision.
        prepare: from the JSON text of a case to what the decision takes.
    """

    name: str
    distribution: str
    how: str
    decider: Callable[[Plain], Callable[[Any], Outcome]]
    prepare: Callable[[str], Any] = json.loads


def _cel_decider(example: Plain) -> Callable[[Plain], Outcome]:
    """Returns the decision by Google's CEL; it gives an error as a value, which is raised here."""
    program = cel.cel_expr_python_program(example)

    def decide(facts: Plain) -> Outcome:
        value = program.eval(data=facts).value()
        if not isinstance(value, list):
            raise ValueError(value)
        return tuple(each.value() for each in value)

    return decide


_READ = "a dict from `json.loads`"

PEERS = (
    Peer(
        *("zen-engine", "zen-engine", f"decision graph, {_READ}; no schema"),
        zen.graph_decider,
    ),
    Peer(
        *("zen-engine + schema", "zen-engine"),
        f"the same with a JSON Schema in its input node: types, ranges, words, every fact required,"
        f" no other field, and the contradictions as `not`; {_READ}",
        schema_decider,
    ),
    Peer(
        *("regorus", "opa-eval", "the JSON text itself, as `input` of a Rego policy"),
        rego.decider,
        lambda text: text,
    ),
    Peer(
        *("json-logic (Python)", "panzi-json-logic", f"{_READ}; `===` for words"),
        json_logic.python_decider,
    ),
    Peer(
        *("json-logic (Rust)", "datalogic-py", f"{_READ}; `===` for words"),
        json_logic.rust_decider,
    ),
    Peer(
        *("CEL (C++)", "cel-expr-python"),
        f"an environment that declares the type of each fact; {_READ}",
        _cel_decider,
    ),
    Peer(
        *("CEL (Python)", "cel-python", "untyped environment, values by `celpy.json_to_cel`"),
        cel.cel_python_decider,
        lambda text: cel.prepare_cel_python(json.loads(text)),
    ),
    Peer(
        *("CLIPS", "clipspy"),
        f"a template that declares type, range and words of each slot; {_READ}, words as symbols",
        typed_decider,
        lambda text: clips.prepare(json.loads(text)),
    ),
    Peer(
        *("DMN", "SpiffWorkflow", f"decision tables, expressions in Python; {_READ}"),
        dmn.decider,
    ),
)


@cache
def application() -> Application:
    """Returns the service over the sub-guideline with its contradictions."""
    sources = (FOLDER / "resistant_rash" / "1.0.0.yaml", _CONTRADICTIONS)
    text = "".join(source.read_text(encoding="utf-8") for source in sources)
    with tempfile.TemporaryDirectory() as folder:
        inner = Path(folder) / "resistant_rash"
        inner.mkdir()
        (inner / "1.0.0.yaml").write_text(text, encoding="utf-8")
        return Application.load(Path(folder))


def ask_rashpath(text: str) -> Told:
    """Returns what rashpath tells of a case: a JSON document, read, sent and answered.

    Args:
        text: the JSON text, facts in groups.
    """
    try:
        document = parse(text.encode("utf-8"), "case.json")
        case = fill(PatientCase, document.value, document.places, "case.json")
        request = EvaluateRequest(patient_case=case, view=View.VIEW_FULL)
        answer = application().evaluate(request)
    except FactsError as error:
        return Told(errors=tuple(problem.located() for problem in error.problems))
    except Refusal as refusal:
        described = (f"`{each.field}` {each.description}" for each in refusal.fields)
        return Told(errors=(refusal.message, *described))
    return Told(
        _ends(answer),
        open=tuple(question.fact for question in answer.questions),
        contradicting=tuple(fact for each in answer.contradictions for fact in each.facts),
        unusual=tuple(fact for each in answer.warnings for fact in each.facts),
    )


def _ends(answer: EvaluateResponse) -> Outcome:
    applies = {step.node for step in answer.path if step.verdict == VERDICT_APPLIES}
    ends = {
        node.lane: node.id
        for node in sub().order
        if not sub().out_of(node.id) and node.id in applies
    }
    return tuple(ends.get(lane, "") for lane in LANES)  # type: ignore[return-value]  # four texts


@cache
def _deciders() -> dict[str, Callable[[Any], Outcome]]:
    return {}


def ask_peer(name: str, text: str) -> Told:
    """Returns what a peer tells of a case.

    Args:
        name: the peer's.
        text: the JSON text, facts side by side.
    """
    (peer,) = (each for each in PEERS if each.name == name)
    deciders = _deciders()
    if name not in deciders:
        deciders[name] = peer.decider(SOUND)
    try:
        outcome = deciders[name](peer.prepare(text))
    except Exception as error:  # whatever a peer raises is its refusal
        return Told(errors=tuple(_messages(error)))
    known = {node.id for node in sub().order}
    if any(each not in known for each in outcome):
        return Told(errors=(f"no outcome: {outcome!r}",))
    return Told(outcome)


def _messages(error: BaseException | None) -> Iterator[str]:
    """Yields what a Python host sees of an error; without the addresses of a stack in Rust."""
    while error is not None:
        text, _, _ = str(error).partition("Stack backtrace")
        yield f"{type(error).__name__}: {text.strip()}"
        yield from getattr(error, "__notes__", [])
        error = error.__cause__ or error.__context__


def meant(case: Malformed) -> Outcome:
    """Returns the outcome of the case that was meant."""
    told = ask_rashpath(grouped(case.meant))
    assert told.outcome is not None, told.errors
    return told.outcome
