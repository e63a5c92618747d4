"""Checks that the ledger tells nothing of a patient to who has no key, and nothing once erased."""

from __future__ import annotations

import random
import struct
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from rashpath.audit import Recorded, assemble, open_ledger, open_to_read
from rashpath.audit.envelope import Seal
from rashpath.audit.erase import submit_erasure
from rashpath.audit.errors import (
    DecisionErasedError,
    DecisionNotFoundError,
    KeyUnknownError,
)
from rashpath.audit.keyring import Keyring
from rashpath.audit.reading import Filters
from rashpath.audit.rewrap import rewrap
from rashpath.audit.tables import DATA_KEYS, METADATA, RECORDS
from rashpath.audit.verify import verify
from rashpath.facts.dictionary import Choice, DecimalNumber, Dictionary, Sensitivity
from rashpath.v1.audit_pb2 import RECORD_KIND_ERASURE, AuditRecord
from rashpath.v1.decision_service_pb2 import EvaluateRequest
from rashpath.v1.facts_pb2 import PatientCase
from tests.audit.conftest import SQLITE
from tests.audit.decisions import ENGINE, decided, entry, sealed, some_cases
from tests.conformance.strategies import partial_cases

WAIT_S = 20
DICTIONARY = Dictionary.of(PatientCase.DESCRIPTOR)
SENSITIVE = tuple(fact for fact in DICTIONARY if fact.sensitivity is Sensitivity.HIGH)


def case_of(facts):
    """Returns a case that gives some facts."""
    case = PatientCase()
    for path, value in facts.items():
        group, name = path.split(".")
        setattr(getattr(case, group), name, value)
    return case


def test_some_facts_are_sensitive():
    """The checks below are about something."""
    assert SENSITIVE


def bytes_of(place, ledger):
    """Returns every byte of the database as it lies on the disk, or as it would be dumped."""
    if place.kind == SQLITE:
        return b"".join(path.read_bytes() for path in place.folder.glob("audit.db*"))
    found = []
    with ledger.store.read() as connection:
        for table in METADATA.sorted_tables:
            if table.name == "guidelines":
                continue  # holds the names of all facts, and no patient's
            for row in connection.execute(text(f"SELECT * FROM {table.name}")):
                found += [v if isinstance(v, bytes) else str(v).encode() for v in row]
    return b"\n".join(found)


def test_no_fact_value_is_in_the_database(place, ledger, graph):
    """Neither values of facts nor what follows from them stand in the database."""
    facts: dict[str, int | float] = {}
    canaries: list[bytes] = []
    for number, fact in enumerate(DICTIONARY):
        kind = fact.kind
        if isinstance(kind, Choice):
            facts[fact.path] = kind.values[-1].number
            continue
        spread = kind.hard.maximum - kind.hard.minimum
        value = kind.hard.minimum + spread * (0.37 + number / 1000)
        if isinstance(kind, DecimalNumber):
            facts[fact.path] = value
            canaries += [struct.pack("<d", value), repr(value).encode()]
        else:
            facts[fact.path] = round(value)
    case = case_of(facts)
    request = EvaluateRequest(patient_case=case, request_id="canary-request-id")
    made = decided(graph, request, "ward 3")
    ledger.submit([assemble(made, ledger.reader.seal, 5)]).result(WAIT_S)
    canaries += [b"canary-request-id", case.SerializeToString(), bytes(made.answer)]
    groups = (group.SerializeToString() for _, group in case.ListFields())
    canaries += [group for group in groups if len(group) > 5]
    lying = bytes_of(place, ledger)
    assert made.decision_id.encode() in lying
    assert len(canaries) > 10
    assert [canary for canary in canaries if canary in lying] == []


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_sensitive_facts_do_not_show_in_the_record(graph, data):
    """Two cases that differ only in sensitive facts have equal records but for the ciphertext's
    digest and the salted commitment, and envelopes of the same form."""
    seal = Seal(Keyring.generate(), b"")
    facts = data.draw(partial_cases(DICTIONARY))
    other = data.draw(partial_cases(DICTIONARY))
    paths = {fact.path for fact in SENSITIVE}
    mixed = {p: v for p, v in facts.items() if p not in paths}
    mixed |= {p: v for p, v in other.items() if p in paths}
    records = []
    entries = []
    for each in (facts, mixed):
        request = EvaluateRequest(patient_case=case_of(each), request_id="r-1")
        made = assemble(decided(graph, request, "ward", "D" * 26), seal, 5)
        record = AuditRecord.FromString(made.head)
        assert len(record.envelope_commitment) == len(record.ciphertext_digest) == 32
        record.ClearField("envelope_commitment")
        record.ClearField("ciphertext_digest")
        records.append(record)
        entries.append(made)
    assert records[0] == records[1]
    one, two = map(sealed, entries)
    assert one.commitment != two.commitment
    assert one.envelope.tags == two.envelope.tags == b""
    assert len(one.wrapped_key) == len(two.wrapped_key)
    assert {len(each.envelope.ciphertext) % 1024 for each in (one, two)} == {16}


