"""The two steps of a reload, with processes that fail in every way."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import pytest

from rashpath.guideline.release import release_path
from rashpath.service.log import make_log
from rashpath.service.reload.generation import content_digest, copy_guidelines, home
from rashpath.service.reload.reloading import LoadReport, Reloading
from tests.service.reload.folders import REFUSED, put

GOOD = LoadReport(("small@1.0.0 abc",), ())


class Process:
    """A process that loads as it is told, and writes down what it was asked."""

    def __init__(
        self, told: list[str], report: LoadReport | None = GOOD, slow_s: float = 0
    ) -> None:
        self.told = told
        self.report = report
        self.slow_s = slow_s

    async def load(self, folder: Path) -> LoadReport | None:
        assert (folder / "small" / "1.0.0.yaml").exists()
        await asyncio.sleep(self.slow_s)
        self.told.append("load")
        return self.report

    async def swap(self) -> bool:
        self.told.append("swap")
        return self.report is not None

    async def keep(self) -> None:
        self.told.append("keep")


def reloaded(folder: Path, *processes: Process) -> tuple[str, list[Path], Reloading]:
    """Reloads once; returns what the log says last, what was accepted, and the reloading."""
    stream = io.StringIO()
    accepted: list[Path] = []
    reloading = Reloading(
        folder, lambda: processes, make_log("info", stream), accepted=accepted.append
    )
    asyncio.run(reloading.reload())
    reloading.close()
    return json.loads(stream.getvalue().splitlines()[-1])["event"], accepted, reloading


def test_nobody_swaps_before_everybody_has_loaded(tmp_path: Path) -> None:
    """However slow one of them is."""
    put(tmp_path, "1.0.0")
    told: list[str] = []
    event, accepted, _ = reloaded(tmp_path, Process(told), Process(told, slow_s=0.2), Process(told))
    assert told == ["load"] * 3 + ["swap"] * 3
    assert event == "guidelines reloaded"
    assert len(accepted) == 1


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_that_finds_a_fault_keeps_all_from_swapping(tmp_path: Path, place: int) -> None:
    """Whichever it is: nothing is swapped, nothing accepted, and all say so."""
    put(tmp_path, "1.0.0")
    told: list[str] = []
    processes = [Process(told) for _ in range(3)]
    processes[place].report = LoadReport((), ("a fault",))
    event, accepted, reloading = reloaded(tmp_path, *processes)
    assert told == ["load"] * 3 + ["keep"] * 3
    assert event == REFUSED
    assert accepted == []
    assert reloading.refused


def test_one_that_has_ended_does_not_matter(tmp_path: Path) -> None:
    """Another one takes its place, with what was accepted; but with none left nothing is."""
    put(tmp_path, "1.0.0")
    told: list[str] = []
    event, accepted, _ = reloaded(tmp_path, Process(told, None), Process(told))
    assert event == "guidelines reloaded"
    assert len(accepted) == 1
    event, accepted, _ = reloaded(tmp_path, Process(told, None), Process(told, None))
    assert event == REFUSED
    assert accepted == []


def test_a_folder_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A file that is a folder, say: what serves goes on."""
    (tmp_path / "small" / "1.0.0.yaml").mkdir(parents=True)
    told: list[str] = []
    event, accepted, _ = reloaded(tmp_path, Process(told))
    assert (event, accepted, told) == (REFUSED, [], ["keep"])


def test_a_copy_has_all_that_is_needed_and_the_same_digest(tmp_path: Path) -> None:
    """Guidelines with what lies beside them, nothing else; every byte and name counts."""
    folder, copy = tmp_path / "folder", tmp_path / "copy"
    folder.mkdir()
    copy.mkdir()
    path = put(folder, "1.0.0")
    release_path(path).write_text("{}")
    (folder / "small" / "notes.txt").write_text("not a guideline")
    digest = copy_guidelines(folder, copy)
    assert content_digest(folder) == content_digest(copy) == digest
    names = {each.name for each in copy.rglob("*") if each.is_file()}
    assert names == {"1.0.0.yaml", "1.0.0.release.json"}
    release_path(path).write_text("{} ")
    assert content_digest(folder) != digest
    release_path(path).unlink()
    other = content_digest(folder)
    path.rename(path.with_name("1.0.1.yaml"))
    assert len({digest, other, content_digest(folder)}) == 3


def test_the_guidelines_that_come_with_rashpath_have_a_home() -> None:
    """They can be copied and watched as any others."""
    assert (home(None) / "valacyclovir_spreading_rash" / "1.0.0.yaml").exists()
    assert len(content_digest(None)) == 64
