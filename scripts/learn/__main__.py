"""Runs the job: `python -m learn --port PORT [--repo NAME] [PATH]`. `scripts/run` is its caller."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import redis
from rich.console import Console
from rich.markup import escape

from . import report
from .codebase import CodeBase, find_code_base
from .conventions import ConventionCounter, Pattern, parse_file
from .findings import Finding, count_issues, lint
from .fixes import Outcome, plan_trials, run_trials
from .memory import PatternMemory
from .progress import make_console, stage
from .snippets import SnippetCollector

_SNIPPETS_PER_KIND = 5
_TOP = 12


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="learn", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="where the server listens")
    parser.add_argument("--port", type=int, required=True, help="where the server listens")
    parser.add_argument("--repo", help="the name to remember under (default: found out)")
    parser.add_argument("--write-repo", type=Path, help="a file to write that name to")
    parser.add_argument("path", nargs="?", help="a tree of Python files (default: the standard library)")
    arguments = parser.parse_args()
    console = make_console()
    try:
        run(console, arguments)
    except FileNotFoundError as error:
        return _failed(console, str(error))
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode() if isinstance(error.stderr, bytes) else error.stderr
        return _failed(console, f"{Path(error.cmd[0]).name} failed with {error.returncode}: {said or ''}")
    except redis.RedisError as error:
        return _failed(console, f"the server answered: {error}")
    except KeyboardInterrupt:
        return 130
    return 0


def run(console: Console, arguments: argparse.Namespace) -> None:
    """The job, from the files to the report."""
    started = time.monotonic()
    ruff = Path(sys.executable).with_name("ruff")

    with stage(console, "finding the files") as current:
        code = find_code_base(ruff, arguments.path, arguments.repo)
        current.outcome = f"{len(code.files):,} Python files below {escape(str(code.root))}"
    if arguments.write_repo:
        arguments.write_repo.write_text(code.repo)
    memory = PatternMemory(arguments.host, arguments.port, code.repo)
    console.print(f"          remembered as [bold]{escape(code.repo)}[/] on {escape(memory.server())}")

    findings, issues = _learn_issues(console, ruff, code, memory)
    patterns = _learn_patterns(console, code, memory)
    outcomes = _learn_fixes(console, ruff, code, memory, findings)

    with stage(console, "the session into SESSION.RECORD") as current:
        data = {
            "files": len(code.files),
            "findings": len(findings),
            "rules": len(issues),
            "fixes_tried": len(outcomes),
            "seconds": round(time.monotonic() - started, 1),
        }
        kept = memory.record_session(len(patterns), len(issues), data)
        current.outcome = f"{kept:,} kept"

    with stage(console, "PATTERN.INSIGHTS") as current:
        asked = time.perf_counter()
        insights = memory.insights(_TOP)
        current.outcome = f"answered in {1000 * (time.perf_counter() - asked):.1f} ms"
    console.print(f"\n[bold]What {escape(code.repo)} has taught[/]")
    report.show_insights(console, insights, _TOP)
    if outcomes:
        issue_type = Counter(outcome.issue_type for outcome in outcomes).most_common(1)[0][0]
        report.show_advice(console, issue_type, memory.advice(issue_type), _TOP)


def _learn_issues(
    console: Console, ruff: Path, code: CodeBase, memory: PatternMemory
) -> tuple[list[Finding], Counter[tuple[str, str, str]]]:
    """Runs the linter, and counts all it finds in one call."""
    with stage(console, "ruff over all files") as current:
        findings = lint(ruff, code)
        issues = count_issues(findings)
        current.outcome = f"{len(findings):,} findings of {len(issues):,} rules"
    if issues:
        with stage(console, "the findings into one ISSUE.MTRACK") as current:
            asked = time.perf_counter()
            memory.track(issues)
            took = 1000 * (time.perf_counter() - asked)
            current.outcome = f"{len(issues):,} issues counted in {took:.1f} ms"
    return findings, issues


def _learn_patterns(console: Console, code: CodeBase, memory: PatternMemory) -> list[Pattern]:
    """Reads every file, and stores the conventions and idioms found."""
    conventions, snippets = ConventionCounter(), SnippetCollector()
    unread = 0
    with stage(console, "reading conventions and idioms", len(code.files)) as current:
        for path in code.files:
            tree = parse_file(path)
            if tree is None:
                unread += 1
            else:
                conventions.visit_module(tree)
                snippets.add_module(tree, code.relative(path))
            current.advance(path.name)
        patterns = [*conventions.patterns(), *snippets.patterns(_SNIPPETS_PER_KIND)]
        current.outcome = f"{len(patterns)} patterns" + (f", {unread} files are not of this Python" if unread else "")
    with stage(console, "the patterns into PATTERN.STORE") as current:
        stored = memory.store(patterns)
        created = sum(reply["created"] for reply in stored)
        redacted = sum(reply["redactions"] for reply in stored)
        current.outcome = f"{created} new, {len(stored) - created} seen before, {redacted} redactions"
    return patterns


def _learn_fixes(
    console: Console, ruff: Path, code: CodeBase, memory: PatternMemory, findings: list[Finding]
) -> list[Outcome]:
    """Tries fixes on copies, and records what became of each file."""
    trials = plan_trials(findings)
    with stage(console, "trying ruff's fixes on copies", len(trials)) as current:
        outcomes = run_trials(ruff, code, trials, lambda trial: current.advance(trial.fix_type))
        worked = sum(outcome.success for outcome in outcomes)
        current.outcome = f"{worked:,} of {len(outcomes):,} tries left nothing to find"
    if outcomes:
        with stage(console, "the outcomes into FIX.RECORD") as current:
            asked = time.perf_counter()
            memory.record_fixes(outcomes)
            took = 1000 * (time.perf_counter() - asked)
            current.outcome = f"{len(outcomes):,} recorded in {took:.1f} ms"
    return outcomes


def _failed(console: Console, reason: str) -> int:
    console.print(f"[red]error:[/] {escape(reason.strip())}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
