"""imports: modules and names as sets."""

import pytest

from gitswarm.merge.rules.imports import imports
from tests.merge.rules.hunks import answer


@pytest.mark.parametrize(
    ("path", "base", "ours", "theirs", "merged"),
    [
        (
            "a.py",
            "from shapes import area\n",
            "from shapes import area, edge\n",
            "from shapes import area, volume\n",
            "from shapes import area, edge, volume\n",
        ),
        (
            "a.py",
            "import os\n",
            "import os\nimport re\n",
            "import abc\nimport os\n",
            "import abc\nimport os\nimport re\n",
        ),
        ("a.py", "", "import glob\n", "import json\n", "import glob\nimport json\n"),
        ("a.py", "import os\n", "import os\nimport re\n", "", "import re\n"),
        (
            "a.py",
            "from shapes import area\nimport os\n",
            "from shapes import (\n    area,\n    volume,\n)\nimport os\n",
            "from shapes import area, edge\n",
            "from shapes import (\n    area,\n    edge,\n    volume,\n)\n",
        ),
        (
            "a.ts",
            "import { area } from './shapes';\n",
            "import { area, edge } from './shapes';\n",
            "import { area } from './shapes';\nimport type { Unit } from './units';\n",
            "import { area, edge } from './shapes';\nimport type { Unit } from './units';\n",
        ),
        (
            "a.ts",
            "",
            "import {\n  area,\n  edge,\n} from './shapes';\n",
            "import { volume } from './shapes';\n",
            "import {\n  area,\n  edge,\n  volume,\n} from './shapes';\n",
        ),
        (
            "a.rs",
            "use std::fmt::{Debug, Display};\n",
            "use std::fmt::{Debug, Display, Write};\n",
            "use std::fmt::{Debug, Display};\nuse std::io;\n",
            "use std::fmt::{Debug, Display, Write};\nuse std::io;\n",
        ),
        (
            "a.rs",
            "",
            "use crate::shapes::Area;\n",
            "use crate::shapes::Edge;\n",
            "use crate::shapes::{Area, Edge};\n",
        ),
        (
            "a.go",
            '\t"fmt"\n',
            '\t"fmt"\n\t"os"\n',
            '\t"errors"\n\t"fmt"\n',
            '\t"errors"\n\t"fmt"\n\t"os"\n',
        ),
        (
            "a.java",
            "import java.util.List;\n",
            "import java.util.List;\nimport java.util.Map;\n",
            "",
            "import java.util.Map;\n",
        ),
    ],
)
def test_modules_and_names_of_both_sides_are_together(
    path: str, base: str, ours: str, theirs: str, merged: str
) -> None:
    assert answer(imports, path, base, ours, theirs) == merged


@pytest.mark.parametrize(
    ("path", "base", "ours", "theirs"),
    [
        ("a.py", "from a import b\n", "from a import b, c\n", ""),
        ("a.py", "from a import b, c\n", "from a import b\n", "from a import b, c, d\n"),
        ("a.py", "", "from a import Name\n", "from b import Name\n"),
        ("a.py", "", "import a\nprint()\n", "import b\n"),
        ("a.py", "", "from a import (\n    b,\n", "from a import (\n    c,\n"),
        ("a.py", "", "# why\nimport a\n", "import b\n"),
        ("a.py", "", "from a import b\nfrom a import c\n", "import d\n"),
        ("a.txt", "", "import a\n", "import b\n"),
    ],
    ids=["module-gone", "name-gone", "two-sources", "code", "cut", "comment", "twice", "prose"],
)
def test_it_declines(path: str, base: str, ours: str, theirs: str) -> None:
    assert answer(imports, path, base, ours, theirs) is None
    assert answer(imports, path, base, theirs, ours) is None
