"""The question whether a plan shall run."""

import asyncio
import os
from typing import Literal, TextIO

from gitswarm.screen.sheet import Sheet

Answer = Literal["yes", "no", "edit"]

_ANSWERS: tuple[Answer, ...] = ("yes", "no", "edit")


async def ask(sheet: Sheet, stdin: TextIO) -> Answer:
    """Ask until one of the answers, or the beginning of one, is typed. The end of input is a no."""
    while True:
        sheet.ask("Run this plan? ", ("yes, no or edit: ", "dim"))
        try:
            typed = await _read_line(stdin)
        except asyncio.CancelledError:
            sheet.blank()
            raise
        if not typed:
            sheet.blank()
            return "no"
        word = typed.strip().lower()
        for answer in _ANSWERS:
            if word and answer.startswith(word):
                return answer


async def _read_line(terminal: TextIO) -> str:
    """A line of a terminal, which hands out one at a time; empty at the end of input. It is waited
    for on the event loop: a thread that reads could not be called back by Ctrl-C."""
    loop = asyncio.get_running_loop()
    typed = asyncio.Event()
    loop.add_reader(terminal, typed.set)
    try:
        await typed.wait()
    finally:
        loop.remove_reader(terminal)
    return os.read(terminal.fileno(), 4096).decode("utf-8", "replace")
