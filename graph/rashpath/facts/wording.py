"""Text in the words of the two audiences."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from rashpath.v1 import options_pb2


class Audience(StrEnum):
    """Who reads a text."""

    CLINICIAN = "clinician"
    PATIENT = "patient"


@dataclass(frozen=True, slots=True)
class Wording:
    """One text in both audiences' words; ``patient`` is empty where it is for clinicians only."""

    clinician: str
    patient: str

    @classmethod
    def of(cls, message: options_pb2.Wording) -> Wording:
        """Returns the wording that a protobuf message holds."""
        return cls(message.clinician, message.patient)

    def to(self, audience: Audience) -> str:
        """Returns the text for an audience, possibly empty for patients."""
        match audience:
            case Audience.CLINICIAN:
                return self.clinician
            case Audience.PATIENT:
                return self.patient
            case _:
                assert_never(audience)
