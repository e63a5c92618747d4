"""Counting in one process, adding up over several, and what it costs."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rashpath.audit import AuditConfig, open_ledger
from rashpath.audit.checkpoint import create_checkpoint
from rashpath.audit.sortable_id import now_us
from rashpath.facts.wording import Audience
from rashpath.guideline import load_bytes
from rashpath.readings.engine import CompiledEngine, GraphEngine
from rashpath.readings.walk import Walked
from rashpath.service.metrics import catalogue
from rashpath.service.metrics.levels import LedgerLevels
from rashpath.service.metrics.snapshot import Snapshot, merged
from rashpath.service.metrics.tally import Histogram, Tally
from rashpath.v1.decision_pb2 import DecisionStatus, Verdict
from rashpath.v1.decision_service_pb2 import EvaluateResponse
from rashpath.v1.guideline_pb2 import Urgency
from tests.compiled.sameness import Engines
from tests.conformance.expectations import DICTIONARY, case_files
from tests.conformance.strategies import Facts, full_cases, lifelike_cases, partial_cases
from tests.guideline.small import TEXT
from tests.shipped import shipped

COMPILED = CompiledEngine()
DECISIONS = "rashpath_decisions_total"
RECOMMENDATIONS = "rashpath_recommendations_total"
MISSING = "rashpath_missing_facts_total"
METHODS = {"Evaluate": "rashpath.v1.DecisionService"}
LABELS = ("unary", "rashpath.v1.DecisionService", "Evaluate")
counts = st.lists(st.integers(0, 5), max_size=6)


def test_a_bound_belongs_to_its_bucket() -> None:
    """Prometheus' `le` means less than or equal."""
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.0, 2.5):
        histogram.observe(value)
    assert histogram.buckets().counts == (2, 2, 1)
    assert histogram.buckets().total == 7.5


def answered(answer: bytes) -> Counter[tuple[str, ...]]:
    """Returns what an answer says, as it is to be counted."""
    said = EvaluateResponse.FromString(answer)
    where = said.guideline.id, said.guideline.version
    status = DecisionStatus.Name(said.status).removeprefix("DECISION_STATUS_")
    urgency = Urgency.Name(said.urgency).removeprefix("URGENCY_")
    found: Counter[tuple[str, ...]] = Counter({(DECISIONS, *where, status, urgency): 1})
    for each in said.recommendations:
        verdict = Verdict.Name(each.verdict).removeprefix("VERDICT_")
        found[RECOMMENDATIONS, *where, each.id, verdict] += 1
    found.update((MISSING, *where, question.fact) for question in said.questions)
    return found


def counted(tally: Tally) -> Counter[tuple[str, ...]]:
    """Returns what was counted of decisions."""
    numbers = tally.snapshot().numbers
    return Counter(
        {
            (name, *labels): int(count)
            for name in (DECISIONS, RECOMMENDATIONS, MISSING)
            for labels, count in numbers.get(name, {}).items()
        }
    )


CASES = (
    partial_cases(DICTIONARY)
    | full_cases(DICTIONARY)
    | lifelike_cases(DICTIONARY, [case.facts for case in case_files()], most_unknown=8)
)


