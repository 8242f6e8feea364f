"""The tests' own Messages API, for the planner."""

from tests.model.conftest import api, clock, model

__all__ = ["api", "clock", "model"]
