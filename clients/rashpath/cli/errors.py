"""What went wrong in a command, told on stderr, and the exit code that goes with it."""

from __future__ import annotations

import sys
from enum import IntEnum
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rashpath.client.errors import ClientError


class ExitCode(IntEnum):
    """How a command ended."""

    ANSWERED = 0
    OUR_FAULT = 1
    BAD_INPUT = 2
    NOT_FOUND_OR_PRECONDITION = 3
    UNAVAILABLE_OR_DEADLINE = 4
    CHECK_FAILED = 5
    INTERRUPTED = 130


_HINTS = {
    "UNREACHABLE": "start a server with `rashpath serve`, or use `--local` to need none",
    "DEADLINE_EXCEEDED": "give it longer with `--timeout SECONDS`",
    "UNAUTHENTICATED": "give a token with `--token-file`, or a certificate with `--cert-file`",
    "PERMISSION_DENIED": "whoever runs the server can give you the role in its access file",
    "RATE_LIMITED": "send less at a time, or wait",
    "LEDGER_DAMAGED": "`rashpath audit verify` says what is damaged",
    "KEY_UNKNOWN": "with `--store`, name the keyring with `--keyring FILE`",
}
"""What to do next, by the reason of an error."""


# Not a RashpathError: that base is behind an import of protobuf, which `--version` need not pay.
class CommandError(Exception):
    """A command that cannot go on.

    Args:
        lines: what is wrong, one fault a line, lowercase, without a full stop.
        exit_code: how the command ends.
        summary: last line, such as ``nothing evaluated``; the number of faults is put before it.
            Empty: no such line.
        hint: what to do next; printed as it stands. Empty: nothing.
    """

    def __init__(
        self,
        *lines: str,
        exit_code: ExitCode = ExitCode.BAD_INPUT,
        summary: str = "",
        hint: str = "",
    ) -> None:
        self.lines = lines
        self.exit_code = exit_code
        self.summary = summary
        self.hint = hint
        super().__init__("; ".join(lines))


def report(error: BaseException) -> ExitCode:
    """Prints an error on stderr, never with a traceback, and returns the exit code for it.

    Args:
        error: anything that a command raised.
    """
    command_error = error if isinstance(error, CommandError) else _as_command_error(error)
    for line in command_error.lines:
        say(f"error: {_printable(line)}")
    if command_error.summary:
        count = len(command_error.lines)
        say(f"{count} error{'' if count == 1 else 's'}, {command_error.summary}")
    if command_error.hint:
        say(command_error.hint)
    return command_error.exit_code


def say(line: str) -> None:
    """Prints one line on stderr; a stderr that is closed is no reason to fail."""
    try:
        print(line, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        return


def _printable(text: str) -> str:
    """Returns text that cannot steer a terminal, whatever a file is called."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def exit_code_of(code: str, reason: str = "") -> ExitCode:
    """Returns the exit code for a canonical status code.

    Args:
        code: name of the code, such as ``INVALID_ARGUMENT``.
        reason: reason from the catalogue, with or without its prefix. A request that is too large
            is the caller's to mend; a server that is too busy is not.
    """
    match code:
        case "INVALID_ARGUMENT" | "OUT_OF_RANGE":
            return ExitCode.BAD_INPUT
        case "NOT_FOUND" | "FAILED_PRECONDITION" | "ALREADY_EXISTS":
            return ExitCode.NOT_FOUND_OR_PRECONDITION
        case "UNAUTHENTICATED" | "PERMISSION_DENIED":
            return ExitCode.NOT_FOUND_OR_PRECONDITION
        case "UNAVAILABLE" | "DEADLINE_EXCEEDED":
            return ExitCode.UNAVAILABLE_OR_DEADLINE
        case "RESOURCE_EXHAUSTED":
            if reason.endswith(("OVERLOADED", "AUDIT_QUEUE_FULL", "RATE_LIMITED")):
                return ExitCode.UNAVAILABLE_OR_DEADLINE
            return ExitCode.BAD_INPUT
        case "DATA_LOSS":
            return ExitCode.CHECK_FAILED
        case _:
            return ExitCode.OUR_FAULT


def _as_command_error(error: BaseException) -> CommandError:
    from rashpath.facts.errors import FactsError, RashpathError

    if isinstance(error, FactsError):
        lines = [problem.located() for problem in error.problems]
        return CommandError(*lines, summary="nothing evaluated")

    from rashpath.client.errors import ClientError

    if isinstance(error, ClientError):
        return _refused(error)
    if isinstance(error, OSError):
        reason = error.strerror or "cannot be read or written"
        return CommandError(f"{reason[0].lower()}{reason[1:]}", exit_code=ExitCode.OUR_FAULT)
    if isinstance(error, RashpathError):
        return CommandError(*str(error).splitlines(), exit_code=ExitCode.OUR_FAULT)
    return CommandError(
        f"a fault of rashpath itself at {_place(error)}; please report it",
        exit_code=ExitCode.OUR_FAULT,
    )


def _refused(error: ClientError) -> CommandError:
    exit_code = exit_code_of(error.code, str(error.reason))
    lines = [error.message]
    if error.reason == "UNREACHABLE":
        lines = [
            f"{error.message} at `{note}`" for note in getattr(error, "__notes__", [])[:1]
        ] or lines
    if exit_code is ExitCode.BAD_INPUT and error.fields:
        lines = [_fault(fault.field, fault.description) for fault in error.fields]
    hint = _HINTS.get(error.reason, "")
    summary = "nothing evaluated" if exit_code is ExitCode.BAD_INPUT else ""
    return CommandError(*lines, exit_code=exit_code, summary=summary, hint=hint)


def _fault(field: str, description: str) -> str:
    """Returns a fault with its field named once."""
    if not field or f"`{field}`" in description:
        return description
    return f"`{field}`: {description}"


def _place(error: BaseException) -> str:
    """Returns file and line where an error arose, without any value that took part in it."""
    frames = extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "rashpath" in frame.filename] or list(frames)
    if not ours:
        return "an unknown place"
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno} ({type(error).__name__})"
