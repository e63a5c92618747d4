"""Checks what contents are packed with: it holds nothing of a patient, and cannot be taken away."""

from __future__ import annotations

import random
import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
import zstandard
from sqlalchemy import func, select

from rashpath.audit import Recorded, open_ledger
from rashpath.audit.dictionary import BYTES, dictionary_of
from rashpath.audit.envelope import Seal
from rashpath.audit.errors import LedgerDamagedError
from rashpath.audit.packing import Dictionary, dictionary_digest, pack_plainly, unpack
from rashpath.audit.reading import Filters
from rashpath.audit.tables import DICTIONARIES
from rashpath.audit.verify import verify
from rashpath.readings.engine import engine_of
from rashpath.v1.audit_pb2 import AuditRecord
from rashpath.v1.audit_pb2 import LedgerFaultKind as Kind
from tests.audit.conftest import SQLITE
from tests.audit.decisions import dictionary, entry, sealed, some_cases
from tests.audit.intruder import Intruder, altered

WAIT_S = 20


def test_same_guideline_has_the_same_dictionary(graph):
    """It follows from the guideline alone, whatever was decided before, by either engine."""
    random.seed(1)
    again = dictionary_of(graph, engine_of("compiled"))
    assert again.digest == dictionary(graph).digest == dictionary_digest(again.content)
    assert dictionary_of(graph, engine_of("graph")).digest == again.digest
    assert len(again.content) <= BYTES


def test_words_of_the_guideline_are_in_the_dictionary(graph):
    """It holds texts of the guideline as they occur in answers."""
    words = dictionary(graph).content
    titles = [node.text.clinician.encode() for node in graph.recommendations]
    assert sum(title in words for title in titles) > len(titles) / 2


def test_dictionary_saves_most_of_the_room(graph):
    """A content takes less than half of the room that it takes without."""
    with_words, without = (
        sum(len(sealed(made).envelope.ciphertext) for made in group)
        for group in (
            [entry(graph, Seal(None, b"key"), case, packed=packed) for case in some_cases(20)]
            for packed in (True, False)
        )
    )
    assert with_words < without / 2


def test_packed_is_unpacked_only_with_its_dictionary():
    """Contents come back byte for byte; junk and another dictionary are told."""
    words = Dictionary(b"the patient takes valacyclovir and the rash spreads " * 4)
    content = b"the rash spreads and the patient takes valacyclovir" + secrets.token_bytes(9)
    packed = words.pack(content)
    assert unpack(packed, words) == content
    assert unpack(pack_plainly(content), None) == content
    for other in (None, Dictionary(words.content[::-1])):
        assert unpacked_or_none(packed, other) != content
    for junk in (b"", b"junk", packed[:-1], packed + b"\0"):
        with pytest.raises(LedgerDamagedError):
            unpack(junk, words)


def unpacked_or_none(packed, words):
    """Returns what a content becomes with a dictionary; None where it is found to be damaged."""
    try:
        return unpack(packed, words)
    except LedgerDamagedError:
        return None


def test_content_that_states_no_size_or_a_huge_one_is_refused():
    """A crafted content cannot make a reader take memory without end."""
    unstated = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(1 << 20))
    huge = zstandard.ZstdCompressor().compress(bytes((64 << 20) + 1))
    for crafted in (unstated, huge):
        with pytest.raises(LedgerDamagedError, match="size"):
            unpack(crafted, None)


def test_one_dictionary_serves_many_threads():
    """Several threads may pack at the same time."""
    words = Dictionary(b"words that recur " * 8)
    contents = [b"words that recur %d" % number * 50 for number in range(400)]
    with ThreadPoolExecutor(8) as pool:
        packed = list(pool.map(words.pack, contents))
    assert [unpack(each, words) for each in packed] == contents


