import re
import unittest
from dataclasses import fields
from pathlib import Path

from signpost import SignpostError
from signpost.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
VARIABLES = {PREFIX + field.name.upper() for field in fields(Settings)}


class SettingsTest(unittest.TestCase):
    def test_variables_replace_defaults_unless_they_are_empty(self):
        settings = Settings.from_environment(
            {"SIGNPOST_PORT": "9000", "SIGNPOST_HOST": "", "DATABASE": "other.sqlite3"}
        )

        self.assertEqual(settings, Settings(port=9000))

    def test_impossible_values_are_refused_by_name(self):
        for name, value in (
            ("SIGNPOST_PORT", "http"),
            ("SIGNPOST_PORT", "70000"),
            ("SIGNPOST_BASE_URL", "go.example"),
        ):
            with self.subTest(value=value), self.assertRaisesRegex(SignpostError, f"^{name} must "):
                Settings.from_environment({name: value})


class DocumentedTest(unittest.TestCase):
    def test_the_readme_lists_every_setting(self):
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        self.assertLessEqual(VARIABLES, set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)))

    def test_the_deployment_names_every_setting(self):
        text = (ROOT / "deploy" / "signpost.env").read_text(encoding="utf-8")
        self.assertLessEqual(VARIABLES, set(re.findall(r"^(\w+)=", text, re.MULTILINE)))
