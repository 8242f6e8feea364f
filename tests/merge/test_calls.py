"""Calls that one branch adds to what the other one removes or changes the parameters of."""

import pytest

from gitswarm.merge.calls import BrokenCall, Modules, broken_calls, still_broken
from gitswarm.merge.python_module import PythonModule, read_module
from gitswarm.repo.objects import RepoPath, show

Files = dict[str, str | None]


def modules(files: Files) -> Modules:
    def module(path: RepoPath) -> PythonModule | None:
        text = files.get(show(path))
        return None if text is None else read_module(text.encode())

    return module


def broken(base: Files, ours: Files, theirs: Files) -> list[BrokenCall]:
    """What is found when two branches that change different files of `base` are merged."""
    merged, side, other = map(modules, ({**base, **ours, **theirs}, base | theirs, base | ours))
    paths = [RepoPath(path.encode()) for path in theirs]
    return [*broken_calls(paths, merged=merged, side=side, other=other)]


def told(call: BrokenCall) -> tuple[str, int, str, str, str | None]:
    return show(call.path), call.line, show(call.module), call.name, call.refusal


STORE = "def save(item): ...\n\nclass Store:\n    def put(self, item): ...\n"
BASE: Files = {"pkg/store.py": STORE, "pkg/__init__.py": "", "app.py": ""}
GONE: Files = {"pkg/store.py": STORE.replace("save", "keep").replace("put", "add")}
WIDER: Files = {"pkg/store.py": STORE.replace("item", "item, key")}


@pytest.mark.parametrize(
    ("path", "call", "name"),
    [
        ("app.py", "import pkg.store\npkg.store.save(1)\n", "save"),
        ("app.py", "import pkg.store as s\n\ns.save(1)\n", "save"),
        ("app.py", "from pkg import store\nstore.save(1)\n", "save"),
        ("app.py", "from pkg.store import save\nsave(1)\n", "save"),
        ("app.py", "def f():\n    from pkg.store import save as s\n    s(1)\n", "save"),
        ("pkg/web.py", "from .store import save\nsave(1)\n", "save"),
        ("pkg/web.py", "from . import store\nstore.save(1)\n", "save"),
        ("pkg/sub/web.py", "from ..store import save\nsave(1)\n", "save"),
        ("app.py", "from pkg.store import Store\ns = Store()\ns.put(1)\n", "Store.put"),
        (
            "app.py",
            "from pkg.store import Store\ndef f(s: Store):\n    s.put(1)\n",
            "Store.put",
        ),
    ],
)
def test_a_new_call_of_what_the_other_branch_renamed_or_gave_a_parameter_is_found(
    path: str, call: str, name: str
) -> None:
    gone = broken(BASE, GONE, {path: call})
    wider = broken(BASE, WIDER, {path: call})

    line = call.count("\n")
    assert [told(one) for one in gone] == [(path, line, "pkg/store.py", name, None)]
    missing = "missing a required argument: 'key'"
    assert [told(one) for one in wider] == [(path, line, "pkg/store.py", name, missing)]


def test_an_import_of_what_is_gone_is_found_without_a_call() -> None:
    found = broken(BASE, GONE, {"app.py": "from pkg.store import save\nrun(save)\n"})

    assert [told(one) for one in found] == [("app.py", 1, "pkg/store.py", "save", None)]


def test_a_call_into_a_file_that_was_deleted_or_renamed_is_found() -> None:
    ours = {"pkg/store.py": None, "pkg/shop.py": STORE}

    found = broken(BASE, ours, {"app.py": "from pkg.store import save\nsave(1)\n"})

    assert [told(one) for one in found] == [("app.py", 2, "pkg/store.py", "save", None)]


@pytest.mark.parametrize(
    ("was", "now", "call", "refusal"),
    [
        ("def f(a): ...", "def f(): ...", "f(1)", "too many positional arguments"),
        ("def f(a): ...", "def f(b): ...", "f(a=1)", "missing a required argument: 'b'"),
        ("def f(a): ...", "def f(*, a): ...", "f(1)", "too many positional arguments"),
        ("class f: ...", "class f:\n    def __init__(self, a): ...", "f()", "missing a required"),
        (
            "@dataclass\nclass f:\n    a: int",
            "@dataclass\nclass f:\n    a: int\n    b: int",
            "f(1)",
            "missing a required argument: 'b'",
        ),
    ],
)
def test_a_call_that_does_not_fit_the_new_parameters_is_found(
    was: str, now: str, call: str, refusal: str
) -> None:
    found = broken({"m.py": was, "a.py": ""}, {"m.py": now}, {"a.py": f"from m import f\n{call}\n"})

    assert [(one.line, (one.refusal or "").startswith(refusal)) for one in found] == [(2, True)]


