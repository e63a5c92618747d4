"""The door under anything at all: it lets in whom it knows, and answers everything else alike."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rashpath.service.call import Call
from rashpath.service.errors import Refusal
from rashpath.service.identity.door import Door
from rashpath.service.identity.roles import POLICY, Role
from rashpath.service.log import make_log
from rashpath.service.settings import load_settings
from tests.service.identity.papers import AUDIENCE, ISSUER, Issuer, static_tokens

METHOD = "rashpath.v1.DecisionService.Evaluate"
GOOD = Issuer.make()


@dataclass(frozen=True, slots=True)
class Context:
    """What the door asks of a call."""

    headers: tuple[tuple[str, str | bytes], ...]

    def invocation_metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """Returns the metadata of the call."""
        return self.headers

    def peer(self) -> str:
        """Returns where the call comes from."""
        return "ipv4:127.0.0.1:1"


@dataclass(frozen=True, slots=True)
class House:
    """A door, and a token that opens it."""

    door: Door
    token: str

    def outcome(self, *headers: str | bytes, method: str = METHOD) -> str:
        """Returns who is let in, or the code of the refusal; anything else is a fault."""
        call = Call("Evaluate", b"", 0.0)
        context = Context(tuple(("authorization", each) for each in headers))
        try:
            self.door.admit(call, method, context)
        except Refusal as refusal:
            return refusal.code.name
        return call.caller


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A door that takes static tokens and those of an issuer."""
    folder: Path = tmp_path_factory.mktemp("house")
    (folder / "jwks.json").write_text(GOOD.key_set())
    tokens = static_tokens(folder / "access.toml", {"ward": "caller"})
    given = {
        "access_file": folder / "access.toml",
        "jwt_jwks_file": folder / "jwks.json",
        "jwt_audience": AUDIENCE,
        "jwt_issuer": ISSUER,
    }
    return House(Door(load_settings(given, {}), make_log("error")), tokens["ward"])


SCHEMES = st.sampled_from(["Bearer ", "bearer ", "Basic ", "", "Bearer  ", "Bearer\t"])
TEXTS = st.text(max_size=300) | st.from_regex(r"[A-Za-z0-9_.=-]{0,300}", fullmatch=True)


@given(SCHEMES, TEXTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_nothing_made_up_opens(house: House, scheme: str, text: str) -> None:
    """Whatever stands in the header, the call is unauthenticated: no fault of ours, no way in."""
    assert house.outcome(scheme + text) == "UNAUTHENTICATED"


def meant(token: str) -> list[bytes]:
    """Returns what the parts of a token stand for; base64 can be written in more than one way."""
    return [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")]


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_no_changed_token_opens(house: House, data: st.DataObject) -> None:
    """A good token with one character changed, taken away or put in is good no more."""
    token = data.draw(st.sampled_from([house.token, GOOD.token()]))
    at = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCXYZabcxyz0189_-."))
    changed = data.draw(
        st.sampled_from(
            [
                token[:at] + letter + token[at + 1 :],
                token[:at] + token[at + 1 :],
                token[:at] + letter + token[at:],
            ]
        )
    )
    try:
        same = changed == token or (token != house.token and meant(changed) == meant(token))
    except ValueError:
        same = False
    assert (house.outcome(f"Bearer {changed}") != "UNAUTHENTICATED") == same


def test_the_right_ones_open(house: House) -> None:
    """So that the two tests above cannot pass by a door that is always shut."""
    assert house.outcome(f"Bearer {house.token}") == "token:ward"
    assert house.outcome(f"Bearer {GOOD.token()}") == "jwt:ward-7"


def test_two_headers_or_bytes_are_not_guessed_at(house: House) -> None:
    """A second header could be a proxy's view against ours."""
    good = f"Bearer {house.token}"
    assert house.outcome(good, good) == "UNAUTHENTICATED"
    assert house.outcome(good.encode()) == "UNAUTHENTICATED"
    assert house.outcome() == "UNAUTHENTICATED"


def test_a_method_without_a_rule_is_not_served(house: House) -> None:
    """It ends as a fault of ours, not as an open method."""
    with pytest.raises(KeyError):
        house.outcome(f"Bearer {house.token}", method="rashpath.v1.DecisionService.New")


@pytest.mark.parametrize("method", POLICY)
def test_the_roles_of_the_caller_decide(house: House, method: str) -> None:
    """The door and the table agree, for a caller."""
    found = house.outcome(f"Bearer {house.token}", method=method)
    assert found == ("token:ward" if Role.CALLER in POLICY[method] else "PERMISSION_DENIED")
