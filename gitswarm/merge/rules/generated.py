"""Files that a program writes: lock files and snapshots, which nobody merges line by line.

Their lines depend on each other in ways that a text does not show: half of one side's lock file and
half of the other's is a state that no resolver ever chose.
"""

from gitswarm.repo.objects import RepoPath

_LOCK_FILES = {
    b"bun.lock",
    b"bun.lockb",
    b"cargo.lock",
    b"composer.lock",
    b"deno.lock",
    b"flake.lock",
    b"gemfile.lock",
    b"go.sum",
    b"go.work.sum",
    b"gradle.lockfile",
    b"mix.lock",
    b"npm-shrinkwrap.json",
    b"package-lock.json",
    b"package.resolved",
    b"packages.lock.json",
    b"pdm.lock",
    b"pipfile.lock",
    b"pixi.lock",
    b"pnpm-lock.yaml",
    b"podfile.lock",
    b"poetry.lock",
    b"pubspec.lock",
    b"pylock.toml",
    b"uv.lock",
    b"yarn.lock",
}
_SNAPSHOTS = (b".snap", b".snap.new", b".ambr")


def generated_kind(path: RepoPath) -> str | None:
    """Which of them a file is, `lock file` or `snapshot`; None where people write it."""
    *folders, name = path.lower().split(b"/")
    if name in _LOCK_FILES:
        return "lock file"
    if name.endswith(_SNAPSHOTS) or b"__snapshots__" in folders:
        return "snapshot"
    return None
