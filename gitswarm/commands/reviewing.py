"""A review from the command line or a hook: reviewers, the model's client, the wait."""

from collections.abc import Sequence
from functools import partial

from gitswarm.cli import StoppedError
from gitswarm.commands.client import open_model, require_usable_models
from gitswarm.commands.signals import run_until_signalled
from gitswarm.errors import UsageError
from gitswarm.model.claude import FAULTS, start_import
from gitswarm.model.prices import Prices, price_overrides
from gitswarm.plan.role_places import load_roles
from gitswarm.plan.withheld import Withheld
from gitswarm.progress import Watch
from gitswarm.repo.attributes import Attributes
from gitswarm.repo.objects import RunId
from gitswarm.repo.repository import Repository
from gitswarm.review.accepted import accept
from gitswarm.review.change import Change, load_change
from gitswarm.review.places import Source
from gitswarm.review.review import REVIEWERS, Deadline, Review, Reviewing
from gitswarm.review.scope import Scope
from gitswarm.review.verdicts import Reviewer
from gitswarm.settings import Settings
from gitswarm.stop import Stop, StopRequestedError


def review_scope(
    repository: Repository,
    settings: Settings,
    scope: Scope,
    *,
    run: RunId,
    roles: Sequence[str] = REVIEWERS,
    baseline: Sequence[str] = (),
    deadline: Deadline | None = None,
    faults: int = FAULTS,
    watch: Watch = lambda _: None,
) -> Review:
    """Everything that the reviewers of these names say of a change until the deadline.

    `faults` is how often a call is tried again. Raises what kept every reviewer from looking.
    """
    change = load_change(repository, scope.base, scope.head)
    if not any(change.reviewed):
        return Review(change, tuple(roles))
    prices = Prices.load(price_overrides(repository))
    reviewers = load_reviewers(repository, settings, change, roles)
    asked = [reviewer.role for reviewer in reviewers]
    require_usable_models(settings, prices, asked, watch=watch)

    async def ask(stop: Stop, withheld: Withheld) -> Review:
        async with open_model(settings, prices, faults=faults, watch=watch) as model:
            reviewing = Reviewing(
                change=change,
                reviewers=reviewers,
                repository=repository,
                withheld=withheld,
                model=model,
                prices=prices,
                run=run,
                max_tokens=settings.max_tokens,
                watch=watch,
            )
            if reviewing.news:
                start_import()
            try:
                return await stop.or_result(reviewing.review(deadline=deadline))
            except StopRequestedError:
                raise StoppedError(stop.signum) from None

    with Attributes.of(repository, scope.base) as attributes:
        work = partial(ask, withheld=Withheld(attributes))
        review = run_until_signalled(work, leave_threads=True)
    return accept(review, Source(repository, scope.head), baseline)


def load_reviewers(
    repository: Repository, settings: Settings, change: Change, names: Sequence[str]
) -> list[Reviewer]:
    """Roles as they are where the change starts: it does not choose who judges it."""
    known = load_roles(repository, change.base)
    for name in names:
        if name not in known:
            raise UsageError(f'there is no role "{name}"', hint='"git swarm roles" lists them')
    roles = [known[name] for name in names]
    return [Reviewer(role, settings.model_for(role.name, role.model)) for role in roles]
