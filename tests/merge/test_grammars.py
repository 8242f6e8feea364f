"""Languages that tree-sitter knows, with and without the extra that brings it."""

import subprocess
import sys

import pytest

from gitswarm.merge.grammars import first_error, language, parse
from gitswarm.repo.objects import RepoPath


@pytest.mark.parametrize(
    ("path", "name"),
    [("a.ts", "typescript"), ("b/c.D.Cc", "cpp"), ("ts", ""), (".ts", ""), ("a.py", "")],
)
def test_the_last_part_of_a_name_tells_the_language(path: str, name: str) -> None:
    assert language(RepoPath(path.encode())) == name


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("f(1);\n", None),
        ("f(1;\n", (1, "')' is missing")),
        ("f(1);\n}\n", (2, "'}' does not belong here")),
        ("", None),
    ],
)
def test_the_first_place_that_breaks_the_grammar_is_told(
    text: str, error: tuple[int, str] | None
) -> None:
    root = parse(RepoPath(b"a.js"), text.encode())

    assert root is not None
    assert first_error(root) == error


def test_without_the_extra_nothing_is_said_of_these_languages() -> None:
    program = (
        "import sys; sys.modules['tree_sitter'] = None\n"
        "from gitswarm.merge.duplicates import repeated\n"
        "from gitswarm.merge.syntax import syntax_error\n"
        "print(syntax_error(b'a.js', b'f(('), repeated(b'a.go', b'func f(){}\\nfunc f(){}'))"
    )

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert said.stdout.decode().split() == ["None", "{}"]
