"""The tools that read one commit, over real repositories."""

import os
from pathlib import Path

import jsonschema
import pytest

from gitswarm.model import ToolCall
from gitswarm.model.conversation import ToolAnswer
from gitswarm.plan import tool_call, tools, tracked
from gitswarm.plan.tools import TOOLS, ReadOnlyTools
from gitswarm.repo.objects import SUBMODULE_MODE, SYMLINK_MODE, Oid, RepoPath
from gitswarm.repo.repository import Repository
from tests.conftest import RepositoryBuilder


class Asker:
    """Calls tools at one commit and returns the answer's text."""

    def __init__(self, repo: RepositoryBuilder, commit: Oid, base: Oid | None = None) -> None:
        withheld = repo.withheld(base or commit)
        self._tools = ReadOnlyTools(repo.repository, commit, withheld, base=base or commit)

    def answer(self, name: str, **arguments: object) -> ToolAnswer:
        return self._tools.answer(ToolCall("t", name, arguments))

    def ok(self, name: str, **arguments: object) -> str:
        answer = self.answer(name, **arguments)
        assert not answer.is_error, answer.text
        return answer.text

    def error(self, name: str, **arguments: object) -> str:
        answer = self.answer(name, **arguments)
        assert answer.is_error, answer.text
        return answer.text


@pytest.fixture
def asker(repo: RepositoryBuilder) -> Asker:
    """A small project with everything that can stand in the way."""
    somewhere = repo.commit({"elsewhere": "x"})
    commit = repo.commit(
        {
            "README.md": "# Shapes\n\nArea and more.\n",
            "src/area.py": "def area(w, h):\n    return w * h\n",
            "src/deep/area.py": "from ..area import area\r\n",
            "src/empty.py": "",
            "src/unended.py": "x = 1",
            "logo.png": b"\x89PNG\0\0area",
            "latin.txt": "caf\udce9 area\n".encode(errors="surrogateescape"),
            "a b\nc.txt": "odd area\n",
            "caf\udce9.txt": "named in latin-1\n",
            "*.py": "a star\n",
            "link": b"src/area.py",
            "outside": b"/etc/passwd",
        },
        modes={"link": SYMLINK_MODE, "outside": SYMLINK_MODE},
    )
    tree = repo.repository.edit_tree(
        repo.repository.tree(commit), {RepoPath(b"vendored"): (SUBMODULE_MODE, somewhere)}
    )
    return Asker(repo, repo.repository.commit_tree(tree, [commit], "all"))


# -- read_file


def test_a_file_is_read_with_numbered_lines(asker: Asker) -> None:
    assert asker.ok("read_file", path="src/area.py") == (
        "src/area.py, lines 1-2 of 2:\n1\tdef area(w, h):\n2\t    return w * h"
    )
    assert asker.ok("read_file", path="./src//area.py", start_line=2, end_line=99) == (
        "src/area.py, lines 2-2 of 2:\n2\t    return w * h"
    )
    assert asker.ok("read_file", path="src/empty.py") == "src/empty.py is empty."
    assert asker.ok("read_file", path="src/unended.py") == (
        "src/unended.py, lines 1-1 of 1, no newline at its end:\n1\tx = 1"
    )
    assert asker.ok("read_file", path="src/deep/area.py").endswith("1\tfrom ..area import area")


def test_names_that_are_no_text_are_read_as_they_are_spelled(asker: Asker) -> None:
    assert asker.ok("read_file", path="a b\nc.txt") == asker.ok("read_file", path=r"a b\x0ac.txt")
    assert asker.ok("read_file", path=r"caf\xe9.txt") == (
        r"caf\xe9.txt, lines 1-1 of 1:" + "\n1\tnamed in latin-1"
    )
    assert asker.ok("read_file", path="*.py") == "*.py, lines 1-1 of 1:\n1\ta star"
    assert asker.ok("read_file", path="latin.txt") == (
        "latin.txt, lines 1-1 of 1, not UTF-8, its other bytes are shown as \\xNN:\n"
        "1\tcaf\\xe9 area"
    )


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("area.py", "There is no file area.py. Of that name: src/area.py, src/deep/area.py."),
        ("src/nothing", "There is no file src/nothing."),
        ("src", "src is a folder; list_files shows what is in it."),
        ("src/area.py/x", "src/area.py is a file, not a folder."),
        ("logo.png", "logo.png is binary, 10 bytes."),
        ("link", "link is a symbolic link to src/area.py; links are not followed."),
        ("outside", "outside is a symbolic link to /etc/passwd; links are not followed."),
        ("outside/x", "outside is a symbolic link to /etc/passwd; links are not followed."),
        ("vendored", "vendored is a submodule; its files are in another repository."),
        ("vendored/x.c", "vendored is a submodule; its files are in another repository."),
        ("/etc/passwd", 'path is "/etc/passwd", not a path from the root of the repository.'),
        ("src/../../x", 'path is "src/../../x", which leads outside.'),
        (".git/config", 'path is ".git/config", which is inside ".git".'),
        (".", "path is empty."),
        ("a\0b", "path holds a character that no path can have."),
        ("\ud800", "path holds a character that no path can have."),
        (":(glob)src", "There is no file :(glob)src."),
    ],
)
def test_what_cannot_be_read_says_why(asker: Asker, path: str, says: str) -> None:
    assert asker.error("read_file", path=path) == says


