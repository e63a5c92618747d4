"""The dashboard and the alert rules name only what a real server shows.

Each expression is parsed by a PromQL parser; every metric, label and fixed label value in it must
be one that a server which was used shows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import promql_parser
import pytest
import yaml

from rashpath.client import InvalidCase
from rashpath.v1.facts_pb2 import PatientCase, Trend
from tests.service.metrics.scraping import Scrape, scrape

FOLDER = Path(__file__).resolve().parents[3] / "server" / "deploy" / "observe"
ALERTS = yaml.safe_load((FOLDER / "alerts.yaml").read_text(encoding="utf-8"))
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
TARGETS = [
    (f"{panel['title']} {target['refId']}", target["expr"])
    for panel in PANELS
    for target in panel["targets"]
]
EXPRESSIONS = [
    *((rule["alert"], rule["expr"]) for rule in RULES),
    *TARGETS,
    *((each["name"], each["expr"]) for each in DASHBOARD["annotations"]["list"]),
]
FROM_PROMETHEUS = {"job", "instance", "le"}
"""Labels that Prometheus adds, and that of a histogram's bounds."""

DURATIONS = {"$__rate_interval": "5m", "$__range": "6h", "$__interval": "1m"}
CODES = {code.name for code in grpc.StatusCode}


@pytest.fixture(scope="module")
def shown(start_server: Callable[..., Any]) -> Scrape:
    """What a server shows that has answered, refused, and recorded."""
    server = start_server(metrics_address="127.0.0.1:0")
    with server.client() as client:
        client.evaluate(PatientCase(rash={"trend": Trend.TREND_SPREADING}))
        with pytest.raises(InvalidCase):
            client.evaluate(PatientCase(patient={"weight_kg": 8361.93}))
    return scrape(server)


def parsed(expression: str) -> Any:
    """Parses an expression, with some length of time for each of Grafana's variables."""
    for variable, duration in DURATIONS.items():
        expression = expression.replace(variable, duration)
    return promql_parser.parse(expression)


def selectors(tree: Any) -> Iterator[Any]:
    """Yields every selector of metrics in a tree."""
    if isinstance(tree, promql_parser.VectorSelector):
        yield tree
    for name in ("lhs", "rhs", "expr", "param", "vector_selector"):
        child = getattr(tree, name, None)
        if child is not None:
            yield from selectors(child)
    for child in getattr(tree, "args", None) or ():
        yield from selectors(child)


def test_there_is_something_to_check() -> None:
    """Rules, panels, and at least one selector in each of them."""
    assert len(RULES) >= 15
    assert len(PANELS) >= 20
    assert [name for name, text in EXPRESSIONS if not list(selectors(parsed(text)))] == []


@pytest.mark.parametrize(("name", "expression"), EXPRESSIONS, ids=[name for name, _ in EXPRESSIONS])
def test_every_metric_and_label_exists(shown: Scrape, name: str, expression: str) -> None:
    """A rule on a metric that is not there would never fire, and a panel would stay empty."""
    for selector in selectors(parsed(expression)):
        if selector.name == "up":
            continue  # Prometheus' own: whether it could read the server
        found = [sample for sample in shown.samples if sample.name == selector.name]
        assert found, f"{name}: no server shows `{selector.name}`"
        for matcher in selector.matchers.matchers:
            if matcher.name in FROM_PROMETHEUS:
                continue
            values = {sample.labels.get(matcher.name) for sample in found}
            assert values != {None}, f"{name}: `{selector.name}` has no label `{matcher.name}`"
            allowed = CODES if matcher.name == "grpc_code" else values
            assert matcher.value in allowed, f"{name}: `{matcher.name}` is never that"


def test_grouped_labels_exist(shown: Scrape) -> None:
    """What is summed by a label that is not there would be one nameless sum."""
    labels = {name for sample in shown.samples for name in sample.labels} | FROM_PROMETHEUS
    grouped = {
        label.strip()
        for _, text in EXPRESSIONS
        for group in re.findall(r"\bby \(([^)]*)\)", text)
        for label in group.split(",")
    }
    assert len(grouped) > 8
    assert grouped - labels == set()


def test_each_alert_says_what_is_wrong_and_what_to_do() -> None:
    """Whoever is woken reads a sentence with the instance or guideline, and the first step."""
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names))
    for rule in RULES:
        assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]
        assert "$labels." in rule["annotations"]["summary"], rule["alert"]
        assert len(rule["annotations"]["description"].split()) > 8, rule["alert"]


def test_the_panels_do_not_overlap() -> None:
    """Grafana moves what overlaps; the file shows what was meant."""
    taken: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert x < 24, panel["title"]
                assert (x, y) not in taken, (panel["title"], taken.get((x, y)))
                taken[x, y] = panel["title"]
    identifiers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(identifiers) == len(set(identifiers))


def test_a_metric_that_is_gone_would_be_noticed(shown: Scrape) -> None:
    """The check can fail: a misspelt metric is shown by no server."""
    (selector,) = selectors(parsed("sum(rate(rashpath_decision_total[5m]))"))
    assert selector.name == "rashpath_decision_total"
    assert not [sample for sample in shown.samples if sample.name == selector.name]
    assert [sample for sample in shown.samples if sample.name == "rashpath_decisions_total"]
