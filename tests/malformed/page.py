"""Writes docs/malformed-input.md from what came back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.malformed.cases import Malformed
from tests.malformed.decision import PEERS
from tests.malformed.verdict import Verdict

PAGE = Path(__file__).resolve().parents[2] / "docs" / "malformed-input.md"

Columns = Mapping[str, Sequence[Verdict]]
"""The verdict of each case, by who answered."""

_ROW = re.compile(
    r"^\| (?P<number>\d+) \| (?P<fact>\w+) \| (?P<given>.*?) \| .*? \| (?P<ours>\S+) \|"
)
_LONGEST = 60


def page(cases: Sequence[Malformed], columns: Columns, *, versions: str, date: str) -> str:
    """Returns the page.

    Args:
        cases: the cases.
        columns: who answered what, in the order of the columns.
        versions: what was asked, in words.
        date: the day on which it was.
    """
    kinds = list(dict.fromkeys(case.kind for case in cases))
    parts = [
        _HEAD.format(count=len(cases), kinds=len(kinds), versions=versions, date=date),
        "## Who does what\n",
        _table(
            ["", *(f"{verdict.word}" for verdict in Verdict)],
            (
                [name, *(str(Counter(verdicts)[verdict]) for verdict in Verdict)]
                for name, verdicts in columns.items()
            ),
        ),
        "\n".join(f"- {verdict.word}: {verdict.meaning}" for verdict in Verdict) + "\n",
        _HOW
        + "\n".join(f"- **{peer.name}** (`{peer.distribution}`): {peer.how}." for peer in PEERS),
        _FAIR,
        "## By kind\n",
        "How many cases of each kind are answered as if nothing were wrong; in bold how many of\n"
        "these with another outcome than was meant.\n",
        _table(["kind", "cases", *columns], _by_kind(kinds, cases, columns)),
        "## Case by case\n",
    ]
    for kind in kinds:
        parts += [
            f"### {kind}\n",
            _table(
                ["", "fact", "given", "meant", *columns],
                (
                    [
                        *(str(case.number), case.fact, _given(case), _meant(case)),
                        *(verdicts[case.number - 1].word for verdicts in columns.values()),
                    ]
                    for case in cases
                    if case.kind == kind
                ),
            ),
        ]
    return "\n".join(parts)


def listed(text: str) -> list[tuple[int, str, str, str]]:
    """Returns the rows of a page: number, fact, what is given, and rashpath's word."""
    rows = (_ROW.match(line) for line in text.splitlines())
    return [(int(row["number"]), row["fact"], row["given"], row["ours"]) for row in rows if row]


def row(case: Malformed, ours: Verdict) -> tuple[int, str, str, str]:
    """Returns a case as :func:`listed` gives it."""
    return case.number, case.fact, _given(case), ours.word


def _by_kind(
    kinds: Iterable[str], cases: Sequence[Malformed], columns: Columns
) -> Iterable[list[str]]:
    for kind in kinds:
        numbers = [case.number for case in cases if case.kind == kind]
        counts = []
        for verdicts in columns.values():
            found = Counter(verdicts[number - 1] for number in numbers)
            same, other = found[Verdict.SAME], found[Verdict.OTHER]
            counts.append(f"{same + other} (**{other}**)" if other else str(same))
        yield [kind, str(len(numbers)), *counts]


def _given(case: Malformed) -> str:
    if not case.entries:
        return "nothing"
    text = case.shown if len(case.shown) <= _LONGEST else case.shown[: _LONGEST - 3] + "..."
    return f"`{text}`".replace("|", "\\|")


def _meant(case: Malformed) -> str:
    if case.note:
        return case.note
    value = case.meant[case.fact]
    return str(value).lower() if isinstance(value, bool) else f"{value}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


_HEAD = """\
# Malformed input

What happens when a case is not quite right: a misspelt name, a number as text, a value in another
unit, a fact that is missing. {count} such cases of {kinds} kinds were given to rashpath and, with
the same decision, to other engines. This page is written by one command; nothing in it is typed
by hand. That rashpath heeds every slip that can be seen is a test, which runs with all others.

<!-- not run: it installs the other engines -->
```sh
make malformed
```

Taken on {date} with {versions}.

The decision is that of the [benchmark](performance.md): 32 facts, four lanes, one outcome each.
One sound case, a woman of 45 with a kidney transplant for whom the reduced dose of foscarnet
fits, gets one slip at a time, each in a fact that the decision turns on ([the table of
slips](../tests/malformed/table.py)). Where the slip hides another value, such as an allergy, the
outcome that was meant is that of the true value, and the test is whether anybody notices.
"""

_HOW = """\
## How each is called

Each gets the same JSON text, and has the decision as the benchmark has it
([sources](../tests/bench/peers)).

- **rashpath**: the JSON document is read, filled into the message, and decided by the service, as
  `rashpath evaluate --local` does. Its guideline declares three contradictions besides, as it can.
"""

_FAIR = """
Types that are declared in the engine, as here in CEL (C++) and CLIPS, find most of what a type can.
An engine that evaluates rules over whatever it is given does what it promises. Its host
application has to check the input first, and can: **zen-engine + schema** shows what one gets who
writes a JSON Schema with every type, range, word and contradiction, which any of the others can
have before them. It is not for free: it has to be written beside the rules and kept in step with
them, it has no "unknown" (a missing fact refuses the case, where rashpath decides the rest and
asks), and a key that stands twice has lost its first value before any schema sees it. The peers
could be told of contradictions by rules of their own, too. What `json.loads` lets pass, such as
NaN, is what a Python host lets pass.

A refusal counts as naming the field where one of its messages (the error, its notes, the errors
that led to it) has the field's name in it, or the key as typed, and fewer than three other facts:
one that quotes the whole case or a whole rule tells nobody where to look. Nothing else about the
wording was judged.

**The last kind is different**: a value that is wrong for this patient but could be true of
another. Nobody can know, and rashpath answers too; where its dictionary knows what is unusual, it
warns.
"""