@given(cases=st.lists(CASES, max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_counted_is_what_is_answered(cases: list[Facts]) -> None:
    """Whichever engine decides, and however many decisions are counted together."""
    engines = Engines(shipped())
    for engine in (COMPILED, GraphEngine()):
        tally = Tally(METHODS)
        expected: Counter[tuple[str, ...]] = Counter()
        for facts in cases:
            case = engines.message(facts)
            made = engine.decide(shipped(), case, audience=Audience.CLINICIAN, full=False)
            assert made is not None
            tally.made(made.walked)
            expected += answered(made.answer)
        assert counted(tally) == expected


def test_all_case_files_are_counted_as_answered() -> None:
    """Looking in between changes no count."""
    engines = Engines(shipped())
    tally = Tally(METHODS)
    expected: Counter[tuple[str, ...]] = Counter()
    for number, file in enumerate(case_files()):
        case = engines.message(file.facts)
        made = COMPILED.decide(shipped(), case, audience=Audience.CLINICIAN, full=False)
        assert made is not None
        for _ in range(number % 3):
            tally.made(made.walked)
            expected += answered(made.answer)
        if number % 10 == 0:
            tally.snapshot()
    assert counted(tally) == expected
    assert len(expected) > 60


def test_two_texts_of_one_version_are_counted_together() -> None:
    """A version whose text was changed by a reload goes on in the same series."""
    tally = Tally(METHODS)
    for text in (TEXT, TEXT.replace("A made-up book", "A book that was made up")):
        graph = load_bytes(text.encode(), "small.yaml")
        case = Engines(graph).message({})
        made = GraphEngine().decide(graph, case, audience=Audience.CLINICIAN, full=False)
        assert made is not None
        tally.made(made.walked)
    rows = tally.snapshot().numbers[DECISIONS]
    assert [labels[:2] for labels in rows] == [("small", "0.1.0")]
    assert list(rows.values()) == [2]


@given(st.lists(st.tuples(counts, st.integers(0, 9)), min_size=1, max_size=4))
@settings(max_examples=50, deadline=None)
def test_processes_add_up_by_the_rule_of_each_metric(parts: list[tuple[list[int], int]]) -> None:
    """Counters and queues add up, the ledger is as good as its worst writer, times are newest."""
    snapshots = []
    for seconds, level in parts:
        tally = Tally(METHODS)
        for each in seconds:
            tally.started("Evaluate")
            tally.ended("Evaluate", "OK", each)
        snapshot = tally.snapshot()
        snapshot.put(catalogue.LEDGER_QUEUE, level)
        snapshot.put(catalogue.LEDGER_WRITABLE, level % 2)
        snapshot.put(catalogue.LEDGER_CHECKPOINT, level)
        # As it travels from a worker to its parent.
        snapshots.append(Snapshot.of(json.loads(json.dumps(snapshot.plain()))))
    whole = merged(snapshots)
    total = sum(len(seconds) for seconds, _ in parts)
    levels = [level for _, level in parts]
    assert whole.numbers["grpc_server_handled_total"][(*LABELS, "OK")] == total
    assert sum(whole.buckets["grpc_server_handling_seconds"][LABELS].counts) == total
    assert whole.numbers["rashpath_ledger_queue_records"][()] == sum(levels)
    assert whole.numbers["rashpath_ledger_writable"][()] == min(level % 2 for level in levels)
    assert whole.numbers["rashpath_ledger_checkpoint_timestamp_seconds"][()] == max(levels)
    assert whole.numbers["rashpath_workers"][()] == len(parts)


def test_of_an_ended_process_only_counts_remain() -> None:
    """Its queue is gone, but its calls were answered."""
    tally = Tally(METHODS)
    tally.ended("Evaluate", "OK", 0.1)
    snapshot = tally.snapshot()
    snapshot.put(catalogue.LEDGER_QUEUE, 7)
    remains = snapshot.remains()
    assert remains.numbers["grpc_server_handled_total"][(*LABELS, "OK")] == 1
    assert remains.buckets == snapshot.buckets
    assert "rashpath_ledger_queue_records" not in remains.numbers
    assert "rashpath_workers" not in remains.numbers


def test_the_newest_checkpoint_is_found_whoever_made_it(tmp_path: Path) -> None:
    """0 where there is none yet; afterwards its time, though this process did not make it."""
    ledger = open_ledger(AuditConfig(f"sqlite:///{tmp_path}/audit.db"))

    async def look() -> float:
        levels = LedgerLevels(ledger)
        watching = asyncio.create_task(levels.watch())
        await asyncio.sleep(0.3)
        watching.cancel()
        snapshot = Snapshot()
        levels.put(snapshot)
        return snapshot.numbers["rashpath_ledger_checkpoint_timestamp_seconds"][()]

    assert asyncio.run(look()) == 0
    time_us = now_us()
    create_checkpoint(ledger.store, ledger.key, time_us - 10**9)
    create_checkpoint(ledger.store, ledger.key, time_us)
    assert asyncio.run(look()) == time_us / 1e6
    assert ledger.close(5)


def test_counting_a_decision_costs_little_beside_making_it() -> None:
    """Less than a quarter of what deciding takes, also for the case in which nothing is known: it
    has most to count. As a ratio of processor times, since the machine may be busy."""
    case = Engines(shipped()).message({})

    def decided() -> Walked:
        made = COMPILED.decide(shipped(), case, audience=Audience.CLINICIAN, full=False)
        assert made is not None
        return made.walked

    walked, tally = decided(), Tally(METHODS)
    assert len(walked.undetermined) + len(walked.asked) > 40
    deciding, counting = float("inf"), float("inf")
    for _ in range(6):
        started = time.thread_time()
        for _ in range(40):
            decided()
        between = time.thread_time()
        for _ in range(40):
            tally.made(walked)
        deciding = min(deciding, between - started)
        counting = min(counting, time.thread_time() - between)
    assert counting < 0.25 * deciding, (counting, deciding)
