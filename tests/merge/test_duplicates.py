"""What a file defines twice in one place, though only the last one counts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitswarm.merge.duplicates import Repeated, repeated
from gitswarm.repo.objects import RepoPath


def found(path: str, text: str) -> dict[str, tuple[int, ...]]:
    return {
        name: one.lines for name, one in repeated(RepoPath(path.encode()), text.encode()).items()
    }


TWICE = {
    "function.py": ("def f():\n    pass\n\nx = 1\n\ndef f(a):\n    pass\n", {"f": (1, 6)}),
    "class.py": ("class A: ...\nclass A: ...\n", {"A": (1, 2)}),
    "method.py": ("class A:\n  def f(self): ...\n  async def f(self): ...\n", {"A.f": (2, 3)}),
    "nested.py": ("def f():\n  def g(): ...\n  def g(): ...\n", {"f.g": (2, 3)}),
    "thrice.py": ("def f(): ...\ndef f(): ...\ndef f(): ...\n", {"f": (1, 2, 3)}),
    "marked.py": ("@pytest.mark.slow\ndef test_a(): ...\ndef test_a(): ...\n", {"test_a": (2, 3)}),
    "property.py": (
        "class A:\n  @property\n  def f(self): ...\n  @property\n  def f(self): ...\n",
        {"A.f": (3, 5)},
    ),
    "branch.py": ("if x:\n  def f(): ...\n  def f(): ...\n", {"f": (2, 3)}),
    "flat.json": ('{\n "a": 1,\n "b": ":",\n "\\u0061": 2\n}', {"a": (2, 4)}),
    "deep.json": ('{"x": [{"y": 1},\n {"y": {"z": 1,\n "z": 2}}]}', {"x.y.z": (2, 3)}),
    "flat.yaml": ("a: 1\nb: 2\na: 3\n", {"a": (1, 3)}),
    "deep.yml": ("x:\n- y: 1\n  y: 2\n---\nz: 1\n", {"x.y": (2, 3)}),
    "a.js": ("export function f() {}\nclass A {}\nfunction f(a) {}\n", {"f": (1, 3)}),
    "b.ts": ("class A {\n  f(): void {}\n  g() {}\n  f(): void {}\n}\n", {"A.f": (2, 4)}),
    "c.tsx": ("const a = <b/>;\nexport const a = 1;\n", {"a": (1, 2)}),
    "d.go": (
        "package a\nfunc (s *S) F() {}\nfunc (t S) F() {}\nfunc (t T) F() {}\n",
        {"F": (2, 3)},
    ),
    "e.rs": ("struct A;\nimpl A {\n  fn f() {}\n  fn f() {}\n}\n", {"A.f": (3, 4)}),
    "F.java": (
        "class F {\n  int f(int a) { return 1; }\n  int f(int a) { return 2; }\n}",
        {"F.f": (2, 3)},
    ),
    "g.c": ("int f(int a) { return 1; }\nint f(int a)\n{ return 2; }\n", {"f": (1, 2)}),
    "h.cpp": ("struct A { int f() { return 1; }\n int f() { return 2; } };\n", {"A.f": (1, 2)}),
    "i.rb": ("class A\n  def f; end\n  def f; end\nend\n", {"A.f": (2, 3)}),
}


@pytest.mark.parametrize("path", TWICE)
def test_what_is_defined_twice_in_one_place_is_found(path: str) -> None:
    text, expected = TWICE[path]
    assert found(path, text) == expected


ONCE = {
    "overload.py": "@overload\ndef f(a: int): ...\n@overload\ndef f(a: str): ...\ndef f(a): ...\n",
    "setter.py": "class A:\n  @property\n  def f(self): ...\n  @f.setter\n  def f(self, v): ...\n",
    "register.py": "@singledispatch\ndef f(a): ...\n@f.register\ndef _(a: int): ...\n"
    "@f.register\ndef _(a: str): ...\n",
    "kept.py": "@app.route('/a')\ndef view(): ...\n@app.route('/b')\ndef view(): ...\n",
    "else.py": "if x:\n  def f(): ...\nelse:\n  def f(): ...\n",
    "fallback.py": "try:\n  from a import f\nexcept ImportError:\n  def f(): ...\n",
    "later.py": "def f(): ...\nif x:\n  def f(): ...\n",
    "wrapped.py": "def f(): ...\nf = wrap(f)\ndef f(): ...\n",
    "scopes.py": "class A:\n  def f(self): ...\nclass B:\n  def f(self): ...\ndef f(): ...\n",
    "broken.py": "def f(): ...\ndef f(): ...\ndef (\n",
    "list.json": '[{"a": 1}, {"a": 2}]',
    "value.json": '{"a": "a", "b": {"a": "b"}}',
    "broken.json": '{"a": 1, "a": 2',
    "merge.yaml": "a: &a {x: 1}\nb: &b {y: 1}\nc:\n  <<: *a\n  <<: *b\n",
    "self.yaml": "a: &a\n  b: *a\n",
    "twice.toml": "a = 1\na = 2\n",
    "notes.md": "# A\n# A\n",
    "a.ts": "function f(a: number): void;\nfunction f(a: string): void;\nfunction f(a: any) {}\n",
    "b.js": "class A { get x() { return 1 } set x(v) {} static x() {} }\n",
    "c.js": "function f() { const a = 1; }\nfunction g() { const a = 1; }\n",
    "d.go": "package a\nfunc init() {}\nfunc init() {}\n",
    "e.rs": "#[cfg(unix)]\nfn f() {}\n#[cfg(windows)]\nfn f() {}\n",
    "F.java": "class F { int f(int a) { return 1; } int f(String a) { return 2; } }",
    "g.c": "#ifdef A\nint f() { return 1; }\n#else\nint f() { return 2; }\n#endif\n",
    "h.cpp": "int f(int a) { return 1; }\nint f(char a) { return 2; }\n",
    "i.rb": "class A\n  def f; end\n  def self.f; end\nend\n",
}


@pytest.mark.parametrize("path", ONCE)
def test_what_is_meant_to_be_there_several_times_is_not(path: str) -> None:
    assert found(path, ONCE[path]) == {}


def test_a_definition_is_told_from_a_key() -> None:
    path = RepoPath(b"a.json")

    assert repeated(path, b'{"a": 1,\n"a": 2}') == {"a": Repeated("key", "a", (1, 2))}


names = st.sampled_from("abcd")
values = st.recursive(
    st.integers(0, 9) | st.text('{":,}', max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(names, values, max_size=4), st.sampled_from([None, 2]))
def test_no_key_of_a_dictionary_is_found_twice(
    value: dict[str, object], indent: int | None
) -> None:
    text = json.dumps(value, indent=indent)

    assert found("a.json", text) == found("a.yaml", text) == {}


@given(st.lists(names, max_size=8))
def test_exactly_the_names_defined_more_than_once_are_found(defined: list[str]) -> None:
    expected = {
        name: tuple(line for line, other in enumerate(defined, start=1) if other == name)
        for name in {*defined}
        if defined.count(name) > 1
    }
    python = "".join(f"def {name}(): ...\n" for name in defined)
    script = "".join(f"function {name}() {{}}\n" for name in defined)
    mapping = "".join(f"{name}: 1\n" for name in defined)

    assert found("a.py", python) == expected
    assert found("a.js", script) == expected
    assert found("a.yaml", mapping) == expected
