"""What a reply may write, and what it never may."""

import posixpath
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gitswarm.plan.roles import Writes
from gitswarm.repo.objects import SUBMODULE_MODE, SYMLINK_MODE, RepoPath
from gitswarm.swarm.paths import owned_by, refusal
from tests.swarm.replies import NO_FILES, FilesInMemory


def why(
    path: str,
    writes: Writes = Writes.CODE,
    files: FilesInMemory = NO_FILES,
    *,
    deleting: bool = False,
) -> str | None:
    return refusal(RepoPath(path.encode()), writes, files.entry, deleting=deleting)


@pytest.mark.parametrize(
    "path",
    [
        "a",
        "src/a.py",
        ".gitignore",
        ".gitattributes",
        ".gitmodules",
        ".github/CODEOWNERS",
        ".github/dependabot.yml",
        "sub/.github/workflows/x.yml",
        "src/git.py",
        "git",
        "a.git/b",
        ".gitx/a",
        "sub/.gitswarm/x",
        "..a/b",
        "a..b",
        "...a",
        "[...slug].tsx",
        "$id.tsx",
        "it's so.md",
        "größe/文.md",
        "with blank.md",
        "a/con_",
        "docs/azure-pipelines.md",
        "circleci/config.yml",
    ],
)
def test_ordinary_paths_may_be_written(path):
    assert why(path) is None


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "is empty; name a file"),
        ("/etc/passwd", "is absolute; write it from the top of the repository"),
        ("//server/share", "is absolute; write it from the top of the repository"),
        ("C:/a", "is absolute; write it from the top of the repository"),
        ("c:a", "is absolute; write it from the top of the repository"),
        ("a//b", "has an empty part: it ends with / or holds //"),
        ("a/", "has an empty part: it ends with / or holds //"),
        ("..", 'has the part ".."; write it from the top of the repository'),
        ("../a", 'has the part ".."; write it from the top of the repository'),
        ("a/../../b", 'has the part ".."; write it from the top of the repository'),
        ("./a", 'has the part "."; write it from the top of the repository'),
        ("a/.", 'has the part "."; write it from the top of the repository'),
        ("a/.. /b", 'has the part ".. "; write it from the top of the repository'),
        ("a/.../b", 'has the part "..."; write it from the top of the repository'),
        ("a\\b", "holds a backslash; parts are joined by /"),
        ("..\\a", "holds a backslash; parts are joined by /"),
        ("a\x00b", "holds a control character"),
        ("a\nb", "holds a control character"),
        ("a\x7f", "holds a control character"),
        ("a\x85", "holds a control character"),
        ("a" * 256, "has a part longer than 255 bytes"),
        ("ü" * 128, "has a part longer than 255 bytes"),
        ("a/" * 600 + "a", "is longer than 1024 bytes"),
    ],
)
def test_a_path_must_mean_one_file_inside_the_tree(path, reason):
    assert why(path) == f"{path!r} {reason}."


def test_a_path_is_utf8():
    assert refusal(RepoPath(b"caf\xe9"), Writes.CODE, NO_FILES.entry) == (
        "'caf\\\\xe9' is not UTF-8."
    )


@pytest.mark.parametrize(
    "part",
    [
        ".git",
        ".GIT",
        ".Git",
        ".git.",
        ".git ",
        ".git . .",
        "git~1",
        "GIT~1",
        "git~2",
        "git~1.",
        ".git:",
        ".git::$INDEX_ALLOCATION",
        ".git :x",
        "git~1:x",
        ".g\u200cit",
        ".git\u200d",
        "\ufeff.git",
        ".\u202egit",
        ".gi\u206ft",
        ".g\u00adit",
        ".g\ufe0fit",
        ".g\u0131t",
        ".g\u0130t",
        "．ｇｉｔ",
        "\u2024git",
    ],
)
def test_git_folder_is_not_written_in_any_spelling(part):
    for path in (part, f"{part}/config", f"sub/{part}/hooks/x"):
        assert why(path, Writes.CODE_AND_CI) == f"{path!r} is in git's own folder."


@pytest.mark.parametrize("name", [".gitswarm", ".GitSwarm", ".gitswarm.", ".git\u200cswarm"])
def test_no_role_writes_gitswarms_folder(name):
    for path in (name, f"{name}/roles/builder.md"):
        for writes in (Writes.CODE, Writes.CODE_AND_CI):
            assert why(path, writes, deleting=True) == (
                f"{path!r} is in gitswarm's own folder, which no role may change."
            )


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows",
        ".github/workflows/ci.yml",
        ".GitHub/Workflows/ci.yml",
        ".github./workflows /ci.yml",
        ".gitlab-ci.yml",
        ".gitlab-ci/build.yml",
        ".GITLAB-CI.YML",
        "sub/.gitlab-ci.yml",
        ".circleci/config.yml",
        "azure-pipelines.yml",
        "azure-pipelines/build.yml",
        "sub/azure-pipelines-release.yaml",
        "Jenkinsfile",
        "sub/jenkinsfile",
        ".forgejo/workflows/x.yml",
        ".gitea/workflows/x.yml",
        ".woodpecker.yml",
        ".woodpecker/x.yml",
        ".buildkite/pipeline.yml",
    ],
)
def test_only_a_role_that_may_writes_ci_definitions(path):
    for deleting in (False, True):
        assert why(path, Writes.CODE, deleting=deleting) == (
            f"{path!r} is a CI definition, which this role may not change."
        )
    assert why(path.replace(".github.", ".github"), Writes.CODE_AND_CI, deleting=True) is None


