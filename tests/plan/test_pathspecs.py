"""What a plan may name, and which pathspecs may meet."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitswarm.plan.pathspecs import alternatives, may_meet, pathspec, plain_path
from gitswarm.repo.objects import Oid
from gitswarm.repo.repository import Repository
from tests.conftest import RepositoryBuilder

MEETING = [
    ("src/a.py", "src/a.py"),
    ("src", "src/a.py"),
    ("src/", "src/deep/er/a.py"),
    ("**/*.py", "docs"),
    ("src/**", "src/a.py"),
    ("**/*.py", "src/deep/a.py"),
    ("**/*.py", "a.py"),
    ("src/**/test_*.py", "src/*/test_a.py"),
    ("a/**/b", "a/b"),
    ("**", "anything"),
    ("src/a?.py", "src/[ab]x.py"),
    ("*_test.go", "server_*.go"),
    (r"a\*b", "a*b"),
    ("[[:alpha:]]x", "ax"),
    ("res.[a-j]*.js", "res.json.js"),
    ("res.[!a-j]*.js", "res.send.js"),
    ("[a-fx]", "[w-z]"),
    ("[]a]", "]"),
    ("[é-ü]", "ö"),
]

APART = [
    ("src/a.py", "src/b.py"),
    ("src/*.py", "src/a.js"),
    ("src", "srcs/a.py"),
    ("docs/**", "src/**"),
    ("a/**/b/*.c", "a/x/b/z.h"),
    ("*.py", "a.pyc"),
    (r"a\*b", "axb"),
    ("test_?.py", "test_.py"),
    ("**/*.py", "docs/a.md"),
    ("src/*", "src/deep/a.py"),
    ("res.[a-j]*.js", "res.send.js"),
    ("res.[a-j]*.js", "res.[l-r]*.js"),
    ("[0-9]*", "[a-z_]*"),
]


@pytest.mark.parametrize(("one", "other"), MEETING)
def test_these_may_meet_whichever_comes_first(one: str, other: str) -> None:
    assert may_meet(one, other)
    assert may_meet(other, one)


@pytest.mark.parametrize(("one", "other"), APART)
def test_these_never_meet(one: str, other: str) -> None:
    assert not may_meet(one, other)
    assert not may_meet(other, one)


PATHS = st.lists(st.text("ab_", min_size=1, max_size=3), min_size=1, max_size=4)


@st.composite
def generalized(draw: st.DrawFn, names: list[str]) -> str:
    """A pathspec that matches a path: names and characters of it became wildcards."""
    if draw(st.booleans()):
        return "/".join(names[: draw(st.integers(1, len(names)))])
    pattern = []
    for name in names:
        how = draw(st.sampled_from(["same", "run", "one", "class", "folders"]))
        if how == "same":
            pattern.append(name)
        elif how == "run":
            start, end = sorted(draw(st.tuples(*[st.integers(0, len(name))] * 2)))
            pattern.append(name[:start] + "*" + name[end:])
        elif how == "one":
            pattern.append("?" * len(name))
        elif how == "class":
            pattern.append(f"[{name[0]}z]{name[1:]}")
        else:
            pattern += ["**", name]
    return "/".join(pattern)


@given(st.data(), PATHS)
def test_pathspecs_of_the_same_path_always_meet(data: st.DataObject, names: list[str]) -> None:
    one, other = data.draw(generalized(names)), data.draw(generalized(names))
    assert may_meet(one, other), (one, other)


def test_what_git_matches_with_both_meets(repo: RepositoryBuilder) -> None:
    commit = repo.commit({"src/a.py": "", "src/b.js": "", "src/deep/a.py": "", "docs/a.md": ""})
    pathspecs = ["src", "src/*.py", "**/*.py", "src/**", "**/a.*", "docs/?.md", "*.py", "src/*/*"]
    matched = {spec: _matched(repo.repository, commit, spec) for spec in pathspecs}

    for one in pathspecs:
        for other in pathspecs:
            if matched[one] & matched[other]:
                assert may_meet(one, other), (one, other)


def _matched(repository: Repository, commit: Oid, spec: str) -> set[bytes]:
    root = repository.git("hash-object", "-t", "tree", "--stdin").stdout.decode().strip()
    return set(
        repository.lines("diff-tree", "-r", "-z", "--name-only", root, commit, f":(glob){spec}")
    )


@pytest.mark.parametrize(
    ("text", "path"), [("a/b", "a/b"), ("./a//b/", "a/b"), ("a/./b", "a/b"), ("a b/ü", "a b/ü")]
)
def test_a_path_is_brought_to_its_plain_form(text: str, path: str) -> None:
    assert plain_path(text) == path


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("./", "is empty"),
        ("  ", "is empty"),
        ("/etc/passwd", 'is "/etc/passwd", not a path from the root of the repository'),
        (r"C:\x", r'is "C:\x", not a path from the root of the repository'),
        ("a/../../b", 'is "a/../../b", which leads outside'),
        ("..", 'is "..", which leads outside'),
        (".git/config", 'is ".git/config", which is inside ".git"'),
        ("a/.GIT/x", 'is "a/.GIT/x", which is inside ".git"'),
        ("a\0b", "holds a character that no path can have"),
        ("\ud800", "holds a character that no path can have"),
        ("a" * 5000, "is longer than 4,096 characters"),
    ],
)
def test_a_path_outside_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}$"):
        plain_path(text)


def test_a_pathspec_has_glob_magic_and_no_other() -> None:
    assert pathspec(":(glob)src/**") == pathspec("src/**") == "src/**"
    assert pathspec(".") == "**"
    with pytest.raises(ValueError, match="magic other than"):
        pathspec(":(exclude)src")
    with pytest.raises(ValueError, match="magic other than"):
        pathspec(":!src")


@pytest.mark.parametrize(
    ("pattern", "stands_for"),
    [
        ("src/*.py", ["src/*.py"]),
        ("{a,b}/*.{py,js}", ["a/*.py", "a/*.js", "b/*.py", "b/*.js"]),
        ("a{,b,{c,b}}", ["a", "ab", "ac"]),
        ("{,a}", ["a"]),
        ("{{cookiecutter.name}}/x", ["{{cookiecutter.name}}/x"]),
        ("{a,b", ["{a,b"]),
        ("{a,b}" * 800, ["{a,b}" * 800]),
    ],
)
def test_braces_stand_for_alternatives(pattern: str, stands_for: list[str]) -> None:
    assert sorted(alternatives(pattern)) == sorted(stands_for)
