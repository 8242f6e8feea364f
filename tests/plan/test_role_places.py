"""Roles from the repository, from the user's folder and from agent files."""

from pathlib import Path

import pytest

from gitswarm.errors import SettingsError
from gitswarm.plan.role_places import AGENT_FOLDER, REPOSITORY_FOLDER, load_roles, wishes
from gitswarm.plan.roles import TOOL_NAMES, Place, Role, Writes, load_builtin_roles
from gitswarm.settings import RoleSettings, Settings
from tests.conftest import Content, RepositoryBuilder


def role_file(name: str, prompt: str, *more: str) -> str:
    header = [f"name: {name}", "description: does it", "writes: code", *more]
    return "\n".join(["---", *header, "---", prompt, ""])


def agent_file(*header: str) -> str:
    return "\n".join(["---", "name: helper", "description: helps", *header, "---", "Help.", ""])


def roles_of(repo: RepositoryBuilder, files: dict[str, Content]) -> dict[str, Role]:
    return load_roles(repo.repository, repo.commit(files))


def agent_of(repo: RepositoryBuilder, text: str) -> Role:
    return roles_of(repo, {f"{AGENT_FOLDER}helper.md": text})["helper"]


def problem(repo: RepositoryBuilder, files: dict[str, Content]) -> str:
    with pytest.raises(SettingsError) as refused:
        roles_of(repo, files)
    return refused.value.message


@pytest.fixture
def user_roles(sealed: Path) -> Path:
    folder = sealed / ".config/gitswarm/roles"
    folder.mkdir(parents=True)
    return folder


def test_without_files_there_are_the_built_in_roles(repo: RepositoryBuilder) -> None:
    assert roles_of(repo, {"a": "a"}) == load_builtin_roles() == load_roles(repo.repository, None)


def test_of_one_name_the_first_place_counts(repo: RepositoryBuilder, user_roles: Path) -> None:
    (user_roles / "one.md").write_text(role_file("one", "user's"))
    (user_roles / "two.md").write_text(role_file("two", "user's"))
    (user_roles / "three.md").write_text(role_file("three", "user's"))
    agent = agent_file().replace("helper", "{}")
    found = roles_of(
        repo,
        {
            f"{REPOSITORY_FOLDER}one.md": role_file("one", "repository's"),
            f"{REPOSITORY_FOLDER}tester.md": role_file("tester", "repository's"),
            f"{REPOSITORY_FOLDER}notes.txt": "not a role",
            f"{AGENT_FOLDER}one.md": agent.format("one"),
            f"{AGENT_FOLDER}two.md": agent.format("two"),
            f"{AGENT_FOLDER}builder.md": agent.format("builder"),
        },
    )

    own = {name: role for name, role in found.items() if role.place is not Place.BUILT_IN}
    assert {name: (role.place, role.prompt) for name, role in own.items()} == {
        "builder": (Place.AGENT_FILE, "Help."),
        "one": (Place.REPOSITORY, "repository's"),
        "tester": (Place.REPOSITORY, "repository's"),
        "three": (Place.USER, "user's"),
        "two": (Place.USER, "user's"),
    }
    assert list(found) == sorted(found)
    assert own["one"].file == ".gitswarm/roles/one.md"
    assert own["two"].file == str(user_roles / "two.md")


def test_the_configuration_folder_may_be_elsewhere(
    repo: RepositoryBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "configuration/gitswarm/roles"
    folder.mkdir(parents=True)
    (folder / "mine.md").write_text(role_file("mine", "Mine."))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))

    assert load_roles(repo.repository, None)["mine"].prompt == "Mine."


def test_the_checkout_and_later_commits_say_nothing(repo: RepositoryBuilder) -> None:
    base = repo.commit({"a": "a"})
    repo.checkout(base)
    folder = repo.path / REPOSITORY_FOLDER
    folder.mkdir(parents=True)
    (folder / "new.md").write_text("no role at all")
    repo.commit({f"{REPOSITORY_FOLDER}new.md": role_file("new", "New.")}, on=base)

    assert load_roles(repo.repository, base) == load_builtin_roles()


ALL = frozenset(TOOL_NAMES)


@pytest.mark.parametrize(
    ("header", "writes", "tools"),
    [
        ((), Writes.CODE, None),
        (("tools: '*'",), Writes.CODE, None),
        (("tools: Read, Edit, Bash(git log:*, make)",), Writes.CODE, None),
        (("tools: Read, Grep, Glob, WebFetch",), Writes.NOTHING, ALL),
        (("tools: [Grep]",), Writes.NOTHING, {"search"}),
        (("tools: Write",), Writes.CODE, {"read_file"}),
        (("tools: Bash",), Writes.NOTHING, None),
        (("tools: WebSearch, mcp__tickets__read",), Writes.NOTHING, set()),
        (("disallowedTools: Write, Edit, MultiEdit, NotebookEdit",), Writes.NOTHING, None),
    ],
)
def test_the_tools_of_an_agent_file_say_what_it_writes_and_reads(
    repo: RepositoryBuilder, header: tuple[str, ...], writes: Writes, tools: set[str] | None
) -> None:
    role = agent_of(repo, agent_file(*header))

    assert role.writes is writes
    assert (ALL if role.tools is None else role.tools) == (ALL if tools is None else tools)


