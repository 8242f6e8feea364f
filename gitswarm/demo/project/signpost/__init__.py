"""Signpost: short links for one team, served from one process and one SQLite file."""

__version__ = "1.2.0"


class SignpostError(Exception):
    """Something the caller or the operator can put right; the message says what."""
