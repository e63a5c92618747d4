"""The systemd unit: sound by systemd's own check, hardened, and in step with the settings."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from rashpath.service.settings import Settings, load_settings

EXPOSURE = 20
"""Most exposure, in tenths, as `systemd-analyze security` counts it; a bare unit has 96."""

ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze on this machine")


@pytest.fixture(scope="module")
def unit(deploy: Path) -> dict[str, list[str]]:
    """The values of the unit by key, in order; every line must be understood."""
    found: dict[str, list[str]] = {}
    for line in (deploy / "systemd" / "rashpath.service").read_text().splitlines():
        if line and not line.startswith(("#", "[")):
            key, equals, value = line.partition("=")
            assert equals, line
            found.setdefault(key, []).append(value)
    return found


@pytest.fixture
def installed(deploy: Path, tmp_path: Path) -> Path:
    """The unit with a program that is there, as systemd's check wants it."""
    program = tmp_path / "rashpath"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = (deploy / "systemd" / "rashpath.service").read_text()
    path = tmp_path / "rashpath.service"
    path.write_text(text.replace("/opt/rashpath/bin/rashpath", str(program)))
    return path


@needs_systemd
def test_systemd_finds_no_fault(installed: Path) -> None:
    """No key is misspelt and no value is of the wrong kind: systemd would ignore it in silence."""
    done = subprocess.run([ANALYZE or "", "verify", installed], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_systemd_s_check_can_fail(installed: Path) -> None:
    """A misspelt protection is seen."""
    installed.write_text(installed.read_text().replace("ProtectHome=", "ProtectHomes="))
    done = subprocess.run([ANALYZE or "", "verify", installed], capture_output=True, text=True)
    assert "ProtectHomes" in done.stderr


@needs_systemd
def test_a_fault_in_the_service_stays_in_it(installed: Path) -> None:
    """systemd counts little that the service could do to the machine."""
    options = ("--offline=true", f"--threshold={EXPOSURE}")
    done = subprocess.run(
        [ANALYZE or "", "security", *options, str(installed)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-200:]


def test_protections_are_there_where_no_systemd_is(unit: dict[str, list[str]]) -> None:
    """Each protection that the documents promise stands in the unit."""
    for key, value in {
        "DynamicUser": "yes",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "MemoryDenyWriteExecute": "yes",
        "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
        "UMask": "0077",
        "StateDirectoryMode": "0700",
    }.items():
        assert unit[key] == [value], key
    assert unit["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]


def test_every_variable_is_a_setting_with_a_credential(unit: dict[str, list[str]]) -> None:
    """What the unit puts into the environment is a setting of the server, and each file that it
    names is one that systemd hands over."""
    handed = {each.partition(":")[0] for each in unit["LoadCredential"]}
    named = dict(each.split("=", 1) for each in unit["Environment"])
    assert len(named) >= 5
    for variable, value in named.items():
        assert variable.removeprefix("RASHPATH_").lower() in Settings.model_fields, variable
        assert value.removeprefix("%d/") in handed, variable


def test_the_settings_fit_the_unit(unit: dict[str, list[str]], deploy: Path) -> None:
    """The server takes the file; it keeps its state where systemd lets it, is probed where it
    answers, and is not killed before its drain can have ended."""
    settings = load_settings({}, {}, deploy / "systemd" / "rashpath.toml")
    assert settings.audit_url == f"sqlite:////var/lib/{unit['StateDirectory'][0]}/audit.db"
    assert f"--address {settings.health_address} " in unit["ExecStartPost"][0]
    longest = settings.lame_duck_s + settings.drain_grace_s
    assert float(unit["TimeoutStopSec"][0]) >= longest + 10
    assert unit["ExecStart"][0].endswith("--settings /etc/rashpath/rashpath.toml")
    assert unit["KillSignal"] == ["SIGTERM"]
