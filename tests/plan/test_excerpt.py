"""Which sections of a long document are shown."""

from hypothesis import given
from hypothesis import strategies as st

from gitswarm.plan.excerpt import excerpt

README = (
    """\
# Shapes

Areas and volumes.

## History

"""
    + "Long ago.\n" * 40
    + """
## Development

Run `make test`.

```
# not a heading
```

License
-------

"""
    + "Free of charge.\n" * 10
)


def test_a_document_that_fits_is_shown_whole() -> None:
    assert excerpt(README, path="README.md", most_bytes=2_000) == README
    assert excerpt("no newline", path="a", most_bytes=100) == "no newline\n"


def test_the_beginning_and_telling_sections_come_before_the_others() -> None:
    assert (
        excerpt(README, path="README.md", most_bytes=240)
        == """\
# Shapes

Areas and volumes.

[lines 5-47 of README.md are left out]
## Development

Run `make test`.

```
# not a heading
```

[lines 56-68 of README.md are left out]
"""
    )


def test_a_long_beginning_is_cut_between_lines() -> None:
    text = "".join(f"line {n}\n" for n in range(1, 101))
    assert excerpt(text, path="AGENTS.md", most_bytes=224) == (
        "line 1\nline 2\nline 3\n[lines 4-100 of AGENTS.md are left out]\n"
    )
    assert excerpt(text, path="AGENTS.md", most_bytes=20) == ""


@given(
    st.lists(st.sampled_from(["# Build\n", "x\n", "\n", "Test\n====\n", "```\n", "ü" * 30 + "\n"])),
    st.integers(0, 400),
)
def test_what_is_shown_fits_and_what_is_left_out_is_named(parts: list[str], most: int) -> None:
    text = "".join(parts)
    shown = excerpt(text, path="R", most_bytes=most)

    assert len(shown.encode()) <= most
    if not shown:
        return
    lines = text.split("\n")[:-1]
    restored: list[str] = []
    for line in shown.split("\n")[:-1]:
        if line.startswith("[lines "):
            first, last = map(int, line.split()[1].split("-"))
            assert first == len(restored) + 1
            restored += lines[first - 1 : last]
        else:
            restored.append(line)
    assert restored == lines
