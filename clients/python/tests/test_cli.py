"""The tool `pattern-memory`, against a real server."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pattern_memory.cli import main
from pattern_memory.cli.app import run, tool
from pattern_memory.cli.repository import repo_of_directory, repo_of_remote
from servers import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pattern_memory import Repo
    from servers import Server

SAMPLES = Path(__file__).parent / "samples"
RUFF, ESLINT = str(SAMPLES / "ruff.sarif"), str(SAMPLES / "eslint.sarif")
COMMANDS = sorted(tool.commands)


class Ran:
    """What a run of the tool came to."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Tool:
    """Runs the tool in this process, against one server."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Ran:
        self._capsys.readouterr()
        code = run(list(arguments))
        told = self._capsys.readouterr()
        return Ran(code, told.out, told.err)


@pytest.fixture
def ask(server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tool:
    monkeypatch.setenv("PATTERN_MEMORY_URL", server.url)
    monkeypatch.delenv("COLUMNS", raising=False)
    return Tool(capsys)


@pytest.fixture(scope="module")
def bare_server() -> Iterator[Server]:
    with running(module=False) as started:
        yield started


@pytest.fixture
def known(repo: Repo) -> Repo:
    """A repo of which something of everything is known."""
    repo.track_issues([("style", "E501", "low", 12), ("security", "S105", "high", 2)])
    repo.store_pattern("naming", {"functions": "snake_case"}, confidence=0.9)
    for success in (True, True, False):
        repo.record_fix("style", "wrap-line", success, feedback=0.5)
    repo.record_session("review", 3, 1)
    return repo


# Ingest


def test_a_report_is_counted_in_one_batch(ask: Tool, repo: Repo, server: Server) -> None:
    before = _batches(server)
    ran = ask("ingest", RUFF, "--repo", repo.name)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        f"{RUFF}: 11 findings of 10 issues (ruff)",
        f"11 findings counted in {repo.name}",
    ]
    assert _batches(server) == before + 1
    issue = repo.get_issue("pyflakes", "F401")
    assert issue is not None
    assert (issue["frequency"], issue["severity"]) == (2, "medium")
    # Twice is twice, as the help says.
    assert ask("ingest", RUFF, "--repo", repo.name).code == 0
    assert repo.issue_trends()["issue_distribution"]["pyflakes"] == 6


def _batches(server: Server) -> int:
    statistics = {name.lower(): of for name, of in server.redis.info("commandstats").items()}
    return int(statistics.get("cmdstat_issue.mtrack", {"calls": 0})["calls"])


def test_a_broken_report_is_named_and_the_others_are_counted(ask: Tool, repo: Repo, tmp_path: Path) -> None:
    broken = tmp_path / "broken.sarif"
    broken.write_text('{"runs": [\n{]')
    ran = ask("ingest", str(broken), RUFF, str(tmp_path / "missing"), str(tmp_path), ESLINT, "--repo", repo.name)
    assert ran.code == 1
    assert f"{broken}: no JSON: " in ran.err
    assert "at line 2, column 2" in ran.err
    assert f"{tmp_path / 'missing'}: cannot be read: No such file or directory" in ran.err
    assert f"{tmp_path}: cannot be read: Is a directory" in ran.err
    assert f"20 findings counted in {repo.name}" in ran.out
    assert sum(repo.issue_trends()["severity_distribution"].values()) == 20


def test_a_report_that_the_server_refuses_counts_nothing_of_it(ask: Tool, repo: Repo, tmp_path: Path) -> None:
    token = "ghp_" + "EXAMPLE0" * 4 + "abcd"
    log = {"runs": [{"tool": {"driver": {"name": "t"}}, "results": [{"ruleId": "fine"}, {"ruleId": token}]}]}
    (tmp_path / "secret.sarif").write_text(json.dumps(log))
    ran = ask("ingest", str(tmp_path / "secret.sarif"), "--repo", repo.name, "--json")
    assert ran.code == 1
    assert "refuses" in ran.json["reports"][0]["error"]
    assert token not in ran.out + ran.err
    assert repo.issue_trends()["total_patterns"] == 0


def test_a_report_from_standard_input(ask: Tool, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(Path(ESLINT).read_bytes())))
    ran = ask("ingest", "-", "--repo", repo.name, "--suppressed", "--json")
    assert ran.json["reports"][0]["findings"] == 10
    assert ask("ingest", "-", "-").code == 2


def test_a_dry_run_counts_nothing(ask: Tool, repo: Repo) -> None:
    ran = ask("ingest", RUFF, "--repo", repo.name, "--dry-run", "--type", "lint")
    assert (ran.code, repo.issue_trends()["total_patterns"]) == (0, 0)
    assert "would be counted" in ran.out


# Reading


def test_insights_in_words_and_as_json(ask: Tool, known: Repo) -> None:
    ran = ask("insights", known.name)
    assert ran.code == 0
    for told in ("What to do", "E501", "naming", "wrap-line", "review", "67%"):
        assert told in ran.out
    found = ask("insights", known.name, "--json").json
    assert found.keys() == known.insights().keys()
    assert found["team_patterns"] == known.list_patterns()


@pytest.mark.parametrize("command", ["insights", "trends", "history", "patterns"])
def test_a_repo_of_which_nothing_is_known(ask: Tool, name: str, command: str) -> None:
    ran = ask(command, name)
    assert (ran.code, ran.err) == (0, "")
    assert len(ran.out.splitlines()) <= 2
    assert ask(command, name, "--json").code == 0


def test_trends_and_history_can_be_narrowed(ask: Tool, known: Repo) -> None:
    assert "S105" not in ask("trends", known.name, "--type", "style").out
    assert "E501" not in ask("trends", known.name, "--severity", "high").out
    assert ask("history", known.name, "--days", "2", "--type", "security", "--json").json["total"] == 2
    ran = ask("history", known.name, "--days", "2")
    assert "14 findings, the last 2 days" in ran.out
    assert "12 low, 2 high" in ran.out


def test_patterns_above_a_confidence(ask: Tool, known: Repo) -> None:
    known.store_pattern("doubtful", {"n": 1}, confidence=0.2)
    assert "doubtful" in ask("patterns", known.name).out
    assert "doubtful" not in ask("patterns", known.name, "--min-confidence", "0.5").out


def test_advice_is_an_exit_code_too(ask: Tool, repo: Repo) -> None:
    assert ask("advise", "style", repo.name).code == 1
    for _ in range(40):
        repo.record_fix("style", "wrap-line", True)
    ran = ask("advise", "style", repo.name)
    assert ran.code == 0
    assert re.search(r"wrap-line +auto +100%", ran.out)
    for _ in range(40):
        repo.record_fix("bad", "guess", False)
    assert ask("advise", "bad", repo.name, "--json").code == 1


def test_repos_are_listed(ask: Tool, known: Repo) -> None:
    assert known.name in ask("repos").out.splitlines()
    assert ask("repos", known.name, "--json").json == [known.name]


@pytest.mark.parametrize("columns", [30, 44, 60, 80, 100, 200])
def test_tables_fit_the_terminal(ask: Tool, known: Repo, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for command in ("insights", "trends", "history", "patterns"):
        ran = ask(command, known.name)
        assert max(map(len, ran.out.splitlines())) <= columns
    assert "E501" in ask("trends", known.name).out


def test_what_is_stored_cannot_steer_a_terminal(ask: Tool, repo: Repo) -> None:
    repo.track_issue("style", "[red]E501[/] \u202etxt", "low")
    repo.store_pattern("naming", {"a": "x\x1b]0;owned\x07 \x9b31m"}, confidence=0.5)
    ran = ask("insights", repo.name)
    assert "[red]E501[/]" in ran.out
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", ran.out)


# How it ends


def test_a_server_that_is_not_there(ask: Tool) -> None:
    for command in ("insights", "trends", "repos", "doctor", "migrate", "report"):
        ran = ask(command, "--url", "redis://127.0.0.1:1")
        assert ran.code == 3, command
        assert "cannot be reached" in ran.out + ran.err
        assert "Traceback" not in ran.err


def test_a_server_without_the_module(ask: Tool, bare_server: Server) -> None:
    ran = ask("insights", "r", "--url", bare_server.url)
    assert ran.code == 3
    assert "loadmodule" in ran.err
    ran = ask("doctor", "--url", bare_server.url)
    assert ran.code == 3
    assert "FAIL module: it is not loaded" in ran.out


def test_wrong_usage(ask: Tool) -> None:
    assert ask("ingest").code == 2
    assert ask("trends", "--days", "0").code == 2
    assert ask("nonsense").code == 2
    ran = ask("trends", "--url", "nonsense://user:EXAMPLE-password@host")
    assert ran.code == 2
    assert "EXAMPLE" not in ran.err


def test_what_the_server_refuses(ask: Tool, server: Server) -> None:
    server.redis.acl_setuser("nobody", enabled=True, passwords=["+EXAMPLE"], commands=["+@connection"])
    ran = ask("insights", "r", "--url", f"redis://nobody:EXAMPLE@127.0.0.1:{server.port}")
    assert ran.code == 4
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(ask: Tool, command: str) -> None:
    ran = ask(command, "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"Usage: pattern-memory {command}")
    assert "\\b" not in ran.out
    assert tool.commands[command].short_help


def test_json_is_everywhere() -> None:
    for name, command in tool.commands.items():
        options = {option for parameter in command.params for option in parameter.opts}
        assert name == "completion" or {"--json", "--url", "--cluster"} <= options


# The repo of a directory


@pytest.mark.parametrize(
    ("remote", "repo"),
    [
        ("https://user:EXAMPLE-token@github.com/acme/web.git", "github.com/acme/web"),
        ("https://github.com:8443/acme/web/", "github.com/acme/web"),
        ("git@github.com:acme/web.git", "github.com/acme/web"),
        ("ssh://git@git.example.org:2222/a/b/c.git", "git.example.org/a/b/c"),
        ("/srv/git/web.git", "web"),
        ("file:///srv/git/web.git", "web"),
        ("https://github.com/acme/{web}", "github.com/acme/%7Bweb%7D"),
        ("https://[broken", None),
    ],
)
def test_a_remote_names_the_repo_without_credentials(remote: str, repo: str | None) -> None:
    assert repo_of_remote(remote) == repo


def test_a_directory_names_the_repo(ask: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: Repo) -> None:
    work = tmp_path / "my project"
    (work / "src").mkdir(parents=True)
    assert repo_of_directory(work) == "my project"
    subprocess.run(["git", "init", "-q", str(work)], check=True)
    assert repo_of_directory(work / "src") == "my project"
    remote = f"https://x:EXAMPLE@{known.name}.git"
    subprocess.run(["git", "-C", str(work), "remote", "add", "origin", remote], check=True)
    assert repo_of_directory(work / "src") == known.name
    monkeypatch.chdir(work / "src")
    assert "E501" in ask("trends").out


# Doctor


def test_the_doctor_finds_all_well_but_what_is_not(ask: Tool, repo: Repo) -> None:
    ran = ask("doctor", repo.name, "--json")
    assert ran.code == 0
    states = {check["name"]: check["state"] for check in ran.json["checks"]}
    # This server has no limit and keeps nothing on disk.
    assert states == {
        "server": "ok",
        "module": "ok",
        "memory": "warn",
        "persistence": "warn",
        "eviction": "ok",
        "access": "ok",
    }
    assert all(check["advice"] for check in ran.json["checks"] if check["state"] != "ok")
    assert ask("doctor", repo.name, "--strict").code == 1


def test_the_doctor_sees_full_memory_and_eviction(ask: Tool, repo: Repo) -> None:
    with running("--maxmemory", "40mb", "--maxmemory-policy", "allkeys-lru", "--appendonly", "yes") as full:
        ran = ask("doctor", repo.name, "--url", full.url, "--json")
        states = {check["name"]: check["state"] for check in ran.json["checks"]}
        assert (states["memory"], states["eviction"], states["persistence"]) == ("ok", "warn", "ok")
        used = full.redis.info("memory")["used_memory"]
        full.redis.config_set("maxmemory", int(used * 1.02))
        ran = ask("doctor", repo.name, "--url", full.url, "--json")
        assert ran.code == 1
        assert {check["name"]: check["state"] for check in ran.json["checks"]}["memory"] == "fail"


def test_the_doctor_tells_what_a_user_may_do(ask: Tool, server: Server) -> None:
    commands = ["+pattern.insights", "+issue.track", "+pattern.health", "+acl|whoami", "+acl|dryrun", "+ping", "+info"]
    users = {
        "writer": (["~acme/*"], "ok", "may read and write"),
        "reader": (["%R~acme/*"], "warn", "but not write"),
        "stranger": (["~other/*"], "fail", "may not read"),
    }
    for user, (keys, state, says) in users.items():
        server.redis.execute_command("ACL", "SETUSER", user, "reset", "on", ">EXAMPLE", *keys, *commands)
        ran = ask("doctor", "acme/web", "--url", f"redis://{user}:EXAMPLE@127.0.0.1:{server.port}", "--json")
        access = [check for check in ran.json["checks"] if check["name"] == "access"]
        assert [check["state"] for check in access] == [state], user
        assert says in access[0]["says"]


def test_the_doctor_without_the_right_to_ask_tries(ask: Tool, server: Server) -> None:
    for user, keys, state in (("mute", "~acme/*", "ok"), ("lost", "~other/*", "fail")):
        server.redis.execute_command("ACL", "SETUSER", user, "reset", "on", ">EXAMPLE", keys, "+pattern.health")
        ran = ask("doctor", "acme/web", "--url", f"redis://{user}:EXAMPLE@127.0.0.1:{server.port}", "--json")
        states = {check["name"]: check["state"] for check in ran.json["checks"]}
        assert states["access"] == state
    ran = ask("doctor", "acme/web", "--url", f"redis://mute:wrong@127.0.0.1:{server.port}")
    assert ran.code == 3
    assert "does not let you in" in ran.out


def test_the_doctor_looks_at_every_master_of_a_cluster(ask: Tool, cluster: list[Server], name: str) -> None:
    ran = ask("doctor", name, "--cluster", "--url", cluster[0].url, "--json")
    assert ran.code == 0, ran.out
    nodes = {check["node"] for check in ran.json["checks"]}
    assert nodes == {f"127.0.0.1:{node.port}" for node in cluster}
    slots = [check for check in ran.json["checks"] if check["name"] == "slots"]
    assert [check["state"] for check in slots] == ["ok"] * 3
    ran = ask("doctor", name, "--url", cluster[0].url, "--json")
    assert {check["name"]: check["state"] for check in ran.json["checks"]}["cluster"] == "warn"


def test_a_cluster_is_fed_and_read(ask: Tool, cluster: list[Server], name: str) -> None:
    url = cluster[1].url
    assert ask("ingest", RUFF, "--repo", name, "--cluster", "--url", url).code == 0
    assert "F821" in ask("trends", name, "--cluster", "--url", url).out
    assert name in ask("repos", "--cluster", "--url", url).out.splitlines()


# Watching, terminals, completion


def test_watch_looks_again_and_says_what_is_new(ask: Tool, known: Repo) -> None:
    ran = ask("watch", known.name, "--looks", "2", "--every", "0.1")
    assert ran.code == 0
    assert ran.out.count("E501") == 2
    lines = ask("watch", known.name, "--looks", "3", "--every", "0.1", "--json").out.splitlines()
    assert [json.loads(line)["total_patterns"] for line in lines] == [2, 2, 2]


def _at_a_terminal(*arguments: str, **environment: str) -> tuple[subprocess.Popen[bytes], int]:
    leader, follower = pty.openpty()
    inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen(
        [sys.executable, "-m", "pattern_memory.cli", *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**inherited, "TERM": "xterm", "COLUMNS": "100", "LINES": "40", **environment},
        start_new_session=True,
    )
    os.close(follower)
    return process, leader


def _read(leader: int, until: str, seen: str = "") -> str:
    end = time.monotonic() + 30
    while until not in seen:
        assert time.monotonic() < end, seen
        try:
            seen += os.read(leader, 65_536).decode(errors="replace")
        except OSError:  # the other side is closed
            break
    return seen


def test_watch_ends_cleanly_with_control_c(server: Server, known: Repo) -> None:
    process, leader = _at_a_terminal("watch", known.name, "--every", "0.2", "--url", server.url)
    seen = _read(leader, "E501")
    known.track_issue("style", "E501", "low", 3)
    seen = _read(leader, "new: E501 +3")
    process.send_signal(signal.SIGINT)
    seen = _read(leader, "\0never\0", seen)
    assert process.wait(30) == 0
    os.close(leader)
    # The terminal is as it was: the other screen is left, the cursor is back.
    assert "\x1b[?1049l" in seen
    assert "\x1b[?25h" in seen
    assert "Traceback" not in seen


def test_colours_are_for_terminals_and_those_who_want_them(server: Server, known: Repo) -> None:
    for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        process, leader = _at_a_terminal("trends", known.name, "--url", server.url, **environment)
        seen = _read(leader, "\0never\0")
        assert process.wait(30) == 0
        os.close(leader)
        assert ("\x1b[34mlow" in seen) == coloured
    piped = subprocess.run(
        [sys.executable, "-m", "pattern_memory.cli", "trends", known.name, "--url", server.url],
        capture_output=True,
        check=True,
    )
    assert b"\x1b" not in piped.stdout


def test_a_reader_who_has_had_enough_is_no_fault(server: Server, known: Repo) -> None:
    known.track_issues([("style", f"rule-{n}", "low", 1) for n in range(3_000)])
    tool = shlex.join([sys.executable, "-m", "pattern_memory.cli", "trends", known.name, "--url", server.url])
    command = f"{tool} --top 3000 | head -n 1"
    ran = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False)
    assert (ran.stderr, ran.stdout.strip(), ran.returncode) == ("", "What trends", 0)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(ask: Tool, shell: str) -> None:
    ran = ask("completion", shell)
    assert ran.code == 0
    assert "_PATTERN_MEMORY_COMPLETE" in ran.out


def _completing(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from pattern_memory.cli import main; main()"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_repos_are_completed(server: Server, known: Repo) -> None:
    environment = {
        **os.environ,
        "_PATTERN_MEMORY_COMPLETE": "bash_complete",
        "COMP_WORDS": f"pattern-memory trends {known.name}",
        "COMP_CWORD": "2",
        "PATTERN_MEMORY_URL": server.url,
    }
    ran = _completing(environment)
    assert f"plain,{known.name}" in ran.stdout.splitlines()
    environment["PATTERN_MEMORY_URL"] = "redis://127.0.0.1:1"
    ran = _completing(environment)
    assert (ran.stdout.strip(), ran.stderr) == ("", "")


def test_without_its_packages_the_tool_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise ModuleNotFoundError(\"No module named 'click'\", name='click')\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    ran = subprocess.run(
        [sys.executable, "-m", "pattern_memory.cli"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr.strip() == "pattern-memory: the tool needs a few more packages: pip install 'pattern-memory[cli]'"


def test_the_package_installs_the_tool() -> None:
    project = (Path(__file__).parent.parent / "pyproject.toml").read_text()
    assert 'pattern-memory = "pattern_memory.cli:main"' in project
    assert callable(main)
