"""A digest names what a guideline says, not how its file is laid out."""

from __future__ import annotations

import copy
import json
import os
import random
import subprocess
import sys
from dataclasses import replace

import pytest

from rashpath.facts import Dictionary, Plain, fill, parse
from rashpath.guideline import load_bytes
from rashpath.guideline.digest import digest
from rashpath.v1 import facts_pb2, guideline_pb2
from tests.guideline.small import NAME, TEXT, edited

PARSED = parse(TEXT.encode()).value
DICTIONARY = Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR)


def digest_of(document: Plain) -> str:
    """Returns the digest of a document without checking it."""
    return digest(fill(guideline_pb2.Guideline, document), DICTIONARY)


DIGEST = digest_of(PARSED)


def shuffled(value: Plain, seed: random.Random) -> Plain:
    """Returns a value with the keys of every mapping in another order."""
    match value:
        case dict():
            keys = seed.sample(list(value), len(value))
            return {key: shuffled(value[key], seed) for key in keys}
        case list():
            return [shuffled(item, seed) for item in value]
        case _:
            return value


def test_is_the_digest_of_the_loaded_guideline() -> None:
    """What the loader names is this digest: 64 hexadecimal digits."""
    assert load_bytes(TEXT.encode(), NAME).digest == DIGEST
    assert len(DIGEST) == 64
    assert int(DIGEST, 16) > 0


@pytest.mark.parametrize("seed", range(3))
def test_is_independent_of_layout(seed: int) -> None:
    """Comments, file format and the order of keys change nothing."""
    document = shuffled(PARSED, random.Random(seed))
    assert load_bytes(json.dumps(document, indent=seed or None).encode(), NAME).digest == DIGEST
    assert load_bytes(f"# A comment\n{TEXT}\n\n".encode(), NAME).digest == DIGEST


def test_is_independent_of_json_names() -> None:
    """A field's proto name and its JSON name mean the same."""
    assert load_bytes(edited("red_flag:", "redFlag:").encode(), NAME).digest == DIGEST


def _changed(value: Plain) -> Plain:
    """Returns another value of the same type, or the same where there is no simple other."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str() if value.isupper():
            return value
        case str():
            return f"{value}x"
        case _:
            return value


def _changes(document: Plain) -> dict[str, Plain]:
    """Returns, for each text, number and choice of a document, a copy with that one changed."""
    found: dict[str, Plain] = {}

    def visit(value: Plain, path: tuple[int | str, ...]) -> None:
        match value:
            case dict():
                for key, item in value.items():
                    visit(item, (*path, key))
            case list():
                for index, item in enumerate(value):
                    visit(item, (*path, index))
            case _ if _changed(value) != value:
                copied = copy.deepcopy(document)
                holder: Plain = copied
                for part in path[:-1]:
                    holder = holder[part]  # type: ignore[index] # a path of it
                holder[path[-1]] = _changed(value)  # type: ignore[index] # likewise
                found["/".join(map(str, path))] = copied

    visit(document, ())
    return found


def test_changes_with_every_text_and_number() -> None:
    """No word and no threshold of the file can change without a new digest."""
    changes = _changes(PARSED)
    digests = {path: digest_of(document) for path, document in changes.items()}
    assert len(digests) > 150
    assert [path for path, changed in digests.items() if changed == DIGEST] == []
    assert len(set(digests.values())) == len(digests)


def test_changes_with_a_choice() -> None:
    """Another urgency is another guideline."""
    document = parse(edited("urgency: ROUTINE", "urgency: PROMPT").encode()).value
    assert digest_of(document) != DIGEST


def test_changes_with_the_fact_dictionary() -> None:
    """Another question for the same fact is another guideline."""
    first, *rest = DICTIONARY.facts
    asked = replace(first, question=replace(first.question, patient="How old?"))
    dictionary = replace(DICTIONARY, facts=(asked, *rest))
    assert digest(fill(guideline_pb2.Guideline, PARSED), dictionary) != DIGEST


@pytest.mark.parametrize("section", ["nodes", "edges", "statements", "definitions"])
def test_changes_with_the_order_of_a_list(section: str) -> None:
    """The order of nodes, edges, statements and definitions is part of what is said."""
    document = copy.deepcopy(PARSED)
    assert isinstance(document, dict)
    items = document[section]
    assert isinstance(items, list)
    items[0], items[1] = items[1], items[0]
    assert digest_of(document) != DIGEST


_PROGRAM = """
import sys
from rashpath.expression.decision_diagram import FALSE
from rashpath.guideline import load_bytes
from rashpath.guideline.check_exact import witness
graph = load_bytes(sys.stdin.buffer.read(), "small.yaml")
diagrams = graph.reach.diagrams
print(graph.digest, [node.id for node in graph.order], [edge for edge in graph.reach.edges])
print([str(level) for level in diagrams.levels])
print([diagrams.node(number) for number in range(len(diagrams))])
print([witness(diagrams, root, graph.dictionary) for root in graph.reach.nodes.values()])
"""


def test_is_the_same_in_every_process() -> None:
    """Digest, order of nodes and decision diagrams do not depend on the seed of Python's hashes."""
    told = {
        subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            input=TEXT.encode(),
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    (only,) = told
    assert DIGEST.encode() in only
