"""CompareGuidelines and what ExplainPath tells of changes, through a real server and client."""

from __future__ import annotations

from pathlib import Path

import pytest

from rashpath.client import Client, NotFound
from rashpath.v1.comparison_pb2 import AspectKind, DifferenceState
from rashpath.v1.decision_service_pb2 import GuidelineSelector
from rashpath.v1.facts_pb2 import Hiv, PatientCase, Trend
from tests.service.conftest import Start

SHIPPED = "valacyclovir_spreading_rash"


@pytest.fixture(scope="module")
def two_versions(start_server: Start, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """A client of a server that serves two versions of the guideline."""
    root = tmp_path_factory.mktemp("guidelines")
    folder = root / SHIPPED
    folder.mkdir()
    content = Path(__file__).parents[2] / "graph/rashpath/content" / SHIPPED / "1.0.0.yaml"
    text = content.read_text(encoding="utf-8")
    old = "to_node: test_hiv, when: immune.hiv == HIV_NOT_TESTED"
    assert text.count(old) == 1
    (folder / "1.0.0.yaml").write_text(text)
    changed = text.replace(old, f"{old} && failing").replace('version: "1.0.0"', 'version: "1.1.0"')
    (folder / "1.1.0.yaml").write_text(changed)
    return start_server(guideline_dir=root).client(timeout_s=30.0)


def test_versions_are_compared(two_versions: Client) -> None:
    """The server names the verdict that a new version changes, and the case that shows it."""
    told = two_versions.compare_guidelines(
        GuidelineSelector(version="1.0.0"), GuidelineSelector(version="1.1.0")
    )
    assert (told.before.version, told.after.version) == ("1.0.0", "1.1.0")
    assert not told.equivalent
    (difference,) = [
        each for each in told.differences if each.kind == AspectKind.ASPECT_KIND_RECOMMENDATION
    ]
    assert difference.id == "test_hiv"
    assert difference.state == DifferenceState.DIFFERENCE_STATE_CONTRARY
    facts = {use.fact: use.choice for use in difference.witness.facts}
    assert facts == {"rash.trend": "TREND_IMPROVING", "immune.hiv": "HIV_NOT_TESTED"}
    assert (difference.before, difference.after) == ("APPLIES", "DOES_NOT_APPLY")
    assert list(difference.gone.conditions) == ["rash trend: improving"]


def test_the_same_comparison_gets_the_same_bytes(two_versions: Client) -> None:
    """A comparison does not depend on when it is made, or on what was asked before."""
    pair = GuidelineSelector(version="1.1.0"), GuidelineSelector(version="1.0.0")
    first = two_versions.compare_guidelines(*pair)
    assert first == two_versions.compare_guidelines(*pair)


def test_an_equal_version_is_equivalent(client: Client) -> None:
    """A guideline is equivalent to itself, and nothing is listed."""
    told = client.compare_guidelines()
    assert told.equivalent
    assert (len(told.differences), len(told.content)) == (0, 0)
    assert told.compared > 50


def test_a_version_that_is_not_served_is_not_found(client: Client) -> None:
    """The version that is not there is named."""
    with pytest.raises(NotFound, match=r"9\.9\.9"):
        client.compare_guidelines(after=GuidelineSelector(version="9.9.9"))


def test_what_would_change_is_explained(client: Client) -> None:
    """A verdict is told with the changes that would turn it."""
    case = PatientCase(rash={"trend": Trend.TREND_SPREADING}, immune={"hiv": Hiv.HIV_NOT_TESTED})
    told = client.explain_path(case, what_would_change=["test_hiv"])
    assert len(told.recommendations) == 0
    (turn,) = told.turns
    assert [change.fact for each in turn.sets for change in each.changes] == ["immune.hiv"]
    assert turn.cut == ""


def test_changes_of_no_recommendation_are_refused(client: Client) -> None:
    """An id that is no recommendation is not found, and its place in the request is named."""
    with pytest.raises(NotFound) as caught:
        client.explain_path(PatientCase(), what_would_change=["test_hiv", "cure"])
    assert [fault.field for fault in caught.value.fields] == ["what_would_change[1]"]
