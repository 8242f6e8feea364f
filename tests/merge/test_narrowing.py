from gitswarm.merge.conflicts import Conflict, ConflictedText, Stage, Stages
from gitswarm.merge.files import Versions, git_merge_text
from gitswarm.merge.narrowing import Edit, Edits, edits_of, narrowed
from gitswarm.merge.question import Origin, Question, Side, first_message
from gitswarm.repo.objects import FILE_MODE, RepoPath
from tests.conftest import RepositoryBuilder

BASE = "".join(f"line {n}\n" for n in range(60))
PATH = RepoPath(b"notes.txt")


def edited(*steps: tuple[str, str, str], base: str = BASE) -> Edits:
    """A commit for each: subject, what it replaces and by what."""
    edits = []
    text = base
    for subject, old, new in steps:
        assert old in text
        before, text = text, text.replace(old, new)
        edits.append(Edit(subject, before.encode(), text.encode()))
    return edits


def asked(ours: Edits, theirs: Edits) -> Question:
    versions = Versions(ours[-1].after, BASE.encode(), theirs[-1].after)
    sides = versions.ours, versions.theirs
    question = Question(PATH, git_merge_text(versions), Side("A"), Side("B"), sides)
    return narrowed(question, ours, theirs)


def test_each_hunk_is_told_the_commits_that_changed_its_lines() -> None:
    ours = edited(
        ("First of ours", "line 3\n", "ours 3\n"),
        ("Elsewhere", "line 30\n", "ours 30\n"),
        ("Second of ours", "line 50\n", "ours 50\n"),
    )
    theirs = edited(("Theirs", "line 3\n", "their 3\n"), ("Later", "line 50\n", "their 50\n"))

    question = asked(ours, theirs)

    assert question.ours.subjects == ("First of ours", "Second of ours")
    assert question.theirs.subjects == ("Theirs", "Later")
    assert question.origins == {1: Origin((1,), (1,)), 2: Origin((2,), (2,))}
    message = first_message(question, question.text.hunks)
    assert "1. First of ours\n2. Second of ours\n" in message
    assert "## Hunk 2\n\nComes from commit 2 of ours and commit 2 of theirs.\n" in message


def test_where_every_listed_commit_touches_a_hunk_it_is_not_said_of_each() -> None:
    one = edited(("Ours", "line 3\n", "ours 3\n"))
    other = edited(("Theirs", "line 3\n", "their 3\n"))

    question = asked(one, other)

    assert "Comes from" not in first_message(question, question.text.hunks)


def block(word: str, lines: range = range(10, 40)) -> str:
    return "".join(f"{word} {n}\n" for n in lines)


def test_a_long_hunk_is_narrowed_to_the_pair_of_commits_that_began_it() -> None:
    ours = edited(
        ("Reword the end", block("line", range(25, 40)), block("ours", range(25, 40))),
        ("Reword the beginning", block("line", range(10, 25)), block("ours", range(10, 25))),
        ("Polish", "ours 12\n", "ours twelve\n"),
    )
    theirs = edited(
        ("Number anew", "line 12\n", "line 12b\n"),
        ("Translate", block("line", range(13, 24)), block("zeile", range(13, 24))),
    )

    question = asked(ours, theirs)

    assert question.ours.subjects == ("Reword the beginning",)
    assert question.theirs.subjects == ("Number anew",)


def test_lines_that_tell_nothing_bring_all_commits() -> None:
    ours = [Edit("Unread", b"", b""), Edit("Unread too", b"", b"")]
    theirs = [Edit("Theirs", b"", b"")]
    text = ConflictedText.parse(b"<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n", 7)
    question = Question(PATH, text, Side("A"), Side("B"), (b"x\n", b"y\n"))

    assert narrowed(question, ours, theirs).ours.subjects == ("Unread", "Unread too")


def test_of_many_commits_the_newest_are_shown() -> None:
    ours = edited(*((f"Commit {n}", f"line {n}\n", f"ours {n}\n") for n in range(3, 12)))
    theirs = edited(("Theirs", block("line", range(3, 12)), "theirs\n"))

    question = asked(ours, theirs)

    assert question.ours.subjects == tuple(f"Commit {n}" for n in range(6, 12))
    assert question.origins == {1: Origin((1, 2, 3, 4, 5, 6), (1,))}


def test_edits_are_read_under_the_name_that_each_side_has(repo: RepositoryBuilder) -> None:
    base = repo.commit({"old.txt": BASE, ":odd": "x\n"})
    ours = repo.commit({"old.txt": BASE + "ours\n"}, on=base, message="Ours")
    moved = repo.commit({"old.txt": None, "new.txt": BASE}, on=base, message="Move")
    theirs = repo.commit({"new.txt": BASE + "theirs\n"}, on=moved, message="Theirs")

    def stage(path: str) -> Stage:
        return Stage(FILE_MODE, base, RepoPath(path.encode()))

    stages = Stages(stage("old.txt"), stage("old.txt"), stage("new.txt"))
    conflict = Conflict(RepoPath(b"new.txt"), "content", stages, None)

    by_ours, by_theirs = edits_of(repo.repository, base, (ours, theirs), conflict)

    assert [(edit.subject, edit.after[-6:]) for edit in by_ours] == [("Ours", b"\nours\n")]
    assert [edit.subject for edit in by_theirs] == ["Move", "Theirs"]
    assert (by_theirs[0].before, by_theirs[0].after) == (b"", BASE.encode())


def test_a_name_that_looks_like_a_record_is_none(repo: RepositoryBuilder) -> None:
    base = repo.commit({":odd": "x\n"})
    tip = repo.commit({":odd": "y\n"}, on=base, message="Change it")

    found = repo.repository.edits(base, tip, RepoPath(b":odd"), 9)

    assert [(edit.subject, edit.before is None) for edit in found] == [("Change it", False)]
