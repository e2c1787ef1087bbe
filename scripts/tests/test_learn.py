"""Tests of scripts/learn: what it counts, how it classes, what it tries. No server is needed."""

import ast
import sys
import tempfile
import unittest
from pathlib import Path

from learn.codebase import _repo_of_remote, find_code_base
from learn.conventions import ConventionCounter, naming_style
from learn.findings import count_issues, family_of, lint
from learn.fixes import plan_trials, run_trials
from learn.snippets import SnippetCollector, docstring_shape

RUFF = Path(sys.executable).with_name("ruff")


class Names(unittest.TestCase):
    def test_styles(self):
        for name, style in {
            "snake_case": "snake_case",
            "_private": "snake_case",
            "camelCase": "camelCase",
            "PascalCase": "PascalCase",
            "UPPER_CASE": "UPPER_CASE",
            "mixed_Case": "mixed",
            "__init__": None,
            "x": None,
        }.items():
            self.assertEqual(naming_style(name), style, name)


class Remotes(unittest.TestCase):
    def test_a_token_in_a_remote_is_not_in_the_name(self):
        self.assertEqual(_repo_of_remote("https://user:token@example.org/acme/api.git"), "example.org/acme/api")

    def test_scp_like(self):
        self.assertEqual(_repo_of_remote("git@example.org:acme/api.git"), "example.org/acme/api")

    def test_a_path_is_no_name(self):
        self.assertIsNone(_repo_of_remote("/srv/git/api.git"))
        self.assertIsNone(_repo_of_remote(""))


class Classes(unittest.TestCase):
    def test_longest_letters_decide(self):
        self.assertEqual(family_of("SIM102").issue_type, "simplify")
        self.assertEqual(family_of("S102").issue_type, "security")
        self.assertEqual(family_of("C901").issue_type, "complexity")
        self.assertEqual(family_of("C416").issue_type, "comprehensions")

    def test_a_syntax_error_is_critical(self):
        self.assertEqual(family_of("invalid-syntax").severity, "critical")

    def test_an_unknown_family(self):
        self.assertEqual(family_of("XYZ1").issue_type, "other")


class Idioms(unittest.TestCase):
    def test_docstring_shapes(self):
        self.assertEqual(docstring_shape("Does it."), "one line, period")
        self.assertEqual(docstring_shape("Does it\n\nArgs:\n    x: y"), "Google sections, no period")

    def test_a_snippet_stays_itself_however_often_it_is_seen(self):
        def collect(times: int):
            collector = SnippetCollector()
            collector.add_module(ast.parse("try: pass\nexcept KeyError: pass\n" * times), "a.py")
            return next(collector.patterns(1))

        few, many = collect(3), collect(9)
        self.assertEqual(few.data, many.data)
        self.assertNotEqual(few.reason, many.reason)

    def test_conventions_are_shares(self):
        counter = ConventionCounter()
        source = "".join(f"def some_name{n}(): pass\n" for n in range(9)) + "def otherName(): pass\n"
        counter.visit_module(ast.parse(source))
        functions = next(pattern for pattern in counter.patterns() if pattern.id == "functions")
        self.assertEqual((functions.data["style"], functions.confidence), ("snake_case", 0.9))


class WithRuff(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="pattern memory ")  # a path with a space
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name).resolve()
        (self.root / "sub").mkdir()
        (self.root / "sub" / "a.py").write_text("import os\nimport sys\nprint(sys.path)\n")
        (self.root / "b.py").write_text('x = 1\nprint("%s" % (x,))\n')
        (self.root / "broken.py").write_text("def f(:\n")
        self.code = find_code_base(RUFF, str(self.root), None)

    def test_findings_are_counted_by_type_rule_and_severity(self):
        self.assertEqual([self.code.relative(path) for path in self.code.files], ["b.py", "broken.py", "sub/a.py"])
        issues = count_issues(lint(RUFF, self.code))
        self.assertEqual(issues["pyflakes", "F401", "medium"], 1)
        self.assertGreaterEqual(issues["syntax", "invalid-syntax", "critical"], 1)

    def test_a_fix_is_tried_on_a_copy(self):
        findings = lint(RUFF, self.code)
        trials = [trial for trial in plan_trials(findings) if trial.rule == "F401"]
        (outcome,) = run_trials(RUFF, self.code, trials, lambda trial: None)
        self.assertEqual((outcome.file, outcome.before, outcome.after), ("sub/a.py", 1, 0))
        self.assertEqual((outcome.issue_type, outcome.fix_type), ("pyflakes", "ruff-fix/F401"))
        self.assertTrue(outcome.success)
        self.assertEqual(outcome.feedback, 1.0)
        self.assertIn("import os", (self.root / "sub" / "a.py").read_text())

    def test_the_same_trial_has_the_same_key(self):
        trials = [trial for trial in plan_trials(lint(RUFF, self.code)) if trial.rule == "F401"]
        first, second = (run_trials(RUFF, self.code, trials, lambda trial: None) for _ in range(2))
        self.assertEqual([outcome.key for outcome in first], [outcome.key for outcome in second])

    def test_no_files(self):
        (self.root / "empty").mkdir()
        with self.assertRaises(FileNotFoundError):
            find_code_base(RUFF, str(self.root / "empty"), None)


if __name__ == "__main__":
    unittest.main()
