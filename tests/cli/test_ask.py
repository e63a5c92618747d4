"""`rashpath ask` over a pipe, as a script or a screen reader would use it."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

from rashpath.cli.reply import Command, Misread, read_reply
from rashpath.facts import Dictionary
from rashpath.v1 import facts_pb2

FACTS = Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR)


def test_the_interview_settles_a_case_and_saves_it(run, data, tmp_path):
    """Two answers settle the case; the saved file is decided without questions."""
    saved = tmp_path / "case.yaml"
    done = run("ask", str(data / "spreading.yaml"), "--save", str(saved), text="ABSENT\nPRESENT\n")
    assert done.returncode == 0, done.stderr
    assert "31 of 31 settled" in done.stdout
    assert "SAME DAY    31 settled, 0 open" in done.stdout
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    again = run("evaluate", str(saved))
    assert "SAME DAY    31 settled, 0 open" in again.stdout


def test_the_end_of_the_input_ends_the_interview(run):
    """Without an answer the decision of what is known follows, with exit code 0."""
    done = run("ask")
    assert done.returncode == 0, done.stderr
    assert "? why   - do not know   b back   q stop" in done.stdout
    assert "Ask next" in done.stdout


def test_why_not_known_back_and_stop(run, data):
    """`?` tells what the answer settles, `-` goes on, `b` asks again, `q` ends."""
    done = run("ask", str(data / "spreading.yaml"), text="?\n-\nb\nABSENT\nq\n")
    assert done.returncode == 0, done.stderr
    assert "It may be a sign of danger" in done.stdout
    assert "(30 of 31 settled; next: " in done.stdout
    assert "SAME DAY    30 settled, 1 open" in done.stdout


def test_what_is_not_known_is_not_asked_again(run, data):
    """When every question was passed over, the interview ends and says why."""
    done = run("ask", str(data / "spreading.yaml"), text="-\n-\n-\n-\n")
    assert done.returncode == 0, done.stderr
    assert "the rest waits for what is not known yet" in done.stdout


def test_a_wrong_answer_is_asked_again(run, data):
    """A reply that cannot be used says what to type."""
    done = run("ask", str(data / "spreading.yaml"), text="9\nmaybe\n\nq\n")
    assert done.returncode == 0, done.stderr
    assert "there is no answer 9; type 1 to 2" in done.stdout
    assert "that is no answer here" in done.stdout
    assert "type an answer, or `-` if it is not known" in done.stdout


def test_a_file_is_not_overwritten_unasked(run, data, tmp_path):
    """A case that is there stays as it is, unless `--force` is given."""
    saved = tmp_path / "case.yaml"
    shutil.copy(data / "spreading.yaml", saved)
    before = saved.read_bytes()
    done = run("ask", "--save", str(saved), text="q\n")
    assert done.returncode == 2
    assert "is there already; `--force` replaces it" in done.stderr
    assert saved.read_bytes() == before
    forced = run("ask", "--save", str(saved), "--force", text="q\n")
    assert forced.returncode == 0, forced.stderr
    assert saved.read_text() == "{}\n"


def test_the_interview_works_in_process(alone, tmp_path: Path):
    """No server is needed."""
    done = alone("ask", "--local", text="q\n")
    assert done.returncode == 0, done.stderr
    assert "EMERGENCY not excluded" in done.stdout


def test_replies_are_read_by_number_name_or_word():
    """An answer's number, short name, full name, word or alias all mean the same."""
    trend = FACTS["rash.trend"]
    replies = [
        read_reply(trend, each)
        for each in ("3", "SPREADING", "spreading", "TREND_SPREADING", " Spreading \n")
    ]
    assert replies == [3] * 5
    assert read_reply(FACTS["infection.eye"], "true") == facts_pb2.FINDING_PRESENT
    assert read_reply(trend, "?") is Command.WHY


def test_numbers_are_read_with_their_unit_only():
    """A number in another unit is refused, and converted for the person to see."""
    creatinine = FACTS["renal.serum_creatinine_mg_dl"]
    assert read_reply(creatinine, "1.1") == 1.1
    assert read_reply(creatinine, "1.1 mg/dl") == 1.1
    assert read_reply(FACTS["patient.age_years"], "45 years") == 45
    assert read_reply(creatinine, "88 umol/L") == Misread(
        "the unit is mg/dL, not umol/L; 88 umol/L are 1.00 mg/dL"
    )
    assert read_reply(creatinine, "88") == Misread(
        "`renal.serum_creatinine_mg_dl` is 88, outside 0.2 to 25 mg/dL (is it in umol/L? then 1.0)"
    )
    assert isinstance(read_reply(creatinine, "1,1"), Misread)
    assert isinstance(read_reply(FACTS["patient.weight_kg"], "176 lb"), Misread)
    assert isinstance(read_reply(FACTS["patient.age_years"], "45.5"), Misread)
