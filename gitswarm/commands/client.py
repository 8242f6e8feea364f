"""The model's client as the command line opens it, and whether what is configured can be asked."""

from collections.abc import Iterable
from datetime import date, datetime

from gitswarm.errors import SettingsError
from gitswarm.model.claude import FAULTS, SILENCE, ClaudeModel
from gitswarm.model.limits import Budget, Limiter
from gitswarm.model.prices import Prices
from gitswarm.plan.roles import Role
from gitswarm.progress import Warned, Watch
from gitswarm.settings import DEFAULT_MODEL, Settings

RESOLVING_AT_ONCE = 4
"""Calls beside those of the agents that may be under way: files being resolved for a fan-in."""


def open_model(
    settings: Settings,
    prices: Prices,
    *,
    spent_usd: float = 0.0,
    faults: int = FAULTS,
    watch: Watch = lambda _: None,
) -> ClaudeModel:
    """The model as the settings want it: one limiter and one budget for all calls. `spent_usd` was
    spent before."""

    def tell_pause(until: datetime) -> None:
        watch(Warned(f"the model service is busy: no call is sent before {until:%H:%M:%S} UTC"))

    return ClaudeModel(
        limiter=Limiter(
            settings.jobs + RESOLVING_AT_ONCE,
            patience=settings.timeout_seconds,
            on_pause=tell_pause,
        ),
        prices=prices,
        budget=Budget(settings.budget_usd, spent_usd=spent_usd),
        silence=min(SILENCE, settings.timeout_seconds),
        faults=faults,
    )


def require_usable_models(
    settings: Settings,
    prices: Prices,
    roles: Iterable[Role] = (),
    *,
    watch: Watch = lambda _: None,
) -> None:
    """Raise `SettingsError` for a model whose requests are known to fail by now, and for one whose
    price is not known where a budget is to be kept. Tell of one that will fail before long."""
    configured = {"swarm.model": settings.model} | {
        f"swarm.role.{name}.model": role.model for name, role in settings.roles.items()
    }
    configured |= {
        f"swarm.role.{role.name}.model": settings.model_for(role.name, role.model)
        for role in roles
        if role.model
    }
    for key, model in configured.items():
        if model is None:
            continue
        price = prices.of(model)
        if price is None and settings.budget_usd is not None:
            raise SettingsError(
                f"the price of {model} is not known, so no budget can be kept with it",
                hint=f"git config swarm.price.{model}.input USD, and the same for .output",
            )
        if price and price.ended(date.today()):
            raise SettingsError(
                f"the model {model} came to its end on {price.end_of_life}",
                hint=f"git config {key} {DEFAULT_MODEL}",
            )
        if price and price.ends_soon(date.today()):
            end = f"the model {model} comes to its end on {price.end_of_life}"
            watch(Warned(f'{end}; choose another: "git config {key} MODEL"'))
