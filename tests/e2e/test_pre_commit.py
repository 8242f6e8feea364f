"""The hooks as the framework pre-commit runs them: installed from a repository at a revision."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from shutil import copy2, copytree, ignore_patterns

import click
import pytest

import gitswarm
from tests.e2e.conftest import COMMAND, Finished, Swarm, git
from tests.e2e.findings import REVIEWERS, answers, finding, findings_reply

PROJECT = Path(gitswarm.__file__).parent.parent

CONFIG = """\
repos:
- repo: {source}
  rev: {rev}
  hooks:
  - id: git-swarm-check
  - id: git-swarm-review
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A repository of this project as it stands."""
    copy = tmp_path / "source"
    for folder in ("gitswarm", "hooks"):
        copytree(
            PROJECT / folder, copy / folder, symlinks=True, ignore=ignore_patterns("__pycache__")
        )
    for file in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        copy2(PROJECT / file, copy / file)
    git(copy, "init", "--quiet")
    git(copy, "add", ".")
    git(copy, "commit", "--quiet", "-m", "as it stands")
    return copy


def test_the_hooks_run_at_a_commit_and_at_a_push(
    swarm: Swarm, source: Path, tmp_path: Path
) -> None:
    environ = {
        **os.environ,
        **swarm.api.environment(),
        "PRE_COMMIT_HOME": str(tmp_path / "cache"),
        # what the package and its build need is here already: only itself has to be installed
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PYTHONPATH": str(Path(click.__file__).parent.parent),
    }

    def run(*command: str) -> Finished:
        done = subprocess.run(
            command, cwd=swarm.repo.path, env=environ, capture_output=True, timeout=120
        )
        return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())

    def write(name: str, text: str) -> None:
        (swarm.repo.path / name).write_text(text)
        git(swarm.repo.path, "add", name)

    git(tmp_path, "init", "--quiet", "--bare", "origin")
    swarm.repo.git("remote", "add", "origin", str(tmp_path / "origin"))
    swarm.repo.git("push", "--quiet", "origin", "main")
    config = CONFIG.format(source=source, rev=git(source, "rev-parse", "HEAD").strip())
    write(".pre-commit-config.yaml", config)
    pre_commit = (sys.executable, "-m", "pre_commit")
    installed = run(*pre_commit, "install", "-t", "pre-commit", "-t", "pre-push")
    assert installed.status == 0, installed.stderr

    write("app.py", "one\n<<<<<<< ours\n")
    stopped = run("git", "commit", "-m", "conflict")
    write("app.py", "one\nTWO\nthree\n")
    committed = run("git", "commit", "-m", "change")

    assert stopped.status == 1, stopped.stderr
    assert "git swarm: app.py:2: a conflict marker" in stopped.stderr
    assert committed.status == 0, committed.stderr

    swarm.repo.git("config", "swarm.review.mode", "block")
    swarm.script.answers = answers(security=findings_reply(finding()))
    held_up = run("git", "push", "origin", "main")
    swarm.repo.git("config", "swarm.review.mode", "warn")
    asked = sorted(call.task for call in swarm.api.calls)
    warned = run("git", "push", "origin", "main")

    assert (held_up.status, warned.status) == (1, 0), held_up.stdout
    for done in (held_up, warned):
        assert "1. critical  app.py:2" in done.stdout + done.stderr
    assert asked == sorted(REVIEWERS)
    assert len(swarm.api.calls) == len(asked)


@pytest.mark.parametrize("what", ["-a", "app.py"])
def test_what_a_commit_takes_from_the_checkout_is_looked_at(swarm: Swarm, what: str) -> None:
    hook = swarm.repo.path / ".git/hooks/pre-commit"
    hook.write_text(f"#!/bin/sh\nexec {shlex.join(COMMAND)} hook run check\n")
    hook.chmod(0o755)
    (swarm.repo.path / "app.py").write_text("one\n<<<<<<< ours\n")
    command = ["git", "commit", "-m", "conflict", what]

    done = subprocess.run(command, cwd=swarm.repo.path, capture_output=True)

    assert done.returncode == 1
    assert done.stderr.startswith(b"git swarm: app.py:2: a conflict marker\n")
