"""Links and the SQLite file that keeps them."""

import re
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from signpost import SignpostError

# Letters and digits that are not mistaken for one another when read aloud or copied by hand.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
RANDOM_LENGTH = 6
CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
RESERVED = frozenset({"api", "healthz"})
MAX_URL = 2048

SCHEMA = """
CREATE TABLE IF NOT EXISTS links (
    code    TEXT PRIMARY KEY,
    url     TEXT NOT NULL,
    created INTEGER NOT NULL,
    hits    INTEGER NOT NULL DEFAULT 0
)
"""


class InvalidLink(SignpostError):
    """A code or a URL that cannot become a link."""


class CodeTaken(SignpostError):
    """Another link already has this code."""


class NoSuchLink(SignpostError):
    """No link has this code."""


@dataclass(frozen=True)
class Link:
    code: str
    url: str
    created: int  # seconds since the epoch
    hits: int


class LinkStore:
    """Safe to share between threads; other processes may have the same file open."""

    def __init__(self, path: str, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        try:
            self._database = sqlite3.connect(path, check_same_thread=False)
            self._database.execute(SCHEMA)
        except sqlite3.Error as error:
            raise SignpostError(f"cannot open the database {path}: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._database.close()

    def add(self, url: str, code: str | None = None) -> Link:
        """Adds a link, under a new random code unless one is given."""
        check_url(url)
        if code is not None:
            check_code(code)
            return self._insert(url, code)
        while True:
            try:
                return self._insert(url, random_code())
            except CodeTaken:
                continue

    def _insert(self, url: str, code: str) -> Link:
        link = Link(code, url, int(self._clock()), hits=0)
        try:
            with self._lock, self._database:
                self._database.execute(
                    "INSERT INTO links (code, url, created) VALUES (?, ?, ?)",
                    (link.code, link.url, link.created),
                )
        except sqlite3.IntegrityError:
            raise CodeTaken(f"the code {code} is taken") from None
        return link

    def get(self, code: str) -> Link:
        with self._lock:
            row = self._database.execute(
                "SELECT code, url, created, hits FROM links WHERE code = ?", (code,)
            ).fetchone()
        if row is None:
            raise NoSuchLink(f"there is no link {code}")
        return Link(*row)

    def follow(self, code: str) -> Link:
        """The link, with this visit counted."""
        with self._lock, self._database:
            self._database.execute("UPDATE links SET hits = hits + 1 WHERE code = ?", (code,))
        return self.get(code)

    def newest_first(self) -> list[Link]:
        with self._lock:
            rows = self._database.execute(
                "SELECT code, url, created, hits FROM links ORDER BY created DESC, code"
            ).fetchall()
        return [Link(*row) for row in rows]

    def remove(self, code: str) -> None:
        with self._lock, self._database:
            removed = self._database.execute("DELETE FROM links WHERE code = ?", (code,)).rowcount
        if not removed:
            raise NoSuchLink(f"there is no link {code}")


def random_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))


def check_code(code: str) -> None:
    if not CODE.fullmatch(code):
        raise InvalidLink("a code is 1 to 32 characters of a-z, 0-9 and -, not starting with -")
    if code in RESERVED:
        raise InvalidLink(f"the code {code} is reserved")


def check_url(url: str) -> None:
    """Lets through only what can be sent as it is in a Location header."""
    if len(url) > MAX_URL:
        raise InvalidLink(f"a URL may have {MAX_URL} characters, this one has {len(url)}")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidLink("a URL must be percent-encoded ASCII without blanks")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InvalidLink(f"not a URL: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidLink("a URL must start with http:// or https:// and name a host")
