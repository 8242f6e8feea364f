"""Which models can be asked is known before they are."""

from datetime import date, timedelta

from gitswarm.commands.client import require_usable_models
from gitswarm.model.prices import Price, Prices, Rates
from gitswarm.progress import Event, Warned
from gitswarm.settings import RoleSettings, Settings


def test_a_model_that_will_end_soon_is_told_with_the_setting_that_chooses_it() -> None:
    rates = (Rates(1, 2, 3, 4, 5),)
    end = date.today() + timedelta(days=9)
    prices = Prices.load({"ending": Price(rates, end_of_life=end), "lasting": Price(rates)})
    settings = Settings(model="lasting", roles={"tester": RoleSettings(model="ending")})
    told: list[Event] = []

    require_usable_models(settings, prices, watch=told.append)

    assert told == [
        Warned(
            f"the model ending comes to its end on {end}; choose another:"
            ' "git config swarm.role.tester.model MODEL"'
        )
    ]
