"""What a quick command may cost: no client, no model, nothing that is not needed."""

import subprocess
import sys

import pytest

from tests.conftest import RepositoryBuilder


@pytest.mark.parametrize(
    "arguments",
    [
        "-h",
        "--version",
        "list",
        "list --json",
        "status",
        "roles",
        "bogus",
        "hook",
        "hook run check",
        "backtest",
        "merge-file A O B",
        "resolve --no-model",
    ],
)
def test_commands_that_ask_no_model_do_not_import_its_client(
    repo: RepositoryBuilder, arguments: str
) -> None:
    program = (
        "import sys; from gitswarm.cli import run; "
        f"run({arguments.split()!r}); "
        "late = ('anthropic', 'httpx2', 'detect_secrets', 'tree_sitter');"
        "print([m for m in late if m in sys.modules],"
        " file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=repo.path, capture_output=True, check=True
    )

    assert done.stderr.decode().splitlines()[-1] == "[]"


def test_a_push_is_checked_without_what_only_a_model_needs(repo: RepositoryBuilder) -> None:
    base = repo.commit({"a.py": "one\n"})
    repo.checkout(repo.commit({"a.py": "<<<<<<< ours\n", "b.py": "b" * 40}, on=base))
    line = f"refs/heads/main {repo.git('rev-parse', 'HEAD').strip()} refs/heads/main {base}\n"
    program = (
        "import sys; from gitswarm.cli import run; "
        "status = run(['hook', 'run', 'pre-push', 'origin', 'address']); "
        "late = ('anthropic', 'httpx2', 'gitswarm.orchestrator', 'gitswarm.model');"
        "print(status, [m for m in late if m in sys.modules])"
    )
    command = [sys.executable, "-c", program]

    done = subprocess.run(command, cwd=repo.path, input=line.encode(), capture_output=True)

    assert done.stdout == b"1 []\n"
    assert done.stderr.startswith(b"git swarm: a.py:1: a conflict marker\n")


def test_importing_the_package_reads_and_prints_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import gitswarm"], capture_output=True, check=True
    )

    assert (done.stdout, done.stderr) == (b"", b"")