def test_a_range_outside_the_file_is_an_error(asker: Asker) -> None:
    assert asker.error("read_file", path="src/area.py", start_line=3) == "src/area.py has 2 lines."
    assert asker.error("read_file", path="src/area.py", start_line=2, end_line=1) == (
        "end_line 1 is before start_line 2."
    )


def test_a_long_file_is_read_in_pieces_that_add_up_to_it(repo: RepositoryBuilder) -> None:
    lines = [f"line {n} " + "x" * (n % 90) for n in range(1, 2_501)]
    asker = Asker(repo, repo.commit({"long.txt": "\n".join(lines) + "\n"}))
    read: list[str] = []
    start = 1
    while start <= len(lines):
        head, *shown = asker.ok("read_file", path="long.txt", start_line=start).split("\n")
        read += [line.partition("\t")[2] for line in shown]
        end = len(read)
        rest = f', for the rest: read_file {{"path": "long.txt", "start_line": {end + 1}}}'
        more = rest if end < len(lines) else ""
        assert head == f"long.txt, lines {start}-{end} of 2500{more}:"
        assert len("\n".join(shown)) <= tool_call.CHARACTERS
        start = end + 1
    assert read == lines


def test_a_long_line_is_cut_and_a_huge_file_not_opened(
    repo: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "FILE_BYTES", 5_000)
    asker = Asker(repo, repo.commit({"min.js": "y" * 4_000, "huge.txt": "needle\n" * 1_000}))

    assert asker.ok("read_file", path="min.js").endswith(
        "y [cut: 2,000 more characters in this line]"
    )
    assert asker.error("read_file", path="huge.txt") == (
        "huge.txt has 7,000 bytes, too many to read; search it."
    )
    assert asker.ok("search", pattern="needle", glob="huge.txt") == (
        "1,000 matching lines in 1 file; these are 1-100, for the rest: search"
        ' {"pattern": "needle", "glob": "huge.txt", "skip": 100}:'
        "\nhuge.txt\n    (7,000 bytes: its 1,000 matches are not shown)"
    )


def test_a_file_that_git_would_take_too_long_for_is_not_searched_and_named(
    repo: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "FILE_BYTES", 5_000)
    monkeypatch.setattr(tools, "SEARCHED_BYTES", 6_000)
    monkeypatch.setattr(tracked, "SEARCHED_BYTES", 6_000)
    asker = Asker(repo, repo.commit({"a.txt": "needle\n", "d/huge.txt": "needle\n" * 1_000}))
    remark = "\nNot searched, with more than 6,000 bytes each: d/huge.txt"

    assert asker.ok("search", pattern="needle") == (
        f"1 matching line in 1 file:\na.txt\n1\tneedle{remark}"
    )
    assert asker.ok("search", pattern="needle", glob="d") == f"No line matches.{remark}"
    assert asker.error("read_file", path="d/huge.txt") == (
        "d/huge.txt has 7,000 bytes, too many to read."
    )


# -- search


def test_matching_lines_are_shown_under_their_files(asker: Asker) -> None:
    assert asker.ok("search", pattern=r"\barea\b") == "\n".join(
        [
            "4 matching lines in 4 files:",
            r"a b\x0ac.txt",
            "1\todd area",
            "latin.txt",
            "1\tcaf\\xe9 area",
            "src/area.py",
            "1\tdef area(w, h):",
            "src/deep/area.py",
            "1\tfrom ..area import area",
        ]
    )


