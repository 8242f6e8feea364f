"""What a child process may know of our environment, and what it may not.

A hook, an alias or `git -C` hands down variables that name one repository (`GIT_DIR`,
`GIT_INDEX_FILE`, ...). They are used once, to find the repository, and then dropped: any of them
would silently redirect every later call. Secrets are dropped for everything but the model's client.
"""

import re
from collections.abc import Mapping, MutableMapping

_KEPT = re.compile(
    r"GIT_(CONFIG(_.*)?|AUTHOR_.*|COMMITTER_.*|SSH.*|ASKPASS|EXEC_PATH|SSL_.*|HTTP_.*|PROXY_.*"
    r"|CURL_.*|TRACE.*|PYTHON_.*|SWARM_.*)"
)

_SECRET = re.compile(
    r"ANTHROPIC_.*|.*(^|_)(API_?)?(KEY|KEYS|TOKEN|TOKENS|SECRET|SECRETS|PASSWORD|PASSWD|PASSPHRASE"
    r"|PASS|AUTH|CREDENTIAL|CREDENTIALS|PAT|PWD_HASH)(_.*)?|.+_PWD|AWS_.*|AZURE_.*|GOOGLE_APPLICATION_.*|GH_TOKEN"
    r"|DATABASE_URL|.*_DSN|NETRC|PGPASS.*"
)

_NOT_SECRET = re.compile(r"GIT_(ASKPASS|CONFIG_KEY_\d+)|SSH_AUTH_SOCK|AWS_(DEFAULT_)?REGION")


def take_git_environment(environ: MutableMapping[str, str]) -> dict[str, str]:
    """Remove from `environ` the variables that bind git to one repository, and return them.

    `GIT_CONFIG*`, `GIT_AUTHOR_*`, `GIT_COMMITTER_*`, `GIT_SSH*` and `GIT_ASKPASS` stay: they say
    how the user wants git to work, not where. See "Environment Variables" in git(1).
    """
    bound = [name for name in environ if name.startswith("GIT_") and not _KEPT.fullmatch(name)]
    return {name: environ.pop(name) for name in bound}


def is_secret(name: str) -> bool:
    """Whether a variable of this name is kept from commands that are not the model's client."""
    return bool(_SECRET.fullmatch(name.upper())) and not _NOT_SECRET.fullmatch(name.upper())


def is_model_secret(name: str) -> bool:
    """Whether a variable belongs to the model's client alone: not even the user's own programs for
    the network, such as a credential helper, have a use for it."""
    return name.upper().startswith("ANTHROPIC_")


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not is_secret(name)}
