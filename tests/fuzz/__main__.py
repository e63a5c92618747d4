"""Fuzzes every target for a while: `python -m tests.fuzz --seconds 60 --seed 1`."""

from __future__ import annotations

import argparse
import sys

from tests.fuzz.drive import run, table
from tests.fuzz.targets import TARGETS


def main() -> int:
    """Runs the targets; returns 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for all targets together")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes other inputs")
    parser.add_argument("--target", action="append", help="only this one; may be repeated")
    words = parser.parse_args()
    names = [each.name for each in TARGETS]
    if unknown := set(words.target or ()) - set(names):
        parser.error(f"no such target: {', '.join(sorted(unknown))}; known: {', '.join(names)}")
    chosen = [each for each in TARGETS if not words.target or each.name in words.target]
    shares = sum(each.share for each in chosen)
    counts = []
    for target in chosen:
        count = run(target, words.seconds * target.share / shares, words.seed)
        counts.append(count)
        print(f"{target.name}: {count.inputs:,} in {count.seconds:.0f} s", file=sys.stderr)
        for fault in count.faults:
            print(fault, flush=True)
    print(table(counts))
    return 1 if any(each.faults for each in counts) else 0


if __name__ == "__main__":
    sys.exit(main())
