"""The guidelines that a server serves: loaded once, several versions side by side.

A folder holds `<id>/<version>.yaml`. The default version of a guideline is its highest release, or
its highest pre-release where nothing else is there.
"""

from __future__ import annotations

import importlib.resources
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from rashpath.facts.errors import RashpathError, quoted
from rashpath.guideline import DecisionGraph, GuidelineError, load
from rashpath.guideline.approval import ApprovalError, approval_of, read_approvers
from rashpath.guideline.release import Certificate, ReleaseError, certificate_of
from rashpath.readings.self_test import failures
from rashpath.service.errors import FieldFault, Refusal
from rashpath.service.nearest import nearest
from rashpath.service.review import review_history
from rashpath.v1.decision_service_pb2 import GuidelineSelector
from rashpath.v1.errors_pb2 import ErrorReason
from rashpath.v1.guideline_service_pb2 import ReviewStep

_CONTENT = "rashpath.content"
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")

VersionKey = tuple[int, int, int, bool, tuple[tuple[int, int, str], ...]]


class GuidelinesError(RashpathError):
    """The guidelines of a server cannot be served; carries every fault found."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True, slots=True, eq=False)
class Guidelines:
    """Loaded guidelines by id and version, both in order; versions from the lowest up.

    Args:
        by_id: for each id its versions; never empty.
        default_id: the id that an empty selector means.
        default_versions: for each id the version that an empty version means.
        certificates: what was proved, by digest; a guideline without a valid one is left out.
        reviews: the steps of their reviews, the oldest first, by digest.
        loaded_s: when they were loaded, seconds since 1970.
    """

    by_id: Mapping[str, Mapping[str, DecisionGraph]]
    default_id: str
    default_versions: Mapping[str, str]
    certificates: Mapping[str, Certificate] = field(default_factory=dict)
    reviews: Mapping[str, tuple[ReviewStep, ...]] = field(default_factory=dict)
    loaded_s: float = field(default_factory=time.time)

    def select(self, selector: GuidelineSelector) -> DecisionGraph:
        """Returns the guideline that a request asks for.

        Raises:
            Refusal: the id or the version is not served (GUIDELINE_NOT_FOUND, VERSION_NOT_FOUND,
                naming those that are), or the digest is not the one served (DIGEST_MISMATCH).
        """
        guideline_id = selector.id or self.default_id
        versions = self.by_id.get(guideline_id)
        if versions is None:
            known = ", ".join(f"`{each}`" for each in self.by_id)
            near = nearest(guideline_id, self.by_id)
            hint = f"; did you mean `{near}`?" if near and len(self.by_id) > 1 else ""
            raise _not_found(
                ErrorReason.ERROR_REASON_GUIDELINE_NOT_FOUND,
                "guideline.id",
                f"guideline {quoted(guideline_id)} is not served; known: {known}{hint}",
            )
        version = selector.version or self.default_versions[guideline_id]
        graph = versions.get(version)
        if graph is None:
            known = ", ".join(f"`{each}`" for each in versions)
            raise _not_found(
                ErrorReason.ERROR_REASON_VERSION_NOT_FOUND,
                "guideline.version",
                f"version {quoted(version)} of `{guideline_id}` is not served; known: {known}",
            )
        if selector.digest and selector.digest != graph.digest:
            reason = ErrorReason.ERROR_REASON_DIGEST_MISMATCH
            text = f"`{guideline_id}` {version} has the digest {graph.digest}, not the pinned one"
            raise Refusal(
                reason,
                text,
                (FieldFault("guideline.digest", text, reason),),
                {"guideline": guideline_id, "version": version, "current_digest": graph.digest},
            )
        return graph

    def all(self) -> tuple[DecisionGraph, ...]:
        """Returns every guideline, by id and then from the lowest version up."""
        return tuple(graph for versions in self.by_id.values() for graph in versions.values())

    def names(self) -> tuple[str, ...]:
        """Returns `ID@VERSION` and the start of the digest of every guideline, in that order."""
        return tuple(
            f"{graph.guideline.id}@{graph.guideline.version} {graph.digest[:12]}"
            for graph in self.all()
        )


def load_guidelines(
    folder: Path | None = None,
    default: str = "",
    *,
    require_certificate: bool = False,
    approval_key_file: Path | None = None,
    self_test: bool = False,
) -> Guidelines:
    """Loads every guideline of a folder.

    Args:
        folder: holds `<id>/<version>.yaml`; None: the guidelines that come with rashpath.
        default: `ID` or `ID@VERSION` for requests that name none; empty: the only id there is, in
            its highest version.

        require_certificate: whether each needs a valid proof certificate beside its file.
        approval_key_file: public keys, one of which must have signed the approval of each; None:
            none needs one.
        self_test: whether each must answer the cases of its release file, if that has some, as it
            says there.

    Raises:
        GuidelinesError: nothing to serve, a file that cannot be loaded, lies under another id or
            version than it says, has a release file that cannot be read, lacks a certificate or an
            approval that it needs or fails its self-test, a default that is not there, or keys that
            cannot be read; all at once.
    """
    found: dict[str, dict[str, DecisionGraph]] = {}
    certificates: dict[str, Certificate] = {}
    reviews: dict[str, tuple[ReviewStep, ...]] = {}
    problems: list[str] = []
    approvers = None
    if approval_key_file is not None:
        try:
            approvers = read_approvers(approval_key_file)
        except ApprovalError as error:
            raise GuidelinesError([f"`require_approval_key_file`: {error}"]) from None
    for path in _files(folder):
        try:
            graph = load(path)
        except GuidelineError as error:
            problems.extend(problem.located() for problem in error.problems)
            continue
        guideline = graph.guideline
        if (guideline.id, guideline.version) != (path.parent.name, path.stem):
            problems.append(
                f"{path}: holds `{guideline.id}` {guideline.version}; "
                f"it belongs into `{guideline.id}/{guideline.version}.yaml`"
            )
            continue
        certificate, lack = certificate_of(graph, path)
        if certificate is not None:
            certificates[graph.digest] = certificate
        elif require_certificate:
            problems.append(
                f"{path}: {lack}, and `require_certificate` is set; "
                "write one with `rashpath guideline verify FILE --write`"
            )
        if approvers is not None:
            approval, lack = approval_of(graph, path, approvers)
            if approval is None:
                problems.append(f"{path}: {lack}, and `require_approval_key_file` is set")
        try:
            reviews[graph.digest] = review_history(graph, path, approvers)
        except (ReleaseError, OSError):
            problems.append(f"{path}: its release file cannot be read, nor the review in it")
        if self_test:
            problems.extend(_self_test_problems(graph, path))
        found.setdefault(guideline.id, {})[guideline.version] = graph
    if not found and not problems:
        problems.append(f"no guideline in `{folder or _CONTENT}`")
    if problems:
        raise GuidelinesError(problems)
    ordered = {
        each: {version: found[each][version] for version in sorted(found[each], key=version_key)}
        for each in sorted(found)
    }
    return replace(_with_defaults(ordered, default), certificates=certificates, reviews=reviews)


def _self_test_problems(graph: DecisionGraph, path: Path) -> list[str]:
    try:
        return [f"{path}: fails its self-test: {each}" for each in failures(graph, path)]
    except (ReleaseError, OSError):
        return [f"{path}: its release file cannot be read, so that its self-test cannot run"]


def version_key(version: str) -> VersionKey:
    """Returns what a version sorts by, as semantic versioning orders them.

    A version of another form sorts below all of that form.

    Example:
        >>> sorted(["1.10.0", "1.9.0", "1.10.0-rc.1"], key=version_key)
        ['1.9.0', '1.10.0-rc.1', '1.10.0']
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        return -1, 0, 0, False, ((1, 0, version),)
    major, minor, patch, early = match.groups()
    parts = tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part)
        for part in (early.split(".") if early else ())
    )
    return int(major), int(minor), int(patch), not early, parts