def test_a_search_is_narrowed_by_glob_and_widened_by_case(asker: Asker) -> None:
    assert asker.ok("search", pattern="AREA", glob="src/*.py", ignore_case=True) == (
        "1 matching line in 1 file:\nsrc/area.py\n1\tdef area(w, h):"
    )
    assert asker.ok("search", pattern="area", glob="src/deep") == (
        "1 matching line in 1 file:\nsrc/deep/area.py\n1\tfrom ..area import area"
    )
    assert asker.ok("search", pattern=r"(?<=w)\s\*", glob="**/*.py").startswith("1 matching line")
    assert asker.ok("search", pattern="area", glob="src/{deep,none}/*.{py,js}") == (
        "1 matching line in 1 file:\nsrc/deep/area.py\n1\tfrom ..area import area"
    )


def test_nothing_found_is_told_apart_from_nothing_searched(asker: Asker) -> None:
    assert asker.ok("search", pattern="volume") == "No line matches."
    assert asker.ok("search", pattern="volume", glob="src") == "No line matches."
    assert asker.error("search", pattern="area", glob="*.rs") == (
        "No file matches the glob *.rs; `**/*.rs` looks in all folders."
    )
    assert asker.error("search", pattern="area", glob="../x") == (
        'glob is "../x", which leads outside.'
    )


@pytest.mark.parametrize("pattern", ["(", "*", "[a", "(?<bad", r"\\(("])
def test_a_pattern_that_git_refuses_is_an_error(asker: Asker, pattern: str) -> None:
    assert asker.error("search", pattern=pattern).startswith("git does not search for this: ")


def test_a_catastrophic_pattern_ends(repo: RepositoryBuilder) -> None:
    asker = Asker(repo, repo.commit({"a.txt": "a" * 5_000 + "!\n"}))
    assert asker.error("search", pattern="^(a+)+$")


def test_a_search_that_takes_too_long_is_ended(
    repo: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "SEARCH_SECONDS", 1e-6)
    asker = Asker(repo, repo.commit({"a.txt": "a\n"}))
    assert asker.error("search", pattern="a") == (
        "This took longer than 1e-06 s; narrow it with glob."
    )


def test_many_matches_are_shown_in_pieces_that_add_up(repo: RepositoryBuilder) -> None:
    counts = {"a.txt": 70, "b.txt": 1, "c.txt": 140, "d.txt": 20}
    files = {name: "".join(f"hit {n}\n" for n in range(count)) for name, count in counts.items()}
    asker = Asker(repo, repo.commit({**files, "none.txt": "miss\n"}))
    shown: list[tuple[str, int]] = []
    while len(shown) < 231:
        head, *lines = asker.ok("search", pattern="^hit", skip=len(shown)).split("\n")
        name = ""
        for line in lines:
            number, tab, text = line.partition("\t")
            if tab:
                assert text == f"hit {int(number) - 1}"
                shown.append((name, int(number)))
            else:
                name = line
        assert head.startswith("231 matching lines in 4 files; these are ")
    assert shown == [(name, n + 1) for name, count in counts.items() for n in range(count)]
    assert asker.ok("search", pattern="^hit", skip=231) == "231 matching lines."


def test_what_the_user_configured_or_left_in_the_checkout_changes_no_answer(
    repo: RepositoryBuilder, asker: Asker
) -> None:
    def ask() -> list[str]:
        return [asker.ok("search", pattern="area"), asker.ok("list_files")]

    before = ask()
    (repo.path / "area.py").write_text("area, not committed\n")
    (repo.path / ".gitattributes").write_text("*.py binary\n*.txt -diff filter=evil\n")
    repo.git("add", ".gitattributes")
    for key, value in {
        "grep.lineNumber": "true",
        "grep.column": "true",
        "grep.patternType": "fixed",
        "grep.fullName": "false",
        "color.ui": "always",
        "color.grep": "always",
        "core.quotePath": "true",
        "diff.external": "touch pwned",
        "diff.noprefix": "true",
        "filter.evil.smudge": "touch pwned",
    }.items():
        repo.git("config", key, value)

    assert ask() == before
    assert not (repo.path / "pwned").exists()


