"""JSON and YAML texts as case documents, and documents nested like those of FHIR.

What is read must give every fact that it states: a document that states more than the message
holds was read in part, which is the silent answer of documents.
"""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

from rashpath.facts.document import parse
from rashpath.facts.errors import FactsError
from rashpath.facts.message import fill
from rashpath.service.errors import Refusal
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.facts_pb2 import PatientCase
from tests.fuzz.outcome import FaultError, Outcome
from tests.fuzz.reading import facts_in, undefined
from tests.fuzz.requests import applications

_TOKEN = re.compile(rb"[A-Za-z_][A-Za-z_0-9]*|-?[0-9.]+|\s+|.", re.DOTALL)
_WORDS = (
    *(
        rb"{ } [ ] : , - ? | > & * ! % @ ` # ' \ ~ null true false yes no on .nan .inf -.inf NaN "
        rb"Infinity 1e400 0x10 0o7 1_000 01 -0 1e5 9223372036854775808 4294967341 --- ... << !!str "
        rb"&a *a SPREADING TREND_SPREADING rash trend patient age_years ageYears PRESENT ABSENT 45 "
        rb'45.0 "45" 1.5 \ud800 "\ud800" "\u0000" 1:30 2024-01-01 TREND_UNSPECIFIED 0'
    ).split(),
    *(b"\n", b"\n  ", b"\t", b" ", b"\r", b"\x00", b"\xc2\x85", b"\xe2\x80\xa8", b"\xff", b'"'),
    *(b"9" * 4400, b"1." + b"9" * 4400, b"[" * 1500, b"{a: " * 1500, b"x" * 5000),
)


class _TwiceError(ValueError):
    """A JSON object with a key twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise _TwiceError
    return dict(pairs)


def _stated(value: Any) -> int:
    """Returns how many leaves a plain value has, explicit unspecified choices not counted."""
    if isinstance(value, dict):
        return sum(_stated(each) for each in value.values())
    return int(not (isinstance(value, str) and value.endswith("UNSPECIFIED")))


def case_document(data: bytes) -> Outcome:
    """Feeds one case document; what is read is also decided."""
    try:
        document = parse(data)
        case = fill(PatientCase, document.value, document.places)
    except FactsError as error:
        _require_reason(error)
        return Outcome.REFUSED
    wrong = undefined(case)
    if wrong:
        raise FaultError(f"silent answer: {wrong}")
    if facts_in(case, PatientCase.DESCRIPTOR) != _stated(document.value):
        raise FaultError("the document states more than was read")
    _require_same_json(data, document.value)
    compiled, _ = applications()
    try:
        compiled.evaluate(EvaluateRequest(patient_case=case))
    except Refusal as refusal:
        raise FaultError(f"read, but not decided: {refusal.message}") from None
    return Outcome.ANSWERED


def _require_same_json(data: bytes, value: Any) -> None:
    """Requires that a text that Python reads as JSON was read alike, with no key given twice."""
    try:
        other = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_once)
    except _TwiceError:
        raise FaultError("a key given twice was taken") from None
    except (ValueError, RecursionError):
        return
    if other != value:
        raise FaultError("JSON read otherwise than Python does")


def _require_reason(error: FactsError) -> None:
    if not error.problems or not all(each.text and each.private_text for each in error.problems):
        raise FaultError("refused without a reason")


def mutated(data: bytes, random: Random) -> bytes:
    """Returns a text with a few of its words dropped, doubled, exchanged or replaced."""
    words = _TOKEN.findall(data)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        if not words:
            return random.choice(_WORDS)
        at = random.randrange(len(words))
        match random.randrange(6):
            case 0:
                del words[at]
            case 1:
                words[at] = random.choice(_WORDS)
            case 2:
                words.insert(at, random.choice(_WORDS))
            case 3:
                other = random.randrange(len(words))
                words[at], words[other] = words[other], words[at]
            case 4:
                end = at + random.randint(1, 12)
                words[at:at] = words[at:end]
            case _:
                words[at] = b"%d" % random.choice((-1, 0, 1, 17, 121, 401, 2**31, 2**64, 10**30))
    return b"".join(words)


def nested(data: bytes, random: Random) -> bytes:
    """Returns a document as deep as FHIR resources get, and far deeper, around another text."""
    depth = random.choice((1, 2, 3, 8, 30, 63, 64, 65, 66, 500, 5000))
    style = random.randrange(6)
    if style == 0:
        return b"[" * depth + b"]" * random.choice((depth, depth, 0))
    if style == 1:
        return b'{"contained":[' * depth + data + b"]}" * depth
    if style == 2:
        key = random.choice((b"extension", b"rash", b"patient", b"entry"))
        return (b'{"%s":' % key) * depth + b'"SPREADING"' + b"}" * random.choice((depth, depth - 1))
    if style == 3:
        lines = [b" " * level + b"contained:" for level in range(min(depth, 500))]
        return b"\n".join([*lines, b" " * len(lines) + b"trend: SPREADING"])
    if style == 4:
        return b"- " * depth + b"x"
    resource: Any = {"resourceType": "Observation", "valueQuantity": {"value": 45, "unit": "a"}}
    for level in range(min(depth, 60)):
        extension = [{"url": f"http://example.org/{level}", "extension": [resource]}]
        resource = {"resourceType": "Bundle", "entry": [{"resource": {"extension": extension}}]}
    return json.dumps(resource).encode()
