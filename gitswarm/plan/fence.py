"""Text between fences that it cannot close."""


def fenced(text: str, word: str = "") -> str:
    """A code block of Markdown that holds the text, opened by the word if there is one."""
    # A fence may be indented.
    lines = [line.lstrip() for line in text.splitlines()]
    longest = max((len(line) - len(line.lstrip("`")) for line in lines), default=0)
    fence = "`" * max(4, longest + 1)
    end = "" if text.endswith("\n") else "\n"
    return f"{fence}{word}\n{text}{end}{fence}"
