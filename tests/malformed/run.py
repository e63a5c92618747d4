"""Gives every malformed case to rashpath and the peers: `make malformed`.

Without `--write` it prints how often each said what, and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version

from tests.malformed.asking import ask
from tests.malformed.cases import SOUND, grouped, malformed_cases
from tests.malformed.decision import PEERS, Told, ask_rashpath, meant
from tests.malformed.page import PAGE, page
from tests.malformed.verdict import Verdict, judge


def main() -> int:
    """Runs what the words of the command line name; returns the exit code."""
    parser = argparse.ArgumentParser(description="Give malformed cases to rashpath and its peers.")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    parser.add_argument("--errors", action="store_true", help="print what each said of each case")
    arguments = parser.parse_args()
    cases = malformed_cases()
    wanted = [meant(case) for case in cases]
    told = {"rashpath": [ask_rashpath(case.grouped) for case in cases]}
    sound = ask_rashpath(grouped(SOUND))
    for peer in PEERS:
        (first,) = ask(peer, [json.dumps(SOUND)])
        if first.outcome != sound.outcome:
            print(f"{peer.name} decides the sound case otherwise: {first}", file=sys.stderr)
            return 1
        told[peer.name] = ask(peer, (case.flat for case in cases))
    columns = {
        name: [judge(*each) for each in zip(cases, answers, wanted, strict=True)]
        for name, answers in told.items()
    }
    for name, verdicts in columns.items():
        counts = Counter(verdicts)
        print(f"{name:20}", ", ".join(f"{each.name} {counts[each]}" for each in Verdict))
        if arguments.errors:
            for case, answer, verdict in zip(cases, told[name], verdicts, strict=True):
                print(f"  {case.number} {case.shown} {verdict.name} {_shown(answer)}")
    if arguments.write:
        text = page(cases, columns, versions=_versions(), date=datetime.now(UTC).date().isoformat())
        PAGE.write_text(text, encoding="utf-8")
        print(f"wrote docs/{PAGE.name}")
    return 0


def _shown(told: Told) -> str:
    return " / ".join(told.errors).replace("\n", " ") if told.outcome is None else str(told.outcome)


def _versions() -> str:
    packages = dict.fromkeys(["rashpath", *(peer.distribution for peer in PEERS)])
    installed = (f"{package} {version(package)}" for package in packages)
    return f"{', '.join(installed)} on Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
