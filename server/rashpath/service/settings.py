"""What an operator may set, from arguments, environment and a file, in that order of precedence.

A setting `drain_grace_s` is `RASHPATH_DRAIN_GRACE_S` in the environment and `drain_grace_s` in the
TOML file that `RASHPATH_SETTINGS_FILE` or `--settings` names. A misspelt one is refused with the
nearest known name: it would otherwise be ignored in silence.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from rashpath.facts.errors import RashpathError, quoted
from rashpath.service.address import is_loopback
from rashpath.service.nearest import nearest

PREFIX = "RASHPATH_"
SETTINGS_FILE = f"{PREFIX}SETTINGS_FILE"

CLIENT_VARIABLES = frozenset(
    {
        "RASHPATH_TOKEN",
        "RASHPATH_CA_FILE",
        "RASHPATH_CERT_FILE",
        "RASHPATH_KEY_FILE",
        "RASHPATH_TIMEOUT",
    }
)
"""Variables of the client and the command line, which a server meets but does not use."""

_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[^\s:\[\]/]+):(\d{1,5})")


def _address(text: str) -> str:
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match.group(1)) > 65535:
        raise ValueError("must be HOST:PORT, or [HOST]:PORT for an IPv6 host")
    return text


def _readable(path: Path) -> Path:
    if not path.is_file() or not os.access(path, os.R_OK):
        raise ValueError("is not a file that can be read")
    return path


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise ValueError("is not a folder")
    return path


def _default_audit_url() -> str:
    """Returns an SQLite file where a service keeps its state: systemd's folder, or the user's."""
    state = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if state:
        return f"sqlite:///{state}/audit.db"
    home = os.environ.get("XDG_STATE_HOME", "") or str(Path.home() / ".local" / "state")
    return f"sqlite:///{home}/rashpath/audit.db"


def _store_url(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise ValueError("must be sqlite:///FILE or postgresql://...")
    return text


def _key_url(text: str) -> str:
    parts = urlsplit(text)
    here = is_loopback(f"{parts.hostname}:0")
    if not parts.hostname or parts.scheme not in ("https", "http") or parts.username is not None:
        raise ValueError("must be https://HOST/...")
    if parts.scheme == "http" and not here:
        raise ValueError("must be https: keys that anybody could replace on their way are none")
    return text


ReadableFile = Annotated[Path, AfterValidator(_readable)]


class SettingsError(RashpathError):
    """Settings that cannot be used; carries every fault found, each with where it was set."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class Settings(BaseModel):
    """The settings of a server; every one has a default that suits a single machine."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: Annotated[str, AfterValidator(_address)] = "localhost:50051"
    """Where to listen, HOST:PORT; port 0: any free port."""
    health_address: Annotated[str, AfterValidator(_address)] | None = None
    """A second port that answers health alone, in plain text, for probes; unset: none."""
    workers: int = Field(1, ge=1, le=256)
    """Processes that share the port. Connections are spread over them, not single calls."""
    guideline_dir: Annotated[Path, AfterValidator(_folder)] | None = None
    """Folder of guidelines, `<id>/<version>.yaml`; unset: those that come with rashpath."""
    reload_watch_s: float = Field(0.0, ge=0, le=86_400, allow_inf_nan=False)
    """Seconds between looks at whether the guidelines on disk have changed, to reload them; 0:
    they are reloaded on SIGHUP only."""
    default_guideline: str = ""
    """`ID` or `ID@VERSION` for requests that name none; empty: the only id, highest version."""
    require_certificate: bool = False
    """Whether to serve only guidelines with a valid proof certificate beside their file."""
    require_approval_key_file: ReadableFile | None = None
    """Public keys (JSON), one of which must have signed the approval of every guideline that is
    served; unset: none needs an approval."""
    max_request_bytes: int = Field(1 << 20, ge=1024, le=1 << 30)
    """Largest request but for BatchEvaluate, in bytes."""
    max_batch: int = Field(1000, ge=1, le=100_000)
    """Most cases in one BatchEvaluate."""
    max_batch_bytes: int = Field(16 << 20, ge=1024, le=1 << 30)
    """Largest BatchEvaluate request, in bytes."""
    concurrent_requests: int = Field(256, ge=1, le=100_000)
    """Requests that one worker holds at a time, waiting or at work; more are refused."""
    default_deadline_s: float = Field(30.0, gt=0, le=3600, allow_inf_nan=False)
    """Seconds that a request gets whose caller sets no deadline."""
    max_deadline_s: float = Field(120.0, gt=0, le=3600, allow_inf_nan=False)
    """Most seconds that any request gets, whatever its caller sets."""
    drain_grace_s: float = Field(20.0, ge=0, le=3600, allow_inf_nan=False)
    """Seconds that requests in flight get to finish after SIGTERM."""
    lame_duck_s: float = Field(0.0, ge=0, le=3600, allow_inf_nan=False)
    """Seconds that a server told to stop still takes requests while its health says NOT_SERVING,
    so that load balancers can turn away first."""
    reflection: bool | None = None
    """Whether clients may ask which services and messages there are; unset: those of this machine
    only, on a loopback address."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least of what is logged; `info` has one line a request."""
    tls_certificate_file: ReadableFile | None = None
    """PEM chain of the server's certificate; set together with the key."""
    tls_key_file: ReadableFile | None = None
    """PEM private key of the server."""
    tls_client_ca_file: ReadableFile | None = None
    """PEM certificates that must have signed a client's; set: clients without one are refused."""
    engine: Literal["compiled", "graph"] = "compiled"
    """`compiled`: the kernel decides; `graph`: the plain walk, node by node."""
    insecure_i_understand: bool = False
    """Whether to serve other machines without TLS, or without knowing who calls."""
    access_file: ReadableFile | None = None
    """Roles of certificates, static tokens and claims (TOML); read again when it changes."""
    jwt_jwks_file: ReadableFile | None = None
    """Public keys of the issuer of JSON Web Tokens (JWKS); read again when it changes."""
    jwt_jwks_url: Annotated[str, AfterValidator(_key_url)] | None = None
    """Where these keys are had from; instead of the file."""
    jwt_audience: str = ""
    """What must be among a token's `aud`."""
    jwt_issuer: str = ""
    """What must be a token's `iss`."""
    jwt_name_claim: str = Field("sub", min_length=1)
    """The claim that names the holder."""
    jwt_roles_claim: str = Field("roles", min_length=1)
    """The claim that lists roles, or values that the access file gives roles."""
    jwt_clock_skew_s: float = Field(30.0, ge=0, le=300, allow_inf_nan=False)
    """Seconds by which the issuer's clock may differ."""
    jwt_jwks_refresh_s: float = Field(300.0, ge=10, le=86_400, allow_inf_nan=False)
    """Seconds between two questions to the URL."""
    jwt_jwks_max_age_s: float = Field(86_400.0, ge=10, le=30 * 86_400, allow_inf_nan=False)
    """Seconds for which keys are used after the URL last gave some."""
    caller_rate: float = Field(0.0, ge=0, le=1e6, allow_inf_nan=False)
    """Requests and cases a second that one worker takes from one caller; 0: any number."""
    caller_burst: int = Field(0, ge=0, le=1_000_000)
    """Most of them at once; 0: those of one second, 1 at least."""
    max_wait_s: float = Field(5.0, gt=0, le=3600, allow_inf_nan=False)
    """Seconds in line for its turn at which a new request is refused."""
    max_header_bytes: int = Field(16 << 10, ge=4096, le=1 << 20)
    """Largest metadata of a request, its token included, in bytes."""
    max_connections: int = Field(1000, ge=1, le=1_000_000)
    """Connections that one worker holds at a time; more are not taken."""
    max_connections_per_address: int = Field(0, ge=0, le=1_000_000)
    """Connections that one worker lets one address hold, the newest beyond ended within a second;
    0: any number."""
    max_connection_requests: int = Field(100, ge=1, le=100_000)
    """Requests in flight on one connection; a client keeps the rest until one is answered."""
    max_connection_age_s: float = Field(1800.0, gt=0, le=86_400 * 30, allow_inf_nan=False)
    """Seconds after which a connection is ended when its requests are, so that clients spread over
    the workers anew and show certificates that are still valid."""
    max_connection_idle_s: float = Field(300.0, gt=0, le=86_400 * 30, allow_inf_nan=False)
    """Seconds without a request after which a connection is ended."""
    keepalive_s: float = Field(60.0, ge=1, le=86_400, allow_inf_nan=False)
    """Seconds of silence after which a client is asked whether it is still there."""
    keepalive_timeout_s: float = Field(20.0, ge=0.1, le=3600, allow_inf_nan=False)
    """Seconds that it has to answer that."""
    min_ping_interval_s: float = Field(10.0, ge=0, le=86_400, allow_inf_nan=False)
    """Seconds between two such questions of a client; one that asks more often is cut off."""
    loop: Literal["uvloop", "asyncio"] = "uvloop"
    """The event loop."""
    audit_mode: Literal["required", "off"] = "required"
    """`required`: no decision is answered before it is recorded; `off`: nothing is recorded."""
    audit_url: Annotated[str, AfterValidator(_store_url)] = Field(
        default_factory=_default_audit_url
    )
    """Where decisions are recorded: `sqlite:///FILE` or `postgresql://...`."""
    audit_keyring_file: ReadableFile | None = None
    """Keys that encrypt what is recorded (JSON); unset: it lies open, and the start says so."""
    audit_signing_key_file: ReadableFile | None = None
    """Key that signs the ledger; unset: one beside an SQLite file, made where there is none."""
    audit_queue_limit: int = Field(4096, ge=1, le=1_000_000)
    """Most records of one worker that wait to be written; more decisions are refused."""
    audit_batch_limit: int = Field(512, ge=1, le=10_000)
    """Most records in one commit."""
    audit_busy_timeout_s: float = Field(5.0, ge=0.1, le=60, allow_inf_nan=False)
    """Seconds to wait for another process's lock on the ledger, before a commit fails."""
    audit_checkpoint_every: int = Field(10_000, ge=0)
    """Records of one worker after which it makes a checkpoint; 0: never."""
    audit_checkpoint_dir: Path | None = None
    """Folder for checkpoints besides the ledger itself, best on another machine."""
    metrics_address: Annotated[str, AfterValidator(_address)] | None = None
    """Where Prometheus reads the metrics, HOST:PORT, over HTTP and without credentials; unset:
    nothing is counted."""
    traces: Literal["off", "otlp"] = "off"
    """`otlp`: a span of each call goes to where `OTEL_EXPORTER_OTLP_ENDPOINT` says; needs the extra
    `rashpath[otel]`."""
    ready_file: Path | None = None
    """File that gets the bound address once the server serves, and is removed when it stops."""

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Settings:
        if (self.tls_certificate_file is None) != (self.tls_key_file is None):
            raise ValueError("`tls_certificate_file` and `tls_key_file` must be set together")
        if self.tls_client_ca_file is not None and self.tls_certificate_file is None:
            raise ValueError("`tls_client_ca_file` needs `tls_certificate_file`")
        return self

    @model_validator(mode="after")
    def _tokens_are_whole(self) -> Settings:
        keys = self.jwt_jwks_file or self.jwt_jwks_url
        if self.jwt_jwks_file is not None and self.jwt_jwks_url is not None:
            raise ValueError("`jwt_jwks_file` and `jwt_jwks_url` exclude each other")
        if keys and not (self.jwt_audience and self.jwt_issuer):
            raise ValueError(
                "`jwt_audience` and `jwt_issuer` must be set with `jwt_jwks_file` or "
                "`jwt_jwks_url`: a token for somebody else would open this server too"
            )
        if not keys and (self.jwt_audience or self.jwt_issuer):
            raise ValueError(
                "`jwt_audience` and `jwt_issuer` need `jwt_jwks_file` or `jwt_jwks_url`"
            )
        if self.caller_burst and not self.caller_rate:
            raise ValueError("`caller_burst` needs `caller_rate`")
        return self

    @model_validator(mode="after")
    def _workers_share_the_health_port(self) -> Settings:
        if self.workers > 1 and (self.health_address or "").endswith(":0"):
            raise ValueError("`health_address` needs a port that is not 0 where there are workers")
        return self