def test_equal_decisions_do_not_look_equal(graph):
    """Nobody can tell from the ledger that two patients have the same case."""
    seal = Seal(Keyring.generate(), b"")
    case = some_cases()[4]
    one, two = (entry(graph, seal, case, time_us=5) for _ in range(2))
    assert sealed(one).commitment != sealed(two).commitment
    blocks = [set(split(sealed(each).envelope.ciphertext)) for each in (one, two)]
    assert not blocks[0] & blocks[1]


def split(ciphertext):
    """Returns the blocks of the cipher."""
    return [ciphertext[start : start + 16] for start in range(0, len(ciphertext), 16)]


def test_erased_content_is_gone_and_the_record_stays(place, ledger, graph):
    """After an erasure nothing opens the content; record, chain and erasure verify."""
    kept, gone = (entry(graph, ledger.reader.seal, case) for case in some_cases(2))
    ledger.submit([kept, gone]).result(WAIT_S)
    (outcome,) = submit_erasure(ledger, gone.id, "patient's wish", "dr", ENGINE).result(WAIT_S)
    assert isinstance(outcome, Recorded)
    shown = ledger.reader.decision(gone.id)
    assert shown.erased
    assert not shown.HasField("patient_case")
    with pytest.raises(DecisionErasedError):
        ledger.reader.stored(gone.id).content(ledger.reader.seal)
    with ledger.store.read() as connection:
        assert list(connection.execute(select(DATA_KEYS.c.id)).scalars()) == [kept.id]
    found = verify(ledger.store, ledger.key.trusted, ledger.reader.seal)
    assert (found.sound, found.erased, found.envelopes) == (True, 1, 1)
    with ledger.store.read() as connection:
        body = connection.execute(
            select(RECORDS.c.body).where(RECORDS.c.id == outcome.decision_id)
        ).scalar_one()
    record = AuditRecord.FromString(body)
    assert (record.kind, record.subject) == (RECORD_KIND_ERASURE, gone.id)
    assert (record.reason, record.caller) == ("patient's wish", "dr")
    listed = ledger.reader.page(Filters()).decisions
    assert {each.record.id: each.erased for each in listed} == {kept.id: False, gone.id: True}


def test_erasure_takes_the_recommendations_with_it(ledger, graph):
    """Who holds all keys cannot tell any more what was recommended in an erased decision."""
    made = entry(graph, ledger.reader.seal, some_cases()[0])
    ledger.submit([made]).result(WAIT_S)
    applied = [r.id for r in ledger.reader.decision(made.id).response.recommendations
               if r.verdict == 1]  # fmt: skip
    assert applied
    assert len(ledger.reader.page(Filters(recommendation=applied[0])).decisions) == 1
    submit_erasure(ledger, made.id, "", "", ENGINE).result(WAIT_S)
    assert ledger.reader.page(Filters(recommendation=applied[0])).decisions == ()