def test_a_role_that_writes_nothing_writes_nothing():
    assert why("a.py", Writes.NOTHING) == (
        "'a.py' cannot be written: this role changes no files, it reports in prose."
    )


TREE = FilesInMemory(
    {"file": "x", "dir/link": "../..", "link": "/etc", "sub": "", "dir/a:b": "x", "dir/aux.c": "x"},
    modes={"link": SYMLINK_MODE, "dir/link": SYMLINK_MODE, "sub": SUBMODULE_MODE},
)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("link/passwd", "goes through the symbolic link 'link'"),
        ("dir/link/deep/er/a", "goes through the symbolic link 'dir/link'"),
        ("sub/a", "is in the submodule 'sub'"),
        ("sub/deep/a", "is in the submodule 'sub'"),
        ("file/a", "cannot be: 'file' is a file"),
        ("dir", "is a folder; name the files in it"),
        ("sub", "is a submodule"),
        ("link", "is a symbolic link; edit the file it points to"),
    ],
)
def test_nothing_is_written_through_links_into_submodules_or_over_folders(path, reason):
    assert why(path, files=TREE) == f"{path!r} {reason}."


def test_a_link_may_be_deleted_and_a_submodule_may_not():
    assert why("link", files=TREE, deleting=True) is None
    assert why("sub", files=TREE, deleting=True) == "'sub' is a submodule."
    assert why("link/a", files=TREE, deleting=True) is not None


def test_a_file_that_is_deleted_makes_room_for_a_folder_and_a_link_does_not():
    deleted = {RepoPath(b"file"), RepoPath(b"link")}
    path = RepoPath(b"file/a")
    assert refusal(path, Writes.CODE, TREE.entry, deleted=deleted) is None
    assert refusal(RepoPath(b"link/a"), Writes.CODE, TREE.entry, deleted=deleted) is not None


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("src/con", 'has the part "con", which Windows cannot hold'),
        ("NUL.txt", 'has the part "NUL.txt", which Windows cannot hold'),
        ("com1/a", 'has the part "com1", which Windows cannot hold'),
        ("a./b", 'has the part "a.", which Windows cannot hold'),
        ("a ", 'has the part "a ", which Windows cannot hold'),
        ("dir/a:c", "holds a :, which Windows cannot hold"),
        ("src/*.py", "holds a *, which Windows cannot hold"),
        ("<path>", "holds a <, which Windows cannot hold"),
    ],
)
def test_a_new_file_has_a_name_that_every_system_can_hold(path, reason):
    assert why(path, files=TREE) == f"{path!r} {reason}."


@pytest.mark.parametrize(
    "path",
    [
        "src/a.py,",
        "[src/a.py]",
        "(src/a.py)",
        "a/src/a.py",
        "@src/a.py",
    ],
)
def test_a_known_path_in_disguise_is_no_new_file(path):
    assert why(path, files=FilesInMemory({"src/a.py": ""})) == (
        f"{path!r} does not exist, but 'src/a.py' does; write the path as it is."
    )
    assert why(path, files=FilesInMemory({"src/a.py": "", path: ""})) is None


@pytest.mark.parametrize(
    "path", ["_a.py", "a/a.py", "a/b/a.py", "~a.py", "می\u200cخواهم.md", "b/a.py", "(a)/a.py"]
)
def test_a_new_file_may_have_the_name_of_another_in_it(path):
    assert why(path, files=FilesInMemory({"a.py": "", "src/a.py": ""})) is None


def test_a_diffs_letter_may_be_a_folder():
    files = FilesInMemory({"src/a.py": "", "b/x.py": ""})
    assert why("a/src/a.py", files=files) is not None
    assert why("b/src/a.py", files=files) is None


def test_lines_in_a_path_are_a_part_of_a_file():
    assert why("src/a.py#L1-L9", files=FilesInMemory({"src/a.py": ""})) == (
        "'src/a.py#L1-L9' names lines of 'src/a.py'; to change a part of it, use an edit fence for"
        " it."
    )


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("src/a.py;", "ends in what is no part of a path"),
        ("src/a.py#L3", "ends in what is no part of a path"),
        ("~/a.py", "does not begin at the top"),
        ("$ROOT/a.py", "does not begin at the top"),
        ("${ROOT}/a.py", "does not begin at the top"),
        ("src/a.py\u200b", "does not show"),
    ],
)
def test_a_new_path_is_one(path, reason):
    assert reason in (why(path) or "")


def test_a_long_path_of_brackets_is_read_in_reasonable_time():
    assert why("/".join(["[" * 250] * 4) + "x") is None


def test_an_old_file_may_be_changed_whatever_its_name():
    assert why("dir/a:b", files=TREE) is None
    assert why("dir/aux.c", files=TREE) is None


