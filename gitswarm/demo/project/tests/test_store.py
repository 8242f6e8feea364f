import tempfile
import unittest
from pathlib import Path

from signpost import SignpostError
from signpost.store import CodeTaken, InvalidLink, Link, LinkStore, NoSuchLink

DOCS = "https://docs.example/"


class LinkStoreTest(unittest.TestCase):
    def setUp(self):
        self.now = 100.0
        self.links = self.enterContext(LinkStore(":memory:", clock=lambda: self.now))

    def test_links_are_listed_newest_first(self):
        docs = self.links.add(DOCS, "docs")
        self.now = 200.5
        wiki = self.links.add("https://wiki.example/", "wiki")

        self.assertEqual(wiki, Link("wiki", "https://wiki.example/", created=200, hits=0))
        self.assertEqual(self.links.newest_first(), [wiki, docs])

    def test_a_code_belongs_to_one_link(self):
        link = self.links.add(DOCS, "docs")

        with self.assertRaisesRegex(CodeTaken, "^the code docs is taken$"):
            self.links.add("https://other.example/", "docs")

        self.assertEqual(self.links.get("docs"), link)

    def test_codes_that_could_not_be_followed_are_refused(self):
        for code in ("", "-docs", "Docs", "a/b", "docs\n", "x" * 33, "api", "healthz"):
            with self.subTest(code=code), self.assertRaises(InvalidLink):
                self.links.add(DOCS, code)

    def test_urls_that_could_not_be_sent_as_a_location_are_refused(self):
        for url in (
            "docs.example",
            "javascript:alert(1)",
            "https:///path",
            "http://[::1",
            "https://docs.example/\r\nSet-Cookie: a=b",
            "https://docs.example/a b",
            "https://docs.example/ä",
            DOCS + "x" * 2048,
        ):
            with self.subTest(url=url), self.assertRaises(InvalidLink):
                self.links.add(url, "docs")

    def test_each_visit_is_counted(self):
        self.links.add(DOCS, "docs")

        self.assertEqual([self.links.follow("docs").hits for _ in range(3)], [1, 2, 3])

    def test_a_missing_link_is_named(self):
        for act in (self.links.get, self.links.follow, self.links.remove):
            with self.assertRaisesRegex(NoSuchLink, "^there is no link docs$"):
                act("docs")


class DatabaseFileTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def test_links_outlive_the_store(self):
        path = str(self.folder / "links.sqlite3")
        with LinkStore(path) as links:
            link = links.add(DOCS)

        with LinkStore(path) as links:
            self.assertEqual(links.newest_first(), [link])

    def test_a_folder_that_does_not_exist_is_an_error(self):
        with self.assertRaisesRegex(SignpostError, "^cannot open the database "):
            LinkStore(str(self.folder / "missing" / "links.sqlite3"))
