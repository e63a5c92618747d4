"""The program `rashpath`: its commands, and how each way of ending becomes an exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from rashpath.cli.ask import EXAMPLES as ASK_EXAMPLES
from rashpath.cli.ask import ask
from rashpath.cli.audit import (
    CHECKPOINT_EXAMPLES,
    ERASE_EXAMPLES,
    GROUP_EXAMPLES,
    erase_decision,
    list_decisions,
    make_checkpoint,
    show_decision,
    verify_ledger,
)
from rashpath.cli.audit import LIST_EXAMPLES as AUDIT_LIST_EXAMPLES
from rashpath.cli.audit import SHOW_EXAMPLES as AUDIT_SHOW_EXAMPLES
from rashpath.cli.audit import VERIFY_EXAMPLES as AUDIT_VERIFY_EXAMPLES
from rashpath.cli.audit_export import EXPORT_EXAMPLES, export
from rashpath.cli.audit_keys import (
    KEYGEN_EXAMPLES,
    PUBLIC_KEY_EXAMPLES,
    REWRAP_EXAMPLES,
    keygen,
    public_key,
    rewrap,
)
from rashpath.cli.audit_replay import REPLAY_EXAMPLES, replay
from rashpath.cli.auditor import asks_an_auditor
from rashpath.cli.cohort import EXAMPLES as COHORT_EXAMPLES
from rashpath.cli.cohort import cohort
from rashpath.cli.completion import EXAMPLES as COMPLETION_EXAMPLES
from rashpath.cli.completion import completion
from rashpath.cli.connection import asks_a_server
from rashpath.cli.coverage import COVERAGE_EXAMPLES, GENERATE_EXAMPLES, coverage, generate_cases
from rashpath.cli.diagram import EXAMPLES as DIAGRAM_EXAMPLES
from rashpath.cli.diagram import diagram
from rashpath.cli.diff import EXAMPLES as DIFF_EXAMPLES
from rashpath.cli.diff import diff
from rashpath.cli.errors import CommandError, ExitCode, report
from rashpath.cli.evaluate import EXAMPLES as EVALUATE_EXAMPLES
from rashpath.cli.evaluate import evaluate
from rashpath.cli.explain import EXAMPLES as EXPLAIN_EXAMPLES
from rashpath.cli.explain import explain
from rashpath.cli.guideline import (
    LINT_EXAMPLES,
    LIST_EXAMPLES,
    SHOW_EXAMPLES,
    TRACE_EXAMPLES,
    lint,
    list_guidelines,
    show_guideline,
    trace,
)
from rashpath.cli.healthcheck import EXAMPLES as HEALTHCHECK_EXAMPLES
from rashpath.cli.healthcheck import healthcheck
from rashpath.cli.options import examples
from rashpath.cli.release import APPROVERS_EXAMPLES, RELEASE_EXAMPLES, approvers, release
from rashpath.cli.report import EXAMPLES as REPORT_EXAMPLES
from rashpath.cli.report import report as write_report
from rashpath.cli.serve import EXAMPLES as SERVE_EXAMPLES
from rashpath.cli.serve import serve
from rashpath.cli.token import HASH_EXAMPLES, NEW_EXAMPLES, hash_token, new_token
from rashpath.cli.verify import EXAMPLES as VERIFY_EXAMPLES
from rashpath.cli.verify import verify

_SETTINGS = {"help_option_names": ["-h", "--help"]}

EXAMPLES = examples(
    "rashpath evaluate case.yaml --local",
    "rashpath explain case.yaml --why-not start_foscarnet",
    "rashpath ask --save case.yaml",
    "rashpath serve",
) + (
    "\n\n\b\nExit codes:\n  0 answered   1 a fault of ours   2 bad input"
    "   3 not found or precondition\n  4 unavailable or deadline   5 a check failed"
)


def build_app() -> typer.Typer:
    """Returns the program's commands."""
    # Plain help: it reads the same in a terminal, a pipe and a log.
    app = typer.Typer(
        name="rashpath",
        add_completion=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        context_settings=_SETTINGS,
    )
    app.callback(epilog=EXAMPLES)(_root)
    app.command("evaluate", epilog=EVALUATE_EXAMPLES)(asks_a_server(evaluate))
    app.command("explain", epilog=EXPLAIN_EXAMPLES)(asks_a_server(asks_an_auditor(explain)))
    app.command("ask", epilog=ASK_EXAMPLES)(asks_a_server(ask))
    app.command("diagram", epilog=DIAGRAM_EXAMPLES)(asks_a_server(asks_an_auditor(diagram)))
    app.command("report", epilog=REPORT_EXAMPLES)(asks_a_server(asks_an_auditor(write_report)))
    app.command("cohort", epilog=COHORT_EXAMPLES)(cohort)
    app.command("serve", epilog=SERVE_EXAMPLES)(serve)
    app.command("healthcheck", epilog=HEALTHCHECK_EXAMPLES)(healthcheck)
    group = typer.Typer(rich_markup_mode=None, no_args_is_help=True, context_settings=_SETTINGS)
    group.callback(epilog=examples("rashpath guideline list", "rashpath guideline trace"))(_group)
    group.command("list", epilog=LIST_EXAMPLES)(asks_a_server(list_guidelines))
    group.command("show", epilog=SHOW_EXAMPLES)(asks_a_server(show_guideline))
    group.command("lint", epilog=LINT_EXAMPLES)(lint)
    group.command("verify", epilog=VERIFY_EXAMPLES)(verify)
    group.command("coverage", epilog=COVERAGE_EXAMPLES)(coverage)
    group.command("generate-cases", epilog=GENERATE_EXAMPLES)(generate_cases)
    group.command("release", epilog=RELEASE_EXAMPLES)(release)
    group.command("approvers", epilog=APPROVERS_EXAMPLES)(approvers)
    group.command("diff", epilog=DIFF_EXAMPLES)(asks_a_server(diff))
    group.command("trace", epilog=TRACE_EXAMPLES)(asks_a_server(trace))
    app.add_typer(group, name="guideline")
    app.add_typer(_audit_commands(), name="audit")
    tokens = typer.Typer(rich_markup_mode=None, no_args_is_help=True, context_settings=_SETTINGS)
    tokens.callback()(_token_group)
    tokens.command("new", epilog=NEW_EXAMPLES)(new_token)
    tokens.command("hash", epilog=HASH_EXAMPLES)(hash_token)
    app.add_typer(tokens, name="token")
    app.command("completion", epilog=COMPLETION_EXAMPLES)(completion)
    return app


