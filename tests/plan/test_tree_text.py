"""The tree of files as text: whole where it fits, folded where it does not."""

from hypothesis import given
from hypothesis import strategies as st

from gitswarm.plan.tree_text import MORE_BYTES, draw_tree
from gitswarm.repo.objects import FILE_MODE, SUBMODULE_MODE, SYMLINK_MODE, Oid, RepoPath, TreeEntry


def entry(path: bytes, mode: str = FILE_MODE) -> TreeEntry:
    kind = "commit" if mode == SUBMODULE_MODE else "blob"
    return TreeEntry(mode, kind, Oid(path.hex()), RepoPath(path))


def draw(*entries: TreeEntry, most_bytes: int = 10_000, sizes: int | None = None) -> list[str]:
    def sizes_of(wanted: object) -> dict[Oid, int]:
        return {} if sizes is None else dict.fromkeys((one.oid for one in entries), sizes)

    return draw_tree(entries, most_bytes=most_bytes, sizes_of=sizes_of).split("\n")


def test_a_tree_that_fits_is_shown_whole() -> None:
    paths = [b"README.md", b"java/org/acme/A.java", b"java/org/acme/b/B.java", b"z/caf\xe9\n.py"]
    marked = [entry(b"link", SYMLINK_MODE), entry(b"vendored", SUBMODULE_MODE)]

    assert draw(*marked, *map(entry, paths), sizes=1_234) == [
        "link  (symbolic link)",
        "vendored  (submodule)",
        "README.md  1.2k",
        "java/org/acme/",
        "  A.java  1.2k",
        "  b/",
        "    B.java  1.2k",
        "z/",
        r"  caf\xe9\x0a.py  1.2k",
    ]


def test_sizes_are_short() -> None:
    sizes = [0, 999, 1_000, 9_949, 10_400, 999_499, 1_000_000, 25_000_000]
    shown = [draw(entry(b"x"), sizes=size)[0].split()[1] for size in sizes]
    assert shown == ["0", "999", "1.0k", "9.9k", "10k", "999k", "1.0M", "25M"]


def test_small_and_upper_folders_are_opened_first_and_the_others_told_by_suffix() -> None:
    paths = [
        b"a.py",
        *(b"big/%d.json" % n for n in range(40)),
        b"big/Makefile",
        b"big/deep/x.c",
        b"small/one.py",
        b"small/inner/two.py",
    ]
    assert draw(*map(entry, paths), most_bytes=200) == [
        "a.py",
        "big/  (folded: 40 .json, 1 .c, 1 without suffix)",
        "small/",
        "  one.py",
        "  inner/",
        "    two.py",
    ]
    assert draw(*map(entry, paths), most_bytes=500) == [
        "a.py",
        "big/",
        *(f"  {n}.json" for n in range(12)),
        "  Makefile",
        "  ... and 28 more .json",
        "  deep/",
        "    x.c",
        "small/",
        "  one.py",
        "  inner/",
        "    two.py",
    ]


PATHS = st.lists(
    st.lists(st.sampled_from([b"a", b"b.py", b"c.md", b"d"]), min_size=1, max_size=4).map(
        b"/".join
    ),
    unique=True,
)


@given(PATHS, st.integers(0, 300))
def test_every_file_is_shown_or_counted_within_the_room(paths: list[bytes], room: int) -> None:
    entries = [entry(path + b".f%d" % (n % 2)) for n, path in enumerate(sorted(paths))]
    lines = draw(*entries, most_bytes=room)

    assert draw(*entries, most_bytes=room) == lines
    counted = 0
    for line in lines:
        if "(folded: " in line:
            kinds = line.partition("(folded: ")[2].rstrip(")").split(", ")
            counted += sum(int(kind.split()[0]) for kind in kinds)
        elif "... and " in line:
            counted += int(line.split()[2])
        elif line and not line.endswith("/"):
            counted += 1
    assert counted == len(entries)
    assert len("\n".join(lines)) <= max(room, 2 * MORE_BYTES)


def test_a_crowded_root_is_shown_in_part() -> None:
    files = [b"data.%d" % n for n in range(100, 500)]
    folders = [b"folder%d/a.py" % n for n in range(100, 500)]

    assert draw(*map(entry, files + folders), most_bytes=200) == [
        *("data.100", "data.101", "data.102", "data.103", "data.104"),
        "... and 395 more files",
        "folder100/  (folded: 1 .py)",
        "folder101/  (folded: 1 .py)",
        "... and 398 more files in other folders",
    ]
