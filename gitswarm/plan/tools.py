"""The tools that planner and agents have: they read the tracked files of one commit.

They see blobs, so that nothing uncommitted is shown and no symbolic link leads anywhere, and run
nothing but git. Every answer is bounded and says how to get the rest.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError

from gitswarm.errors import GitError, GitTimeoutError
from gitswarm.model import Tool, ToolCall
from gitswarm.model.conversation import ToolAnswer
from gitswarm.plan.path_text import spell, spelled
from gitswarm.plan.pathspecs import plain_path
from gitswarm.plan.show_diff import ShowDiff
from gitswarm.plan.tool_call import (
    CHECKED_BYTES,
    FILE_BYTES,
    Call,
    UnanswerableError,
    counted,
    cut,
    glob_of,
    no_file,
    numbered,
)
from gitswarm.plan.tracked import (
    SEARCHED_BYTES,
    Match,
    Query,
    TrackedFiles,
    WithheldError,
    is_binary,
)
from gitswarm.plan.withheld import Withheld
from gitswarm.repo.objects import SUBMODULE_MODE, SYMLINK_MODE, Oid, RepoPath, TreeEntry
from gitswarm.repo.repository import Repository

MATCHES = 100
MATCH_CHARACTERS = 300
PATHS = 500
NAMESAKES = 5
SEARCH_SECONDS = 15.0


class ReadOnlyTools:
    """What the tools answer at one commit. Safe to use from threads."""

    def __init__(
        self, repository: Repository, commit: Oid, withheld: Withheld, *, base: Oid
    ) -> None:
        """`base` is what `show_diff` compares the commit with."""
        self._files = TrackedFiles(
            repository, commit, withheld, base=base, search_seconds=SEARCH_SECONDS
        )

    def answer(self, call: ToolCall) -> ToolAnswer:
        """Whatever the model asks has an answer; one that only says what was wrong is an error."""
        kind = _KINDS.get(call.name)
        if kind is None:
            known = ", ".join(_KINDS)
            return ToolAnswer(f"There is no tool {call.name!r}, only {known}.", is_error=True)
        try:
            return ToolAnswer(kind.model_validate(call.arguments).answer(self._files))
        except ValidationError as error:
            return ToolAnswer(_wrong_arguments(call.name, error), is_error=True)
        except UnanswerableError as error:
            return ToolAnswer(str(error), is_error=True)
        except GitTimeoutError:
            too_long = f"This took longer than {SEARCH_SECONDS:g} s; narrow it with glob."
            return ToolAnswer(too_long, is_error=True)
        except WithheldError as error:
            return ToolAnswer(f"{error.message}.", is_error=True)
        except GitError as error:
            return ToolAnswer(error.message, is_error=True)


class ReadFile(Call):
    name = "read_file"
    does = (
        "Read a text file of the repository. Each line comes after its number and a tab, which are"
        " not part of the file."
    )

    path: Annotated[str, Field(description="From the root of the repository.")]
    start_line: Annotated[int, Field(ge=1, description="The first line wanted.")] = 1
    end_line: Annotated[
        int | None, Field(ge=1, description="The last line wanted; without it, to the end.")
    ] = None

    def answer(self, files: TrackedFiles) -> str:
        entry = _find(files, self.path)
        name = spell(entry.path)
        text, remarks = _text(files, entry)
        lines = text.split("\n")
        if lines[-1] == "":
            lines.pop()
        else:
            remarks.append("no newline at its end")
        if not lines:
            return f"{name} is empty."
        if self.start_line > len(lines):
            raise UnanswerableError(f"{name} has {len(lines):,} lines.")
        last = len(lines) if self.end_line is None else min(self.end_line, len(lines))
        if last < self.start_line:
            raise UnanswerableError(f"end_line {last} is before start_line {self.start_line}.")
        shown = numbered(lines[self.start_line - 1 : last], self.start_line)
        end = self.start_line + len(shown) - 1
        head = f"{name}, lines {self.start_line}-{end} of {len(lines)}"
        if end < last:
            remarks.append(self.next(start_line=end + 1))
        return "\n".join([", ".join([head, *remarks]) + ":", *shown])


class Search(Call):
    name = "search"
    does = "Search the repository's text files for lines that match a regular expression."

    pattern: Annotated[
        str, Field(min_length=1, max_length=1_000, description="Perl-compatible, within a line.")
    ]
    glob: Annotated[
        str | None,
        Field(description="Only in files that match, such as `src/**/*.py`, or in this folder."),
    ] = None
    ignore_case: bool = False
    skip: Annotated[int, Field(ge=0, description="Matching lines to leave out, to go on.")] = 0

    def answer(self, files: TrackedFiles) -> str:
        if "\0" in self.pattern:
            raise UnanswerableError("The pattern holds a NUL character.")
        query = Query(self.pattern, glob_of(self.glob, "glob"), self.ignore_case)
        counts = files.count_matches(query)
        total = sum(counts.values())
        if total <= self.skip:
            if query.glob is not None and not files.matching(query.glob):
                raise UnanswerableError(no_file(query.glob))
            found = f"{counted(total, 'matching line')}." if total else "No line matches."
            return found + _not_searched(files)
        head = f"{counted(total, 'matching line')} in {counted(len(counts), 'file')}"
        if self.skip or total > MATCHES:
            end = min(total, self.skip + MATCHES)
            head += f"; these are {self.skip + 1}-{end}"
            if end < total:
                head += f", {self.next(skip=end)}"
        return "\n".join([f"{head}:", *self._shown(files, query, counts)]) + _not_searched(files)

    def _shown(
        self, files: TrackedFiles, query: Query, counts: Mapping[RepoPath, int]
    ) -> Iterable[str]:
        """The lines from `skip` on, under the names of their files; only those are read."""
        places: dict[RepoPath, range] = {}
        before = 0
        for path, count in counts.items():
            first = max(0, self.skip - before)
            end = min(count, self.skip + MATCHES - before)
            if first < end:
                places[path] = range(first, end)
            before += count
        hidden = dict(_hidden(files, places))
        readable = [path for path in places if path not in hidden]
        found = files.matches(query, readable, most=max(place.stop for place in places.values()))
        for path, place in places.items():
            yield spell(path)
            if path in hidden:
                yield f"    ({hidden[path]}: its {counts[path]:,} matches are not shown)"
            matches = [match for match in found if match.path == path]
            yield from (_match_line(matches[n]) for n in place if n < len(matches))


def _not_searched(files: TrackedFiles) -> str:
    large = files.unsearched
    if not large:
        return ""
    named = ", ".join(map(spell, large[:NAMESAKES])) + (", ..." if len(large) > NAMESAKES else "")
    return f"\nNot searched, with more than {SEARCHED_BYTES:,} bytes each: {named}"


class ListFiles(Call):
    name = "list_files"
    does = "List the repository's tracked files."

    glob: Annotated[
        str | None,
        Field(
            description="Only what matches or is in this folder. `*` stays within one name, `**/`"
            " stands for any folders: `**/*.py`, `src/*.c`, `docs`."
        ),
    ] = None
    skip: Annotated[int, Field(ge=0, description="Files to leave out, to go on.")] = 0

    def answer(self, files: TrackedFiles) -> str:
        glob = glob_of(self.glob, "glob")
        found = files.matching(glob)
        if not found:
            raise UnanswerableError("There are no files." if glob is None else no_file(glob))
        shown = found[self.skip : self.skip + PATHS]
        if not shown:
            raise UnanswerableError(f"There are only {counted(len(found), 'file')}.")
        head = counted(len(found), "file")
        end = self.skip + len(shown)
        if len(shown) < len(found):
            head += f"; these are {self.skip + 1}-{end}"
        if end < len(found):
            head += f", {self.next(skip=end)}"
        return "\n".join([f"{head}:", *(spell(entry.path) + _mark(entry) for entry in shown)])


_KINDS: Mapping[str, type[Call]] = {
    kind.name: kind for kind in (ReadFile, Search, ListFiles, ShowDiff)
}


def _schema(kind: type[Call]) -> dict[str, Any]:
    """Without the titles that pydantic makes of names: they tell a model nothing."""
    schema = kind.model_json_schema()
    del schema["title"]
    for argument in schema["properties"].values():
        argument.pop("title", None)
    return schema


TOOLS = tuple(Tool(name, kind.does, _schema(kind)) for name, kind in _KINDS.items())
"""In the order in which the prefix has them."""


# -- finding what is asked for


def _find(files: TrackedFiles, text: str) -> TreeEntry:
    """The regular file of that path. Raises `UnanswerableError` for anything else."""
    try:
        candidates = spelled(plain_path(text))
    except ValueError as error:
        raise UnanswerableError(f"path {error}.") from None
    for path in candidates:
        entry = files.entry(path)
        if entry is not None:
            return _regular(files, entry)
    path = candidates[0]
    for parent in _parents(path):
        above = files.entry(parent)
        if above is not None and above.kind != "tree":
            _regular(files, above)
            raise UnanswerableError(f"{spell(parent)} is a file, not a folder.")
    raise UnanswerableError(f"There is no file {spell(path)}.{_namesakes(files, path)}")


def _regular(files: TrackedFiles, entry: TreeEntry) -> TreeEntry:
    name = spell(entry.path)
    if entry.kind == "tree":
        raise UnanswerableError(f"{name} is a folder; list_files shows what is in it.")
    if entry.mode == SUBMODULE_MODE:
        raise UnanswerableError(f"{name} is a submodule; its files are in another repository.")
    if entry.mode == SYMLINK_MODE:
        target = spell(RepoPath(files.data(entry)))
        raise UnanswerableError(f"{name} is a symbolic link to {target}; links are not followed.")
    return entry


def _parents(path: RepoPath) -> Iterable[RepoPath]:
    names = path.split(b"/")
    return (RepoPath(b"/".join(names[:depth])) for depth in range(1, len(names)))


def _namesakes(files: TrackedFiles, path: RepoPath) -> str:
    """Files of the same name in other folders: the model often knows the name only."""
    name = path.rpartition(b"/")[2].decode("utf-8", "surrogateescape")
    found = files.matching("**/" + re.sub(r"[\\*?\[]", r"\\\g<0>", name))
    if not found:
        return ""
    return " Of that name: " + ", ".join(spell(entry.path) for entry in found[:NAMESAKES]) + "."


# -- showing it


def _text(files: TrackedFiles, entry: TreeEntry) -> tuple[str, list[str]]:
    """A file's text, and what is to be known of it."""
    name = spell(entry.path)
    size = files.sizes([entry.path])[entry.path]
    if size > FILE_BYTES:
        advice = "; search it." if size <= SEARCHED_BYTES else "."
        raise UnanswerableError(f"{name} has {size:,} bytes, too many to read{advice}")
    data = files.data(entry)
    if is_binary(data):
        raise UnanswerableError(f"{name} is binary, {size:,} bytes.")
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        remark = "not UTF-8, its other bytes are shown as \\xNN"
        return data.decode("utf-8", "backslashreplace"), [remark]


def _hidden(files: TrackedFiles, paths: Iterable[RepoPath]) -> Iterator[tuple[RepoPath, str]]:
    """The files of which no line is shown, and why."""
    checked = 0
    for path, size in files.sizes(paths).items():
        checked += size
        if size > FILE_BYTES or checked > CHECKED_BYTES:
            yield path, f"{size:,} bytes"
            continue
        entry = files.entry(path)
        assert entry is not None, "it has a size"
        try:
            files.data(entry)
        except WithheldError:
            yield path, "it holds a secret"


def _match_line(match: Match) -> str:
    text = match.text.decode("utf-8", "backslashreplace").rstrip()
    return f"{match.line}\t{cut(text, MATCH_CHARACTERS)}"


def _mark(entry: TreeEntry) -> str:
    return {SYMLINK_MODE: " (symbolic link)", SUBMODULE_MODE: " (submodule)"}.get(entry.mode, "")


def _wrong_arguments(name: str, error: ValidationError) -> str:
    problems = "; ".join(
        f"{'.'.join(map(str, one['loc'])) or 'they'}: {one['msg']}" for one in error.errors()
    )
    return f"{name} was called with wrong arguments: {problems}."
