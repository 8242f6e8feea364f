"""The floors of the house: a module imports only from its own floor's earlier rooms and below."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "gitswarm"

FLOORS: list[list[str]] = [
    ["errors", "repo.objects", "findings", "settings", "progress", "screen.text"],
    ["repo", "model", "process"],
    ["plan", "merge", "swarm", "integrate"],
    [
        "report",
        "record",
        "live_state",
        "overview",
        "estimate",
        "history",
        "review",
        "hooks",
        "publish",
        "stop",
        "run",
        "saved_run",
    ],
    ["orchestrator"],
    ["screen", "console", "demo", "cli", "commands"],
]
"""From the ground up; within a floor, what stands later may import what stands earlier, and the
rooms of floors 1 and 5 each other."""

PURE = {
    "plan.tasks",
    "plan.schedule",
    "plan.pathspecs",
    "swarm.edits",
    "swarm.results",
    "merge.conflicts",
}
"""Modules of floor 2 that need no repository, network or process to be used."""


def _place(module: str) -> tuple[int, int]:
    """Floor and room; the longest name counts."""
    places = {name: (f, r) for f, rooms in enumerate(FLOORS) for r, name in enumerate(rooms)}
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        if place := places.get(".".join(parts[:length])):
            return place
    raise AssertionError(f"gitswarm.{module} has no place in the house")


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for file in sorted(PACKAGE.rglob("*.py")):
        relative = file.relative_to(PACKAGE)
        if relative.parts[:2] == ("demo", "project"):
            continue
        name = ".".join(relative.with_suffix("").parts).removesuffix("__init__").rstrip(".")
        if name:
            yield name, ast.parse(file.read_text("utf-8"))


def _imports(tree: ast.Module) -> Iterator[str]:
    """What is imported of gitswarm, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gitswarm"):
            module = (node.module or "").removeprefix("gitswarm").lstrip(".")
            for alias in node.names:
                inner = PACKAGE.joinpath(*module.split("."), alias.name) if module else None
                is_module = inner is not None and (
                    inner.with_suffix(".py").exists() or inner.is_dir()
                )
                if not module or is_module:
                    yield f"{module}.{alias.name}".lstrip(".")
                else:
                    yield module
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("gitswarm."):
                    yield alias.name.removeprefix("gitswarm.")


def test_no_import_runs_upwards() -> None:
    upward = []
    for name, tree in _modules():
        floor, room = _place(name)
        for imported in _imports(tree):
            other_floor, other_room = _place(imported)
            same_is_free = floor in (1, 5)
            if other_floor > floor or (
                other_floor == floor and other_room > room and not same_is_free
            ):
                upward.append(f"{name} imports {imported}")
    assert upward == []


def test_pure_modules_stay_pure() -> None:
    impure = [
        f"{name} imports {imported}"
        for name, tree in _modules()
        if name in PURE
        for imported in _imports(tree)
        if imported.startswith(("repo.", "model.", "process")) and imported != "repo.objects"
        if imported not in ("model.reply",)
    ]
    assert impure == []


def test_only_the_doors_reach_outside() -> None:
    doors = {
        "git": {"repo.command", "repo.objectstore"},
        "gitdb": {"repo.objectstore"},
        "anthropic": {"model.claude", "model.wire"},
        "httpx2": {"model.claude", "publish.rest"},
        "subprocess": {"repo.command"},
    }
    found: dict[str, set[str]] = {outside: set() for outside in doors}
    for name, tree in _modules():
        for node in ast.walk(tree):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for imported in names:
                root = imported.split(".")[0]
                if root in found:
                    found[root].add(name)
    assert found == doors
