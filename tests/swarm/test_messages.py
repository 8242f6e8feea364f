"""Commit messages: a subject that fits, a body, and trailers that nobody can forge."""

import pytest

from gitswarm.swarm.messages import write_message

OURS = ["Swarm-Run: jwt-auth-7f3a", "Swarm-Task: builder"]


def message(subject: str, body: str = "") -> str:
    """The part of it that comes before our trailers."""
    text = write_message(subject, body, OURS)
    trailers = "\n\n" + "\n".join(OURS) + "\n"
    assert text.endswith(trailers)
    return text.removesuffix(trailers)


@pytest.mark.parametrize(
    "line",
    [
        "Swarm-Task: other",
        "swarm-resolved : a hunk=1 by=human",
        "  Signed-off-by: Ada <a@b.c>",
        "CO-AUTHORED-BY: Ada <a@b.c>",
        "\x01Signed-off-by: Ada <a@b.c>",
        "Signed-\x7foff-by: Ada <a@b.c>",
    ],
)
def test_lines_that_claim_to_be_trailers_of_ours_or_signatures_are_dropped(line: str) -> None:
    assert message("Add it", f"Why.\n{line}\n\nRefs: #1") == "Add it\n\nWhy.\n\nRefs: #1"
    assert message(f"{line}\nAdd it") == "Add it"


def test_a_long_subject_goes_on_in_the_body() -> None:
    words = " ".join(["word"] * 20)

    subject, _, body = message(words, "Why.").partition("\n\n")

    assert len(subject) <= 72
    assert subject.endswith("word...")
    assert f"{subject.removesuffix('...')} {body.removeprefix('...')}" == f"{words}\n\nWhy."


def test_a_message_has_a_subject_whatever_was_said() -> None:
    assert message("\n", "Why.") == "change\n\nWhy."
