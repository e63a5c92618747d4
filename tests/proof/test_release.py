"""The certificate beside a guideline file, and the servers that ask for it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rashpath.guideline import DecisionGraph
from rashpath.guideline.release import (
    Certificate,
    ReleaseError,
    Result,
    certificate_of,
    read_release,
    release_path,
    write_certificate,
)
from rashpath.readings.proof import Proof, certificate, prove
from rashpath.service.application import Application
from rashpath.service.guidelines import GuidelinesError, load_guidelines
from rashpath.service.settings import load_settings
from rashpath.v1.guideline_service_pb2 import GetGuidelineRequest
from tests.guideline.small import TEXT
from tests.shipped import CONTENT

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(small: DecisionGraph) -> Certificate:
    """The certificate of the toy guideline."""
    return certificate(prove(small), AT)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The toy guideline where a server looks for it."""
    path = tmp_path / "small" / "0.1.0.yaml"
    path.parent.mkdir()
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_the_shipped_guideline_has_a_certificate_of_its_text(graph: DecisionGraph) -> None:
    """The certificate that comes with rashpath is valid; `make verify` writes a new one."""
    found, lack = certificate_of(graph, Path(str(CONTENT)))
    assert lack == ""
    assert found is not None
    assert {each.result for each in found.properties} == {Result.PROVED}


def test_the_shipped_certificate_says_what_the_proof_says(
    graph: DecisionGraph, shipped_proof: Proof
) -> None:
    """But for times, the certificate is what proving gives today."""
    found, _ = certificate_of(graph, Path(str(CONTENT)))
    assert found is not None
    fresh = certificate(shipped_proof, AT)
    for kept, proved in zip(found.properties, fresh.properties, strict=True):
        timeless = replace(kept, seconds=0, notes=()), replace(proved, seconds=0, notes=())
        assert timeless[0].id == timeless[1].id
        assert timeless[0].result == timeless[1].result


def test_what_is_written_is_read(file: Path, small: DecisionGraph, made: Certificate) -> None:
    """A certificate comes back as it was, and the same certificate is the same bytes."""
    written = write_certificate(small, file, made)
    first = written.read_bytes()
    assert written == release_path(file)
    assert certificate_of(small, file) == (made, "")
    write_certificate(small, file, made)
    assert written.read_bytes() == first


def test_what_else_stands_there_stays(file: Path, small: DecisionGraph, made: Certificate) -> None:
    """A new certificate keeps what was recorded of the same text, and drops that of another."""
    path = write_certificate(small, file, made)
    content = json.loads(path.read_bytes()) | {"approval": {"by": "somebody"}}
    path.write_text(json.dumps(content))
    write_certificate(small, file, made)
    kept = read_release(path)
    assert kept is not None
    assert kept.rest == {"approval": {"by": "somebody"}}
    path.write_text(json.dumps(content | {"digest": "0" * 64}))
    write_certificate(small, file, made)
    dropped = read_release(path)
    assert dropped is not None
    assert dropped.rest == {}


def test_a_certificate_that_lacks_something_is_none(
    file: Path, small: DecisionGraph, made: Certificate
) -> None:
    """No certificate, one of another text, semantics or result, or a broken file: told in words."""

    def lack_of(changed: Certificate) -> str:
        write_certificate(small, file, changed)
        return certificate_of(small, file)[1]

    assert certificate_of(small, file) == (None, "no proof certificate lies beside it")
    assert lack_of(replace(made, semantics_version="0")).startswith(
        "its proof certificate was made for semantics version 0"
    )
    assert lack_of(replace(made, properties=made.properties[1:])) == (
        "its proof certificate says nothing of `diagrams`"
    )
    refuted = (replace(made.properties[0], result=Result.REFUTED), *made.properties[1:])
    assert lack_of(replace(made, properties=refuted)) == (
        "its proof certificate has `diagrams` as refuted"
    )
    path = write_certificate(small, file, made)
    path.write_text(path.read_text().replace(small.digest, "0" * 64))
    assert certificate_of(small, file)[1] == (
        "its proof certificate is for another text, digest 00000000"
    )
    path.write_text("[]")
    assert certificate_of(small, file) == (None, "its release file cannot be read")
    with pytest.raises(ReleaseError, match="is not a release file"):
        read_release(path)


def test_a_server_shows_the_certificate(
    file: Path, small: DecisionGraph, made: Certificate
) -> None:
    """Whoever asks for a guideline sees what was proved of it, or that nothing was."""
    folder = file.parent.parent
    without = Application.load(folder).get_guideline(GetGuidelineRequest())
    assert not without.HasField("certificate")
    write_certificate(small, file, made)
    shown = Application.load(folder).get_guideline(GetGuidelineRequest()).certificate
    assert shown.digest == small.digest
    assert shown.prove_time.ToDatetime(tzinfo=UTC) == AT
    assert [each.id for each in shown.properties] == [each.id for each in made.properties]


def test_a_server_can_refuse_a_guideline_without_certificate(
    file: Path, small: DecisionGraph, made: Certificate
) -> None:
    """With `require_certificate` nothing is served that was not proved as it stands."""
    assert load_settings({}, {"RASHPATH_REQUIRE_CERTIFICATE": "true"}).require_certificate
    assert not load_settings({}, {}).require_certificate
    folder = file.parent.parent
    assert load_guidelines(folder).default_id == "small"
    with pytest.raises(GuidelinesError, match="no proof certificate lies beside it"):
        load_guidelines(folder, require_certificate=True)
    write_certificate(small, file, made)
    assert load_guidelines(folder, require_certificate=True).default_id == "small"
    shutil.copy(release_path(file), folder / "kept.json")
    file.write_text(TEXT.replace("decimal: 90.0", "decimal: 91.0"), encoding="utf-8")
    with pytest.raises(GuidelinesError, match="is for another text"):
        load_guidelines(folder, require_certificate=True)
