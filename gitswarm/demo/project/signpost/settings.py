"""Settings, read once from environment variables that start with SIGNPOST_."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from signpost import SignpostError

PREFIX = "SIGNPOST_"


@dataclass(frozen=True)
class Settings:
    """The field `port` is the variable SIGNPOST_PORT, and so on for every field."""

    host: str = "127.0.0.1"
    port: int = 8080
    base_url: str = "http://localhost:8080"
    database: str = "signpost.sqlite3"

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SignpostError(f"SIGNPOST_PORT must be a port number, not {self.port}")
        if not self.base_url.startswith(("http://", "https://")):
            raise SignpostError("SIGNPOST_BASE_URL must start with http:// or https://")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """A variable that is set but empty means the default, as in an env file with `NAME=`."""
        values: dict[str, Any] = {}
        for field in fields(cls):
            name = PREFIX + field.name.upper()
            text = environment.get(name)
            if not text:
                continue
            try:
                values[field.name] = int(text) if field.type is int else text
            except ValueError:
                raise SignpostError(f"{name} must be a whole number, not {text!r}") from None
        return cls(**values)

    def short_url(self, code: str) -> str:
        return f"{self.base_url.rstrip('/')}/{code}"