ONE_FILE = "def save(item): ...\n\n\nclass A:\n    def f(self): ...\n\n    def g(self): ...\n"


def test_calls_within_one_file_that_both_branches_changed_are_found() -> None:
    texts = (
        ONE_FILE.replace("save", "keep").replace("def f", "def h"),
        ONE_FILE.replace("g(self): ...", "g(self):\n        save(1)\n        self.f()"),
    )
    both = texts[1].replace("def save", "def keep").replace("def f", "def h")

    merged, ours, theirs = (modules({"a.py": text}) for text in (both, *texts))
    found = broken_calls([RepoPath(b"a.py")], merged=merged, side=theirs, other=ours)

    assert [told(one) for one in found] == [
        ("a.py", 8, "a.py", "save", None),
        ("a.py", 9, "a.py", "A.f", None),
    ]


SAVES = "from pkg.store import save\nsave(1)\n"
PUTS = "from pkg.store import Store\ns = Store()\ns.put(1)\n"


@pytest.mark.parametrize(
    ("store", "call"),
    [
        (STORE.replace("item)", "item, key=1)"), SAVES),
        (STORE.replace("item)", "*items)"), SAVES),
        (STORE.replace("item", "item, key"), "from pkg.store import save\nsave(*items)\n"),
        (STORE.replace("item", "item, key"), "from pkg.store import save\nsave(**items)\n"),
        (STORE.replace("item", "item, key"), "from other.store import save\nsave(1)\n"),
        (STORE.replace("item", "item, key"), f"{SAVES}save = patched(save)\n"),
        (STORE.replace("item", "item, key"), f"{SAVES}def f(save): ...\n"),
        (STORE.replace("item", "item, key"), f"{PUTS}s = other()\n"),
        ("@wrapped\n" + STORE.replace("item", "item, key"), SAVES),
        ("if x:\n    def save(item, key): ...\nelse:\n    def save(item): ...\n", SAVES),
        ("from .other import *\n", SAVES),
        ("from .other import save\n", SAVES),
        ("def __getattr__(name): ...\n", SAVES),
        (STORE.replace("Store:", "Store(Base):").replace("put", "add"), PUTS),
        (STORE.replace("put(self, item): ...", "add(self):\n        self.put = print"), PUTS),
        (
            STORE.replace("save", "keep"),
            "try:\n    from pkg.store import save\nexcept ImportError: ...\n",
        ),
        (STORE.replace("save", "keep"), "from pkg.store import keep\nkeep(1)\n"),
    ],
)
def test_what_may_well_work_is_not_told(store: str, call: str) -> None:
    assert broken(BASE, {"pkg/store.py": store}, {"app.py": call}) == []


def test_a_module_that_became_a_package_is_still_there() -> None:
    ours = {"pkg/store.py": None, "pkg/store/__init__.py": STORE}

    assert broken(BASE, ours, {"app.py": SAVES}) == []


def test_a_branch_that_broke_its_own_calls_is_not_the_merges_fault() -> None:
    base = {**BASE, "app.py": "from pkg.store import save\nsave(1)\n", "b.py": ""}

    assert broken(base, GONE, {"b.py": "x = 1\n"}) == []
    assert broken(base, {**GONE, "app.py": f"{base['app.py']}x = 1\n"}, {"b.py": "y = 1\n"}) == []


def test_a_call_that_a_later_tree_mends_is_no_longer_broken() -> None:
    (call,) = broken(BASE, GONE, {"app.py": "from pkg.store import save\nsave(1)\n"})
    caller = read_module(b"from pkg.store import save\n\nsave(1)\n")
    gone, back = (read_module((text or "").encode()) for text in (GONE["pkg/store.py"], STORE))

    assert told(still_broken(call, caller, gone) or call)[1] == 3
    assert still_broken(call, caller, back) is None
    assert still_broken(call, read_module(b"keep(1)\n"), gone) is None
    assert still_broken(call, None, gone) is None
    assert still_broken(call, caller, None) is not None
