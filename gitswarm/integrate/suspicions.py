"""Suspicions: what is wrong with a merge that git made without a conflict, or that was resolved.

Only what the merge is to blame for: each branch by itself is sound. Looked at are the files that
the merge brought together; how many others there are makes no difference.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain

from gitswarm.findings import Finding, Severity
from gitswarm.integrate.values import UNPARSABLE
from gitswarm.merge.calls import BrokenCall, Modules, broken_calls, still_broken, takes_away
from gitswarm.merge.duplicates import repeated
from gitswarm.merge.python_module import UNKNOWN, PythonModule, read_module
from gitswarm.merge.syntax import syntax_error
from gitswarm.repo.objects import Oid, RepoPath, show
from gitswarm.repo.repository import Repository

LONGEST = 5_000_000
"""A longer file is not looked into, in bytes."""

Texts = Mapping[RepoPath, bytes]
"""Files of one tree; those that it does not have are missing."""


@dataclass(frozen=True, slots=True)
class _Suspicion:
    """Something seen in a merge, which a later one may have mended."""

    paths: tuple[RepoPath, ...]
    """The files that it is about."""
    find: Callable[[Texts], Finding | None]
    """What there is of it in these files as some tree has them."""


def find_suspicious(repository: Repository, base: Oid, merged: Oid) -> tuple[Finding, ...]:
    """What the merges between two commits did wrong and the later one still has, each once, by path
    and line."""
    look = _Look(repository)
    seen = [one for merge in repository.merges_between(base, merged) for one in look.at(*merge)]
    paths = {path for one in seen for path in one.paths}
    blobs = repository.blobs_at(merged, paths)
    texts = {path: repository.blob(blob) for path, blob in blobs.items() if blob}
    found = filter(None, (one.find(texts) for one in seen))
    once = {(one.category, one.path, one.title): one for one in found}
    return tuple(sorted(once.values(), key=lambda one: (one.path, one.lines or (0, 0))))


class _Look:
    """At merges, one after another."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._module = cache(self._read_module)

    def at(self, merge: Oid, ours: Oid, theirs: Oid) -> Iterator[_Suspicion]:
        """What one merge did wrong. The cost is that of what `theirs` brought, however much more
        there is in `ours`, unless it took away what `ours` may be calling."""
        brought = self._repository.changed_blobs(ours, merge)
        others = self._repository.blobs_at(theirs, brought)
        for path, (before, after) in brought.items():
            other = others[path]
            if after not in (None, other):
                yield from self._in_file(path, after, [one for one in (before, other) if one])
        merged = self._modules(merge, {path: after for path, (_, after) in brought.items()})
        mine = self._modules(ours, {path: before for path, (before, _) in brought.items()})
        other_side = self._modules(theirs, others)
        python = [*filter(_is_python, brought)]
        calls = broken_calls(python, merged=merged, side=other_side, other=mine)
        if any(takes_away(mine(path), merged(path)) for path in python):
            had = filter(_is_python, self._repository.changed_blobs(theirs, merge))
            more = broken_calls(had, merged=merged, side=mine, other=other_side)
            calls = chain(calls, more)
        for call in calls:
            yield _Suspicion((call.path, call.module), partial(_broken, call))

    def _in_file(self, path: RepoPath, merged: Oid, parents: Sequence[Oid]) -> Iterator[_Suspicion]:
        """What is wrong with a file that holds changes of both sides."""
        versions = [merged, *parents]
        if not parents or max(self._repository.sizes(versions).values()) > LONGEST:
            return
        blobs = self._repository.blobs(versions)
        text, texts = blobs[merged], [blobs[one] for one in parents]
        if syntax_error(path, text) and not any(syntax_error(path, one) for one in texts):
            yield _Suspicion((path,), partial(_unparsable, path))
        known = {name for one in texts for name in repeated(path, one)}
        for name in repeated(path, text).keys() - known:
            yield _Suspicion((path,), partial(_repeated, path, name))

    def _modules(self, commit: Oid, known: Mapping[RepoPath, Oid | None]) -> Modules:
        """The modules of a commit, some of whose blobs are known already."""

        @cache
        def module(path: RepoPath) -> PythonModule | None:
            blob = known[path] if path in known else self._repository.blob_at(commit, path)
            return self._module(blob) if blob else None

        return module

    def _read_module(self, blob: Oid) -> PythonModule:
        is_short = self._repository.sizes([blob])[blob] <= LONGEST
        return read_module(self._repository.blob(blob)) if is_short else UNKNOWN


def _is_python(path: RepoPath) -> bool:
    return path.endswith((b".py", b".pyi"))


# What a suspicion comes to in a tree


def _unparsable(path: RepoPath, texts: Texts) -> Finding | None:
    fault = syntax_error(path, texts[path]) if path in texts else None
    if fault is None:
        return None
    return Finding(
        Severity.CRITICAL,
        show(path),
        (fault.line, fault.line) if fault.line else None,
        UNPARSABLE,
        "it does not parse any more",
        f"{fault}; both branches had it in order before they were merged",
    )


def _repeated(path: RepoPath, name: str, texts: Texts) -> Finding | None:
    found = repeated(path, texts[path]).get(name) if path in texts else None
    if found is None:
        return None
    last = found.lines[-1]
    others = ", ".join(map(str, found.lines[:-1]))
    return Finding(
        Severity.MAJOR,
        show(path),
        (last, last),
        f"duplicate-{found.what}",
        f"{_NAMED[found.what].format(found.name)} {_times(len(found.lines))}",
        f"line {others} has it too; of either branch by itself it was there once at most",
    )


_NAMED = {"definition": "{} is defined", "key": "the key {} is there"}


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"


def _broken(call: BrokenCall, texts: Texts) -> Finding | None:
    caller, module = (
        read_module(texts[path]) if path in texts else None for path in (call.path, call.module)
    )
    found = still_broken(call, caller, module)
    if found is None:
        return None
    used = "called" if found.use.is_call else "imported"
    where = "" if found.path == found.module else f" of {show(found.module)}"
    if found.refusal is None:
        category = "missing-definition"
        title = f"{found.name}{where} is {used} and not there any more"
        reason = "one branch removed or renamed it, the other one uses it anew"
    else:
        category = "call-mismatch"
        title = f"{found.name}{where} cannot be called like this any more"
        reason = f"{found.refusal}: one branch changed its parameters, the other one calls it anew"
    line = (found.line, found.line)
    return Finding(Severity.MAJOR, show(found.path), line, category, title, reason)
