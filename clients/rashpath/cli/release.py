"""The commands `guideline release` and `guideline approvers`, without a server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rashpath.cli.errors import CommandError, ExitCode, say
from rashpath.cli.options import examples
from rashpath.cli.verify import guideline_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from rashpath.guideline import DecisionGraph

RELEASE_EXAMPLES = examples(
    "rashpath guideline release",
    'rashpath guideline release my_guideline/1.0.0.yaml --status submitted --by "A. Author"',
    "rashpath guideline release my_guideline/1.0.0.yaml --self-test cases/",
    "rashpath guideline release my_guideline/1.0.0.yaml --status approved "
    '--by "A. Reviewer" --key approver.json',
)
APPROVERS_EXAMPLES = examples("rashpath guideline approvers approver.json > approvers.json")


class StatusOption(StrEnum):
    """The steps of a review, as they are typed."""

    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    APPROVED = "approved"


def release(
    guideline: Annotated[
        str,
        typer.Argument(
            metavar="[FILE|ID[@VERSION]]",
            help="A guideline file, or one that comes with rashpath; the only one otherwise.",
        ),
    ] = "",
    status: Annotated[
        StatusOption | None,
        typer.Option("--status", help="Record this step of the review.", case_sensitive=False),
    ] = None,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who takes the step.")] = "",
    comment: Annotated[
        str, typer.Option("--comment", metavar="TEXT", help="What they add, one line.")
    ] = "",
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="Key that signs an approval."),
    ] = None,
    self_test: Annotated[
        list[Path] | None,
        typer.Option(
            "--self-test",
            metavar="DIR",
            help="Keep the answers to the cases of this folder or file, checked at each start; "
            "may be given more than once.",
        ),
    ] = None,
) -> None:
    """Show or record how far a guideline version is released.

    Without options, shows what its release file says: proof, self-test and
    history. Steps are recorded in their order, each for the text as it is;
    APPROVED needs a proof certificate and is signed. Exits with 5 if the
    self-test fails, and with 3 if a step is refused.
    """
    if status is None and (by or comment or key is not None):
        raise CommandError("`--by`, `--comment` and `--key` go with `--status`")
    path = guideline_file(guideline)
    graph = _load(path)
    from rashpath.guideline.approval import ApprovalError
    from rashpath.guideline.release import ReleaseError

    try:
        if self_test:
            _write_self_test(graph, path, self_test)
        if status is not None:
            _record(graph, path, status, by, comment, key)
        sound = _show(graph, path)
    except (ApprovalError, ReleaseError) as error:
        raise CommandError(str(error), exit_code=ExitCode.NOT_FOUND_OR_PRECONDITION) from None
    if not sound:
        raise typer.Exit(ExitCode.CHECK_FAILED)


def approvers(
    keys: Annotated[
        list[Path],
        typer.Argument(metavar="KEY", help="Signing keys, as `audit keygen signing` makes them."),
    ],
) -> None:
    """Print the public keys of approvers, for `require_approval_key_file`.

    What is printed holds no secret. Each approver's own file does, and stays
    with them.
    """
    from rashpath.audit.errors import KeyFileError
    from rashpath.audit.key_file import key_text
    from rashpath.audit.signing import SigningKey

    public: dict[str, str] = {}
    for path in keys:
        try:
            trusted = SigningKey.load(path).trusted.keys
        except KeyFileError as error:
            raise CommandError(str(error)) from None
        public |= {name: key_text(key) for name, key in trusted.items()}
    print(json.dumps({"public_keys": public}, indent=2))


def _load(path: Path) -> DecisionGraph:
    from rashpath.guideline import GuidelineError, load

    try:
        return load(path)
    except GuidelineError as error:
        for problem in error.problems:
            print(problem.located())
        say(f"`{path}` does not load, so that it cannot be released")
        raise typer.Exit(ExitCode.CHECK_FAILED) from None


def _write_self_test(graph: DecisionGraph, path: Path, places: list[Path]) -> None:
    from rashpath.readings.self_test import write_self_test

    files: list[Path] = []
    for place in places:
        if not place.exists():
            raise CommandError(f"`{place}`: no such file or folder")
        files += sorted(place.rglob("*.yaml")) if place.is_dir() else [place]
    count = write_self_test(graph, path, files)
    say(f"kept the answers to {count} case{'' if count == 1 else 's'}")


def _record(
    graph: DecisionGraph,
    path: Path,
    status: StatusOption,
    by: str,
    comment: str,
    key: Path | None,
) -> None:
    from rashpath.guideline.approval import ApprovalError, Status, record
    from rashpath.readings.self_test import failures

    step = Status[status.name]
    if step is Status.APPROVED and failures(graph, path):
        raise ApprovalError("its self-test fails, see `rashpath guideline release FILE`")
    record(graph, path, step, by, datetime.now(UTC), comment, _private(key))


def _private(path: Path | None) -> Ed25519PrivateKey | None:
    if path is None:
        return None
    from rashpath.audit.errors import KeyFileError
    from rashpath.audit.signing import SigningKey

    try:
        return SigningKey.load(path).private
    except KeyFileError as error:
        raise CommandError(str(error)) from None


def _show(graph: DecisionGraph, path: Path) -> bool:
    """Prints what the release file says; returns False where the self-test fails."""
    from rashpath.cli.words import review_words
    from rashpath.guideline.approval import content_digest, steps_of
    from rashpath.guideline.release import certificate_of, read_release, release_path
    from rashpath.readings.self_test import count_of, failures

    guideline = graph.guideline
    print(
        f"{guideline.id} {guideline.version}, digest {graph.digest[:8]}, "
        f"states that it is {review_words(guideline.review_status)} ({path})"
    )
    certificate, lack = certificate_of(graph, path)
    if certificate is None:
        print(f"  proof      none: {lack}")
    else:
        print(
            f"  proof      {len(certificate.properties)} properties, {certificate.proved_at}, "
            f"{certificate.solver} {certificate.solver_version}"
        )
    failed, count = failures(graph, path), count_of(graph, path)
    said = "none" if not count else f"{count} cases, {len(failed)} of them answered otherwise"
    print(f"  self-test  {said if failed or not count else f'{count} cases, all as released'}")
    for each in failed:
        print(f"             {each}")
    content = content_digest(graph)
    steps = steps_of(read_release(release_path(path)))
    print(f"  history    {'none' if not steps else ''}".rstrip())
    for step in steps:
        earlier = "" if step.content == content else f", of an earlier content {step.content[:8]}"
        signed = f", signed by key {step.key_id} (not checked here)" if step.key_id else ""
        comment = f": {step.comment}" if step.comment else ""
        print(f"    {step.when}  {step.status.value:12}  {step.who}{signed}{earlier}{comment}")
    return not failed
