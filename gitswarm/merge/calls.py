"""Calls that one branch adds to what the other removes or changes the parameters of.

Each branch is sound by itself and they touch different lines, or different files. A call is told
only when its branch has the definition and can call it so, when it is new to the other branch, and
when the other branch is why it cannot be made any more.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from gitswarm.merge.python_module import PythonModule, Use
from gitswarm.repo.objects import RepoPath

Modules = Callable[[RepoPath], PythonModule | None]
"""The Python files of one tree; None for a path where it has none."""


@dataclass(frozen=True, slots=True)
class BrokenCall:
    """A use of a name that is no longer there, or no longer called like that."""

    path: RepoPath
    line: int
    use: Use
    module: RepoPath
    """The file that defined the name."""
    name: str
    """Within that file: `save`, `Store.put`."""
    refusal: str | None
    """Why its arguments do not fit, in Python's words; None where the name is gone."""


def broken_calls(
    paths: Iterable[RepoPath], *, merged: Modules, side: Modules, other: Modules
) -> Iterator[BrokenCall]:
    """In some files, the uses that one side of a merge brought and the other one broke: one for
    each file and name that it uses, a call where there is one."""
    for path in paths:
        module, before, elsewhere = merged(path), side(path), other(path)
        if module is None or before is None:
            continue
        new = before.uses.keys() - (elsewhere.uses if elsewhere else {}).keys()
        used = ((use, line) for use, line in module.uses.items() if use in new)
        told: set[tuple[RepoPath, str]] = set()
        for use, line in sorted(used, key=lambda one: (not one[0].is_call, one[1])):
            found = _broken(path, use, merged, side, other)
            if found and found[:2] not in told:
                told.add(found[:2])
                yield BrokenCall(path, line, use, *found)


def takes_away(before: PythonModule | None, after: PythonModule | None) -> bool:
    """Whether a change of a file may break calls: a name went, or is called in another way."""
    return before is not None and any(
        _is_gone(after, name) or (known and after and after.signatures.get(name) != known)
        for name, known in before.signatures.items()
    )


def still_broken(
    call: BrokenCall, caller: PythonModule | None, module: PythonModule | None
) -> BrokenCall | None:
    """The same in a later tree, at its line there; None where it has been mended."""
    if caller is None or call.use not in caller.uses:
        return None
    refusal = _refusal(call.use, module, call.name)
    if refusal is None and not _is_gone(module, call.name):
        return None
    return BrokenCall(call.path, caller.uses[call.use], call.use, call.module, call.name, refusal)


def _broken(
    path: RepoPath, use: Use, merged: Modules, side: Modules, other: Modules
) -> tuple[RepoPath, str, str | None] | None:
    """Module, name and refusal, where `side` can do what `other` has made impossible."""
    places = [*_places(path, use)]
    for place, name in places:
        before = side(place)
        if before is None or name not in before.signatures:
            continue
        if all(_is_gone(merged(again), name) for again, same in places if same == name):
            return (place, name, None) if _is_gone(other(place), name) else None
        refusal = _refusal(use, merged(place), name)
        if refusal is None or _refusal(use, other(place), name) is None:
            return None
        could = before.signatures[name] is not None and _refusal(use, before, name) is None
        return (place, name, refusal) if could else None
    return None


def _is_gone(module: PythonModule | None, name: str) -> bool:
    return module is None or module.lacks(name)


def _refusal(use: Use, module: PythonModule | None, name: str) -> str | None:
    signature = module.signatures.get(name) if module else None
    return use.arguments.refused_by(signature) if use.arguments and signature else None


def _places(path: RepoPath, use: Use) -> Iterator[tuple[RepoPath, str]]:
    """Files that may define what is used, with its name there. Which folders Python looks in is
    not known, so all above the file count, and `src` in them."""
    if use.is_local:
        yield path, use.target
        return
    dots = len(use.target) - len(use.target.lstrip("."))
    parts = use.target[dots:].split(".")
    folders = [*PurePosixPath(path.decode("utf-8", "surrogateescape")).parents]
    if dots:
        roots = folders[dots - 1 : dots]
    else:
        roots = [root for folder in folders for root in (folder, folder / "src")]
    for root in roots:
        for length in range(len(parts) - 1, -1 if dots else 0, -1):
            name = ".".join(parts[length:])
            package = root.joinpath(*parts[:length])
            files = [package / "__init__.py"]
            if length:
                files.insert(0, package.with_name(f"{package.name}.py"))
            for file in files:
                yield RepoPath(str(file).encode("utf-8", "surrogateescape")), name
