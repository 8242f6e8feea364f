"""Plans that need no planner."""

from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gitswarm.errors import UsageError
from gitswarm.plan.tasks import Task, overlaps
from gitswarm.plan.teams import incident_plan, migration_plan
from tests.conftest import Content, RepositoryBuilder

FILES: Mapping[str, Content] = {
    "pyproject.toml": "",
    "src/__init__.py": "",
    "src/api/__init__.py": "",
    "src/api/deep/x.py": "",
    "src/store.py": "",
    "web/x.py": "",
    "unrelated/x.py": "",
}


def migrate(
    repo: RepositoryBuilder, *modules: str, files: Mapping[str, Content] = FILES
) -> tuple[Task, ...]:
    plan = migration_plan("to the new way", modules, repo.repository, repo.commit(files))
    assert plan.goal == "to the new way"
    assert plan.parallelize
    assert overlaps(plan) == ()
    return plan.tasks


def test_each_module_has_a_migrator_that_owns_it(repo: RepositoryBuilder) -> None:
    tasks = migrate(repo, "src/api/", "src/store.py", "./web", "web")

    assert [(task.id, task.role, task.title, task.owns) for task in tasks] == [
        ("src-api", "migrator", "Migrate src/api", ("src/api/**",)),
        ("src-store-py", "migrator", "Migrate src/store.py", ("src/store.py",)),
        ("web", "migrator", "Migrate web", ("web/**",)),
    ]
    assert all(task.depends_on == () for task in tasks)
    assert tasks[1].prompt == (
        "Carry out the migration that the goal names in your module, `src/store.py`: this file."
        " Tests and documentation that concern your module alone are yours wherever they are; name"
        " them in your note if they lie outside.\n\n"
        "Each of these modules has a migrator of its own at this moment: `src/api`, `web`. Leave"
        " them alone.\n\n"
        "These files, beside and above the modules, are nobody's: `pyproject.toml`,"
        " `src/__init__.py`."
    )
    assert [task.reads for task in tasks] == [(), ("src/store.py",), ()]


def test_one_module_alone_shares_nothing_where_there_is_nothing(repo: RepositoryBuilder) -> None:
    (task,) = migrate(repo, "web", files={"web/x.py": ""})

    assert "nobody's" not in task.prompt
    assert "at this moment" not in task.prompt


def test_of_many_shared_files_some_are_named_and_the_rest_counted(repo: RepositoryBuilder) -> None:
    (task,) = migrate(repo, "web", files={f"{n:03}": "" for n in range(50)} | {"web/x.py": ""})

    assert task.prompt.endswith("`038`, `039` and 10 more beside them.")


def test_modules_of_alike_names_have_ids_of_their_own(repo: RepositoryBuilder) -> None:
    paths = ["a/b", "a-b", "merged", "été", "漢", "x" * 60 + "/y", "[a]*"]
    tasks = migrate(repo, *paths, files={f"{path}/file": "" for path in paths})

    assert [task.id for task in tasks] == [
        *("a-b", "a-b-2", "merged-2", "ete", "module", "x" * 38 + "-y", "a"),
    ]
    assert tasks[-1].owns == (r"\[a]\*/**",)


@pytest.mark.parametrize(
    ("modules", "told"),
    [
        (["src/none"], 'there is no "src/none" in the commit '),
        (["../x"], 'the module is "../x", which leads outside'),
        (["."], "the module is empty"),
        (["/etc"], 'the module is "/etc", not a path from the root of the repository'),
        (["src/api", "src"], 'the module "src/api" is inside the module "src"'),
        (["link"], '"link" is neither a folder nor a file'),
    ],
)
def test_what_is_no_module_is_refused(
    repo: RepositoryBuilder, modules: list[str], told: str
) -> None:
    base = repo.commit({**FILES, "link": "web"}, modes={"link": "120000"})

    with pytest.raises(UsageError) as refused:
        migration_plan("goal", modules, repo.repository, base)
    assert refused.value.message.startswith(told)
    assert refused.value.exit_code == 2


def test_an_incident_has_three_agents_at_once() -> None:
    plan = incident_plan("It broke.\n", "outage.txt")

    assert plan.goal == "Incident outage.txt: find the cause, mend it, and tell the users"
    assert [(task.id, task.role, task.depends_on, task.owns) for task in plan.tasks] == [
        (role, role, (), ()) for role in ("diagnostician", "fixer", "communicator")
    ]
    assert all(task.prompt.endswith("\n\n````text\nIt broke.\n````") for task in plan.tasks)


@given(st.text(alphabet="`a\n ", min_size=1))
@example(" ````")
def test_a_report_cannot_leave_its_fences(report: str) -> None:
    for task in incident_plan(report).tasks:
        opener, *lines, closer = task.prompt[task.prompt.index("````") :].split("\n")
        assert opener == f"{closer}text"
        assert "\n".join(lines).rstrip("\n") == report.rstrip("\n")
        assert not any(line.strip(" ").startswith(closer) for line in lines)
