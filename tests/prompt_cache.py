"""Prompt caching as the Messages API accounts for it: what a call reads, writes and costs.

Four characters are a token.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitswarm.model.prices import Price

Json = dict[str, Any]


@dataclass(frozen=True)
class Lookup:
    """What the cache had of one prompt, and what the answer will put into it."""

    uncached: int
    read: int
    written_5m: int
    written_1h: int
    refreshed: tuple[str, ...]
    entries: Mapping[str, float]
    """How many seconds each new entry lives."""

    @property
    def usage(self) -> Json:
        return {
            "input_tokens": self.uncached,
            "cache_read_input_tokens": self.read,
            "cache_creation_input_tokens": self.written_5m + self.written_1h,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.written_5m,
                "ephemeral_1h_input_tokens": self.written_1h,
            },
        }

    def cost(self, price: Price, output: int) -> float:
        """US dollars."""
        rates = price.rates_for(self.uncached + self.read + self.written_5m + self.written_1h)
        return (
            self.uncached * rates.input
            + self.read * rates.cache_read
            + self.written_5m * rates.cache_write_5m
            + self.written_1h * rates.cache_write_1h
            + output * rates.output
        ) / 1e6


class PromptCache:
    """Entries for exact prefixes of prompts, by model, ending at a breakpoint."""

    LOOKBACK = 20
    """Blocks before a breakpoint, it included, at which an entry is looked for."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[float, float]] = {}
        """Lifetime and end of each entry, by the hash of its prefix."""

    def look_up(self, body: Json, price: Price) -> Lookup:
        """An entry is found from the moment in which the answer that wrote it began."""
        now = time.monotonic()
        hashes, totals, lifetimes = prefixes(body)
        minimum = price.cache_minimum or 0
        points = [n for n, life in enumerate(lifetimes) if life and totals[n] >= minimum]
        found = {
            n
            for point in points
            for n in range(max(0, point - self.LOOKBACK + 1), point + 1)
            if self._entries.get(hashes[n], (0.0, 0.0))[1] > now
        }
        hit = max(found, default=None)
        read = before = 0 if hit is None else totals[hit]
        written = {300.0: 0, 3600.0: 0}
        entries: dict[str, float] = {}
        for point in points:
            if hit is None or point > hit:
                lifetime = lifetimes[point] or 0.0
                written[lifetime] += totals[point] - before
                before = totals[point]
                entries[hashes[point]] = lifetime
        return Lookup(
            uncached=totals[-1] - before,
            read=read,
            written_5m=written[300.0],
            written_1h=written[3600.0],
            refreshed=() if hit is None else (hashes[hit],),
            entries=entries,
        )

    def write(self, lookup: Lookup) -> None:
        now = time.monotonic()
        for prefix in lookup.refreshed:
            lifetime, _ = self._entries[prefix]
            self._entries[prefix] = (lifetime, now + lifetime)
        for prefix, lifetime in lookup.entries.items():
            self._entries[prefix] = (lifetime, now + lifetime)


def prefixes(body: Json) -> tuple[list[str], list[int], list[float | None]]:
    """Of every block in the order tools, system, messages: the hash of the prompt up to its end,
    the tokens up to there, and the lifetime of an entry where it has a breakpoint."""
    digest = hashlib.sha256(body["model"].encode())
    hashes: list[str] = []
    totals: list[int] = []
    lifetimes: list[float | None] = []
    total = 0
    for place, block in prompt(body):
        plain = {key: value for key, value in block.items() if key != "cache_control"}
        digest.update(f"{place}{json.dumps(plain)}".encode())
        total += tokens_in(block.get("text") or json.dumps(plain))
        mark = block.get("cache_control")
        hashes.append(digest.hexdigest())
        totals.append(total)
        lifetimes.append(mark and (3600.0 if mark.get("ttl") == "1h" else 300.0))
    return hashes, totals, lifetimes


def prompt(body: Json) -> Iterator[tuple[str, Json]]:
    for tool in body.get("tools", ()):
        yield "tools", tool
    for block in blocks_of(body.get("system", [])):
        yield "system", block
    for n, message in enumerate(body["messages"]):
        for block in blocks_of(message["content"]):
            yield f"{message['role']} {n}", block


def blocks_of(content: str | list[Json]) -> list[Json]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def tokens_in(text: str) -> int:
    return -(-len(text) // 4)
