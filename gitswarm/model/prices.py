"""What models cost and can take: the dated table of `prices.toml`, and prices of the user's own."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from gitswarm.errors import SettingsError
from gitswarm.model import Usage
from gitswarm.settings import Config

ENDS_SOON = timedelta(days=60)
"""Anthropic announces the end of a model at least this long before."""

_RELEASE = re.compile(r"-\d{8}$")
"""The date that ends the id of a pinned release."""

_ID = re.compile(r"claude-(?P<family>[a-z]+)-(?P<version>\d+(-\d+)*)")


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars per million tokens, for prompts of up to `up_to` tokens (None: of any length)."""

    input: float
    output: float
    cache_write_5m: float
    cache_write_1h: float
    cache_read: float
    up_to: int | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """One model: its rates, shortest prompts first, and its limits in tokens."""

    rates: tuple[Rates, ...]
    context: int | None = None
    max_output: int | None = None
    cache_minimum: int | None = None
    """The shortest prefix that is cached; None where it is not known."""
    end_of_life: date | None = None
    """The day from which requests fail."""

    def rates_for(self, prompt: int) -> Rates:
        """The tier of a prompt of this many tokens, those from the cache included."""
        for rates in self.rates:
            if rates.up_to is None or prompt <= rates.up_to:
                return rates
        return self.rates[-1]

    def cost(self, usage: Usage) -> float:
        """US dollars for one call. Cache writes are five-minute ones, the only ones we ask for."""
        rates = self.rates_for(usage.prompt)
        return (
            usage.input * rates.input
            + usage.output * rates.output
            + usage.cache_write * rates.cache_write_5m
            + usage.cache_read * rates.cache_read
        ) / 1e6

    def worst_case(self, prompt: int, output: int) -> float:
        """US dollars for a call whose whole prompt is written to the cache and whose reply is as
        long as it may be."""
        return self.cost(Usage(output=output, cache_write=prompt))

    def output_for(self, usd: float, prompt: int) -> int:
        """The longest reply, in tokens, that this much money pays for in the worst case."""
        left = usd - self.worst_case(prompt, 0)
        rate = self.rates_for(prompt).output
        return int(left * 1e6 / rate) if left > 0 and rate > 0 else 0

    def ended(self, today: date) -> bool:
        return self.end_of_life is not None and self.end_of_life <= today

    def ends_soon(self, today: date) -> bool:
        """It has not ended, and it will before one gets round to thinking of it again."""
        soon = today + ENDS_SOON
        return self.end_of_life is not None and today < self.end_of_life <= soon


FREE = Price((Rates(0.0, 0.0, 0.0, 0.0, 0.0),))
"""Of what no model is asked for."""


@dataclass(frozen=True, slots=True)
class Prices:
    """A table of prices, true on one day."""

    as_of: date
    models: Mapping[str, Price] = field(repr=False)

    @classmethod
    def load(cls, overrides: Mapping[str, Price] | None = None) -> "Prices":
        """The published table; `overrides` replace its models whole, or add to them."""
        published = _published()
        return cls(published.as_of, {**published.models, **(overrides or {})})

    def of(self, model: str) -> Price | None:
        """The price of a model id, or of the model that a dated id is a release of; else None."""
        return self.models.get(model) or self.models.get(_RELEASE.sub("", model))

    def newest(self, family: str) -> str | None:
        """The id of the newest model of a family such as `sonnet`; None where there is none."""
        versions = {
            tuple(map(int, match["version"].split("-"))): model
            for model in self.models
            if (match := _ID.fullmatch(model)) and match["family"] == family
        }
        return versions[max(versions)] if versions else None


_RATE_KEYS = {
    "input": "input",
    "output": "output",
    "cachewrite": "cache_write_5m",
    "cacheread": "cache_read",
}
"""How `git config` spells a rate, in lower case as it lists keys."""


def price_overrides(config: Config) -> dict[str, Price]:
    """Prices of the user's own: `swarm.price.MODEL.input`, `.output`, `.cacheWrite`, `.cacheRead`,
    in US dollars per million tokens. What is left out is as published, or follows from the input
    price as it does for most models. Raises `SettingsError`."""
    rates: dict[str, dict[str, float]] = {}
    for key in config.config_keys("swarm.price."):
        model, name, amount = read_rate(key, config.config(key) or "")
        rates.setdefault(model, {})[name] = amount
    return {model: _overridden(model, own) for model, own in rates.items()}


def read_rate(key: str, value: str) -> tuple[str, str, float]:
    """The model, the field of `Rates` and the amount that one setting is about. Raises
    `SettingsError`."""
    model, _, name = key.removeprefix("swarm.price.").rpartition(".")
    rate = _RATE_KEYS.get(name.lower())
    if not model or rate is None or not _AMOUNT.fullmatch(value):
        raise SettingsError(
            f"{key} is {value!r}; a price is swarm.price.MODEL.RATE with RATE one of input,"
            " output, cacheWrite, cacheRead, and an amount in US dollars per million tokens",
            hint=f'run "git config --unset {key}"',
        )
    return model, rate, float(value)


def _overridden(model: str, own: Mapping[str, float]) -> Price:
    published = _published().of(model)
    if published is not None:
        return replace(published, rates=tuple(_with(rates, own) for rates in published.rates))
    if not {"input", "output"} <= own.keys():
        missing = "output" if "input" in own else "input"
        raise SettingsError(
            f"the price of {model} needs both swarm.price.{model}.input and .output",
            hint=f"git config swarm.price.{model}.{missing} USD",
        )
    given = own["input"]
    usual = Rates(given, own["output"], 1.25 * given, 2 * given, 0.1 * given)
    return Price((_with(usual, own),))


def _with(rates: Rates, own: Mapping[str, float]) -> Rates:
    return Rates(
        input=own.get("input", rates.input),
        output=own.get("output", rates.output),
        cache_write_5m=own.get("cache_write_5m", rates.cache_write_5m),
        cache_write_1h=rates.cache_write_1h,
        cache_read=own.get("cache_read", rates.cache_read),
        up_to=rates.up_to,
    )


_AMOUNT = re.compile(r"\d+(\.\d+)?", re.ASCII)


@cache
def _published() -> Prices:
    table = tomllib.loads(Path(__file__).with_name("prices.toml").read_text("utf-8"))
    models: dict[str, Price] = {}
    for name, entry in table["models"].items():
        price = _price(entry)
        for known_as in (name, *entry.get("aliases", ())):
            models[known_as] = price
    return Prices(table["as_of"], models)


def _price(entry: Mapping[str, Any]) -> Price:
    return Price(
        rates=tuple(Rates(**rates) for rates in entry["rates"]),
        context=entry["context"],
        max_output=entry["max_output"],
        cache_minimum=entry.get("cache_minimum"),
        end_of_life=entry.get("end_of_life"),
    )