def test_only_decisions_are_erased_and_only_once(ledger, graph):
    """An unknown decision, an erasure and an erased decision cannot be erased."""
    made = entry(graph, ledger.reader.seal)
    ledger.submit([made]).result(WAIT_S)
    (erasure,) = submit_erasure(ledger, made.id, "", "", ENGINE).result(WAIT_S)
    assert isinstance(erasure, Recorded)
    with pytest.raises(DecisionErasedError):
        submit_erasure(ledger, made.id, "", "", ENGINE)
    for id in ("0" * 26, erasure.decision_id):
        with pytest.raises(DecisionNotFoundError):
            submit_erasure(ledger, id, "", "", ENGINE)


def test_rotated_keys_read_the_old_and_write_the_new(place, graph):
    """After a rotation both are read; wrapped anew, the old key can be retired."""
    ledger = open_ledger(place.config)
    repeated = EvaluateRequest(patient_case=some_cases()[0], request_id="r-1")
    old = assemble(decided(graph, repeated, "ward"), ledger.reader.seal, 5)
    ledger.submit([old]).result(WAIT_S)
    ledger.close(WAIT_S)

    rotated = place.keyring.rotated("second")
    rotated.save(place.folder / "rotated.json")
    ledger = open_ledger(replace(place.config, keyring_file=place.folder / "rotated.json"))
    new = entry(graph, ledger.reader.seal)
    ledger.submit([new]).result(WAIT_S)
    for made in (old, new):
        assert ledger.reader.decision(made.id).response.decision_id == made.id
    assert ledger.reader.answered("ward", repeated) is not None
    assert rewrap(ledger.store, ledger.reader.seal) == 1
    assert rewrap(ledger.store, ledger.reader.seal) == 0
    assert verify(ledger.store, ledger.key.trusted, ledger.reader.seal).envelopes == 2
    ledger.close(WAIT_S)

    retired = Keyring("second", {"second": rotated.keys["second"]}, rotated.index_key)
    retired.save(place.folder / "retired.json")
    opened = open_to_read(replace(place.config, keyring_file=place.folder / "retired.json"))
    assert opened.reader.decision(old.id).response.decision_id == old.id
    opened.store.close()
    opened = open_to_read(place.config)
    with pytest.raises(KeyUnknownError, match="second"):
        opened.reader.decision(old.id)
    opened.store.close()


def test_ledger_without_keyring_works_and_says_so(place, graph):
    """Without a keyring all works, erasure too; only secrecy is missing, and that can be asked."""
    ledger = open_ledger(replace(place.config, keyring_file=None))
    assert not ledger.reader.seal.secret
    kept, gone = (entry(graph, ledger.reader.seal, request_id=id) for id in ("1", "2"))
    ledger.submit([kept, gone]).result(WAIT_S)
    submit_erasure(ledger, gone.id, "", "", ENGINE).result(WAIT_S)
    assert ledger.reader.decision(kept.id).response.decision_id == kept.id
    assert ledger.reader.decision(gone.id).erased
    found = verify(ledger.store, ledger.key.trusted, ledger.reader.seal)
    assert (found.sound, found.envelopes, found.erased) == (True, 1, 1)
    ledger.close(WAIT_S)


def test_wrong_keyring_opens_nothing(place, ledger, graph):
    """A keyring with another key under the same name is told from the right one."""
    made = entry(graph, ledger.reader.seal)
    ledger.submit([made]).result(WAIT_S)
    Keyring.generate("first").save(place.folder / "other.json")
    opened = open_to_read(replace(place.config, keyring_file=place.folder / "other.json"))
    faults = verify(opened.store, opened.trusted, opened.reader.seal).faults
    assert [fault.record_id for fault in faults] == [made.id]
    opened.store.close()


def test_random_is_not_from_a_seed(graph):
    """Keys and salts do not repeat when a program seeds its random numbers."""
    seal = Seal(Keyring.generate(), b"")
    seen = set()
    for _ in range(3):
        random.seed(0)
        seen.add(sealed(entry(graph, seal, some_cases()[0], time_us=1)).commitment)
    assert len(seen) == 3
