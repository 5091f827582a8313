"""Dialogues as data: states, prompts, expected answers, second chances and ways out; pure.

A file of ``ivr/dialogues/flows`` is read and checked once. ``begin`` and ``step`` say what to do next; the runner
(``ivr/dialogue_runner.py``) plays and listens. Two answers that are not understood, or two silences on one question,
leave the dialogue (domain rules §3.7); "say that again" is never counted against anybody. While nothing can be heard,
free speech is left to the recording and the dialogue goes on by keys.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

from ivr.answer_classifier import DialogueState, Intent
from vocabulary.errors import ConfigurationRefused

FLOWS_FOLDER = Path(__file__).resolve().parent / "dialogues" / "flows"
NOT_UNDERSTOOD = "not_understood"
SILENT = "silent"
"""Ways out that every dialogue must name in ``[anywhere]``, beside its intents."""
UNHEARD = "(未能识别,请听录音)"
"""Kept as free speech that was asked for while nothing could be heard; the call is recorded."""
_MAX_CHAIN = 20
"""States that follow each other without a question; more is a circle."""


@dataclass(frozen=True, slots=True)
class Branch:
    """Where an answer leads, and which facts it settles.

    Attributes:
        whole: only an answer heard from its beginning counts: 没修好 without its beginning is 修好.
    """

    to: str
    facts: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """One question, statement or end.

    Attributes:
        name: in capitals.
        say: prompts; ``{name}`` stands for a variable part.
        again: said at the second chance, with the keys named.
        listen: how an answer is listened for; None for a statement.
        keys: key to intent; keys are always the second way.
        on: intent to branch.
        record_as: the fact under which free speech is kept; such a state takes any words.
        then: the next state of a statement, or after free speech.
        ends: the outcome, for a state that ends the dialogue.
        silence_s: how long to wait for somebody to begin.
    """

    name: str
    say: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    listen: DialogueState | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    on: Mapping[str, Branch] = field(default_factory=dict)
    record_as: str | None = None
    then: str | None = None
    ends: str | None = None
    silence_s: float = 6.0


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A whole conversation, checked.

    Attributes:
        anywhere: branches that hold in every question, beside ``not_understood`` and ``silent``.
        words: intent to phrases found in what was said; looked at before the classifier's intent.
        doubtful_words: the same, looked at only where the classifier is unsure.
        max_misunderstood: in the whole dialogue, after which it leaves.
        max_silences: on one question.
        max_repeats: of one question on the user's wish; more is a misunderstanding.
    """

    name: str
    start: str
    states: Mapping[str, State]
    anywhere: Mapping[str, Branch]
    words: Mapping[str, tuple[str, ...]]
    doubtful_words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    max_misunderstood: int = 2
    max_silences: int = 2
    max_repeats: int = 3

    @property
    def prompts(self) -> frozenset[str]:
        """Every prompt key it says; variable parts left out."""
        every = (key for state in self.states.values() for key in (*state.say, *state.again))
        return frozenset(key for key in every if not key.startswith("{"))


class InputKind(Enum):
    """What came back after a question."""

    ANSWER = "answer"  # intent is known
    WORDS = "words"  # something was said, the intent is not known
    SILENCE = "silence"
    DEAF = "deaf"  # nothing can be heard now, and no key came
    DANGER = "danger"  # a safety word: before everything


@dataclass(frozen=True, slots=True)
class Input:
    """One turn of the user.

    Attributes:
        intent: an ``Intent`` value, or one of the dialogue's own words.
        words: what was recognised.
        by_key: it was keyed.
        mended: a danger that was named as over; kept as the fact ``verify``.
        clipped: somebody spoke already when listening began.
    """

    kind: InputKind
    intent: str = ""
    words: str = ""
    by_key: bool = False
    mended: str = ""
    clipped: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """Where a conversation stands: all there is to keep between two turns."""

    state: str
    misunderstood: int = 0
    silences: int = 0
    repeats: int = 0
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Say:
    """Play these prompts; slowly for somebody who did not understand."""

    prompts: tuple[str, ...]
    slowly: bool = False


