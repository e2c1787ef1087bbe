"""docs/reliability.md names tests that are there."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def rows():
    text = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.startswith("| ") and "`" in line]


class Reliability(unittest.TestCase):
    def test_every_test_it_names_is_in_the_file_it_names(self):
        named = 0
        for row in rows():
            # `tests/x.rs`: `one`, `another`
            for path, names in re.findall(r"`(tests/[\w/]+\.rs)`(?:: ((?:`\w+`(?:, )?)+))?", row):
                file = ROOT / path
                self.assertTrue(file.exists(), f"{path} is not there: {row}")
                text = file.read_text(encoding="utf-8")
                for name in re.findall(r"`(\w+)`", names):
                    named += 1
                    self.assertIn(f"fn {name}(", text, f"{path} has no {name}")
        self.assertGreater(named, 50)


if __name__ == "__main__":
    unittest.main()
