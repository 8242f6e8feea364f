"""Fragments: a part of a file that is given as the whole is told apart from a file that shrinks."""

from gitswarm.plan.roles import Writes
from gitswarm.swarm.edits import apply_edits
from gitswarm.swarm.fragments import fragments
from tests.swarm.replies import FilesInMemory, edits_of, fence

LINES = [f"line {n}\n" for n in range(30)]
FILES = FilesInMemory({"a.py": "".join(LINES), "short.py": "".join(LINES[:19])})


def found(reply: str) -> tuple[str, ...]:
    edits = edits_of(reply)
    return fragments(edits, apply_edits(edits, FILES, writes=Writes.CODE), FILES)


def test_a_part_of_a_file_given_as_the_whole_is_asked_about() -> None:
    assert found("Here it is.\n\n" + fence("python path=a.py", "line 3\nnew\n")) == (
        "Line 3: 'a.py' is given whole, and 29 of its 30 lines would be gone; to change a part of"
        ' it, write "edit path=a.py"; if they are to go, send the reply again as it is.',
    )


def test_what_moves_to_another_file_of_the_reply_is_not_gone() -> None:
    moved = fence("python path=b.py", "".join(f"    {line}" for line in LINES[5:]))
    assert found(fence("python path=a.py", "import b\n" + "".join(LINES[:5])) + moved) == ()


def test_short_files_new_files_and_edits_are_not_asked_about() -> None:
    assert found(fence("python path=short.py", "x\n")) == ()
    assert found(fence("python path=new.py", "x\n")) == ()
    assert found(fence("python path=a.py", "".join(LINES[:16]))) == ()
    rest = "".join(LINES[1:])
    pair = f"<<<<<<< SEARCH\n{rest}=======\n>>>>>>> REPLACE\n"
    assert found(fence("edit path=a.py", pair)) == ()
    assert found(fence("delete path=a.py")) == ()