def _files(folder: Path | None) -> list[Path]:
    if folder is not None:
        return sorted(folder.glob("*/*.yaml"))
    # A guideline is a file on disk: rashpath is never installed as a zip.
    roots = [Path(str(entry)) for entry in importlib.resources.files(_CONTENT).iterdir()]
    return sorted(path for root in roots if root.is_dir() for path in root.glob("*.yaml"))


def _with_defaults(by_id: dict[str, dict[str, DecisionGraph]], default: str) -> Guidelines:
    versions = {each: _default_version(by_id[each]) for each in by_id}
    default_id, _, default_version = default.partition("@")
    if not default_id:
        if len(by_id) > 1:
            known = ", ".join(f"`{each}`" for each in by_id)
            raise GuidelinesError([f"`default_guideline` must name one of {known}"])
        default_id = next(iter(by_id))
    if default_id not in by_id:
        known = ", ".join(f"`{each}`" for each in by_id)
        shown = quoted(default_id)
        raise GuidelinesError([f"`default_guideline` is {shown}, which is not one of {known}"])
    if default_version:
        if default_version not in by_id[default_id]:
            known = ", ".join(f"`{each}`" for each in by_id[default_id])
            raise GuidelinesError(
                [f"`default_guideline` names version {quoted(default_version)}; known: {known}"]
            )
        versions[default_id] = default_version
    return Guidelines(by_id, default_id, versions)


def _default_version(versions: Mapping[str, DecisionGraph]) -> str:
    # INVARIANT: versions are in rising order.
    releases = [version for version in versions if version_key(version)[3]]
    return (releases or list(versions))[-1]


def _not_found(reason: ErrorReason.ValueType, field: str, text: str) -> Refusal:
    return Refusal(reason, text, (FieldFault(field, text, reason),))