def test_an_agent_file_need_not_be_yaml(repo: RepositoryBuilder) -> None:
    text = (
        "---\nname: Helper\n"
        "description: Use it when: the user asks.\\n\\nExamples: <example>user: 'help'</example>\n"
        "  and more\n"
        "model: sonnet\ncolor: red\nhooks:\n  - a: [\n---\n\nHelp.\n"
    )

    assert agent_of(repo, text) == Role(
        "helper",
        "Use it when: the user asks. Examples: <example>user: 'help'</example> and more",
        Writes.CODE,
        "Help.",
        "claude-sonnet-5-5",
        place=Place.AGENT_FILE,
        file=".claude/agents/helper.md",
    )


def test_a_long_description_of_an_agent_file_is_cut(repo: RepositoryBuilder) -> None:
    role = agent_of(repo, agent_file().replace("helps", "word " * 100))

    assert role.description == "word " * 59 + "word ..."


def test_a_page_among_the_agent_files_is_no_role(repo: RepositoryBuilder) -> None:
    assert roles_of(repo, {f"{AGENT_FOLDER}README.md": "# Our agents\n"}) == load_builtin_roles()


def test_the_form_of_agent_files_is_read_in_our_own_places_too(repo: RepositoryBuilder) -> None:
    found = roles_of(repo, {f"{REPOSITORY_FOLDER}helper.md": agent_file("tools: Read")})

    assert (found["helper"].place, found["helper"].writes) == (Place.REPOSITORY, Writes.NOTHING)


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        (f"{REPOSITORY_FOLDER}x.md", agent_file(), '1: "writes" is missing'),
        (f"{REPOSITORY_FOLDER}x.md", b"---\nname: \xff\n---\n", "2: it is not UTF-8"),
        (
            f"{REPOSITORY_FOLDER}x.md",
            role_file("x", "x" * 100_000),
            "1: it is larger than the 100,000 bytes of a role file",
        ),
        (f"{AGENT_FOLDER}x.md", "---\nname: x\n---\nGo.\n", '1: "description" is missing'),
        (f"{AGENT_FOLDER}x.md", agent_file().replace("Help.", ""), "5: there is no prompt"),
        (f"{AGENT_FOLDER}x.md", "---\nname: x\n", None),
    ],
)
def test_a_bad_file_is_refused_by_name_and_line(
    repo: RepositoryBuilder, path: str, content: Content, expected: str | None
) -> None:
    header = 'a role file begins with a header between two lines "---"'

    assert problem(repo, {path: content}) == f"{path}:{expected or f'1: {header}'}"


def test_a_bad_file_of_the_user_is_refused_by_name_and_line(
    repo: RepositoryBuilder, user_roles: Path
) -> None:
    file = user_roles / "x.md"
    file.write_text(role_file("x", "Go.", "colour: red"))

    assert problem(repo, {"a": "a"}) == (
        f'{file}:5: "colour" is none of the keys name, description, writes, model, effort, tools'
    )


def test_a_symbolic_link_is_no_role(repo: RepositoryBuilder) -> None:
    path = f"{REPOSITORY_FOLDER}x.md"
    commit = repo.commit({path: "/etc/passwd"}, modes={path: "120000"})

    with pytest.raises(SettingsError, match=r"x\.md:1: it is not a regular file"):
        load_roles(repo.repository, commit)


def test_two_files_of_one_place_do_not_share_a_name(repo: RepositoryBuilder) -> None:
    files: dict[str, Content] = {
        f"{REPOSITORY_FOLDER}{name}.md": role_file("x", "Go.") for name in ("a", "b")
    }

    assert problem(repo, files) == (
        '.gitswarm/roles/b.md:1: "x" is in .gitswarm/roles/a.md as well'
    )


def test_what_a_committed_role_costs_more_is_told(
    repo: RepositoryBuilder, user_roles: Path
) -> None:
    (user_roles / "mine.md").write_text(role_file("mine", "Go.", "model: opus"))
    folder = REPOSITORY_FOLDER
    found = roles_of(
        repo,
        {
            f"{folder}dear.md": role_file("dear", "Go.", "model: opus", "effort: max"),
            f"{folder}free.md": role_file("free", "Go."),
            f"{folder}keen.md": role_file("keen", "Go.", "model: opus", "effort: high"),
        },
    )
    settings = Settings(roles={"keen": RoleSettings(model="claude-haiku-5-5")})

    assert wishes(found.values(), settings) == [
        ".gitswarm/roles/dear.md asks for claude-opus-5-5 with max effort for the role dear",
        ".gitswarm/roles/keen.md asks for high effort for the role keen",
    ]
