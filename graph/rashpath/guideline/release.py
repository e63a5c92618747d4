"""What is known of one released guideline: the proof certificate, beside the guideline file.

`<version>.release.json` lies beside `<version>.yaml`. It holds what depends on the guideline's
digest and therefore cannot stand in the file that the digest is of. A release file with another
digest says nothing about the guideline: it was written for an earlier text. Only its history
stays, since each step of it names the text that it was of (:mod:`rashpath.guideline.approval`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from rashpath.facts.errors import RashpathError
from rashpath.guideline.model import SEMANTICS_VERSION, DecisionGraph
from rashpath.v1 import guideline_pb2

STRUCTURAL = (
    "diagrams",
    "branches",
    "no_error",
    "reachable",
    "conditions",
    "recommendations",
    "exact",
    "monotone",
    "total",
    "deterministic",
)
"""Ids of the properties that are proved of every guideline."""

INVARIANT = "invariant."
"""What stands before the id of a guideline's own invariant."""

LIFECYCLE = "lifecycle"
"""Key of the history of a guideline, which outlives a change of its text."""

LARGEST = 1 << 20
"""Most bytes of a release file."""


class ReleaseError(RashpathError):
    """A release file that cannot be read."""


class Result(StrEnum):
    """What became of a property."""

    PROVED = "PROVED"
    REFUTED = "REFUTED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class CertifiedProperty:
    """One property of the certificate.

    Args:
        id: its id.
        text: the property in words.
        result: what became of it.
        checked: of how many things it was settled, such as nodes.
        notes: what else the proof found, such as the facts that defeat a recommendation.
        seconds: how long it took.
    """

    id: str
    text: str
    result: Result
    checked: int
    notes: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was proved of one guideline, by what and when.

    Args:
        semantics_version: version of what verdicts mean.
        solver: name of the solver.
        solver_version: its version.
        proved_at: when the proof was finished, RFC 3339 in UTC.
        seconds: how long it took.
        properties: in the order in which they were settled.
    """

    semantics_version: str
    solver: str
    solver_version: str
    proved_at: str
    seconds: float
    properties: tuple[CertifiedProperty, ...]

    def gaps(self, graph: DecisionGraph) -> tuple[str, ...]:
        """Returns what it lacks to be a certificate of a guideline; empty where it is valid."""
        found = []
        if self.semantics_version != SEMANTICS_VERSION:
            found.append(
                f"was made for semantics version {self.semantics_version}, not {SEMANTICS_VERSION}"
            )
        results = {each.id: each.result for each in self.properties}
        for id in required(graph):
            if id not in results:
                found.append(f"says nothing of `{id}`")
            elif results[id] is not Result.PROVED:
                found.append(f"has `{id}` as {results[id].value.lower()}")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Release:
    """A release file.

    Args:
        guideline: id of the guideline.
        version: its version.
        digest: its digest.
        certificate: what was proved of it; None where nothing is recorded.
        rest: what else the file holds, as it stands there.
    """

    guideline: str
    version: str
    digest: str
    certificate: Certificate | None
    rest: Mapping[str, Any]


def required(graph: DecisionGraph) -> tuple[str, ...]:
    """Returns the ids of all properties that must be proved of a guideline."""
    dose_total = ("dose_total",) if _names_dose_total(graph) else ()
    return (*STRUCTURAL, *dose_total, *(f"{INVARIANT}{each.id}" for each in graph.invariants))


def _names_dose_total(graph: DecisionGraph) -> bool:
    return guideline_pb2.PROPERTY_DOSE_TOTAL_NEVER_RISES in graph.guideline.properties


def release_path(guideline: Path) -> Path:
    """Returns where the release file of a guideline file lies.

    Example:
        >>> release_path(Path("my_guideline/1.0.0.yaml")).name
        '1.0.0.release.json'
    """
    return guideline.with_name(f"{guideline.stem}.release.json")


def read_release(path: Path) -> Release | None:
    """Reads a release file.

    Args:
        path: the file.

    Returns:
        The release; None where there is no such file.

    Raises:
        ReleaseError: the file is too large, or not a release file.
        OSError: it cannot be read.
    """
    if not path.exists():
        return None
    data = path.read_bytes()
    if len(data) > LARGEST:
        raise ReleaseError(f"`{path}`: has {len(data)} bytes, more than {LARGEST}")
    try:
        content: Any = json.loads(data)
        rest = dict(content)
        return Release(
            guideline=_text(rest.pop("guideline")),
            version=_text(rest.pop("version")),
            digest=_text(rest.pop("digest")),
            certificate=_certificate(rest.pop("proof", None)),
            rest=rest,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ReleaseError(f"`{path}`: is not a release file ({type(error).__name__})") from None


def certificate_of(graph: DecisionGraph, path: Path) -> tuple[Certificate | None, str]:
    """Reads the certificate of a guideline.

    Args:
        graph: the guideline.
        path: its file; the release file lies beside it.

    Returns:
        The certificate and an empty text; or None, and why there is none.
    """
    try:
        release = read_release(release_path(path))
    except (ReleaseError, OSError):
        return None, "its release file cannot be read"
    if release is None or release.certificate is None:
        return None, "no proof certificate lies beside it"
    if release.digest != graph.digest:
        return None, f"its proof certificate is for another text, digest {release.digest[:8]}"
    gaps = release.certificate.gaps(graph)
    if gaps:
        return None, f"its proof certificate {gaps[0]}"
    return release.certificate, ""


def write_certificate(graph: DecisionGraph, path: Path, certificate: Certificate) -> Path:
    """Writes a certificate into the release file beside a guideline file.

    What else the release file holds for the same digest stays; for another digest all but the
    history goes, since it was said of another text.

    Args:
        graph: the guideline.
        path: its file.
        certificate: what was proved of it.

    Returns:
        The release file.

    Raises:
        ReleaseError: there is a file that is not a release file.
        OSError: it cannot be written.
    """
    present = read_release(release_path(path))
    return _write(graph, path, certificate, _rest_of(graph, present))


def write_part(graph: DecisionGraph, path: Path, key: str, content: Any) -> Path:
    """Writes one further part into the release file beside a guideline file.

    Everything else stays, as :func:`write_certificate` says.

    Args:
        graph: the guideline.
        path: its file.
        key: name of the part.
        content: what JSON can hold.

    Returns:
        The release file.

    Raises:
        ReleaseError: there is a file that is not a release file, or it would become too large.
        OSError: it cannot be written.
    """
    present = read_release(release_path(path))
    same = present is not None and present.digest == graph.digest
    certificate = present.certificate if present is not None and same else None
    return _write(graph, path, certificate, {**_rest_of(graph, present), key: content})


def _rest_of(graph: DecisionGraph, present: Release | None) -> dict[str, Any]:
    if present is None:
        return {}
    if present.digest == graph.digest:
        return dict(present.rest)
    return {key: present.rest[key] for key in present.rest if key == LIFECYCLE}


def _write(
    graph: DecisionGraph, path: Path, certificate: Certificate | None, rest: Mapping[str, Any]
) -> Path:
    target = release_path(path)
    guideline = graph.guideline
    text = release_text(
        Release(guideline.id, guideline.version, graph.digest, certificate, rest)
    ).encode()
    if len(text) > LARGEST:
        raise ReleaseError(f"`{target}`: would have {len(text)} bytes, more than {LARGEST}")
    target.write_bytes(text)
    return target


def release_text(release: Release) -> str:
    """Returns a release as the text of its file, the same for the same release."""
    content: dict[str, Any] = {
        "guideline": release.guideline,
        "version": release.version,
        "digest": release.digest,
    }
    if release.certificate is not None:
        content["proof"] = asdict(release.certificate)
    content |= {key: release.rest[key] for key in sorted(release.rest)}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _certificate(content: Any) -> Certificate | None:
    if content is None:
        return None
    datetime.fromisoformat(content["proved_at"])
    return Certificate(
        semantics_version=_text(content["semantics_version"]),
        solver=_text(content["solver"]),
        solver_version=_text(content["solver_version"]),
        proved_at=_text(content["proved_at"]),
        seconds=float(content["seconds"]),
        properties=tuple(
            CertifiedProperty(
                id=_text(each["id"]),
                text=_text(each["text"]),
                result=Result(each["result"]),
                checked=int(each["checked"]),
                notes=tuple(_text(note) for note in each["notes"]),
                seconds=float(each["seconds"]),
            )
            for each in content["properties"]
        ),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
