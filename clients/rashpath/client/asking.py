"""What is asked over any way to an answer: each request is sent alike, and has one answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeVar

from google.protobuf.message import Message

from rashpath.v1.decision_service_pb2 import GuidelineSelector
from rashpath.v1.guideline_service_pb2 import GetGuidelineRequest, GetGuidelineResponse

R = TypeVar("R", bound=Message)


class Asks(ABC):
    """Asks the service: a server, or what answers in its place.

    Each of the contract's methods has a request of its own, so that a request says whom it is for.
    """

    @abstractmethod
    def _ask(self, request: Message, answer: type[R], timeout_s: float | None) -> R:
        """Sends a request and waits for its answer.

        Args:
            request: the request.
            answer: the type of its answer.
            timeout_s: seconds for this call; None: those that are usual here.
        """

    def get_guideline(
        self, guideline: GuidelineSelector | None = None, *, timeout_s: float | None = None
    ) -> GetGuidelineResponse:
        """Serves one guideline, whole.

        Args:
            guideline: which guideline; None: the server's default.
            timeout_s: seconds for this call; None: those of the client.
        """
        request = GetGuidelineRequest(guideline=guideline)
        return self._ask(request, GetGuidelineResponse, timeout_s)
