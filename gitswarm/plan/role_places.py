"""The roles of a run, from all the places where role files may be.

What the repository says is read from the commit that the run starts from, never from the checkout
and never from what an agent wrote.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from gitswarm.errors import SettingsError
from gitswarm.plan.agent_files import agent_role, is_agent_form
from gitswarm.plan.front_matter import CORRECT, FrontMatter
from gitswarm.plan.roles import Place, Role, load_builtin_roles, read_role
from gitswarm.repo.objects import EXECUTABLE_MODE, FILE_MODE, Oid, show
from gitswarm.repo.repository import Repository
from gitswarm.settings import Settings

REPOSITORY_FOLDER = ".gitswarm/roles/"
AGENT_FOLDER = ".claude/agents/"

FILE_BYTES = 100_000
"""A larger file is no role."""

File = tuple[str, bytes]
"""How messages name it, and what it holds."""


def load_roles(repository: Repository, commit: Oid | None) -> dict[str, Role]:
    """Every role that a run from this commit may use, by name, in alphabetical order; without a
    commit (a repository that has none), those that are not in it.

    Raises `SettingsError` that begins with `FILE:LINE:` for a file that holds no role.
    """
    roles = load_builtin_roles()
    roles |= _agent_files(repository, commit)
    roles |= _role_files(_users(), Place.USER)
    roles |= _role_files(_committed(repository, commit, REPOSITORY_FOLDER), Place.REPOSITORY)
    return dict(sorted(roles.items()))


def user_folder() -> Path:
    """The user's own roles, see the XDG Base Directory Specification."""
    configuration = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(configuration) / "gitswarm" / "roles"


def wishes(roles: Iterable[Role], settings: Settings) -> list[str]:
    """What role files of the repository ask for that costs money, one sentence each, to be told
    with the plan: they may be somebody else's."""
    told = []
    for role in roles:
        if role.place not in (Place.REPOSITORY, Place.AGENT_FILE):
            continue
        model = role.model if settings.model_for(role.name, role.model) == role.model else None
        asked = [model] if model else []
        asked += [f"{role.effort} effort"] if role.effort else []
        if asked:
            told.append(f"{role.file} asks for {' with '.join(asked)} for the role {role.name}")
    return told


def _agent_files(repository: Repository, commit: Oid | None) -> dict[str, Role]:
    """A file there without any header is a page about the others."""
    return _unique(
        replace(
            agent_role(FrontMatter.read(_text(file), source=file[0], lenient=True)),
            place=Place.AGENT_FILE,
            file=file[0],
        )
        for file in _committed(repository, commit, AGENT_FOLDER)
        if file[1].startswith((b"---", b"\xef\xbb\xbf---"))
    )


def _role_files(files: Iterable[File], place: Place) -> dict[str, Role]:
    return _unique(replace(_read(file), place=place, file=file[0]) for file in files)


def _read(file: File) -> Role:
    source, text = file[0], _text(file)
    front = FrontMatter.read(text, source=source, lenient=True)
    return agent_role(front) if is_agent_form(front) else read_role(text, source=source)


def _unique(roles: Iterable[Role]) -> dict[str, Role]:
    found: dict[str, Role] = {}
    for role in roles:
        if role.name in found:
            other = found[role.name].file
            raise SettingsError(f'{role.file}:1: "{role.name}" is in {other} as well', hint=CORRECT)
        found[role.name] = role
    return found


def _text(file: File) -> str:
    source, data = file
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{source}:{line}: it is not UTF-8", hint=CORRECT) from None


def _committed(repository: Repository, commit: Oid | None, folder: str) -> Iterator[File]:
    entries = [] if commit is None else repository.entries_in(commit, folder.encode())
    entries = [entry for entry in entries if entry.path.endswith(b".md")]
    sizes = repository.sizes(entry.oid for entry in entries if entry.kind == "blob")
    for entry in entries:
        source = show(entry.path)
        if entry.mode not in (FILE_MODE, EXECUTABLE_MODE):
            raise SettingsError(f"{source}:1: it is not a regular file", hint=CORRECT)
        _require_size(source, sizes[entry.oid])
        yield source, repository.blob(entry.oid)


def _users() -> Iterator[File]:
    folder = user_folder()
    source = folder
    try:
        for source in sorted(folder.glob("*.md")):
            with source.open("rb") as file:
                data = file.read(FILE_BYTES + 1)
            _require_size(str(source), len(data))
            yield str(source), data
    except OSError as error:
        told = f"{source}:1: it cannot be read: {error.strerror}"
        raise SettingsError(told, hint=CORRECT) from None


def _require_size(source: str, size: int) -> None:
    if size > FILE_BYTES:
        told = f"it is larger than the {FILE_BYTES:,} bytes of a role file"
        raise SettingsError(f"{source}:1: {told}", hint=CORRECT)
