import subprocess
import sys
from datetime import date

import pytest

from gitswarm.model import Usage
from gitswarm.model.prices import Price, Prices, Rates

SONNET = Rates(
    input=2.0, output=10.0, cache_write_5m=2.5, cache_write_1h=4.0, cache_read=0.2, up_to=None
)


@pytest.fixture(scope="module")
def prices() -> Prices:
    return Prices.load()


def test_a_call_costs_each_kind_of_token_at_its_own_rate(prices: Prices) -> None:
    price = prices.of("claude-sonnet-5-5")
    assert price is not None
    assert price.rates == (SONNET,)
    usage = Usage(input=1_000_000, output=100_000, cache_write=10_000, cache_read=500_000)
    assert price.cost(usage) == pytest.approx(2.0 + 1.0 + 0.025 + 0.1)


def test_a_long_prompt_pays_the_higher_tier_for_all_of_it(prices: Prices) -> None:
    price = prices.of("claude-haiku-5-5")
    assert price is not None
    assert price.cost(Usage(input=100_000, output=1_000)) == pytest.approx(0.0105)
    assert price.cost(Usage(input=1, cache_read=100_000)) == pytest.approx(0.0050005)


def test_the_worst_case_writes_the_whole_prompt_and_the_longest_reply(prices: Prices) -> None:
    price = prices.of("claude-sonnet-5-5")
    assert price is not None
    assert price.worst_case(20_000, 16_000) == pytest.approx(0.05 + 0.16)
    assert price.output_for(0.210_005, 20_000) == 16_000
    assert price.output_for(0.05, 20_000) == 0
    assert price.output_for(-1.0, 20_000) == 0


def test_a_pinned_release_has_the_price_of_its_model(prices: Prices) -> None:
    assert prices.of("claude-haiku-4-5-20251001") == prices.of("claude-haiku-4-5")
    assert prices.of("claude-haiku-4-5-20251001") is not None


def test_a_model_that_is_not_in_the_table_has_no_price(prices: Prices) -> None:
    assert prices.of("gpt-9") is None
    assert prices.of("claude-sonnet-5-5-preview") is None


@pytest.mark.parametrize(
    ("model", "last_day"),
    [
        ("claude-sonnet-4-20250514", date(2026, 6, 14)),
        ("claude-opus-4-0", date(2026, 6, 14)),
        ("claude-sonnet-4-5-20250929", date(2026, 11, 29)),
    ],
)
def test_a_model_has_ended_from_the_day_of_its_end_of_life(
    prices: Prices, model: str, last_day: date
) -> None:
    price = prices.of(model)
    assert price is not None
    assert not price.ended(last_day)
    assert price.ended(date.fromordinal(last_day.toordinal() + 1))


def test_the_end_of_a_model_is_soon_for_two_months(prices: Prices) -> None:
    price = prices.of("claude-opus-4-5")
    lasting = prices.of("claude-sonnet-5-5")
    assert price is not None
    assert lasting is not None
    days = [date(2026, 11, 22), date(2026, 11, 23), date(2027, 1, 21), date(2027, 1, 22)]
    assert [price.ends_soon(day) for day in days] == [False, True, True, False]
    assert not any(lasting.ends_soon(day) for day in days)


def test_prices_of_the_users_own_replace_published_ones_and_add_to_them(prices: Prices) -> None:
    own = Price((Rates(1, 2, 3, 4, 5),))
    mixed = Prices.load({"claude-sonnet-5-5": own, "house-model": own})
    assert mixed.of("claude-sonnet-5-5") == mixed.of("house-model") == own
    assert mixed.of("claude-opus-5-5") == prices.of("claude-opus-5-5")
    assert Prices.load().of("house-model") is None


def test_the_table_is_dated_and_every_line_of_it_is_plausible(prices: Prices) -> None:
    assert prices.as_of >= date(2026, 11, 23)
    for name, price in prices.models.items():
        *lower, last = price.rates
        assert last.up_to is None, name
        assert all(tier.up_to for tier in lower), name
        for tier in price.rates:
            assert 0 < tier.cache_read < tier.input < tier.cache_write_5m < tier.cache_write_1h
            assert tier.input < tier.output, name
        assert price.max_output, name
        assert price.context, name
        assert price.max_output < price.context, name


def test_importing_the_module_reads_no_file() -> None:
    program = (
        "import gitswarm.model.prices as prices; print(prices._published.cache_info().currsize)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout == "0\n"
