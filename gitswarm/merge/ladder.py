"""The rungs of the ladder that need no model: answers from before, then the rules in order.

A rule that the user's settings name settles a hunk unasked; what the others say is offered to the
model. Both only where it holds what a model's answer must hold.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gitswarm.merge.conflicts import ConflictedText
from gitswarm.merge.duplicates import repeated
from gitswarm.merge.question import Option
from gitswarm.merge.resolutions import Resolution, fit, objections, unparsable
from gitswarm.merge.rules.additions import additions
from gitswarm.merge.rules.generated import generated_kind
from gitswarm.merge.rules.imports import imports
from gitswarm.merge.rules.keys import keys
from gitswarm.merge.rules.place import Past, Place, Ruling
from gitswarm.merge.rules.superseded import superseded
from gitswarm.merge.rules.token import token, words
from gitswarm.merge.rules.version import version
from gitswarm.merge.rules.whitespace import whitespace
from gitswarm.repo.objects import RepoPath

Rule = Callable[[Place], Ruling | None]

LONGEST = 5_000_000
"""Nothing that is defined twice is looked for in a longer file, in bytes."""

RULES: Mapping[str, Rule] = {
    "version": version,
    "superseded": superseded,
    "whitespace": whitespace,
    "token": token,
    "additions": additions,
    "imports": imports,
    "keys": keys,
}
"""By the names that `swarm.rules` knows, from the top of the ladder."""


@dataclass(frozen=True, slots=True)
class Rungs:
    """What came of a file's hunks on these rungs."""

    resolutions: Mapping[int, Resolution]
    """By hunk; `by` is None for what neither a rule nor a model may answer."""
    text: ConflictedText
    """The file, with what was answered as text."""
    candidates: Mapping[int, tuple[Option, ...]]
    """What to offer for the hunks that are not in `resolutions`."""


def climb(
    path: RepoPath,
    text: ConflictedText,
    versions: tuple[bytes, bytes],
    *,
    replayed: Mapping[int, Resolution],
    unasked: Collection[str],
    past: Past,
) -> Rungs:
    """Answer what can be answered without a model. `replayed` are answers from before, by hunk;
    `unasked` names the rules that settle one; `versions` is the whole file as ours and as theirs
    has it."""
    answers = {number: one.text or b"" for number, one in replayed.items()}
    refused = unparsable(path, text, answers, versions)
    settled = {number: one for number, one in replayed.items() if number not in refused}
    text = text.splice({number: answers[number] for number in settled})
    if kind := generated_kind(path):
        why = f"a {kind} is not merged as text: take either side and write it anew"
        left = {hunk.number: _left(path, hunk.number, why) for hunk in text.hunks}
        return Rungs(settled | left, text, {})
    candidates: dict[int, list[Option]] = defaultdict(list)
    places = Place.all_in(path, text, past)
    for name, rule in RULES.items():
        rulings = sound_rulings(rule, places, versions)
        if name not in unasked:
            for number, (ruling, answer) in rulings.items():
                candidates[number].append(Option(ruling.reason, answer))
            continue
        for number, (ruling, answer) in rulings.items():
            settled[number] = Resolution(
                path, number, f"rule:{name}", answer, None, ruling.reason, ruling.dropped
            )
        if rulings:
            text = text.splice({number: answer for number, (_, answer) in rulings.items()})
            places = Place.all_in(path, text, past)
    for number, (ruling, answer) in sound_rulings(words, places, versions).items():
        if all(answer != option.text for option in candidates[number]):
            candidates[number].append(Option(ruling.reason, answer))
    return Rungs(settled, text, {one.number: tuple(candidates[one.number]) for one in text.hunks})


def sound_rulings(
    rule: Rule, places: Sequence[Place], versions: tuple[bytes, bytes]
) -> dict[int, tuple[Ruling, bytes]]:
    """What a rule says of some open hunks of a file, with the bytes of that file, where it can be
    taken."""
    rulings: dict[int, tuple[Ruling, bytes]] = {}
    for place in places:
        ruling = rule(place)
        if ruling is None:
            continue
        hunk, text = place.hunk, place.text
        ends_file = text.ends_with(hunk.number)
        answer = fit(ruling.text, hunk, usual_end=text.line_end, ends_file=ends_file)
        if not objections(
            hunk,
            answer,
            ruling.dropped,
            before=place.before.encode(),
            after=place.after.encode(),
            marker_sizes=(text.marker_size,),
        ):
            rulings[hunk.number] = ruling, answer
    if not rulings:
        return {}
    path, text = places[0].path, places[0].text
    answers = {number: answer for number, (_, answer) in rulings.items()}
    for number in unparsable(path, text, answers, versions):
        del rulings[number], answers[number]
    for number in _repeating(path, text, answers, versions):
        del rulings[number]
    return rulings


def _repeating(
    path: RepoPath,
    text: ConflictedText,
    answers: Mapping[int, bytes],
    versions: tuple[bytes, bytes],
) -> Collection[int]:
    """The answers with which something is defined twice that neither side has twice."""
    if max(map(len, versions)) > LONGEST:
        return ()
    known = {name for version in versions for name in repeated(path, version)}

    def repeats(numbers: Iterable[int]) -> bool:
        tried = text.splice({number: answers[number] for number in numbers}).take("ours")
        return not repeated(path, tried).keys() <= known

    if not repeats(answers):
        return ()
    return [number for number in answers if repeats([number])] or [*answers]


def _left(path: RepoPath, number: int, why: str) -> Resolution:
    return Resolution(path, number, None, None, None, why)
