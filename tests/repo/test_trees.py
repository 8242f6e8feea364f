"""Trees as git writes them, and their differences as git tells them."""

from hypothesis import given
from hypothesis import strategies as st

from gitswarm.repo.objects import Oid, RepoPath, TreeEntry
from gitswarm.repo.trees import Difference, differences, format_tree, parse_tree

names = st.binary(min_size=1, max_size=6).filter(lambda name: not {*b"\0/"} & {*name})
kinds = st.sampled_from(
    [("100644", "blob"), ("100755", "blob"), ("120000", "blob"), ("160000", "commit")]
)
digests = st.binary(min_size=20, max_size=20) | st.sampled_from([b"0 a\0" * 5, b"\n" * 20])

folders = st.dictionaries(names, st.tuples(kinds, digests), max_size=6)
"""What each name of a folder is."""


def entries(folder: dict[bytes, tuple[tuple[str, str], bytes]]) -> list[TreeEntry]:
    return [
        TreeEntry(mode, kind, Oid(digest.hex()), RepoPath(name))
        for name, ((mode, kind), digest) in sorted(folder.items())
    ]


@given(folders)
def test_what_is_written_is_read_again(
    folder: dict[bytes, tuple[tuple[str, str], bytes]],
) -> None:
    data = format_tree(entries(folder))
    assert [*parse_tree(data, digest_size=20)] == entries(folder)


@given(folders, folders, folders)
def test_just_what_differs_is_told_with_what_was_there_and_is(
    same: dict[bytes, tuple[tuple[str, str], bytes]],
    before: dict[bytes, tuple[tuple[str, str], bytes]],
    after: dict[bytes, tuple[tuple[str, str], bytes]],
) -> None:
    old, new = ({one.path: one for one in entries({**side, **same})} for side in (before, after))
    trees = {Oid("a" * 40): format_tree(old.values()), Oid("b" * 40): format_tree(new.values())}

    found = differences(lambda oids: [trees[oid] for oid in oids], *trees)

    def status(one: TreeEntry | None, other: TreeEntry | None) -> str:
        if one is None or other is None:
            return "A" if other else "D"
        return "M" if one.mode[:2] == other.mode[:2] else "T"

    expected = {
        Difference(status(old.get(path), new.get(path)), path, old.get(path), new.get(path))
        for path in old.keys() | new.keys()
        if old.get(path) != new.get(path)
    }
    assert {*found} == expected
