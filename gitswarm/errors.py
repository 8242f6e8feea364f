"""What can go wrong, as one small tree.

GitswarmError
├── UsageError             what was typed
├── SettingsError          what git config or a role file says
├── PlanError              a plan that cannot be carried out
│   └── PlanFileError      ... and it came from a file of the user's
├── GitError               git refused, or the repository is not fit
│   └── GitTimeoutError    ... it did not end within the time it was given
├── LedgerError            a run's record is missing or damaged
├── ModelError             a call to the model came to nothing
│   ├── CredentialsError   no key, or one that is not accepted
│   ├── ModelNotFoundError the API does not know the model
│   ├── UnreachableError   the network or the service gave out
│   ├── RequestRefusedError the API will not take this request
│   ├── BudgetError        the money set aside for the run does not cover this call
│   ├── RefusedError       the model declined to answer
│   ├── ContextOverflowError  the conversation is longer than the model can read
│   └── UnfinishedError    the model did not come to an end of its answer
├── MergeError             a merge that could not even be tried
└── PublishError           a push or a pull request that failed
    └── ForgeCredentialsError  ... no token for the forge, or one that is not accepted

Each says what happened and to which thing; `hint` is the next command to run. `exit_code` is
the one of the design that `cli.py` turns it into.
"""


class GitswarmError(Exception):
    """Something that the user can act on: a message, a next step, an exit code."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(GitswarmError):
    exit_code = 2


class SettingsError(GitswarmError):
    exit_code = 2


class PlanError(GitswarmError):
    pass


class PlanFileError(PlanError):
    exit_code = 2


class GitError(GitswarmError):
    exit_code = 2


class GitTimeoutError(GitError):
    pass


class LedgerError(GitswarmError):
    exit_code = 2


class ModelError(GitswarmError):
    cost_usd: float | None = 0.0
    """What the tries are known to have cost that brought no reply; None where the price is not
    known."""


class CredentialsError(ModelError):
    exit_code = 2


class ModelNotFoundError(ModelError):
    exit_code = 2


class UnreachableError(ModelError):
    pass


class RequestRefusedError(ModelError):
    pass


class BudgetError(ModelError):
    pass


class RefusedError(ModelError):
    pass


class ContextOverflowError(ModelError):
    pass


class UnfinishedError(ModelError):
    pass


class MergeError(GitswarmError):
    pass


class PublishError(GitswarmError):
    pass


class ForgeCredentialsError(PublishError):
    exit_code = 2