@dataclass(frozen=True, slots=True)
class Listen:
    """Wait for an answer by voice or key."""

    expected: DialogueState | None
    keys: Mapping[str, str]
    silence_s: float
    free: bool


@dataclass(frozen=True, slots=True)
class Leave:
    """The dialogue is over."""

    outcome: str


Action = Say | Listen | Leave


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next, in order, and where the conversation stands then."""

    position: Position
    actions: tuple[Action, ...]


def begin(dialogue: Dialogue) -> Step:
    """The first words."""
    return _enter(dialogue, Position(dialogue.start), dialogue.start)


def step(dialogue: Dialogue, at: Position, heard: Input) -> Step:
    """What follows from one turn of the user."""
    state = dialogue.states[at.state]
    if heard.mended:
        at = replace(at, facts={**at.facts, "verify": heard.mended})
    match heard.kind:
        case InputKind.DANGER:
            return Step(replace(at, facts={**at.facts, "danger": heard.words}), (Leave("danger"),))
        case InputKind.DEAF if state.record_as and state.then:
            # Asking again would not help: the words stand in the recording, and keys answer what follows.
            return _enter(dialogue, at, state.then, {state.record_as: UNHEARD})
        case InputKind.SILENCE | InputKind.DEAF:
            return _silence(dialogue, at, state)
        case InputKind.ANSWER | InputKind.WORDS:
            return _answer(dialogue, at, state, heard)


def _answer(dialogue: Dialogue, at: Position, state: State, heard: Input) -> Step:
    intent = heard.intent
    if heard.words and not heard.by_key:
        intent = intent_by_words(dialogue, state, heard.words) or intent
        intent = intent or _found(dialogue.doubtful_words, dialogue, state, heard.words)
    branch = state.on.get(intent) or dialogue.anywhere.get(intent)
    half_heard = branch is not None and branch.whole and heard.clipped
    if (half_heard or intent == Intent.REPEAT.value) and at.repeats < dialogue.max_repeats:
        return _ask(replace(at, repeats=at.repeats + 1), state, state.say or state.again, slowly=not half_heard)
    if half_heard:
        branch = None
    if branch is not None:
        return _enter(dialogue, at, branch.to, branch.facts)
    if state.record_as and state.then and heard.words:
        return _enter(dialogue, at, state.then, {state.record_as: heard.words})
    counted = replace(at, misunderstood=at.misunderstood + 1)
    if counted.misunderstood >= dialogue.max_misunderstood:
        way_out = dialogue.anywhere[NOT_UNDERSTOOD]
        return _enter(dialogue, counted, way_out.to, way_out.facts)
    return _ask(counted, state, state.again or state.say)


def _silence(dialogue: Dialogue, at: Position, state: State) -> Step:
    counted = replace(at, silences=at.silences + 1)
    if counted.silences >= dialogue.max_silences:
        way_out = dialogue.anywhere[SILENT]
        return _enter(dialogue, counted, way_out.to, way_out.facts)
    return _ask(counted, state, state.again or state.say)


def _ask(at: Position, state: State, prompts: tuple[str, ...], *, slowly: bool = False) -> Step:
    return Step(at, (Say(prompts, slowly), _listening(state)))


def _listening(state: State) -> Listen:
    return Listen(state.listen, state.keys, state.silence_s, state.record_as is not None)


def _enter(dialogue: Dialogue, at: Position, name: str, facts: Mapping[str, str] | None = None) -> Step:
    """Go to a state, and through statements on to the next question or end."""
    actions: list[Action] = []
    position = Position(name, misunderstood=at.misunderstood, facts={**at.facts, **(facts or {})})
    while True:
        state = dialogue.states[position.state]
        if state.say:
            actions.append(Say(state.say))
        if state.ends is not None:
            return Step(position, (*actions, Leave(state.ends)))
        if state.listen is not None or state.then is None:
            return Step(position, (*actions, _listening(state)))
        position = replace(position, state=state.then)


def intent_by_words(dialogue: Dialogue, state: State, words: str) -> str:
    """The first of the dialogue's own intents whose phrase was said and which leads somewhere here; "" if none."""
    return _found(dialogue.words, dialogue, state, words)


