"""The outline: which definitions are shown, of which files, in so many bytes."""

import pytest

from gitswarm.plan.definitions import language_of, read_definitions
from gitswarm.plan.goal_words import GoalWords
from gitswarm.plan.outline import read_outline
from tests.conftest import RepositoryBuilder

FILES = {
    "shop/prices.py": (
        "class Price:\n    def in_cents(self):\n        return 1\n\n\ndef parse_price(text):\n"
        "    return Price()\n\n\ndef never_used():\n    pass\n"
    ),
    "shop/orders.py": (
        "from shop.prices import Price, parse_price\n\n\ndef total(lines):\n"
        "    return parse_price(lines) or Price().in_cents()\n"
    ),
    "shop/mail.py": (
        "from shop.prices import parse_price\n\n\ndef send_mail():\n    parse_price('')\n"
    ),
    "vendor/prices.py": "def vendored_price():\n    pass\n",
    "tests/test_orders.py": (
        "from shop.orders import total\n\n\ndef test_total():\n    total([])\n"
    ),
}


def outline(repo: RepositoryBuilder, files: dict[str, str], goal: str, most_bytes: int) -> str:
    commit = repo.commit(files)
    entries = repo.repository.entries(commit)
    withheld = repo.withheld(commit)
    found = read_outline(repo.repository, entries, goal, withheld, most_bytes=most_bytes)
    return found.text(most_bytes)


def test_all_definitions_of_the_repositorys_own_code_are_shown_where_there_is_room(
    repo: RepositoryBuilder,
) -> None:
    assert outline(repo, FILES, "", 10_000) == "\n".join(
        [
            "shop/mail.py  (1 of 1)",
            "     4  def send_mail():",
            "shop/orders.py  (1 of 1)",
            "     4  def total(lines):",
            "shop/prices.py  (4 of 4)",
            "     1  class Price:",
            "     2      def in_cents(self):",
            "     6  def parse_price(text):",
            "    10  def never_used():",
            "tests/test_orders.py  (1 of 1)",
            "     4  def test_total():",
        ]
    )


def test_what_the_rest_refers_to_most_comes_first(repo: RepositoryBuilder) -> None:
    assert outline(repo, FILES, "", 60) == "\n".join(
        ["shop/prices.py  (1 of 4)", "     6  def parse_price(text):"]
    )


def test_what_the_goal_speaks_of_comes_first(repo: RepositoryBuilder) -> None:
    assert outline(repo, FILES, "Send fewer mails", 55) == "\n".join(
        ["shop/mail.py  (1 of 1)", "     4  def send_mail():"]
    )


@pytest.mark.parametrize("most_bytes", [0, 20, 60, 100, 150, 250])
def test_the_budget_holds(repo: RepositoryBuilder, most_bytes: int) -> None:
    assert len(outline(repo, FILES, "prices", most_bytes).encode()) <= most_bytes


def test_a_file_that_is_kept_from_models_is_not_outlined(repo: RepositoryBuilder) -> None:
    key = "AKIA" + "IOSFODNN7EXAMPLE"
    files = {
        "a.py": "def shown(): pass\n",
        "b.py": f'KEY = "{key}"\n\n\ndef hidden(): pass\n',
        "c.py": "def hidden_too(): pass\n",
        ".gitattributes": "c.py -swarm\n",
    }
    assert outline(repo, files, "", 1_000) == "a.py  (1 of 1)\n     1  def shown(): pass"


def test_only_a_bounded_sample_is_read_and_every_folder_has_its_share(
    repo: RepositoryBuilder,
) -> None:
    many = {f"big/m{n:04}.py": f"def big_{n}(): pass\n" for n in range(1_000)}
    few = {f"small/m{n}.py": f"def small_{n}(): pass\n" for n in range(3)}
    named = {"big/m0999_invoice.py": "def late(): pass\n"}

    shown = outline(repo, many | few | named, "Send the invoices by mail", 1_000_000)

    assert shown.count("def ") == 300
    assert [name for name in ("small_0", "small_2", "late") if name in shown] == [
        "small_0",
        "small_2",
        "late",
    ]


@pytest.mark.parametrize(
    ("path", "source", "names"),
    [
        ("a.py", "X = 1\nclass A:\n    def b(self): ...\n", ["X", "A", "b"]),
        ("a.jsx", "export const f = () => <b/>;\nclass A { go() {} }\n", ["f", "A", "go"]),
        ("a.js", "app.go = function go() {}; app.on = function () {};\n", ["go", "on"]),
        ("a.ts", "interface I { go(): void }\nexport class A<T> {}\n", ["I", "go", "A"]),
        ("a.tsx", "export function App(): JSX.Element { return <b/>; }\n", ["App"]),
        ("a.go", "package p\n\ntype S struct{}\n\nfunc (s S) Run() {}\n", ["S", "Run"]),
        ("a.rs", "pub struct S;\nimpl S {\n    pub fn run(&self) {}\n}\n", ["S", "run"]),
        ("A.java", "class A { void run() {} }\n", ["A", "run"]),
        ("a.h", "struct s { int a; };\nint run(int a) { return a; }\n", ["s", "run"]),
        ("a.cc", "class A {};\nint A::run() { return 1; }\n", ["A", "run"]),
        ("a.rb", "module M\n  def go\n  end\nend\n", ["M", "go"]),
        ("a.php", "<?php\nclass A { function go() {} }\n", ["A", "go"]),
        ("broken.py", "def fine(): pass\n\ndef (:\n\x00\xff", ["fine"]),
    ],
)
def test_definitions_are_read_in_their_language(path: str, source: str, names: list[str]) -> None:
    language = language_of(path.encode())
    assert language is not None
    found = read_definitions(language, source.encode("latin-1"))
    assert [one.name for one in found] == names


def test_names_are_compared_by_the_stems_of_their_words() -> None:
    words = GoalWords("Limit the rate of invoices per tenant; add JWTAuth")
    names = ["rate_limit", "RateLimiter", "invoice", "generate", "src/tenants/jwt.py", "add"]
    assert [words.count(name.encode()) for name in names] == [2, 2, 1, 0, 2, 0]
    assert GoalWords("").count(b"anything") == 0