def test_a_bare_repository_and_a_subfolder_answer_the_same(
    repo: RepositoryBuilder, tmp_path: Path
) -> None:
    commit = repo.commit({"src/a.py": "area\n", "b.py": "area\n"})
    repo.checkout(commit)
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(tmp_path / "bare"))
    places = [repo.path, repo.path / "src", tmp_path / "bare"]
    answers = set()
    withheld = repo.withheld(commit)
    for place in places:
        answer = ReadOnlyTools(Repository.discover(place), commit, withheld, base=commit).answer
        answers.add(answer(ToolCall("t", "search", {"pattern": "area", "glob": "**/*.py"})).text)
    assert answers == {"2 matching lines in 2 files:\nb.py\n1\tarea\nsrc/a.py\n1\tarea"}


# -- list_files


def test_files_are_listed_with_what_is_no_file_marked(asker: Asker) -> None:
    assert asker.ok("list_files") == "\n".join(
        [
            "13 files:",
            "*.py",
            "README.md",
            r"a b\x0ac.txt",
            r"caf\xe9.txt",
            "latin.txt",
            "link (symbolic link)",
            "logo.png",
            "outside (symbolic link)",
            "src/area.py",
            "src/deep/area.py",
            "src/empty.py",
            "src/unended.py",
            "vendored (submodule)",
        ]
    )
    assert asker.ok("list_files", glob="src/*.py").split("\n")[1:] == [
        "src/area.py",
        "src/empty.py",
        "src/unended.py",
    ]
    assert asker.ok("list_files", glob="src/deep/").split("\n")[1:] == ["src/deep/area.py"]
    assert asker.ok("list_files", glob=".") == asker.ok("list_files")
    assert asker.error("list_files", glob="*.rs") == (
        "No file matches the glob *.rs; `**/*.rs` looks in all folders."
    )


def test_many_files_are_listed_in_pieces(repo: RepositoryBuilder) -> None:
    names = [f"{n:04}.txt" for n in range(tools.PATHS + 3)]
    asker = Asker(repo, repo.commit(dict.fromkeys(names, "")))

    head, *first = asker.ok("list_files").split("\n")
    assert head == '503 files; these are 1-500, for the rest: list_files {"skip": 500}:'
    head, *second = asker.ok("list_files", skip=500).split("\n")
    assert head == "503 files; these are 501-503:"
    assert first + second == names
    assert asker.error("list_files", skip=503) == "There are only 503 files."


# -- show_diff


@pytest.fixture
def changed(repo: RepositoryBuilder) -> Asker:
    """What a task finds that depends on others."""
    base = repo.commit(
        {
            ".gitattributes": "private/** -swarm\n",
            "src/area.py": "def area(w, h):\n    return w * h\n",
            "src/old.py": "old = 1\n",
            "private/plan.md": "margins\n",
            "keys.py": "keys = []\n",
            "logo.png": b"\0old",
        }
    )
    commit = repo.commit(
        {
            "src/area.py": "def area(w, h):\n    return abs(w * h)\n",
            "src/old.py": None,
            "src/new name.py": "new = 1\n",
            "private/plan.md": "secret margins\n",
            "keys.py": f"keys = ['{'AKIA' + 'IOSFODNN7EXAMPLE'}']\n",
            "logo.png": b"\0new",
        },
        on=base,
    )
    return Asker(repo, commit, base)


def test_what_the_dependencies_did_is_listed_and_shown(changed: Asker) -> None:
    head, *lines = changed.ok("show_diff").split("\n")

    assert head == "6 files changed, 22 lines of diff:"
    assert lines[:7] == [
        "M keys.py +1 -1 (is kept from models: it holds a secret (AWS Access Key))",
        "M logo.png +0 -0 (binary, or very long)",
        'M private/plan.md +1 -1 (is kept from models by the attribute "-swarm")',
        "M src/area.py +1 -1",
        "A src/new name.py +1 -0",
        "D src/old.py +0 -1",
        "",
    ]
    assert [line for line in lines[7:] if line[0] in "+-@"] == [
        "--- a/src/area.py",
        "+++ b/src/area.py",
        "@@ -1,2 +1,2 @@",
        "-    return w * h",
        "+    return abs(w * h)",
        "--- /dev/null",
        "+++ b/src/new name.py\t",
        "@@ -0,0 +1 @@",
        "+new = 1",
        "--- a/src/old.py",
        "+++ /dev/null",
        "@@ -1 +0,0 @@",
        "-old = 1",
    ]


def test_a_diff_is_narrowed_by_path(changed: Asker) -> None:
    assert changed.ok("show_diff", path="src/old.py").startswith("1 file changed, 7 lines of diff:")
    assert changed.ok("show_diff", path="src").startswith("3 files changed, 22 lines of diff:")
    assert changed.ok("show_diff", path="src/n*").startswith("1 file changed, 7 lines of diff:")
    assert changed.ok("show_diff", path="docs") == "Nothing has changed at docs."
    assert changed.error("show_diff", path="../x") == 'path is "../x", which leads outside.'