# Against git itself

PARTS = st.one_of(
    st.sampled_from(
        [".git", "git~1", ".GIT.", ".g\u200cit", "..", ".", "", " ", "a", "link", "sub", "C:", "\\"]
    ),
    st.text(st.sampled_from(".gGiItT~1 :\\\u200c\ufeffa"), max_size=6),
    st.text(st.characters(codec="utf-8"), max_size=6),
)


@settings(max_examples=150)
@given(parts=st.lists(PARTS, min_size=1, max_size=3))
@example(parts=["a", ".git::$INDEX_ALLOCATION"])
def test_no_path_that_is_accepted_leaves_the_tree_or_is_refused_by_git(tmp_path_factory, parts):
    path = "/".join(parts)
    if why(path, Writes.CODE_AND_CI, TREE) is not None:
        return
    resolved = posixpath.normpath(posixpath.join("/tree", path))
    assert resolved == "/tree/" + path
    assert not resolved.startswith(("/tree/link/", "/tree/sub/", "/tree/file/"))
    folder = tmp_path_factory.mktemp("paths")
    protect = ["-c", "core.protectNTFS=true", "-c", "core.protectHFS=true"]
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    entry = f"100644,{'0' * 39}1,{path}"
    command = ["git", *protect, "update-index", "--add", "--cacheinfo", entry]
    assert subprocess.run(command, cwd=folder).returncode == 0


# What a task owns


@pytest.mark.parametrize(
    ("path", "pathspec", "owned"),
    [
        ("src/a.py", "src/a.py", True),
        ("src/a.py", "src", True),
        ("src/a.py", "src/", True),
        ("src/a.py", "./src", True),
        ("src/a.py", ".", True),
        ("src/a.py", "sr", False),
        ("src/a.py", "", False),
        ("src/a.py", "src/*", True),
        ("src/b/a.py", "src/*", False),
        ("src/b/a.py", "src/**", True),
        ("src/b/a.py", "**/a.py", True),
        ("a.py", "**/a.py", True),
        ("src/b/a.py", "src/**/a.py", True),
        ("src/a.py", "src/**/a.py", True),
        ("src/a.py", "*.py", False),
        ("src/a.py", "**.py", False),
        ("src/b/a.py", "s?c**", False),
        ("src/b/a.py", "src**", True),
        ("src/a.py", ":(glob)src/*.py", True),
        ("src/a.py", "src/?.py", True),
        ("src/a.py", "src/[a-c].py", True),
        ("src/d.py", "src/[!a-c].py", True),
        ("src/a.py", "src[/]a.py", False),
        ("src/a*.py", r"src/a\*.py", True),
        ("src/ab.py", r"src/a\*.py", False),
        ("src/[a].py", "src/[a].py", True),
        ("src/a.py", "src/[", False),
    ],
)
def test_a_path_is_owned_as_git_matches_a_glob_pathspec(path, pathspec, owned):
    assert owned_by(RepoPath(path.encode()), [pathspec]) is owned


def test_one_pathspec_of_several_is_enough():
    assert owned_by(RepoPath(b"b"), ["a", "b"])
    assert not owned_by(RepoPath(b"b"), [])


OWNED = [
    "c",
    "aa",
    "ab",
    "a/b",
    "a/a/b",
    "a/a/a/b",
    "b/a",
    "b/b/a",
    "a/b.c",
    "é",
    "A",
    "[a]",
    "a/]",
]
OWNED += ["]", "-", "a/-b", "b/*", "\\", "^", "!"]


@settings(max_examples=150)
@given(pathspec=st.text(st.sampled_from("aab/**?[]!^-.\\é:"), min_size=1, max_size=7))
@example(pathspec="**/b")
@example(pathspec="a/**/b")
@example(pathspec="[[:alpha:]]")
@example(pathspec="[]a]")
@example(pathspec="[]?")
@example(pathspec="[b-]")
@example(pathspec="[b-a]")
@example(pathspec="[\\]]")
@example(pathspec="c\\")
@example(pathspec="[[:punct:]]")
@example(pathspec="a[[:cntrl:][:alnum:]]")
@example(pathspec="[[:none:]]")
def test_pathspecs_match_what_git_lists_for_them(owned_tree, pathspec):
    if pathspec.startswith(("/", ".", ":")) or "//" in pathspec or "/." in pathspec:
        return
    command = ["git", "ls-files", "-z", "--", f":(glob){pathspec}"]
    listed = subprocess.run(command, cwd=owned_tree, capture_output=True, check=True).stdout
    found = {path for path in OWNED if owned_by(RepoPath(path.encode()), [pathspec])}
    assert found == {path.decode() for path in listed.split(b"\0") if path}


@pytest.fixture(scope="module")
def owned_tree(tmp_path_factory):
    """An index that holds the paths of `OWNED`."""
    folder = tmp_path_factory.mktemp("owned")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    listing = "".join(f"100644 {'0' * 39}1 0\t{path}\0" for path in OWNED)
    command = ["git", "update-index", "-z", "--index-info"]
    subprocess.run(command, cwd=folder, input=listing.encode(), check=True)
    return folder
