"""Unsafe code is where docs/design.md says, and in the amounts that it says."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = {
    "blocks": re.compile(r"\bunsafe\s*\{"),
    "functions": re.compile(r'\bunsafe\s+(?:extern\s+"C"\s+)?fn\b'),
    "implementations": re.compile(r"\bunsafe\s+impl\b"),
}


def code_of(path):
    """The file without its comments."""
    return re.sub(r"//.*", "", path.read_text(encoding="utf-8"))


def found():
    counts = {}
    for folder in ("src", "crates/anonymizer/src"):
        for path in sorted((ROOT / folder).rglob("*.rs")):
            counted = [len(part.findall(code_of(path))) for part in PARTS.values()]
            if any(counted):
                counts[str(path.relative_to(ROOT))] = counted
    return counts


def told():
    text = (ROOT / "docs/design.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(src/server/\w+\.rs)` \| (\d+) \| (\d+) \| (\d+) \|", text, re.M)
    return {path: [int(count) for count in counts] for path, *counts in rows}


class Unsafe(unittest.TestCase):
    def test_it_is_where_the_design_says(self):
        self.assertEqual(found(), told())

    def test_only_the_room_of_the_server_may_have_it(self):
        allowed = [
            str(path.relative_to(ROOT))
            for folder in ("src", "crates", "tests")
            for path in (ROOT / folder).rglob("*.rs")
            if re.search(r"allow\([^)]*unsafe_code", code_of(path))
        ]
        self.assertEqual(allowed, ["src/server/mod.rs"])

    def test_the_lints_that_ask_for_its_reasons_are_on(self):
        manifest = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
        for lint in ("unsafe_code", "unsafe_op_in_unsafe_fn", "undocumented_unsafe_blocks", "missing_safety_doc"):
            self.assertRegex(manifest, rf'(?m)^{lint} = "deny"$')


if __name__ == "__main__":
    unittest.main()