def load_settings(
    arguments: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    settings_file: Path | None = None,
) -> Settings:
    """Returns the settings of arguments over environment over file over defaults.

    Args:
        arguments: settings by name; None as a value: not given.
        environment: variables; None: those of this process. An empty one counts as not set.
        settings_file: TOML; None: the one that `RASHPATH_SETTINGS_FILE` names, if any.

    Raises:
        SettingsError: with every unknown name and every value that does not fit. No value is
            shown: it may be a secret that was put in the wrong place.

    Example:
        >>> load_settings({"workers": 2}, {"RASHPATH_WORKERS": "4"}).workers
        2
    """
    environment = os.environ if environment is None else environment
    problems: list[str] = []
    from_environment = _from_environment(environment, problems)
    path = settings_file or _path(environment.get(SETTINGS_FILE, ""))
    from_file = _from_file(path, problems) if path is not None else {}
    given = {name: value for name, value in (arguments or {}).items() if value is not None}
    merged = {**from_file, **from_environment, **given}
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False, include_context=False):
            name = str(each["loc"][0]) if each["loc"] else ""
            source = name
            if name in given:
                source = f"--{name.replace('_', '-')}"
            elif name in from_environment:
                source = f"{PREFIX}{name.upper()}"
            elif name in from_file:
                source = f"{path}: {name}"
            text = _lower(each["msg"].removeprefix("Value error, "))
            problems.append(f"{_named(source)}{text}")
    if problems:
        raise SettingsError(problems)
    return settings


