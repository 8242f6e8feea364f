"""What of a change reviewers are shown."""

import pytest

from gitswarm.review import change
from gitswarm.review.change import load_change
from tests.conftest import RepositoryBuilder

PEM = "-----BEGIN RSA PRIVATE " + "KEY-----\n"
LINES = [f"MIIEpAIBAAKCAQEA{number}\n" for number in range(20)]
AWS_KEY = "AKIA" + "IOSFODNN7EXAMPLE"


def left_out(
    repo: RepositoryBuilder, before: dict[str, str], after: dict[str, str | None]
) -> dict[str, str]:
    base = repo.commit(before)
    head = repo.commit(after, on=base)
    found = load_change(repo.repository, base, head)
    return {file.path.decode(): file.left_out for file in found.left_out}


def test_one_line_of_a_key_is_shown_to_nobody(repo: RepositoryBuilder) -> None:
    new = [*LINES[:10], "new\n", *LINES[11:]]

    why = left_out(
        repo, {"id": PEM + "".join(LINES), "a": "1"}, {"id": PEM + "".join(new), "a": "2"}
    )

    assert why == {"id": "kept from models: it holds a secret (Private Key)"}


def test_a_file_that_held_a_key_is_left_out_too(repo: RepositoryBuilder) -> None:
    why = left_out(repo, {"a.py": f"k = '{AWS_KEY}'\n" + "x\n" * 9}, {"a.py": "x\n" * 9 + "y\n"})

    assert why == {"a.py": "kept from models: it holds a secret (AWS Access Key)"}


def test_what_was_kept_from_models_under_its_old_name_stays_so(repo: RepositoryBuilder) -> None:
    plan = "".join(f"{number}\n" for number in range(30))
    before = {".gitattributes": "private/* -swarm\n", "private/plan": plan}

    why = left_out(repo, before, {"private/plan": None, "plan": plan + "more\n"})

    assert why == {"plan": 'kept from models by the attribute "-swarm"'}


def test_of_a_very_large_file_the_changed_lines_decide(
    repo: RepositoryBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change, "FILE_BYTES", 100)
    before = {"a": f"{AWS_KEY}\n" + "x\n" * 99, "b": "x\n" * 99}
    after: dict[str, str | None] = {
        "a": before["a"] + "y\n",
        "b": before["b"] + f"{AWS_KEY}\n",
    }

    why = left_out(repo, before, after)

    assert why == {"b": "kept from models: it holds a secret (AWS Access Key)"}
