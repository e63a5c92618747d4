"""What can go wrong with the ledger. No text here holds a value of a patient or a secret."""

from __future__ import annotations

from rashpath.facts.errors import RashpathError


class StoreError(RashpathError):
    """The ledger cannot do what was asked."""


class StoreUnavailableError(StoreError):
    """The store cannot be reached, read or written now; nothing was answered.

    Args:
        message: what failed.
        retry_after_s: seconds after which another try may do better.
    """

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class CommitUncertainError(StoreUnavailableError):
    """The store was lost while it committed: what was written may or may not stand."""


class QueueFullError(StoreError):
    """Too many records wait to be written.

    Args:
        waiting: records that wait.
        retry_after_s: seconds after which another try may do better.
    """

    def __init__(self, waiting: int, retry_after_s: float) -> None:
        super().__init__(f"{waiting} records wait to be written; try again")
        self.retry_after_s = retry_after_s


class RequestIdReusedError(StoreError):
    """A request id was used before, with another case or pin.

    Args:
        decision_id: the decision that it was used for.
    """

    def __init__(self, decision_id: str) -> None:
        super().__init__("the request id was used before, with another case or guideline pin")
        self.decision_id = decision_id


class DecisionNotFoundError(StoreError):
    """No decision of that id is in the ledger."""

    def __init__(self, decision_id: str) -> None:
        super().__init__(f"no decision `{decision_id}` is in the ledger")
        self.decision_id = decision_id


class DecisionErasedError(StoreError):
    """The content of a decision was erased; only its record is left."""

    def __init__(self, decision_id: str) -> None:
        super().__init__(f"the content of decision `{decision_id}` was erased")
        self.decision_id = decision_id


class KeyUnknownError(StoreError):
    """The keyring does not hold the key that a content was encrypted under."""

    def __init__(self, key_id: str) -> None:
        named = f"key `{key_id}` of the keyring" if key_id else "a key"
        super().__init__(f"the content is encrypted under {named}, which is not given")
        self.key_id = key_id


class LedgerDamagedError(StoreError):
    """What is stored is not what was recorded; `verify` says more."""


class SchemaError(StoreError):
    """The tables of the store do not fit this version of the software."""


class StoreUrlError(StoreError):
    """The URL of the store cannot be used."""


class KeyFileError(StoreError):
    """A file of keys cannot be used."""
