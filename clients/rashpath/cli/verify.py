"""The command `guideline verify`: proves a guideline over all cases, without a server."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rashpath.cli.errors import CommandError, ExitCode, say
from rashpath.cli.options import examples

if TYPE_CHECKING:
    from rashpath.guideline import DecisionGraph
    from rashpath.readings.proof import Counterexample, Proof
    from rashpath.readings.proof.cross_check import CrossCheck

EXAMPLES = examples(
    "rashpath guideline verify",
    "rashpath guideline verify my_guideline/1.0.0.yaml --counterexamples found/",
    "rashpath guideline verify my_guideline/1.0.0.yaml --write",
    "rashpath guideline verify --cross-check 200",
)


class VerifyFormat(StrEnum):
    """How a proof is written."""

    TEXT = "text"
    JSON = "json"


def verify(
    guideline: Annotated[
        str,
        typer.Argument(
            metavar="[FILE|ID[@VERSION]]",
            help="A guideline file, or one that comes with rashpath; the only one otherwise.",
        ),
    ] = "",
    format_: Annotated[
        VerifyFormat, typer.Option("--format", help="How it is written.")
    ] = VerifyFormat.TEXT,
    write: Annotated[
        bool,
        typer.Option("--write", help="Write the certificate beside the file, if all is proved."),
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", help="Most seconds for one question.")
    ] = 20.0,
    cross_check: Annotated[
        int,
        typer.Option(
            "--cross-check",
            metavar="N",
            help="Also decide N cases by walk, solver and a second opinion, and compare.",
        ),
    ] = 0,
    counterexamples: Annotated[
        Path | None,
        typer.Option("--counterexamples", metavar="DIR", help="Write each as a case file there."),
    ] = None,
) -> None:
    """Prove a guideline over all cases, known and unknown; needs no server.

    Prints each property with what became of it, and for each that fails the
    smallest case that shows it. Exits with 5 unless all are proved.
    """
    if timeout <= 0:
        raise CommandError("`--timeout` must be above 0")
    if cross_check < 0:
        raise CommandError("`--cross-check` must be 0 or more")
    try:
        import rashpath.readings.proof.solver  # noqa: F401 - asks whether the solver is there
    except ImportError as error:
        if error.name != "z3":
            raise
        raise CommandError(
            "the solver is not installed",
            exit_code=ExitCode.NOT_FOUND_OR_PRECONDITION,
            hint="install it with `pip install 'rashpath[proof]'`",
        ) from None
    path = guideline_file(guideline)
    graph, faults = _load(path)
    from rashpath.readings.proof import prove

    shows = sys.stderr.isatty()
    proof = prove(graph, timeout_s=timeout, progress=_show_progress if shows else None)
    if shows:
        _show_progress("")
    checked = _cross_check(graph, cross_check, timeout) if cross_check and proof.holds else None
    if format_ is VerifyFormat.JSON:
        _print_json(graph, proof, checked, faults)
    else:
        _print_text(path, graph, proof, checked, faults)
    if counterexamples is not None:
        _write_counterexamples(graph, proof, counterexamples)
    sound = proof.holds and not faults and (checked is None or not checked.differences)
    if write and sound:
        _write_certificate(graph, path, proof)
    if not sound:
        if write:
            say("no certificate is written: not all is proved")
        raise typer.Exit(ExitCode.CHECK_FAILED)


def guideline_file(name: str) -> Path:
    """Returns the file of a guideline.

    Args:
        name: a path, or `ID`, `ID@VERSION` or nothing for one that comes with rashpath.

    Raises:
        CommandError: there is no such file or guideline.
    """
    if name.endswith((".yaml", ".yml", ".json")) or "/" in name:
        if not Path(name).is_file():
            raise CommandError(f"`{name}`: no such file")
        return Path(name)
    import importlib.resources

    from rashpath.service.guidelines import version_key

    wanted, _, version = name.partition("@")
    root = Path(str(next(iter(importlib.resources.files("rashpath.content").iterdir())))).parent
    found = sorted(
        (path for path in root.glob("*/*.yaml") if wanted in ("", path.parent.name)),
        key=lambda path: (path.parent.name, version_key(path.stem)),
    )
    if version:
        found = [path for path in found if path.stem == version]
    if not found:
        raise CommandError(
            f"no guideline `{name}` comes with rashpath",
            exit_code=ExitCode.NOT_FOUND_OR_PRECONDITION,
        )
    if len({path.parent for path in found}) > 1:
        known = ", ".join(f"`{each}`" for each in sorted({path.parent.name for path in found}))
        raise CommandError(f"name one of {known}")
    return found[-1]


def _load(path: Path) -> tuple[DecisionGraph, list[str]]:
    """Returns a guideline, and the faults of its content that the proof may show by a case."""
    from rashpath.guideline import GuidelineError
    from rashpath.guideline.load import load_unproved

    try:
        graph, faults = load_unproved(path.read_bytes(), str(path))
    except GuidelineError as error:
        for problem in error.problems:
            print(problem.located())
        say(f"`{path}` does not load, so that there is nothing to prove")
        raise typer.Exit(ExitCode.CHECK_FAILED) from None
    try:
        faults.raise_if_any()
    except GuidelineError as error:
        return graph, [problem.located() for problem in error.problems]
    return graph, []


def _cross_check(graph: DecisionGraph, count: int, timeout_s: float) -> CrossCheck:
    from rashpath.readings.proof.cross_check import cross_check

    def progress(done: int) -> None:
        _show_progress(f"cross-check: {done} of {count} cases")

    shows = sys.stderr.isatty()
    checked = cross_check(graph, count, timeout_s=timeout_s, progress=progress if shows else None)
    if shows:
        _show_progress("")
    return checked


def _print_text(
    path: Path,
    graph: DecisionGraph,
    proof: Proof,
    checked: CrossCheck | None,
    faults: list[str],
) -> None:
    from rashpath.readings.proof import Failed, Proved, Refuted
    from rashpath.readings.proof.counterexample import counterexample_files
    from rashpath.readings.proof.solver import NAME, version

    guideline = graph.guideline
    print(f"{guideline.id} {guideline.version}, digest {graph.digest[:8]} ({path})")
    for fault in faults:
        print(fault)
    wide = max(len(each.id) for each in proof.settled)
    for each in proof.settled:
        match each.outcome:
            case Proved(checked=count):
                word, shown = "proved", f"{count}"
            case Refuted():
                word, shown = "REFUTED", "-"
            case Failed():
                word, shown = "FAILED", "-"
        print(f"  {word:8} {each.id:{wide}} {shown:>5} {each.seconds:7.2f} s  {each.text}")
        if isinstance(each.outcome, Proved):
            for note in each.outcome.notes:
                print(f"  {'':8} {'':{wide}} {'':>5} {'':>9}  {note}")
    for each in proof.settled:
        match each.outcome:
            case Proved():
                continue
            case Refuted(counterexamples=found, reasons=reasons):
                print(f"\n{each.id}: {each.text}")
                for reason in reasons:
                    print(f"  {reason}")
                for example in found:
                    print()
                    print(
                        "\n".join(counterexample_files(each.id, example, graph.dictionary)), end=""
                    )
            case Failed(reasons=reasons):
                print(f"\n{each.id}: not settled")
                for reason in reasons:
                    print(f"  {reason}")
    if checked is not None:
        print(_cross_check_words(checked))
        for difference in checked.differences:
            said = ", ".join(
                f"{who} {verdict.value if verdict is not None else '-'}"
                for who, verdict in zip(
                    ("walk", "solver", "second opinion"), difference.verdicts, strict=True
                )
            )
            from rashpath.readings.proof.counterexample import case_file

            print(f"\n`{difference.node}`: {said}")
            print(case_file(difference.case, graph.dictionary), end="")
    proved = sum(isinstance(each.outcome, Proved) for each in proof.settled)
    questions = sum(each.questions for each in proof.settled)
    print(
        f"{proved} of {len(proof.settled)} properties proved in {proof.seconds:.1f} s, "
        f"{questions} questions to {NAME} {version()}"
    )


def _cross_check_words(checked: CrossCheck) -> str:
    return (
        f"cross-check: {checked.cases} cases, {checked.verdicts} verdicts by walk and solver "
        f"({checked.undetermined} undetermined), {checked.second_opinions} of them by the second "
        f"opinion too; {checked.near_an_edge} cases left out near an edge; "
        f"{len(checked.differences)} differences"
    )


def _print_json(
    graph: DecisionGraph, proof: Proof, checked: CrossCheck | None, faults: list[str]
) -> None:
    import json

    from rashpath.readings.proof import Failed, Proved, Refuted
    from rashpath.readings.proof.solver import NAME, version

    properties = []
    for each in proof.settled:
        entry: dict[str, Any] = {
            "id": each.id,
            "text": each.text,
            "result": type(each.outcome).__name__.upper(),
            "seconds": round(each.seconds, 3),
            "questions": each.questions,
        }
        match each.outcome:
            case Proved(checked=count, notes=notes):
                entry |= {"checked": count, "notes": list(notes)}
            case Refuted(counterexamples=found, reasons=reasons):
                entry |= {
                    "reasons": list(reasons),
                    "counterexamples": [_plain(graph, example) for example in found],
                }
            case Failed(reasons=reasons):
                entry |= {"reasons": list(reasons)}
        properties.append(entry)
    content: dict[str, Any] = {
        "guideline": graph.guideline.id,
        "version": graph.guideline.version,
        "digest": graph.digest,
        "proved": proof.holds and not faults,
        "faults": faults,
        "solver": NAME,
        "solver_version": version(),
        "seconds": round(proof.seconds, 3),
        "properties": properties,
    }
    if checked is not None:
        content["cross_check"] = {
            "cases": checked.cases,
            "verdicts": checked.verdicts,
            "second_opinions": checked.second_opinions,
            "undetermined": checked.undetermined,
            "near_an_edge": checked.near_an_edge,
            "differences": [
                {
                    "node": each.node,
                    "verdicts": [verdict and verdict.value for verdict in each.verdicts],
                    "facts": _symbols(graph, each.case),
                }
                for each in checked.differences
            ],
        }
    print(json.dumps(content, indent=2, ensure_ascii=False))


def _plain(graph: DecisionGraph, found: Counterexample) -> dict[str, Any]:
    return {
        "about": found.about,
        "fewest": found.fewest,
        "cases": [_symbols(graph, case) for case in found.cases],
    }


def _symbols(graph: DecisionGraph, case: Any) -> dict[str, str]:
    from rashpath.facts.show import symbol

    return {path: symbol(graph.dictionary[path], value) for path, value in case.items()}


def _write_counterexamples(graph: DecisionGraph, proof: Proof, folder: Path) -> None:
    from rashpath.readings.proof import Refuted
    from rashpath.readings.proof.counterexample import counterexample_files

    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for each in proof.settled:
        if not isinstance(each.outcome, Refuted):
            continue
        for example in each.outcome.counterexamples:
            for text in counterexample_files(each.id, example, graph.dictionary):
                count += 1
                (folder / f"{count:03}_{each.id}.yaml").write_text(text, encoding="utf-8")
    say(f"{count} counterexample{'' if count == 1 else 's'} written to `{folder}`")


def _write_certificate(graph: DecisionGraph, path: Path, proof: Proof) -> None:
    from datetime import UTC, datetime

    from rashpath.guideline.release import ReleaseError, write_certificate
    from rashpath.readings.proof import certificate

    try:
        written = write_certificate(graph, path, certificate(proof, datetime.now(UTC)))
    except ReleaseError as error:
        raise CommandError(str(error)) from None
    say(f"certificate written to `{written}`")


def _show_progress(text: str) -> None:
    """Shows one line on the terminal in place of the last."""
    sys.stderr.write(f"\r\033[K{text[:78]}")
    sys.stderr.flush()
