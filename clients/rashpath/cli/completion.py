"""The command `completion`: prints the script that completes commands in a shell."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from rashpath.cli.options import examples

EXAMPLES = examples(
    'eval "$(rashpath completion bash)"',
    "rashpath completion zsh > ~/.zfunc/_rashpath",
    "rashpath completion fish > ~/.config/fish/completions/rashpath.fish",
)


class Shell(StrEnum):
    """A shell that can complete commands."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(help="The shell that is to complete.")],
) -> None:
    """Print the completion script of a shell."""
    from typer import completion as scripts

    print(
        scripts.get_completion_script(  # type: ignore[attr-defined]  # not in its __all__
            prog_name="rashpath", complete_var="_RASHPATH_COMPLETE", shell=shell.value
        )
    )
