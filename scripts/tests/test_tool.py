"""`scripts/pattern-memory`: the tool without installing it."""

from __future__ import annotations

import os
import subprocess
import unittest
from pathlib import Path

_TOOL = Path(__file__).parent.parent / "pattern-memory"


class TheTool(unittest.TestCase):
    def run_tool(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "NO_COLOR"}}
        return subprocess.run(
            [str(_TOOL), *arguments],
            env={**inherited, **environment},
            cwd="/",
            input="not a report",
            capture_output=True,
            text=True,
            check=False,
        )

    def test_runs_from_anywhere_and_says_only_what_it_was_asked(self) -> None:
        ran = self.run_tool("--version")
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        self.assertRegex(ran.stdout, r"\Apattern-memory, version [0-9.]+\n\Z")

    def test_reads_standard_input_and_passes_the_exit_code_on(self) -> None:
        ran = self.run_tool("ingest", "-", "--repo", "acme/web", "--dry-run", "--url", "redis://127.0.0.1:1")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("standard input: no JSON", ran.stderr)

    def test_says_that_there_is_no_server(self) -> None:
        ran = self.run_tool("insights", "acme/web", PATTERN_MEMORY_URL="redis://127.0.0.1:1")
        self.assertEqual((ran.returncode, ran.stdout), (3, ""))
        self.assertIn("cannot be reached", ran.stderr)


if __name__ == "__main__":
    unittest.main()
