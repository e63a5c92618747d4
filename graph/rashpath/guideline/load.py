"""Loads a guideline file: reads it strictly, compiles its conditions, checks it whole."""

from __future__ import annotations

from pathlib import Path as FilePath

from google.protobuf.descriptor_pool import Default

from rashpath.facts.dictionary import Dictionary
from rashpath.facts.document import parse
from rashpath.facts.errors import DictionaryError, FactsError
from rashpath.facts.message import fill
from rashpath.guideline.check_content import check_content, check_names
from rashpath.guideline.check_exact import build_reach
from rashpath.guideline.check_structure import check_structure
from rashpath.guideline.compile import Compilation
from rashpath.guideline.digest import digest
from rashpath.guideline.errors import Faults, GuidelineError
from rashpath.guideline.model import DecisionGraph
from rashpath.v1 import facts_pb2 as facts_pb2  # the default case type must be in the pool
from rashpath.v1 import guideline_pb2

SIZE_LIMIT = 4 * 1024 * 1024


def load(path: FilePath) -> DecisionGraph:
    """Loads a guideline from a file.

    Args:
        path: a YAML or JSON file that holds a `rashpath.v1.Guideline`.

    Raises:
        GuidelineError: the file is faulty; every fault is listed with file, line and path.
        OSError: the file cannot be read.

    Example:
        >>> from importlib.resources import files
        >>> folder = files("rashpath.content") / "valacyclovir_spreading_rash"
        >>> load(folder / "1.0.0.yaml").guideline.id
        'valacyclovir_spreading_rash'
    """
    return load_bytes(path.read_bytes(), str(path))


def load_bytes(data: bytes, source: str = "") -> DecisionGraph:
    """Loads a guideline from the bytes of a file.

    Args:
        data: YAML or JSON in UTF-8, at most 4 MiB.
        source: name of the file, for messages.

    Raises:
        GuidelineError: the file is faulty.
    """
    graph, faults = load_unproved(data, source)
    faults.raise_if_any()
    return graph


def load_unproved(data: bytes, source: str = "") -> tuple[DecisionGraph, Faults]:
    """Loads a guideline whose content may still fail in some cases, for the proof to show them.

    Args:
        data: YAML or JSON in UTF-8, at most 4 MiB.
        source: name of the file, for messages.

    Returns:
        The graph, which must not be served where there are faults, and the faults that the checks
        over all cases found, such as a case without a branch.

    Raises:
        GuidelineError: the file is faulty in a way that leaves no graph to speak of.
    """
    try:
        document = parse(data, source, limit=SIZE_LIMIT)
        guideline = fill(guideline_pb2.Guideline, document.value, document.places, document.source)
    except FactsError as error:
        raise GuidelineError(error.problems) from None
    faults = Faults(document)
    dictionary = _dictionary(guideline, faults)
    check_content(guideline, faults)
    check_names(guideline, dictionary, faults)
    faults.raise_if_any()
    compilation = Compilation(guideline, dictionary, faults)
    check_structure(compilation, faults)
    faults.raise_if_any()
    reach = build_reach(compilation, faults)
    graph = DecisionGraph(
        guideline=guideline,
        dictionary=dictionary,
        digest=digest(guideline, dictionary),
        nodes=compilation.nodes,
        edges=compilation.edges,
        definitions=compilation.definitions,
        computed=compilation.computed,
        contradictions=compilation.contradictions,
        cautions=compilation.cautions,
        not_covered=compilation.not_covered,
        invariants=compilation.invariants,
        red_flag=compilation.definitions[guideline.red_flag],
        reach=reach,
    )
    return graph, faults


def _dictionary(guideline: guideline_pb2.Guideline, faults: Faults) -> Dictionary:
    try:
        dictionary = Dictionary.of(Default().FindMessageTypeByName(guideline.case_type))
        if len(dictionary):
            return dictionary
        faults.add(("case_type",), f"`{guideline.case_type}` holds no facts")
    except KeyError:
        faults.add(("case_type",), f"`{guideline.case_type}` is not a known message")
    except DictionaryError as error:
        faults.add(("case_type",), str(error))
    faults.raise_if_any()
    raise AssertionError("a fault was noted")