def _from_environment(environment: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    known = {f"{PREFIX}{name.upper()}": name for name in Settings.model_fields}
    every = [*known, *sorted(CLIENT_VARIABLES), SETTINGS_FILE]
    for variable in sorted(environment):
        if not variable.startswith(PREFIX):
            continue
        if variable in known:
            if environment[variable]:
                values[known[variable]] = environment[variable]
        elif variable not in every:
            near = nearest(variable, every)
            hint = f"; did you mean `{near}`?" if near else ""
            problems.append(f"{quoted(variable)} in the environment is not a setting{hint}")
    return values


def _from_file(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"the settings file `{path}` cannot be read: {_lower(error.strerror)}")
        return {}
    except UnicodeDecodeError:
        problems.append(f"the settings file `{path}` is not UTF-8 text")
        return {}
    except (ValueError, RecursionError) as error:
        # Not only TOMLDecodeError: a number of thousands of digits is a plain ValueError. A message
        # may name a line and a column, and the text there only in part.
        place = re.search(r"\(at .*\)$", str(error))
        where = f" {place.group()}" if place else ""
        problems.append(f"the settings file `{path}` is not valid TOML{where}")
        return {}
    for name in sorted(set(content) - set(Settings.model_fields)):
        near = nearest(name, Settings.model_fields)
        hint = f"; did you mean `{near}`?" if near else ""
        problems.append(f"{path}: {quoted(name)} is not a setting{hint}")
        del content[name]
    return content


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _named(source: str) -> str:
    return f"`{source}` " if source else ""


def _lower(text: str | None) -> str:
    text = text or "no reason given"
    return text[0].lower() + text[1:]
