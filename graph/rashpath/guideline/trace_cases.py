"""Reads from case files which recommendations and doses each has an expectation about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rashpath.facts import FactsError, Plain, Problem, Reason, parse

_ON = ("applies", "applies_exactly")
_NAMING = (*_ON, "does_not_apply", "undetermined")
_NAMED_BY_KEY = ("decisive", "regimen", "withheld_because", "evidence_flags", "defeaters")


@dataclass(frozen=True, slots=True)
class CaseFile:
    """The recommendations that one case file has an expectation about.

    Args:
        name: path below the folder of cases, with slashes.
        on: recommendations expected to apply.
        off: recommendations expected not to apply.
        named: every recommendation that the file names, those included.
        dosed: recommendations expected to show a dose in mg.
        withheld: recommendations expected to keep their dose in mg back.
    """

    name: str
    on: frozenset[str]
    off: frozenset[str]
    named: frozenset[str]
    dosed: frozenset[str] = frozenset()
    withheld: frozenset[str] = frozenset()


def read_cases(folder: Path) -> list[CaseFile]:
    """Returns what each case file below a folder expects, by path.

    Args:
        folder: holds `*.yaml` files, at any depth, with a mapping `expect`.

    Raises:
        FactsError: a file cannot be read; every fault is told.
    """
    cases = []
    problems: list[Problem] = []
    for path in sorted(folder.rglob("*.yaml")):
        try:
            cases.append(_case_file(path, path.relative_to(folder).as_posix()))
        except FactsError as error:
            problems.extend(error.problems)
        except OSError as error:
            text = (error.strerror or "cannot be read").lower()
            problems.append(Problem(Reason.SYNTAX, "", text, text, source=str(path)))
    if problems:
        raise FactsError(problems)
    return cases


def _case_file(path: Path, name: str) -> CaseFile:
    document = parse(path.read_bytes(), str(path))
    expect = document.value.get("expect") if isinstance(document.value, dict) else None
    if not isinstance(expect, dict):
        expect = {}
    on = {each for key in _ON for each in _texts(expect.get(key))}
    off = set(_texts(expect.get("does_not_apply")))
    named = {each for key in _NAMING for each in _texts(expect.get(key))}
    named |= {each for key in _NAMED_BY_KEY for each in _texts(expect.get(key))}
    covers = _texts(document.value.get("covers")) if isinstance(document.value, dict) else ()
    for each in covers:
        identifier, colon, _ = each.partition(":")
        if colon:
            named.add(identifier)
    regimen = expect.get("regimen")
    doses = regimen if isinstance(regimen, dict) else {}
    dosed = {each for each, dose in doses.items() if _has_dose(dose)}
    withheld = {each for each, dose in doses.items() if dose is None}
    withheld |= set(_texts(expect.get("withheld_because")))
    return CaseFile(
        name,
        frozenset(on),
        frozenset(off),
        frozenset(named),
        frozenset(dosed),
        frozenset(withheld),
    )


def _has_dose(dose: Plain) -> bool:
    return isinstance(dose, dict) and dose.get("dose_mg") is not None


def _texts(value: Plain) -> tuple[str, ...]:
    """Returns the texts of a list or the keys of a mapping."""
    if isinstance(value, list | dict):
        return tuple(each for each in value if isinstance(each, str))
    return ()
