"""The container file: what it must say, and that it says nothing that a linter knows better.

No engine runs here, so no image is built: its build steps are run in test_build_steps.py, and what
a container allows a server in test_read_only.py.
"""

from __future__ import annotations

import fnmatch
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dockerfile_parse import DockerfileParser

from rashpath.service.settings import load_settings


@pytest.fixture(scope="module")
def file(deploy: Path) -> Path:
    """The container file."""
    return deploy / "container" / "Containerfile"


@pytest.fixture(scope="module")
def parsed(file: Path) -> DockerfileParser:
    """The container file, parsed."""
    # Given as a stream: the parser takes no file that is not called Dockerfile.
    return DockerfileParser(fileobj=io.BytesIO(file.read_bytes()))


@pytest.fixture(scope="module")
def final(parsed: DockerfileParser) -> list[dict[str, Any]]:
    """The instructions of the stage that becomes the image."""
    starts = [n for n, each in enumerate(parsed.structure) if each["instruction"] == "FROM"]
    assert len(starts) == 2
    found: list[dict[str, Any]] = parsed.structure[starts[-1] :]
    return found


def values(instructions: list[dict[str, Any]], name: str) -> list[str]:
    """Returns what stands behind each instruction of a name."""
    return [each["value"] for each in instructions if each["instruction"] == name]


def test_a_linter_finds_nothing(file: Path) -> None:
    """hadolint, and the shellcheck in it, see no fault of any level."""
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [program, "--failure-threshold", "style", str(file)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_the_linter_can_fail(tmp_path: Path) -> None:
    """The check above is not green by nature: it finds a base that may be any version."""
    (tmp_path / "Containerfile").write_text("FROM python\nRUN cd / && pip install x\n")
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [program, str(tmp_path / "Containerfile")], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "DL3006" in done.stdout


def test_the_image_is_not_what_it_was_built_with(final: list[dict[str, Any]]) -> None:
    """The stage that becomes the image takes the finished environment only: no pip, no sources."""
    copied = values(final, "COPY")
    assert copied == [
        "--from=build /opt/rashpath /opt/rashpath",
        "server/deploy/container/rashpath.toml /etc/rashpath/rashpath.toml",
    ]
    assert not [each for each in values(final, "RUN") if re.search(r"\bpip\b|apt|curl", each)]


def test_it_does_not_run_as_root(final: list[dict[str, Any]]) -> None:
    """The user is given by number, which a cluster can check, and nothing follows as root."""
    assert values(final, "USER") == ["65532:65532"]
    after = final[[each["instruction"] for each in final].index("USER") :]
    assert {"RUN", "COPY", "ADD"} & {each["instruction"] for each in after} == set()


def test_only_the_state_is_written_to(final: list[dict[str, Any]]) -> None:
    """With a read-only root all that changes is in one volume, which belongs to the user."""
    assert values(final, "VOLUME") == ["/var/lib/rashpath"]
    assert values(final, "RUN") == ["install -d -m 0700 -o 65532 -g 65532 /var/lib/rashpath"]
    (environment,) = values(final, "ENV")
    for name in ("HOME", "STATE_DIRECTORY"):
        assert f"{name}=/var/lib/rashpath" in environment.split()
    assert "PYTHONDONTWRITEBYTECODE=1" in environment.split()


def test_it_is_probed_and_stopped_as_the_server_expects(final: list[dict[str, Any]]) -> None:
    """The probe asks the port for health alone, the stop is the signal that drains, and the
    program is process 1 itself, which gets that signal."""
    (probe,) = values(final, "HEALTHCHECK")
    assert probe.endswith('CMD ["rashpath", "healthcheck", "--address", "localhost:50052"]')
    assert values(final, "STOPSIGNAL") == ["SIGTERM"]
    assert json.loads(values(final, "ENTRYPOINT")[0]) == ["rashpath"]
    assert json.loads(values(final, "CMD")[0]) == ["serve"]
    assert values(final, "EXPOSE") == ["50051 50052"]


def test_every_download_is_checked_by_hash(parsed: DockerfileParser) -> None:
    """Each pip that may reach an index demands hashes and wheels; the others reach none."""
    installs = [
        command
        for run in values(parsed.structure, "RUN")
        for command in run.split("&&")
        if re.search(r"-m pip (install|wheel|download)", command)
    ]
    assert len(installs) == 4
    for command in installs:
        locked = "--require-hashes" in command and "--only-binary :all:" in command
        assert locked or ("--no-index" in command and "--no-deps" in command), command


def test_what_is_copied_is_there_and_is_not_left_out(
    parsed: DockerfileParser, root: Path, deploy: Path
) -> None:
    """Each source of a COPY is in the repository and passes the list of what a builder gets."""
    lines = (deploy / "container" / "Containerfile.dockerignore").read_text().splitlines()
    passed = [line[1:] for line in lines if line.startswith("!")]
    sources = [
        source.rstrip("/")
        for copy in values(parsed.structure, "COPY")
        if not copy.startswith("--from")
        for source in copy.split()[:-1]
    ]
    assert "*" in lines
    assert len(sources) >= 6
    for source in sources:
        assert (root / source).exists(), source
        assert any(fnmatch.fnmatchcase(source, each) for each in passed), source
    assert not any(fnmatch.fnmatchcase(".venv", each) for each in passed)


def test_its_settings_are_settings(deploy: Path) -> None:
    """The server takes the file that the image brings, on the ports that the image names."""
    settings = load_settings({}, {}, deploy / "container" / "rashpath.toml")
    assert settings.address.endswith(":50051")
    assert (settings.health_address or "").endswith(":50052")
    assert settings.audit_url == "sqlite:////var/lib/rashpath/audit.db"
