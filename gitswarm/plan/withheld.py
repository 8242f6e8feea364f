"""Withheld: which tracked files are kept out of every prompt and tool, and why.

The attribute `swarm` decides first, see gitattributes(5), as the trusted commit has it: unset
(`-swarm`), a file is withheld; set, it is shown whatever it holds. Of the others a file is withheld
that holds a key or a credential. What guesses by the name of a variable is asked only about files
that exist to hold them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from gitswarm.plan.keys import EXCUSED, keys_in
from gitswarm.plan.path_text import spell
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.environment import is_secret
from gitswarm.repo.objects import RepoPath

ATTRIBUTE = "swarm"

_CREDENTIALS_FILE = re.compile(
    rb"(?:.*/)?(?:[._]netrc|\.pgpass|\.git-credentials|\.htpasswd|\.dockerconfigjson)", re.I
)
"""Files that hold nothing but credentials, in a form of their own."""
_SECRET_FILE = re.compile(
    rb"(?:.*/)?(?:\.env(?:\..+)?|[^/]*\.env|[^/]*\.tfvars|\.(?:pypirc|npmrc)"
    rb"|(?:.*[-_.])?(?:secrets?|credentials?)(?:\.(?:ya?ml|json|toml|ini|cfg|conf|properties|txt))?)",
    re.I,
)
"""Files that hold settings of one place, passwords among them."""
_TEMPLATE = re.compile(
    rb".*[-_.](?:examples?|samples?|templates?|dist|defaults?)(?:\.[^/]*)?", re.I
)


class Withheld:
    """Decides of each file whether its text may be shown. Safe to use from threads."""

    def __init__(self, attributes: Attributes) -> None:
        self._attributes = attributes
        self._states: dict[RepoPath, str] = {}
        self._secrets: dict[RepoPath, str] = {}

    @property
    def secrets(self) -> Mapping[str, str]:
        """What was found so far: paths as people read them, and the kind of key, in path order."""
        return {spell(path): self._secrets[path] for path in sorted(self._secrets)}

    def by_attribute(self, paths: Iterable[RepoPath]) -> frozenset[RepoPath]:
        """Those of the paths that are `-swarm`."""
        wanted = list(dict.fromkeys(paths))
        unknown = [path for path in wanted if path not in self._states]
        if unknown:
            self._states.update(self._attributes.values(ATTRIBUTE, unknown))
        return frozenset(path for path in wanted if self._states[path] == "unset")

    def why(self, path: RepoPath, data: bytes) -> str | None:
        """Why this content of a file is not shown, going on from its name; None if it may be."""
        if self.by_attribute([path]):
            return 'is kept from models by the attribute "-swarm"'
        if self._states[path] == "set":
            return None
        kind = _secret_in(path, data)
        if kind is None:
            return None
        self._secrets[path] = kind
        return f"is kept from models: it holds a secret ({kind})"


def _secret_in(path: RepoPath, data: bytes) -> str | None:
    """What kind of key or credential a file holds; None if none was found."""
    text = data.decode("utf-8", "replace")
    kind = next((key.kind for key in keys_in(text)), None)
    if kind is None and _CREDENTIALS_FILE.fullmatch(path) and text.strip():
        return "Credentials"
    if kind is None and _SECRET_FILE.fullmatch(path) and not _TEMPLATE.fullmatch(path):
        kind = next(_kinds_of_settings(text), None)
    return kind


def _kinds_of_settings(text: str) -> Iterator[str]:
    """What kinds of credentials stand behind the names of settings, and in URLs. A variable is one
    by its name as it would be in our own environment: the detector knows of no tokens."""
    from detect_secrets.filters.heuristic import is_prefixed_with_dollar_sign, is_templated_secret
    from detect_secrets.plugins.basic_auth import BasicAuthDetector
    from detect_secrets.plugins.keyword import CONFIG_DENYLIST_REGEX_TO_GROUP, KeywordDetector

    by_name, by_url = KeywordDetector(), BasicAuthDetector()
    for line in text.splitlines():
        if len(line) > _WIDEST or EXCUSED.search(line):
            continue
        named = by_name.analyze_string(line, CONFIG_DENYLIST_REGEX_TO_GROUP)
        variable = _VARIABLE.fullmatch(line)
        ours = {variable["value"]} if variable and is_secret(variable["name"]) else set()
        for plugin, values in (
            (by_name, {*named, *ours}),
            (by_url, by_url.analyze_string(line)),
        ):
            if any(
                not is_templated_secret(value) and not is_prefixed_with_dollar_sign(value)
                for value in values
            ):
                yield plugin.secret_type


_VARIABLE = re.compile(
    r"\s*(?:export\s+)?(?P<name>\w+)\s*=\s*(?P<quote>[\"']?)(?P<value>\S{8,})(?P=quote)\s*"
)
"""A setting of an environment, with a value that is as long as a credential."""


_WIDEST = 2_000
"""Characters of a line that may be a setting."""