def test_a_task_that_depends_on_none_has_no_diff(asker: Asker) -> None:
    assert asker.ok("show_diff") == "Nothing has changed."


def test_a_long_diff_is_shown_in_pieces_that_add_up(repo: RepositoryBuilder) -> None:
    base = repo.commit({"a.txt": ""})
    text = "".join(f"line {n}\n" for n in range(2_500))
    asker = Asker(repo, repo.commit({"a.txt": text, "b.txt": "b\n" * 30_000}, on=base), base)
    read: list[str] = []
    while len(read) < 2_505:
        head, *lines = asker.ok("show_diff", skip=len(read)).split("\n")
        if not read:
            assert lines[:3] == [
                "M a.txt +2500 -0",
                "A b.txt +30000 -0 (too long to be shown with the others)",
                "",
            ]
            lines = lines[3:]
        end = len(read) + len(lines)
        rest = f', for the rest: show_diff {{"skip": {end}}}' if end < 2_505 else ""
        assert head == (
            f"2 files changed, 2,505 lines of diff; these are {len(read) + 1}-{end}{rest}:"
        )
        read += lines
    assert [line[1:] for line in read[5:]] == text.splitlines()
    assert asker.error("show_diff", skip=2_505) == "The diff has 2,505 lines."
    assert "too long" in asker.ok("show_diff", path="b.txt")


def test_a_diff_obeys_no_settings_of_the_user(repo: RepositoryBuilder, changed: Asker) -> None:
    before = changed.ok("show_diff")
    for key, value in {
        "diff.noprefix": "true",
        "diff.external": "touch pwned",
        "diff.context": "0",
        "color.ui": "always",
        "diff.renames": "copies",
    }.items():
        repo.git("config", key, value)
    (repo.path / ".gitattributes").write_text("*.py -diff\n")

    assert changed.ok("show_diff") == before
    assert not (repo.path / "pwned").exists()


# -- the calls themselves


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("rm", {}, "There is no tool 'rm', only read_file, search, list_files, show_diff."),
        ("read_file", {}, "read_file was called with wrong arguments: path: Field required."),
        (
            "read_file",
            {"path": "a", "line": 3},
            "read_file was called with wrong arguments: line: Extra inputs are not permitted.",
        ),
        (
            "search",
            {"pattern": ""},
            "search was called with wrong arguments: pattern: String should have at least 1"
            " character.",
        ),
        ("search", {"pattern": "a\0b"}, "The pattern holds a NUL character."),
    ],
)
def test_wrong_calls_are_answered(
    asker: Asker, name: str, arguments: dict[str, object], says: str
) -> None:
    assert asker.error(name, **arguments) == says


@pytest.mark.parametrize("arguments", [[], "x", None, {"path": ["a"]}])
def test_arguments_of_another_type_are_answered(asker: Asker, arguments: object) -> None:
    answer = asker._tools.answer(ToolCall("t", "read_file", arguments))  # type: ignore[arg-type]
    assert answer.is_error
    assert "wrong arguments" in answer.text


def test_the_schemas_say_what_is_taken() -> None:
    assert [tool.name for tool in TOOLS] == ["read_file", "search", "list_files", "show_diff"]
    good: dict[str, dict[str, object]] = {
        "read_file": {"path": "a", "start_line": 1, "end_line": None},
        "search": {"pattern": "a", "glob": "*", "ignore_case": True, "skip": 0},
        "list_files": {"glob": None, "skip": 1},
        "show_diff": {"path": "src", "skip": 0},
    }
    for tool in TOOLS:
        jsonschema.Draft202012Validator.check_schema(tool.schema)
        jsonschema.validate(good[tool.name], tool.schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**good[tool.name], "other": 1}, tool.schema)


def test_a_damaged_repository_is_told_to_the_model(repo: RepositoryBuilder) -> None:
    commit = repo.commit({"a.txt": "a\n"})
    blob = repo.git("rev-parse", f"{commit}:a.txt").strip()
    os.remove(repo.path / ".git" / "objects" / blob[:2] / blob[2:])
    assert Asker(repo, commit).error("read_file", path="a.txt") == (
        "a.txt is missing from the repository"
    )
