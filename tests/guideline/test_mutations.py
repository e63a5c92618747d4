"""No file, however broken, makes the loader fail in any way but its own."""

from __future__ import annotations

import copy
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rashpath.facts import Plain, parse
from rashpath.guideline import GuidelineError, load_bytes
from tests.guideline.small import NAME, TEXT

BYTES = TEXT.encode()
PARSED = parse(BYTES).value
QUIET = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))


def is_loaded_or_refused(data: bytes) -> bool:
    """Tells whether a file loads, or is refused with at least one fault that has words."""
    try:
        return bool(load_bytes(data, NAME).digest)
    except GuidelineError as error:
        return all(problem.text and problem.source == NAME for problem in error.problems)


@given(
    st.integers(0, len(BYTES)),
    st.integers(0, 40),
    st.binary(max_size=6)
    | st.sampled_from(
        [b"&a ", b"*a", b"!!x ", b"\n", b"  ", b"- ", b": ", b"{", b"]", b"'", b"|", b"#", b"..."]
    ),
)
@QUIET
def test_bytes_may_be_lost_or_added(start: int, length: int, junk: bytes) -> None:
    """Some bytes of the file are replaced by others."""
    assert is_loaded_or_refused(BYTES[:start] + junk + BYTES[start + length :])


@given(st.data())
@QUIET
def test_lines_may_move(data: st.DataObject) -> None:
    """A line of the file is dropped, doubled or moved."""
    lines = TEXT.splitlines(keepends=True)
    source = data.draw(st.integers(0, len(lines) - 1))
    target = data.draw(st.integers(0, len(lines) - 1))
    line = lines[source] if data.draw(st.booleans()) else lines.pop(source)
    if data.draw(st.booleans()):
        lines.insert(target, line)
    assert is_loaded_or_refused("".join(lines).encode())


_WORDS = st.sampled_from(
    [
        *("start", "tell", "ask_trend", "rest", "grown", "ready", "extent", "limit", "S1", "N2"),
        *("contradicted", "valid(extent)", "extent > limit", "ready || danger", "true", "grown"),
        *("rash.trend == SPREADING", "has(rash.trend)", "1.0", "1.0 / extent", "-extent", "!!!!"),
        *("rash.trend", "", " ", "\u0000", "\ud83d\ude00", "[", "patient.weight_kg / 0.0", "x.y"),
    ]
)
_PLAIN: st.SearchStrategy[Plain] = st.one_of(
    _WORDS,
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.just([]),
    st.just({}),
)


def _places(value: Plain) -> list[tuple[list[Plain] | dict[str, Plain], int | str]]:
    """Returns every place of a document in which a value stands."""
    found: list[tuple[list[Plain] | dict[str, Plain], int | str]] = []
    pending = [value]
    while pending:
        match pending.pop():
            case list() as items:
                found += [(items, index) for index in range(len(items))]
                pending += items
            case dict() as entries:
                found += [(entries, key) for key in entries]
                pending += entries.values()
            case _:
                pass
    return found


@given(st.data())
@settings(QUIET, max_examples=400)
def test_values_may_be_lost_swapped_or_replaced(data: st.DataObject) -> None:
    """One to three values of the document are dropped, exchanged or replaced by anything."""
    document = copy.deepcopy(PARSED)
    for _ in range(data.draw(st.integers(1, 3))):
        places = _places(document)
        holder, key = places[data.draw(st.integers(0, len(places) - 1))]
        match data.draw(st.sampled_from(("drop", "replace", "exchange"))):
            case "drop":
                del holder[key]  # type: ignore[arg-type] # the key is one of this holder's
            case "replace":
                holder[key] = data.draw(_PLAIN)  # type: ignore[index] # likewise
            case _:
                other, place = places[data.draw(st.integers(0, len(places) - 1))]
                value = copy.deepcopy(other[place])  # type: ignore[index] # likewise
                holder[key] = value  # type: ignore[index] # likewise
    assert is_loaded_or_refused(json.dumps(document).encode())
