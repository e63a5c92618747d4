"""`rashpath report`: what it asks, what it writes, and how it ends."""

from __future__ import annotations

import stat
from contextlib import contextmanager

import pytest

from rashpath.cli import auditor as auditor_module
from rashpath.cli.errors import CommandError, ExitCode
from rashpath.cli.main import run
from rashpath.client.errors import class_of
from rashpath.v1 import audit_pb2
from rashpath.v1.guideline_service_pb2 import DIAGRAM_FORMAT_SVG
from tests.report import build


class Ledger:
    """A ledger with one decision, which notes what it is asked."""

    def __init__(self, data):
        self.data = data
        self.asked = []
        self.refuses = {}

    def answer(self, name, response, *details):
        """Notes a question and answers it, or refuses it with a code."""
        self.asked.append((name, *details))
        if name in self.refuses:
            code = self.refuses[name]
            raise class_of(code, "")(code, f"no {name} today")
        return response

    def get_decision(self, decision_id):
        """Shows the decision."""
        return self.answer("get_decision", self.data.decision, decision_id)

    def explain_decision(self, decision_id, *, audience):
        """Explains it."""
        return self.answer("explain_decision", self.data.explained, decision_id, audience)

    def render_decision(self, decision_id, *, format, audience):
        """Draws it."""
        return self.answer("render_decision", self.data.diagram, decision_id, format, audience)

    def get_guideline(self, guideline=None):
        """Serves its guideline."""
        return self.answer("get_guideline", self.data.guideline, guideline.digest)

    def verify_ledger(self):
        """Verifies the ledger."""
        return self.answer("verify_ledger", self.data.verification)

    def replay_decision(self, decision_id):
        """Replays it."""
        return self.answer("replay_decision", self.data.replay, decision_id)


@pytest.fixture
def ledger(graph, monkeypatch):
    """The ledger that the command reaches."""
    kept = Ledger(build.data(graph))

    @contextmanager
    def open_auditor(connection, store=""):
        yield kept

    monkeypatch.setattr(auditor_module, "open_auditor", open_auditor)
    return kept


def test_the_report_is_written_for_its_owner_alone(ledger, graph, tmp_path, capsys):
    """The file is whole, and nobody else can read the patient's facts."""
    path = tmp_path / "report.html"
    assert run(["report", "--decision", build.DECISION, "-o", str(path)]) == ExitCode.ANSWERED
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    assert f"wrote {path}" in capsys.readouterr().err
    assert ("get_guideline", graph.digest) in ledger.asked
    assert ("render_decision", build.DECISION, DIAGRAM_FORMAT_SVG, 1) in ledger.asked


def test_the_file_is_named_by_the_decision(ledger, tmp_path, monkeypatch):
    """Without a name the file is called by the id, which says nothing of the patient."""
    monkeypatch.chdir(tmp_path)
    run(["report", "--decision", build.DECISION])
    assert [path.name for path in tmp_path.iterdir()] == [f"rashpath-report-{build.DECISION}.html"]


def test_the_page_goes_to_stdout(ledger, capsys):
    """With `-o -` the page can be piped."""
    run(["report", "--decision", build.DECISION, "-o", "-"])
    assert capsys.readouterr().out.endswith("</html>\n")


def test_parts_that_cannot_be_had_are_named(ledger, tmp_path):
    """A guideline that is not kept does not cost the auditor the report."""
    ledger.refuses = {"get_guideline": "NOT_FOUND", "render_decision": "FAILED_PRECONDITION"}
    path = tmp_path / "report.html"
    assert run(["report", "--decision", build.DECISION, "-o", str(path)]) == ExitCode.ANSWERED
    text = path.read_text(encoding="utf-8")
    assert "Guideline: no get_guideline today." in text
    assert "Drawing: no render_decision today." in text


@pytest.mark.parametrize(
    ("name", "code"),
    [("get_decision", "NOT_FOUND"), ("verify_ledger", "UNAVAILABLE")],
)
def test_without_the_decision_or_the_ledger_there_is_no_report(ledger, tmp_path, name, code):
    """What cannot be asked is an error, never a report that looks complete."""
    ledger.refuses = {name: code}
    path = tmp_path / "report.html"
    with pytest.raises(class_of(code, "")):
        run(["report", "--decision", build.DECISION, "-o", str(path)])
    assert not path.exists()


def test_a_damaged_ledger_fails_the_check(ledger, tmp_path, capsys):
    """The report is written all the same, and the exit code says that something is wrong."""
    ledger.data.verification.sound = False
    ledger.data.replay.result.outcome = audit_pb2.REPLAY_OUTCOME_DIFFERENT
    path = tmp_path / "report.html"
    code = run(["report", "--decision", build.DECISION, "-o", str(path)])
    assert code == ExitCode.CHECK_FAILED
    assert path.exists()
    told = capsys.readouterr().err
    assert "the ledger does not verify" in told
    assert "the replay does not give the recorded answer" in told


def test_an_erased_decision_is_not_explained(ledger, graph, tmp_path):
    """Nothing is asked that only the erased facts could answer."""
    ledger.data = build.erased(graph)
    run(["report", "--decision", build.DECISION, "-o", str(tmp_path / "report.html")])
    assert {"explain_decision", "render_decision"} & {name for name, *_ in ledger.asked} == set()


@pytest.mark.parametrize("decision", ["../etc", "", "a b", "x" * 65])
def test_what_is_no_id_is_refused(ledger, decision):
    """No id can name a file elsewhere."""
    with pytest.raises(CommandError, match="takes the id of a recorded decision"):
        run(["report", "--decision", decision])
    assert ledger.asked == []


def test_a_folder_that_is_not_there_is_told(ledger, tmp_path):
    """A file that cannot be written is an error with its name."""
    with pytest.raises(CommandError, match="no such file or directory"):
        run(["report", "--decision", build.DECISION, "-o", str(tmp_path / "none" / "r.html")])
