"""Settings: which source wins, and that nothing misspelt is ignored."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from rashpath.service.settings import CLIENT_VARIABLES, Settings, SettingsError, load_settings

SECRET = "s3cret-canary"


def problems(
    arguments: dict[str, object] | None = None,
    environment: dict[str, str] | None = None,
    file: Path | None = None,
) -> tuple[str, ...]:
    """Returns the faults that some settings have."""
    with pytest.raises(SettingsError) as failure:
        load_settings(arguments or {}, environment or {}, file)
    return failure.value.problems


def test_arguments_win_over_environment_over_file_over_defaults(tmp_path: Path) -> None:
    """Of four sources the one nearest to the operator's hands decides, setting by setting."""
    file = tmp_path / "rashpath.toml"
    file.write_text("workers = 2\nmax_batch = 20\ndrain_grace_s = 2.5\n")
    environment = {"RASHPATH_WORKERS": "3", "RASHPATH_MAX_BATCH": "30"}
    settings = load_settings({"workers": 4, "max_batch": None}, environment, file)
    assert settings.workers == 4
    assert settings.max_batch == 30
    assert settings.drain_grace_s == 2.5
    assert settings.max_request_bytes == 1 << 20


def test_the_environment_can_name_the_file(tmp_path: Path) -> None:
    """A container needs one variable only; a file named in the arguments wins over it."""
    file = tmp_path / "a.toml"
    file.write_text("workers = 2\n")
    other = tmp_path / "b.toml"
    other.write_text("workers = 3\n")
    environment = {"RASHPATH_SETTINGS_FILE": str(file)}
    assert load_settings({}, environment).workers == 2
    assert load_settings({}, environment, other).workers == 3


def test_every_setting_can_come_from_the_environment() -> None:
    """What the file can say, the environment can say too."""
    environment = {
        "RASHPATH_REFLECTION": "false",
        "RASHPATH_LOG_LEVEL": "error",
        "RASHPATH_LAME_DUCK_S": "1.5",
        "RASHPATH_LOOP": "asyncio",
        "RASHPATH_GUIDELINE_DIR": "",
    }
    settings = load_settings({}, environment)
    assert settings.reflection is False
    assert settings.log_level == "error"
    assert settings.lame_duck_s == 1.5
    assert settings.loop == "asyncio"
    assert settings.guideline_dir is None


def test_an_unknown_variable_is_refused_with_the_nearest_name() -> None:
    """A limit that was misspelt must not be a limit that is not there."""
    (problem,) = problems(environment={"RASHPATH_MAX_BACTH": "5"})
    assert "`RASHPATH_MAX_BACTH`" in problem
    assert "did you mean `RASHPATH_MAX_BATCH`?" in problem


def test_the_variables_of_the_client_are_known() -> None:
    """One environment can serve server and command line."""
    environment = dict.fromkeys(CLIENT_VARIABLES, SECRET) | {"OTHER_THING": "1"}
    assert load_settings({}, environment) == load_settings({}, {})


def test_an_unknown_key_of_the_file_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    """The same holds for the file."""
    file = tmp_path / "rashpath.toml"
    file.write_text("wrokers = 2\n")
    assert problems(file=file) == (f"{file}: `wrokers` is not a setting; did you mean `workers`?",)


def test_all_faults_are_told_at_once_with_their_sources(tmp_path: Path) -> None:
    """An operator mends everything in one go, and is told where each fault stands."""
    file = tmp_path / "rashpath.toml"
    file.write_text("max_batch = 0\nnothing = 1\n")
    found = problems({"address": "nowhere"}, {"RASHPATH_WORKERS": "many", "RASHPATH_X": "1"}, file)
    assert len(found) == 5
    text = "\n".join(found)
    for part in (
        "`--address` must be HOST:PORT",
        "`RASHPATH_WORKERS` input should be a valid integer",
        f"`{file}: max_batch` input should be greater than or equal to 1",
        f"{file}: `nothing` is not a setting",
        "`RASHPATH_X` in the environment",
    ):
        assert part in text


def test_no_value_is_shown(tmp_path: Path) -> None:
    """A token that was put in the wrong place does not end up in a log."""
    file = tmp_path / "rashpath.toml"
    file.write_text(f'log_level = "{SECRET}"\nsurplus = "{SECRET}"\n')
    names = [f"RASHPATH_{name.upper()}" for name in Settings.model_fields]
    found = problems({}, dict.fromkeys(names, SECRET) | {"RASHPATH_Y": SECRET}, file)
    free_text = {
        "RASHPATH_AUDIT_CHECKPOINT_DIR",
        "RASHPATH_DEFAULT_GUIDELINE",
        "RASHPATH_JWT_AUDIENCE",
        "RASHPATH_JWT_ISSUER",
        "RASHPATH_JWT_NAME_CLAIM",
        "RASHPATH_JWT_ROLES_CLAIM",
        "RASHPATH_READY_FILE",
        "RASHPATH_SETTINGS_FILE",
    }
    for name in set(names) - free_text:
        assert any(f"`{name}`" in each for each in found), name
    assert SECRET not in "\n".join(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("workers = = 2\n", "is not valid TOML"),
        ("workers = 2\nworkers = 3\n", "is not valid TOML"),
        ("\x00", "is not valid TOML"),
        pytest.param(f"workers = {'9' * 4400}\n", "is not valid TOML", id="4400 digits"),
        pytest.param(f"workers = {'[' * 3000}\n", "is not valid TOML", id="3000 brackets"),
    ],
)
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    """A broken file is not taken for an empty one."""
    file = tmp_path / "rashpath.toml"
    file.write_text(text)
    assert any(f"`{file}` {expected}" in each for each in problems(file=file))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that was named but is not there is a fault."""
    (problem,) = problems(file=tmp_path / "absent.toml")
    assert re.search(r"cannot be read: no such file", problem)


@pytest.mark.parametrize(
    "address", ["localhost", "localhost:", ":1", "a b:1", "::1:50051", "h:65536", "h:-1", "h:1/x"]
)
def test_an_address_needs_host_and_port(address: str) -> None:
    """An address without a port, or an IPv6 host without brackets, is ambiguous."""
    (problem,) = problems({"address": address})
    assert "HOST:PORT" in problem


@pytest.mark.parametrize("address", ["localhost:0", "0.0.0.0:50051", "[::1]:65535", "h.example:1"])
def test_good_addresses_are_taken(address: str) -> None:
    """Names, IPv4 and bracketed IPv6 hosts are addresses."""
    assert load_settings({"address": address}, {}).address == address


@pytest.mark.parametrize(
    "wrong",
    [
        {"workers": 0},
        {"drain_grace_s": float("nan")},
        {"max_deadline_s": float("inf")},
        {"default_deadline_s": 0},
        {"concurrent_requests": 0},
        {"log_level": "loud"},
        {"audit_busy_timeout_s": 0},
        {"audit_busy_timeout_s": 60.1},
        {"audit_busy_timeout_s": float("nan")},
        {"guideline_dir": Path("/no/such/folder")},
        {"tls_key_file": Path("/no/such/file")},
    ],
)
def test_a_value_out_of_range_is_refused(wrong: dict[str, object]) -> None:
    """No setting can switch a limit off by being senseless."""
    assert len(problems(wrong)) == 1


def test_settings_do_not_change() -> None:
    """What a server was started with is what it runs with."""
    settings = load_settings({}, {})
    with pytest.raises(ValidationError, match="frozen"):
        settings.workers = 5
