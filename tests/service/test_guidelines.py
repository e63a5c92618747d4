"""Several guidelines and versions side by side, and which one a request means."""

from __future__ import annotations

import importlib.resources
import re
from pathlib import Path

import pytest

from rashpath.service.errors import Refusal, reason_name
from rashpath.service.guidelines import Guidelines, GuidelinesError, load_guidelines, version_key
from rashpath.v1.decision_service_pb2 import GuidelineSelector

ID = "valacyclovir_spreading_rash"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three versions of the guideline, one of them a draft."""
    folder = tmp_path_factory.mktemp("guidelines")
    content = importlib.resources.files("rashpath.content")
    text = content.joinpath(f"{ID}/1.0.0.yaml").read_text(encoding="utf-8")
    (folder / ID).mkdir()
    for version in ("1.9.0", "1.10.0", "2.0.0-rc.1"):
        changed, count = re.subn(r"(?m)^version: .*$", f"version: {version}", text)
        assert count == 1
        (folder / ID / f"{version}.yaml").write_text(changed, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def guidelines(folder: Path) -> Guidelines:
    """The three versions, loaded."""
    return load_guidelines(folder)


def refusal(guidelines: Guidelines, **selector: str) -> Refusal:
    """Returns the refusal that a selector gets."""
    with pytest.raises(Refusal) as failure:
        guidelines.select(GuidelineSelector(**selector))
    return failure.value


def test_the_highest_release_is_the_default(guidelines: Guidelines) -> None:
    """1.10.0 is higher than 1.9.0, and a draft is not used unless asked for."""
    assert guidelines.select(GuidelineSelector()).guideline.version == "1.10.0"
    assert guidelines.select(GuidelineSelector(id=ID)).guideline.version == "1.10.0"


def test_a_version_can_be_pinned(guidelines: Guidelines) -> None:
    """A caller who names a version gets that one, the draft too."""
    for version in ("1.9.0", "2.0.0-rc.1"):
        assert guidelines.select(GuidelineSelector(version=version)).guideline.version == version


def test_versions_have_digests_of_their_own(guidelines: Guidelines) -> None:
    """A pinned digest opens only the version that it belongs to."""
    first, second = (guidelines.by_id[ID][version] for version in ("1.9.0", "1.10.0"))
    assert first.digest != second.digest
    assert guidelines.select(GuidelineSelector(digest=second.digest)) is second
    error = refusal(guidelines, digest=first.digest)
    assert reason_name(error.reason) == "DIGEST_MISMATCH"
    assert error.metadata["current_digest"] == second.digest


def test_what_is_not_served_is_refused_with_what_is(guidelines: Guidelines) -> None:
    """The error lists the versions and the guidelines that there are."""
    error = refusal(guidelines, version="3.0.0")
    assert reason_name(error.reason) == "VERSION_NOT_FOUND"
    for version in ("`1.9.0`", "`1.10.0`", "`2.0.0-rc.1`"):
        assert version in error.message
    error = refusal(guidelines, id="measles")
    assert reason_name(error.reason) == "GUIDELINE_NOT_FOUND"
    assert f"`{ID}`" in error.message


def test_all_are_listed_in_order(guidelines: Guidelines) -> None:
    """From the lowest version up, drafts before their release."""
    assert [each.guideline.version for each in guidelines.all()] == [
        "1.9.0",
        "1.10.0",
        "2.0.0-rc.1",
    ]


def test_the_operator_can_set_the_default(folder: Path) -> None:
    """A server can be held at an older version; one that is not there is refused at the start."""
    held = load_guidelines(folder, f"{ID}@1.9.0")
    assert held.select(GuidelineSelector()).guideline.version == "1.9.0"
    for default in ("measles", f"{ID}@7.0.0"):
        with pytest.raises(GuidelinesError, match="default_guideline"):
            load_guidelines(folder, default)


def test_every_faulty_file_is_told_at_once(folder: Path, tmp_path: Path) -> None:
    """A file under another name than it says, and one that is no guideline, are both named."""
    (tmp_path / ID).mkdir()
    good = (folder / ID / "1.9.0.yaml").read_text(encoding="utf-8")
    (tmp_path / ID / "1.8.0.yaml").write_text(good, encoding="utf-8")
    (tmp_path / ID / "0.1.0.yaml").write_text("id: [", encoding="utf-8")
    with pytest.raises(GuidelinesError) as failure:
        load_guidelines(tmp_path)
    text = "\n".join(failure.value.problems)
    assert "1.8.0.yaml: holds" in text
    assert "0.1.0.yaml" in text


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("1.9.0", "1.10.0"),
        ("1.0.0-alpha", "1.0.0"),
        ("1.0.0-alpha.2", "1.0.0-alpha.10"),
        ("1.0.0-1", "1.0.0-alpha"),
        ("1.0.0-alpha", "1.0.0-alpha.1"),
        ("draft", "0.0.1"),
    ],
)
def test_versions_are_ordered_as_semantic_versioning_says(lower: str, higher: str) -> None:
    """The pairs are those that its rule 11 is about."""
    assert version_key(lower) < version_key(higher)
