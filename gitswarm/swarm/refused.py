"""EditsRefused: why a reply is asked for again; UneditableError: why one of its files is."""

MOST_PROBLEMS = 10
"""So many are told of one reply that cannot be applied; the others often follow from them."""


class EditsRefused(Exception):  # noqa: N818
    """A reply that is not applied, no part of it. Answered by sending `problems` to the model."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        """One or more, each complete in itself: where, what is wrong, what to write instead."""
        super().__init__("\n".join(problems))


class UneditableError(Exception):
    """A file that is not edited as text; the words go on from its path."""