def _audit_commands() -> typer.Typer:
    group = typer.Typer(rich_markup_mode=None, no_args_is_help=True, context_settings=_SETTINGS)
    group.callback(epilog=GROUP_EXAMPLES)(_audit_group)
    for name, command, epilog in (
        ("list", list_decisions, AUDIT_LIST_EXAMPLES),
        ("show", show_decision, AUDIT_SHOW_EXAMPLES),
        ("verify", verify_ledger, AUDIT_VERIFY_EXAMPLES),
        ("replay", replay, REPLAY_EXAMPLES),
        ("export", export, EXPORT_EXAMPLES),
        ("checkpoint", make_checkpoint, CHECKPOINT_EXAMPLES),
        ("erase", erase_decision, ERASE_EXAMPLES),
    ):
        group.command(name, epilog=epilog)(asks_a_server(asks_an_auditor(command)))
    group.command("keygen", epilog=KEYGEN_EXAMPLES)(keygen)
    group.command("public-key", epilog=PUBLIC_KEY_EXAMPLES)(public_key)
    group.command("rewrap", epilog=REWRAP_EXAMPLES)(rewrap)
    return group


def main() -> None:
    """Runs the program and exits with its exit code; never shows a traceback."""
    try:
        code = run(None)
        if sys.stdout is not None:  # a shell may start a program with stdout closed
            sys.stdout.flush()
    except BrokenPipeError:
        _silence_stdout()
        code = ExitCode.ANSWERED
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except Exception as error:  # the one place that every other fault ends in
        code = report(error)
    sys.exit(int(code))


def run(arguments: list[str] | None) -> int:
    """Runs one command and returns its exit code.

    Args:
        arguments: the words behind the program's name; None: those of this process.

    Raises:
        CommandError: the command line cannot be understood, or the command cannot go on.
    """
    try:
        # With standalone_mode off, typer returns the code of a typer.Exit.
        code = build_app()(args=arguments, prog_name="rashpath", standalone_mode=False)
    except typer.Abort:
        return ExitCode.INTERRUPTED
    except SystemExit:
        # Typer ends the program with code 1 where nobody reads its output any more.
        raise BrokenPipeError from None
    except Exception as error:
        usage = _usage_error(error)
        if usage is None:
            raise
        raise usage from None
    return code if isinstance(code, int) else ExitCode.ANSWERED


def _usage_error(error: Exception) -> CommandError | None:
    """Returns the error of a command line that cannot be understood; None for another error."""
    format_message = getattr(error, "format_message", None)
    if format_message is None or not hasattr(error, "exit_code"):
        return None
    text = str(format_message()).strip().rstrip(".").replace("'", "`").replace("Value error, ", "")
    if type(error).__name__ == "NoArgsIsHelpError":
        return CommandError(hint=text)
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "rashpath"
    return CommandError(f"{text[:1].lower()}{text[1:]}", hint=f"see `{command} --help`")


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"rashpath {version('rashpath')}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", is_eager=True, callback=_show_version
        ),
    ] = False,
) -> None:
    """Decide what to do when a rash spreads despite valacyclovir.

    A case goes in, a cited and explained decision comes out. Decision support
    for professionals, pending review; not a medical device.
    """


def _group() -> None:
    """List, show, check, prove and trace guidelines."""


def _audit_group() -> None:
    """Show, verify, replay, export and erase what was recorded."""


def _token_group() -> None:
    """Make tokens for callers, and their hashes for the server's access file."""


def _silence_stdout() -> None:
    """Points stdout at nothing, so that the interpreter's last flush does not complain either."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