def _found(table: Mapping[str, tuple[str, ...]], dialogue: Dialogue, state: State, words: str) -> str:
    leading = {*state.on, *dialogue.anywhere, Intent.REPEAT.value}
    for intent, phrases in table.items():
        if intent in leading and any(phrase in words for phrase in phrases):
            return intent
    return ""


def load_dialogue(path: Path) -> Dialogue:
    """Read and check a dialogue.

    Raises:
        ConfigurationRefused: it contradicts itself; carries each mistake.
    """
    return parse_dialogue(path.read_text("utf-8"), path.stem)


def parse_dialogue(text: str, name: str) -> Dialogue:
    """See load_dialogue.

    Raises:
        ConfigurationRefused: see load_dialogue.
    """
    try:
        data = tomllib.loads(text)
        dialogue = Dialogue(
            name,
            data["start"],
            {key: _state(key, entry) for key, entry in data["states"].items()},
            {intent: _branch(entry) for intent, entry in data["anywhere"].items()},
            _phrases(data.get("words", {})),
            _phrases(data.get("doubtful_words", {})),
            **data.get("limits", {}),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigurationRefused([f"{name}: {type(error).__name__}: {error}"]) from error
    if mistakes := [f"{name}: {mistake}" for mistake in _mistakes(dialogue)]:
        raise ConfigurationRefused(mistakes)
    return dialogue


def _state(name: str, entry: dict[str, Any]) -> State:
    values = dict(entry)
    listen = values.pop("listen", None)
    on = {intent: _branch(branch) for intent, branch in values.pop("on", {}).items()}
    say, again = tuple(values.pop("say", ())), tuple(values.pop("again", ()))
    return State(name, say, again, DialogueState(listen) if listen else None, on=on, **values)


def _phrases(table: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {intent: tuple(phrases) for intent, phrases in table.items()}


def _branch(entry: Any) -> Branch:
    return Branch(entry) if isinstance(entry, str) else Branch(**entry)


def _mistakes(dialogue: Dialogue) -> list[str]:
    """All that is wrong, in sentences."""
    known = {intent.value for intent in Intent} | set(dialogue.words) | set(dialogue.doubtful_words)
    found = [f"[anywhere] lacks {needed}" for needed in (NOT_UNDERSTOOD, SILENT) if needed not in dialogue.anywhere]
    found += [f"[anywhere] {i} is no intent" for i in dialogue.anywhere if i not in known | {NOT_UNDERSTOOD, SILENT}]
    targets = [("start", dialogue.start), *((f"[anywhere] {i}", b.to) for i, b in dialogue.anywhere.items())]
    for state in dialogue.states.values():
        targets += [(f"{state.name}.on.{intent}", branch.to) for intent, branch in state.on.items()]
        targets += [(f"{state.name}.then", state.then)] if state.then else []
        found += _mistakes_of_state(state, dialogue, known)
    found += [f"{where} leads to {to}, which is no state" for where, to in targets if to not in dialogue.states]
    reached = {to for _, to in targets}
    found += [f"{name} is never reached" for name in dialogue.states if name not in reached]
    return found


def _mistakes_of_state(state: State, dialogue: Dialogue, known: set[str]) -> list[str]:
    found = [f"{state.name}.on: {intent} is no intent" for intent in state.on if intent not in known]
    answered = set(state.on) | set(dialogue.anywhere) | {Intent.REPEAT.value}
    found += [
        f"{state.name}: key {key} means {intent}, which leads nowhere"
        for key, intent in state.keys.items()
        if intent not in answered
    ]
    asks = state.listen is not None
    if state.ends is None and not asks and state.then is None:
        found.append(f"{state.name} neither asks, goes on nor ends")
    if asks and not state.on and not (state.record_as and state.then):
        found.append(f"{state.name} asks, but no answer leads on")
    if asks and not state.again:
        found.append(f"{state.name} has no words for a second chance")
    if not asks and state.ends is None and _circles(state, dialogue):
        found.append(f"{state.name} talks in a circle")
    return found


def _circles(state: State, dialogue: Dialogue) -> bool:
    current: State | None = state
    for _ in range(_MAX_CHAIN):
        if current is None or current.listen is not None or current.ends is not None or current.then is None:
            return False
        current = dialogue.states.get(current.then)
    return True