@pytest.mark.parametrize("packed", [True, False])
def test_record_names_its_dictionary_and_is_read_with_it(place, graph, packed):
    """The dictionary lies in the ledger, once, before anybody is answered; readers find it."""
    ledger = open_ledger(place.config)
    made = [entry(graph, ledger.reader.seal, packed=packed) for _ in range(3)]
    for each in made:
        (outcome,) = ledger.submit([each]).result(WAIT_S)
        assert isinstance(outcome, Recorded)
        named = AuditRecord.FromString(each.head).dictionary_digest
        assert named == (dictionary(graph).digest if packed else "")
    with ledger.store.read() as connection:
        count = connection.execute(select(func.count()).select_from(DICTIONARIES)).scalar()
    assert count == int(packed)
    ledger.close(WAIT_S)
    ledger = open_ledger(place.config)
    assert ledger.reader.decision(made[0].id).response.decision_id == made[0].id
    assert verify(ledger.store, ledger.key.trusted, ledger.reader.seal).envelopes == 3
    ledger.close(WAIT_S)


def test_recommendations_are_found_with_and_without_dictionary(ledger, graph):
    """A list by recommendation finds each decision in which it applied, and no other."""
    case = some_cases()[0]
    made = [entry(graph, ledger.reader.seal, case, packed=packed) for packed in (True, False)]
    ledger.submit(made).result(WAIT_S)
    applied = [
        each.id for each in ledger.reader.decision(made[0].id).response.recommendations
        if each.verdict == 1
    ]  # fmt: skip
    other = next(node.id for node in graph.recommendations if node.id not in applied)
    for id, found in ((applied[0], {each.id for each in made}), (other, set())):
        filters = Filters(recommendation=id)
        assert {each.record.id for each in ledger.reader.page(filters).decisions} == found
        assert {each.record.id for each in ledger.reader.all(filters)} == found


@pytest.mark.parametrize("deed", ["deleted", "changed"])
@pytest.mark.parametrize("keys", [True, False])
def test_lost_dictionary_is_named_by_each_of_its_records(place, graph, deed, keys):
    """Who takes the dictionary away or changes it is found, with the keyring or without."""
    ledger = open_ledger(place.config)
    made = [entry(graph, ledger.reader.seal, packed=packed) for packed in (True, True, False)]
    ledger.submit(made).result(WAIT_S)
    ledger.close(WAIT_S)
    intruder = Intruder(place)
    if deed == "deleted":
        intruder.run("DELETE FROM dictionaries")
    else:
        (content,) = intruder.run("SELECT content FROM dictionaries")[0]
        intruder.run("UPDATE dictionaries SET content = ?", altered(bytes(content)))
    intruder.close()
    ledger = open_ledger(place.config)
    seal = ledger.reader.seal
    faults = verify(ledger.store, ledger.key.trusted, seal if keys else None).faults
    assert {fault.kind for fault in faults} == {Kind.LEDGER_FAULT_KIND_DICTIONARY_CHANGED}
    assert [fault.record_id for fault in faults if fault.chain] == [made[0].id, made[1].id]
    with pytest.raises(LedgerDamagedError, match="packed with"):
        ledger.reader.decision(made[0].id)
    assert ledger.reader.decision(made[2].id).response.decision_id == made[2].id
    ledger.close(WAIT_S)


@pytest.mark.parametrize("kind", [SQLITE])
def test_foreign_dictionary_does_no_harm(place, ledger, graph):
    """A dictionary that no record names changes nothing, whatever it holds."""
    made = entry(graph, ledger.reader.seal)
    ledger.submit([made]).result(WAIT_S)
    junk = b"\x37\xa4\x30\xec" + bytes(40)
    intruder = Intruder(place)
    intruder.run("INSERT INTO dictionaries VALUES (?, ?)", dictionary_digest(junk), junk)
    intruder.close()
    assert verify(ledger.store, ledger.key.trusted, ledger.reader.seal).sound
    assert ledger.reader.decision(made.id).response.decision_id == made.id
