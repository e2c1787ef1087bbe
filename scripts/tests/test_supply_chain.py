"""What a finding, no finding and no database become in the table of scripts/test."""

import os
import subprocess
import tempfile
import textwrap
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

STEP = """
set -euo pipefail
root="$1" cache="$1/.cache" work="$2"
for part in console prerequisites test_results supply_chain; do . "$root/scripts/lib/$part.sh"; done
hold_cache
ensure_dependency_checkers
release_cache
run_step 'the step' "$3"
show_results
"""

FINDING = """\
```toml
[advisory]
id = "RUSTSEC-2026-0001"
package = "serde_json"
date = "2026-01-01"

[versions]
patched = []
```

# An example of a finding

It is in no real database.
"""


class SupplyChain(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.database = Path(self.directory.name) / "database"

    def make_database(self, files):
        for name, text in files.items():
            path = self.database / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        author = ["-c", "user.name=example", "-c", "user.email=example@example.com"]
        commit = [*author, "commit", "--quiet", "--message", "x"]
        for command in (["init", "--quiet", "--initial-branch", "main"], ["add", "."], commit):
            subprocess.run(["git", "-C", self.database, *command], check=True)

    def run_step(self, function):
        environment = {**os.environ, "PM_ADVISORY_DB": str(self.database), "CI": "true"}
        done = subprocess.run(
            ["bash", "-c", textwrap.dedent(STEP), "bash", ROOT, self.directory.name, function],
            env=environment, capture_output=True, text=True, timeout=600, check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def test_a_finding_fails(self):
        self.make_database({"crates/serde_json/RUSTSEC-2026-0001.md": FINDING})
        status, said = self.run_step("check_advisories")
        self.assertEqual(status, 1, said)
        self.assertRegex(said, r"the step +FAILED")
        self.assertIn("1 vulnerability found", said)
        self.assertIn("advisories FAILED", said)

    def test_no_finding_passes(self):
        other = FINDING.replace("serde_json", "none-such")
        self.make_database({"crates/none-such/RUSTSEC-2026-0001.md": other})
        status, said = self.run_step("check_advisories")
        self.assertEqual(status, 0, said)
        self.assertRegex(said, r"the step +passed")
        self.assertIn("All passed.", said)

    def test_no_database_is_neither_passed_nor_failed_and_said(self):
        status, said = self.run_step("check_advisories")
        self.assertEqual(status, 0, said)
        self.assertRegex(said, r"the step +not checked")
        self.assertIn("not checked: the advisory database cannot be reached", said)
        self.assertNotIn("All passed.", said)

    def test_a_step_that_fails_fails_the_run(self):
        status, said = self.run_step("false")
        self.assertEqual(status, 1, said)
        self.assertRegex(said, r"the step +FAILED")


if __name__ == "__main__":
    unittest.main()
