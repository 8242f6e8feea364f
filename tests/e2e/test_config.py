"""Settings, shown and changed."""

import pytest

from tests.e2e.conftest import Swarm


def test_the_settings_are_shown_as_they_hold(swarm: Swarm) -> None:
    swarm.repo.git("config", "swarm.role.tester.model", "claude-haiku-5-5")

    shown = swarm("config", "--json").json

    assert shown["settings"] == {
        "swarm.model": "claude-sonnet-5-5",
        "swarm.jobs": "8",
        "swarm.budget": "",
        "swarm.timeout": "600.0",
        "swarm.verify": "",
        "swarm.check": "",
        "swarm.setup": "",
        "swarm.setup.copy": "",
        "swarm.setup.link": "",
        "swarm.agentCommand": "",
        "swarm.worktreeDir": "",
        "swarm.checkout": "auto",
        "swarm.overlap": "warn",
        "swarm.coAuthor": "",
        "swarm.rules": "version",
        "swarm.regenerate": "",
        "swarm.resolve.minConfidence": "0.5",
        "swarm.review.mode": "warn",
        "swarm.review.blockOn": "critical",
        "swarm.review.onError": "allow",
        "swarm.review.timeout": "60.0",
        "swarm.forge": "",
        "swarm.forgeUrl": "",
        "swarm.role.tester.model": "claude-haiku-5-5",
    }


def test_a_good_value_is_set_in_the_repository(swarm: Swarm) -> None:
    done = swarm("config", "swarm.jobs", "3")

    assert (done.status, done.stdout) == (0, "swarm.jobs = 3\n")
    assert swarm.repo.git("config", "--local", "swarm.jobs") == "3\n"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("swarm.jobs", "many"),
        ("swarm.jobs", "0"),
        ("swarm.budget", "0"),
        ("swarm.checkout", "half"),
        ("swarm.overlap", "perhaps"),
        ("swarm.rules", "guess"),
        ("swarm.price.claude-x.input", "cheap"),
        ("swarm.price.claude-x.input", "-1"),
        ("swarm.price.claude-x.input", "\u0663"),
        ("swarm.jbos", "3"),
    ],
)
def test_a_bad_one_is_refused_by_name_and_changes_nothing(
    swarm: Swarm, key: str, value: str
) -> None:
    before = (swarm.repo.path / ".git/config").read_bytes()

    done = swarm("config", key, value)

    assert done.status == 2
    assert key in done.stderr
    assert (swarm.repo.path / ".git/config").read_bytes() == before


def test_a_price_is_set_one_half_after_the_other_however_its_key_is_spelled(swarm: Swarm) -> None:
    first = swarm("config", "swarm.price.my-model.input", "3")
    second = swarm("config", "swarm.Price.my-model.OUTPUT", "15")

    assert (first.status, first.stdout) == (0, "swarm.price.my-model.input = 3\n")
    assert "git config swarm.price.my-model.output USD" in first.stderr
    assert (second.status, second.stderr) == (0, "")
    asked = swarm("plan", "--budget", "1", "--model", "my-model", "a goal")
    assert "has no model my-model" in asked.stderr
