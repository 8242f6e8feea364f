"""whitespace: what one side, or both, changed is the layout."""

from gitswarm.merge.rules.place import Place, Ruling, tokens_of

_INDENTED = {"py", "pyi", "yaml", "yml", "haml", "pug", "sass", "coffee", "nim", "mk"}
"""Files in which the depth of a line means something, by suffix."""


def whitespace(place: Place) -> Ruling | None:
    """The other side, where one differs from the base in its white space only; ours, where the
    sides differ from each other in nothing else."""
    if _same(place, place.ours, place.theirs):
        return Ruling(place.ours, "the sides differ in white space only")
    if _same(place, place.ours, place.base):
        return Ruling(place.theirs, "ours changed white space only")
    if _same(place, place.theirs, place.base):
        return Ruling(place.ours, "theirs changed white space only")
    return None


def _same(place: Place, one: str, other: str) -> bool:
    if _words(one) != _words(other):
        return False
    if place.suffix not in _INDENTED:
        return True
    lines, others = ([line for line in text.split("\n") if line.strip()] for text in (one, other))
    was_moved = [line.strip() for line in lines] == [line.strip() for line in others]
    return not was_moved or [*map(_depth, lines)] == [*map(_depth, others)]


def _words(text: str) -> list[str]:
    return [token for token in tokens_of(text) if not token.isspace()]


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
