"""Asking for resolutions outside of a run: the model's client, signals, what it cost."""

import secrets
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from gitswarm.cli import StoppedError
from gitswarm.commands.client import open_model, require_usable_models
from gitswarm.commands.signals import run_until_signalled
from gitswarm.integrate.answering import Resolve
from gitswarm.merge.ask import WhyWithheld, ask_resolutions
from gitswarm.model.claude import start_import
from gitswarm.model.prices import Prices, price_overrides
from gitswarm.model.spending import Spending
from gitswarm.repo.objects import RunId
from gitswarm.settings import Config, Settings
from gitswarm.stop import Stop, StopRequestedError

T = TypeVar("T")


def ask_until_signalled(
    work: Callable[[Resolve], Coroutine[Any, Any, T]],
    *,
    command: str,
    config: Config,
    settings: Settings,
    withheld: WhyWithheld,
) -> tuple[T, float | None]:
    """What some work comes to that asks a model for resolutions, and what that cost, in US dollars
    as far as prices are known. Calls name the `command` as their run."""
    prices = Prices.load(price_overrides(config))
    require_usable_models(settings, prices)
    start_import()

    async def ask(stop: Stop) -> tuple[T, float | None]:
        async with open_model(settings, prices) as model:
            spending = Spending(model)
            resolve = partial(
                ask_resolutions,
                spending,
                run=RunId(f"{command}-{secrets.token_hex(2)}"),
                model_name=settings.model,
                withheld=withheld,
                min_confidence=settings.min_confidence,
            )
            try:
                found = await stop.or_result(work(resolve))
            except StopRequestedError:
                raise StoppedError(stop.signum) from None
            return found, spending.by_purpose.get("resolve", 0.0)

    return run_until_signalled(ask)
