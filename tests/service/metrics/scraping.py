"""Reads the metrics of servers under test as a Prometheus server would."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable
from typing import Any

from prometheus_client.parser import text_string_to_metric_families


class Scrape:
    """What one look at the metrics shows.

    Args:
        text: the answer's body.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def value(self, name: str, **labels: str) -> float:
        """Returns the sum of the samples of a name that have these labels; 0 where none has."""
        return sum(
            sample.value
            for sample in self.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def by(self, label: str, name: str, **labels: str) -> dict[str, float]:
        """Returns the values of a metric by one of its labels."""
        return {
            sample.labels[label]: sample.value
            for sample in self.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        }


def metrics_address(server: Any) -> str:
    """Returns where a server shows its metrics, as its log says."""
    return str(
        next(line for line in server.lines() if "metrics_address" in line)["metrics_address"]
    )


def scrape(server: Any) -> Scrape:
    """Looks at the metrics of a server."""
    with urllib.request.urlopen(f"http://{metrics_address(server)}/metrics", timeout=10) as answer:
        return Scrape(answer.read().decode())


def until(server: Any, holds: Callable[[Scrape], bool], seconds: float = 20) -> Scrape:
    """Looks again and again until something holds; returns the last look in any case."""
    end = time.monotonic() + seconds
    while True:
        seen = scrape(server)
        if holds(seen) or time.monotonic() > end:
            return seen
        time.sleep(0.1)
