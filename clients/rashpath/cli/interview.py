"""Asks the question that helps most, again and again, until the decision is settled."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, assert_never

from rashpath.cli.page import Line, show
from rashpath.cli.reply import Command, Misread, prompt, read_reply
from rashpath.cli.text import settled
from rashpath.cli.words import audience_message, fact_label, urgency_words
from rashpath.facts.dictionary import Dictionary, Fact
from rashpath.v1 import decision_pb2, facts_pb2
from rashpath.v1.decision_pb2 import Question
from rashpath.v1.decision_service_pb2 import EvaluateResponse, GuidelineSelector

if TYPE_CHECKING:
    from rashpath.client.decisions import DecisionCalls

_Move = Literal[Command.UNKNOWN, Command.BACK, Command.STOP] | int | float

_KEYS = "? why   - do not know   b back   q stop"


@dataclass(slots=True)
class Interview:
    """One interview: the case as it grows, and what was said so far.

    Args:
        decider: what decides.
        case: the facts known at the start; each answer is added to it.
        guideline: which guideline decides.
        audience: ``clinician`` or ``patient``.
    """

    decider: DecisionCalls
    case: facts_pb2.PatientCase
    guideline: GuidelineSelector
    audience: str
    _dictionary: Dictionary = field(init=False)
    _asked: list[Question] = field(default_factory=list)
    _skipped: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._dictionary = Dictionary.of(facts_pb2.PatientCase.DESCRIPTOR)

    def run(self) -> EvaluateResponse:
        """Asks until nothing is left to ask, the person stops, or the input ends.

        A question that was answered with "do not know" is not asked again.

        Returns:
            The decision of the facts that were gathered, in the full view.
        """
        answer = self._decide()
        returned_to: Question | None = None
        while True:
            question = returned_to or self._next(answer)
            returned_to = None
            if question is None:
                self._say_end(answer)
                return answer
            reply = self._ask(question, answer)
            match reply:
                case Command.STOP:
                    return answer
                case Command.BACK:
                    returned_to = self._go_back() or question
                case Command.UNKNOWN:
                    self._asked.append(question)
                    self._skipped.add(question.fact)
                    continue
                case int() | float():
                    self._asked.append(question)
                    self._set(self._dictionary[question.fact], reply)
                case _:
                    assert_never(reply)
            answer = self._decide()
            if not isinstance(reply, Command):
                self._say_progress(answer)

    def _decide(self) -> EvaluateResponse:
        return self.decider.evaluate(
            self.case,
            guideline=self.guideline,
            view=decision_pb2.VIEW_FULL,
            audience=audience_message(self.audience),
        )

    def _next(self, answer: EvaluateResponse) -> Question | None:
        left = (each for each in answer.questions if each.fact not in self._skipped)
        return next(left, None)

    def _ask(self, question: Question, answer: EvaluateResponse) -> _Move:
        fact = self._dictionary[question.fact]
        show(
            [
                Line(),
                Line(question.text, style="bold"),
                Line(f"{prompt(fact, self.audience)}      {_KEYS}", mark="  "),
            ]
        )
        while True:
            typed = _line()
            if typed is None:
                return Command.STOP
            reply = read_reply(fact, typed)
            if isinstance(reply, Misread):
                show([Line(reply.text, mark="  ")])
            elif reply is Command.WHY:
                show(self._why(question, answer))
            else:
                return reply

    def _why(self, question: Question, answer: EvaluateResponse) -> list[Line]:
        titles = {each.id: each.title for each in answer.recommendations}
        lines = []
        if question.red_flag:
            lines.append(Line("It may be a sign of danger, so it is asked first.", mark="  "))
        if question.settles:
            lines.append(Line("The answer settles or helps to settle:", mark="  "))
        for name in question.settles:
            recommendation, dot, _ = name.partition(".")
            title = titles.get(recommendation, name.replace("_", " "))
            lines.append(Line(f"{title}{' (its dose)' if dot else ''}", mark="    - "))
        if question.urgency > answer.urgency:
            lines.append(
                Line(f"It may raise the urgency to {urgency_words(question.urgency)}.", mark="  ")
            )
        return lines or [Line("The guideline needs it to settle this case.", mark="  ")]

    def _go_back(self) -> Question | None:
        if not self._asked:
            show([Line("this is the first question", mark="  ")])
            return None
        question = self._asked.pop()
        self._skipped.discard(question.fact)
        fact = self._dictionary[question.fact]
        getattr(self.case, fact.group).ClearField(fact.name)
        return question

    def _set(self, fact: Fact, value: float) -> None:
        setattr(getattr(self.case, fact.group), fact.name, value)

    def _say_progress(self, answer: EvaluateResponse) -> None:
        done, total = settled(answer)
        following = self._next(answer)
        next_up = f"; next: {fact_label(following.fact, self.audience)}" if following else ""
        show([Line(f"({done} of {total} settled{next_up})", mark="  ", style="dim")])

    def _say_end(self, answer: EvaluateResponse) -> None:
        done, total = settled(answer)
        text = f"Nothing more to ask: {done} of {total} settled."
        if self._skipped and answer.questions:
            text = f"Nothing more to ask: {done} of {total} settled; the rest waits for what is "
            text += "not known yet."
        show([Line(), Line(text)])


def _line() -> str | None:
    """Returns one line that was typed, or None at the end of the input."""
    print("> ", end="", flush=True)
    if sys.stdin is None:
        return None
    try:
        typed = sys.stdin.readline()
    except UnicodeDecodeError:
        return ""
    if not typed:
        print()
        return None
    if not sys.stdin.isatty():
        print(typed.rstrip("\n"))
    return typed
