import io
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from signpost.__main__ import main


class CommandLineTest(unittest.TestCase):
    def setUp(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.environment = {
            "SIGNPOST_DATABASE": str(folder / "links.sqlite3"),
            "SIGNPOST_BASE_URL": "https://go.example",
        }

    def run_command(self, *arguments):
        """The exit status and what was printed on standard output and on standard error."""
        with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
            status = main(arguments, self.environment)
        return status, out.getvalue(), err.getvalue()

    def test_an_added_link_is_listed_until_it_is_removed(self):
        added = self.run_command("add", "https://docs.example/", "--code", "docs")
        _, listed, _ = self.run_command("list")
        removed = self.run_command("remove", "docs")

        self.assertEqual(added, (0, "https://go.example/docs\n", ""))
        self.assertRegex(listed, r"^docs +0  \d{4}-\d\d-\d\d  https://docs\.example/\n$")
        self.assertEqual(removed, (0, "", ""))
        self.assertEqual(self.run_command("list"), (0, "", ""))

    def test_mistakes_are_told_in_one_line(self):
        self.assertEqual(
            self.run_command("remove", "docs"), (1, "", "signpost: there is no link docs\n")
        )
        self.environment["SIGNPOST_PORT"] = "http"
        self.assertEqual(
            self.run_command("list"),
            (1, "", "signpost: SIGNPOST_PORT must be a whole number, not 'http'\n"),
        )
