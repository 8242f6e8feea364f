"""keys: data merged key by key, in the sides' own lines."""

import pytest

from gitswarm.merge.conflicts import ConflictedText
from gitswarm.merge.rules.keys import keys
from gitswarm.merge.rules.place import Place
from gitswarm.repo.objects import RepoPath
from tests.merge.rules.hunks import answer, nothing_before


@pytest.mark.parametrize(
    ("path", "before", "base", "ours", "theirs", "after", "merged"),
    [
        (
            "package.json",
            '{\n  "name": "a",\n',
            '  "main": "a.js"\n',
            '  "main": "a.js",\n  "type": "module"\n',
            '  "main": "b.js"\n',
            "}\n",
            '  "main": "b.js",\n  "type": "module"\n',
        ),
        (
            "package.json",
            "{\n",
            '  "x": 1,\n',
            '  "x": 1,\n  "y": {\n    "z": [1, 2]\n  },\n',
            "",
            '  "end": 1\n}\n',
            '  "y": {\n    "z": [1, 2]\n  },\n',
        ),
        (
            "a.json",
            "{\n",
            '  "scripts": {\n    "test": "a"\n  }\n',
            '  "scripts": {\n    "test": "b"\n  }\n',
            '  "scripts": {\n    "test": "a",\n    "lint": "c"\n  }\n',
            "}\n",
            '  "scripts": {\n    "test": "b",\n    "lint": "c"\n  }\n',
        ),
        (
            "a.yml",
            "on: push\nenv:\n",
            "  COLOR: red\n",
            "  # brighter\n  COLOR: green\n",
            "  COLOR: red\n  SIZE: 3\n",
            "jobs: {}\n",
            "  # brighter\n  COLOR: green\n  SIZE: 3\n",
        ),
        (
            "a.toml",
            "[tool]\n",
            'one = "1"\n',
            'one = "2"\n',
            'one = "1"\ntwo = "2"\n\n[other]\nthree = 3\n',
            "",
            'one = "2"\ntwo = "2"\n\n[other]\nthree = 3\n',
        ),
        (
            "a.toml",
            "",
            'dep = { version = "1", path = "a" }\n',
            'dep = { version = "2", path = "a" }\n',
            'dep = { version = "1", path = "b" }\n',
            "",
            'dep = { version = "2", path = "b" }\n',
        ),
        (
            "a.yaml",
            "",
            "",
            "alpha: 1\nbeta: 1\ndelta: 1\n",
            "beta: 1\ngamma: 1\nomega: 1\n",
            "",
            "alpha: 1\nbeta: 1\ndelta: 1\ngamma: 1\nomega: 1\n",
        ),
    ],
    ids=["json", "json-removed", "json-nested", "yaml", "toml", "toml-inline", "sorted"],
)
def test_changes_of_different_keys_are_together(
    path: str, before: str, base: str, ours: str, theirs: str, after: str, merged: str
) -> None:
    assert answer(keys, path, base, ours, theirs, before=before, after=after) == merged


@pytest.mark.parametrize(
    ("path", "base", "ours", "theirs"),
    [
        ("a.yaml", "a: 1\n", "a: 2\n", "a: 3\n"),
        ("a.yaml", "a: 1\n", "a: 2\n", ""),
        ("a.yaml", "a: [1]\n", "a: [1, 2]\n", "a: [1, 3]\n"),
        ("a.yaml", "a: 1\n", "a: 1\nb: 1\n", "a: 1\nb: yes\n"),
        ("a.yaml", "a: 1\n", "a: 1\na: 2\n", "a: 1\nb: 1\n"),
        ("a.yaml", "a: &x 1\n", "a: &x 1\nb: *x\n", "a: &x 1\nc: 1\n"),
        ("a.yaml", "a: 1\n", "a: 1\nb: [\n", "a: 1\nc: 1\n"),
        ("a.yaml", "a: 1\n", "a: 1\n[b]: 1\n", "a: 1\nc: 1\n"),
        ("a.json", "", "{}\n", "{} {}\n"),
        ("a.toml", "x = [\n1,\n2\n]\n", "x = [\n1,\n3\n]\n", "x = [\n1,\n2,\n4\n]\n"),
        ("a.json", f"{'[' * 400}0{']' * 400}\n", f"{'[' * 400}1{']' * 400}\n", "2\n"),
        ("a.toml", "a = 1\n", "a = 1\nb = 1\n", "a = 1\nb = 1.0\n"),
        ("a.ini", "a = 1\n", "a = 1\nb = 1\n", "a = 1\nc = 1\n"),
    ],
    ids=[
        "both-changed",
        "gone",
        "lists",
        "types",
        "key-twice",
        "alias",
        "broken",
        "odd-key",
        "no-json",
        "items",
        "deep",
        "toml-types",
        "no-data",
    ],
)
def test_it_declines(path: str, base: str, ours: str, theirs: str) -> None:
    assert answer(keys, path, base, ours, theirs) is None
    assert answer(keys, path, base, theirs, ours) is None


def test_other_open_hunks_do_not_keep_it_from_reading_the_file() -> None:
    hunk = "<<<<<<<<< o\n{0}: 2\n||||||||| b\n{0}: 1\n=========\n{0}: 1\n{1}: 1\n>>>>>>>>> t\n"
    data = f"{hunk.format('a', 'b')}middle: 1\n{hunk.format('y', 'z')}"
    text = ConflictedText.parse(data.encode(), 9)

    rulings = [keys(place) for place in Place.all_in(RepoPath(b"a.yml"), text, nothing_before)]

    assert [one and one.text for one in rulings] == ["a: 2\nb: 1\n", "y: 2\nz: 1\n"]
