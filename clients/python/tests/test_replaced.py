"""The drop-in where agents do what they should not, servers are gone, and names are odd."""

from __future__ import annotations

import enum
import inspect
import json
import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pattern_memory
from pattern_memory import RedisPatternMemory, create_pattern_memory
from pattern_memory.aio import RedisPatternMemory as AsyncRedisPatternMemory
from pattern_memory.replaced import jobs
from pattern_memory.replaced.shapes import health
from servers import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import Server

SECRET = "EXAMPLE-hunter2-x9"
SECRET_TYPE = f"https://user:{SECRET}@git.acme.dev/x"
EMPTY_TRENDS = {"trending_issues": [], "issue_distribution": {}, "severity_distribution": {}, "total_patterns": 0}
EMPTY_ANALYTICS = {
    "total_sessions": 0,
    "total_patterns_learned": 0,
    "total_insights_generated": 0,
    "session_breakdown": {},
}


@pytest.fixture
def agent(server: Server) -> Iterator[RedisPatternMemory]:
    created = create_pattern_memory(redis_url=server.url)
    yield created
    created.redis.close()


@pytest.fixture
def strict(server: Server) -> Iterator[RedisPatternMemory]:
    created = create_pattern_memory(server.url, strict=True)
    yield created
    created.redis.close()


# What the issue lists: name, arguments after `self`, and defaults.
SIGNATURES = {
    "store_pattern": "repo_path, pattern_type, pattern_data, confidence=0.0",
    "store_team_pattern": "repo_path, pattern_type, pattern_name, pattern_data, confidence=0.0",
    "get_team_patterns": "repo_path, pattern_type=None, min_confidence=0.0",
    "retrieve_patterns": "repo_path, pattern_type=None",
    "track_issue_pattern": "repo_path, issue_type, issue_rule, severity",
    "get_issue_trends": "repo_path, days_back=30",
    "record_fix_outcome": "repo_path, issue_type, fix_type, success, feedback_score=0.0, metadata=None",
    "get_fix_success_rates": "repo_path",
    "record_learning_session": "repo_path, session_type, patterns_learned, insights_generated, session_data=None",
    "get_learning_analytics": "repo_path, days_back=30",
    "get_comprehensive_insights": "repo_path",
    "get_pattern_evolution": "repo_path, pattern_type, days_back=30",
    "record_learning_change": "repo_path, pattern_type, before_data, after_data, reason",
    "update_confidence": "repo_path, pattern_type, new_confidence",
    "export_patterns": "repo_path, output_file=None",
    "import_patterns": "repo_path, input_file",
    "cleanup_old_data": "days_to_keep=90",
    "anonymize_data": "data",
    "health_check": "",
}


@pytest.mark.parametrize("of", [RedisPatternMemory, AsyncRedisPatternMemory])
def test_methods_have_the_arguments_that_they_always_had(of: type) -> None:
    found = {}
    for name in SIGNATURES:
        parameters = list(inspect.signature(getattr(of, name)).parameters.values())[1:]
        found[name] = ", ".join(
            p.name if p.default is inspect.Parameter.empty else f"{p.name}={p.default!r}" for p in parameters
        )
    assert found == SIGNATURES


def test_arguments_may_be_named(agent: RedisPatternMemory, name: str) -> None:
    assert agent.store_pattern(repo_path=name, pattern_type="t", pattern_data={"a": 1}, confidence=0.5)
    assert len(agent.get_team_patterns(repo_path=name, pattern_type="t", min_confidence=0.5)) == 1
    with pytest.raises(TypeError):
        agent.store_pattern(name)  # type: ignore[call-arg]


def test_attributes_are_those_that_agents_read(server: Server) -> None:
    agent = RedisPatternMemory(server.url, 3600)
    assert (agent.redis_url, agent.default_ttl, agent.use_redis, agent.sqlite_memory) == (server.url, 3600, True, None)
    assert agent.redis.ping()
    assert agent.redis.get_encoder().decode_responses
    assert agent.anonymizer.anonymize_pattern_data({"mail": "a@example.com"}) == {"mail": "<REDACTED_EMAIL>"}
    assert agent.anonymizer.anonymize_code_snippet("") == ""
    assert not agent.anonymizer.validate_anonymization({"password": SECRET})
    assert agent.anonymizer.is_sensitive_file("deploy/prod-secrets.yaml")
    assert not agent.anonymizer.is_sensitive_file("src/keys.py")
    agent.redis.close()


def test_answers_have_exactly_the_old_fields(agent: RedisPatternMemory, name: str) -> None:
    agent.store_pattern(name, "t", {"a": 1}, 0.5)
    agent.track_issue_pattern(name, "style", "E501", "low")
    agent.record_fix_outcome(name, "style", "wrap", True)
    agent.record_learning_session(name, "review", 1, 1)
    insights = agent.get_comprehensive_insights(name)
    assert set(insights["team_patterns"][0]) == {
        "pattern_type", "pattern_data", "confidence", "usage_count", "created_at", "updated_at",
    }  # fmt: skip
    assert set(insights["issue_trends"]["trending_issues"][0]) == {
        "issue_type", "issue_rule", "severity", "frequency", "last_seen", "trend_score", "created_at",
    }  # fmt: skip
    assert insights["fix_success_rates"]["wrap"] == {
        "total_attempts": 1, "successful_fixes": 1, "success_rate": 1.0, "avg_feedback": 0.0,
    }  # fmt: skip
    assert insights["learning_analytics"] == agent.get_learning_analytics(name)
    assert insights["issue_trends"] == agent.get_issue_trends(name) | {
        "trending_issues": insights["issue_trends"]["trending_issues"]
    }
    assert insights["pattern_confidence_summary"] == {
        "t": {"avg_confidence": 0.5, "pattern_count": 1, "high_confidence_count": 0}
    }
    evolution = agent.get_pattern_evolution(name, "t")
    assert set(evolution["changes"][0]) == {
        "pattern_type", "before_data", "after_data", "reason", "created_at", "confidence_change",
    }  # fmt: skip
    assert evolution["changes"][0]["before_data"] is None
    assert json.loads(evolution["changes"][0]["after_data"]) == {"a": 1}
    assert set(evolution["confidence_trend"][0]) == {"date", "confidence_change"}


def test_insights_hold_all_patterns(agent: RedisPatternMemory, name: str) -> None:
    """The module's report holds 20 of them."""
    for n in range(25):
        agent.store_pattern(name, f"type-{n}", {"n": n}, 0.5)
    assert len(agent.get_comprehensive_insights(name)["team_patterns"]) == 25


def test_times_are_local_and_have_no_zone(agent: RedisPatternMemory, name: str) -> None:
    agent.store_pattern(name, "t", {"a": 1})
    time = datetime.fromisoformat(agent.get_team_patterns(name)[0]["created_at"])
    assert time.tzinfo is None
    assert timedelta() <= datetime.now() - time < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("call", "empty"),
    [
        (lambda agent, repo: agent.store_pattern("", "t", {"a": 1}), False),
        (lambda agent, repo: agent.store_pattern(repo, "", {"a": 1}), False),
        (lambda agent, repo: agent.store_pattern(repo, "t", {}), False),
        (lambda agent, repo: agent.store_pattern(repo, "t", {"a": 1}, 1.5), False),
        (lambda agent, repo: agent.store_pattern(repo, "t", {"a": object()}), False),
        (lambda agent, repo: agent.store_team_pattern(repo, "t", "n", {}), False),
        (lambda agent, repo: agent.track_issue_pattern(repo, "", "E501", "low"), False),
        (lambda agent, repo: agent.track_issue_pattern(repo, SECRET_TYPE, "E501", "low"), False),
        (lambda agent, repo: agent.record_fix_outcome(repo, "style", "wrap", True, 5.0), False),
        (lambda agent, repo: agent.record_fix_outcome(repo, "style", "wrap", True, 0.0, {"a": {1}}), False),
        (lambda agent, repo: agent.record_learning_session(repo, "review", -1, 0), False),
        (lambda agent, repo: agent.record_learning_change(repo, "t", None, "no JSON", "why"), False),
        (lambda agent, repo: agent.record_learning_change(repo, "t", None, "[1]", "why"), False),
        (lambda agent, repo: agent.update_confidence(repo, "t", -0.1), False),
        (lambda agent, repo: agent.import_patterns(repo, "/there/is/no/such/file"), False),
        (lambda agent, repo: agent.export_patterns(repo, "/there/is/no/such/directory/file"), False),
        (lambda agent, repo: agent.cleanup_old_data(0), False),
        (lambda agent, repo: agent.anonymize_data({"a": object()}), {}),
        (lambda agent, repo: agent.get_team_patterns("", "t"), []),
        (lambda agent, repo: agent.retrieve_patterns(""), []),
        (lambda agent, repo: agent.get_fix_success_rates(""), {}),
        (lambda agent, repo: agent.get_issue_trends(""), EMPTY_TRENDS),
        (lambda agent, repo: agent.get_learning_analytics(""), EMPTY_ANALYTICS),
        (lambda agent, repo: agent.get_comprehensive_insights(""), {"error": "repo_path must not be empty"}),
        (
            lambda agent, repo: agent.get_pattern_evolution("", "t"),
            {"pattern_type": "t", "changes": [], "confidence_trend": [], "total_changes": 0},
        ),
    ],
    ids=str,
)
def test_what_fails_is_logged_and_answers_something_empty_or_raises(
    agent: RedisPatternMemory, strict: RedisPatternMemory, name: str, caplog: Any, call: Any, empty: Any
) -> None:
    with caplog.at_level(logging.ERROR, "pattern_memory"):
        assert call(agent, name) == empty
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert SECRET not in caplog.text
    caplog.clear()
    with pytest.raises((pattern_memory.PatternMemoryError, OSError, ValueError, TypeError)):
        call(strict, name)
    assert not caplog.records


def test_a_confidence_of_nothing_is_no_update(strict: RedisPatternMemory, name: str, caplog: Any) -> None:
    assert strict.update_confidence(name, "t", 0.5) is False
    assert "No pattern" in caplog.text


def test_named_patterns_of_a_type_live_side_by_side(strict: RedisPatternMemory, name: str) -> None:
    assert strict.store_team_pattern(name, "naming", "variables", {"case": "snake"}, 0.9)
    assert strict.store_team_pattern(name, "naming", "classes", {"case": "pascal"}, 0.8)
    assert [record["pattern_data"] for record in strict.get_team_patterns(name, "naming")] == [
        {"case": "snake", "pattern_name": "variables"},
        {"case": "pascal", "pattern_name": "classes"},
    ]
    # What asks for the pattern of a type means all of these.
    assert strict.update_confidence(name, "naming", 0.5)
    assert [record["confidence"] for record in strict.get_team_patterns(name, "naming")] == [0.5, 0.5]
    evolution = strict.get_pattern_evolution(name, "naming")
    assert evolution["total_changes"] == len(evolution["changes"]) == 4
    times = [change["created_at"] for change in evolution["changes"]]
    assert times == sorted(times, reverse=True)


def test_a_learning_change_is_made_and_remembered(strict: RedisPatternMemory, name: str) -> None:
    strict.store_pattern(name, "naming", {"old": 1}, 0.7)
    assert strict.record_learning_change(name, "naming", '{"old":1}', '{"new":1}', "based on new commits")
    (record,) = strict.get_team_patterns(name)
    assert (record["pattern_data"], record["confidence"]) == ({"new": 1}, 0.7)
    (change, _) = strict.get_pattern_evolution(name, "naming")["changes"]
    assert change["reason"] == "based on new commits"
    assert json.loads(change["before_data"]) == {"old": 1}
    assert strict.get_pattern_evolution(name, "other")["total_changes"] == 0


def test_names_of_any_characters_go_there_and_come_back(strict: RedisPatternMemory) -> None:
    class Level(str, enum.Enum):
        HIGH = "high"

    repo = Path("/srv/{{cookiecutter.name}}/ü%7B")
    rule = "E501: line\ntoo long " + "x" * 100
    assert strict.store_pattern(repo, "naming\t{}", {"a": 1})  # type: ignore[arg-type]
    assert strict.track_issue_pattern(str(repo), "style\n", rule, Level.HIGH)
    assert strict.record_fix_outcome(str(repo), "style\n", "wrap\r", True)
    assert strict.record_learning_session(str(repo), "a\0b", 1, 1)
    insights = strict.get_comprehensive_insights(str(repo))
    assert insights["team_patterns"][0]["pattern_type"] == "naming\t{}"
    assert list(insights["pattern_confidence_summary"]) == ["naming\t{}"]
    issue = insights["issue_trends"]["trending_issues"][0]
    assert (issue["issue_type"], issue["issue_rule"], issue["severity"]) == ("style\n", rule, "high")
    assert insights["issue_trends"]["issue_distribution"] == {"style\n": 1}
    assert list(insights["fix_success_rates"]) == ["wrap\r"]
    assert list(insights["learning_analytics"]["session_breakdown"]) == ["a\0b"]
    assert strict.get_team_patterns(str(repo), "naming\t{}")
    # And the modern surface finds it by the same function.
    assert strict.memory.repo(pattern_memory.repo_name(str(repo))).health()["patterns_count"] == 1


def test_a_url_with_credentials_is_the_repo_without(strict: RedisPatternMemory) -> None:
    assert strict.store_pattern(f"https://user:{SECRET}@git.acme.dev/acme/cred", "t", {"a": 1})
    assert len(strict.get_team_patterns("https://git.acme.dev/acme/cred")) == 1


def test_windows_beyond_what_the_module_takes_are_cut(strict: RedisPatternMemory, name: str) -> None:
    strict.track_issue_pattern(name, "style", "E501", "low")
    for days in (0, -5, 0.5, 10**6):
        assert strict.get_issue_trends(name, days)["total_patterns"] == 1  # type: ignore[arg-type]
        strict.get_learning_analytics(name, days_back=int(days))
        strict.get_pattern_evolution(name, "t", int(days))


def test_a_least_confidence_beyond_one_finds_nothing(strict: RedisPatternMemory, name: str) -> None:
    strict.store_pattern(name, "t", {"a": 1}, 1.0)
    assert len(strict.get_team_patterns(name, min_confidence=1.0)) == 1
    assert strict.get_team_patterns(name, min_confidence=1.5) == []
    assert len(strict.get_team_patterns(name, min_confidence=-1)) == 1


def test_a_ttl_of_its_own_is_given_to_patterns(server: Server, name: str) -> None:
    agent = create_pattern_memory(server.url, default_ttl=3600)
    assert agent.store_pattern(name, "t", {"a": 1})
    assert 3500 < server.redis.ttl(f"pm:{{{name}}}:pattern:t:default") <= 3600
    agent.redis.close()
    other = create_pattern_memory(server.url)
    assert other.store_pattern(name, "u", {"a": 1})
    assert server.redis.ttl(f"pm:{{{name}}}:pattern:u:default") > 7_000_000
    other.redis.close()


def test_an_export_comes_back_with_patterns_of_one_type_apart(
    strict: RedisPatternMemory, name: str, tmp_path: Path
) -> None:
    strict.store_team_pattern(name, "naming", "variables", {"case": "snake"}, 0.9)
    strict.store_team_pattern(name, "naming", "classes", {"case": "pascal"}, 0.8)
    strict.store_pattern(name, "imports", {"mail": "a@example.com"}, 0.7)
    strict.track_issue_pattern(name, "style", "E501", "low")
    assert strict.export_patterns(name)  # to nowhere
    file = tmp_path / "ü.json"
    assert strict.export_patterns(name, str(file))
    written = json.loads(file.read_text(encoding="utf-8"))
    assert set(written) == {
        "repo_path", "exported_at", "team_patterns", "issue_trends", "fix_success_rates", "learning_analytics",
    }  # fmt: skip
    assert "a@example.com" not in file.read_text(encoding="utf-8")
    assert strict.import_patterns(f"{name}-copy", str(file))
    for pattern_type in ("naming", "imports"):
        there = strict.get_team_patterns(f"{name}-copy", pattern_type)
        here = strict.get_team_patterns(name, pattern_type)
        assert [(r["pattern_data"], r["confidence"]) for r in there] == [
            (r["pattern_data"], r["confidence"]) for r in here
        ]


def test_a_file_of_the_replaced_class_is_imported(strict: RedisPatternMemory, name: str, tmp_path: Path) -> None:
    record = {"pattern_type": "naming", "pattern_data": {"case": "snake", "password": SECRET}, "usage_count": 3}
    file = tmp_path / "old.json"
    file.write_text(json.dumps({"repo_path": "x", "team_patterns": [record], "issue_trends": {}}))
    assert strict.import_patterns(name, str(file))
    (imported,) = strict.get_team_patterns(name)
    assert imported["pattern_data"] == {"case": "snake", "password": "<REDACTED>"}
    assert imported["confidence"] == 0.0


def test_old_data_of_more_repos_than_go_at_once_is_kept_as_long_as_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "AT_ONCE", 5)
    with running() as server:
        agent = create_pattern_memory(server.url, strict=True)
        pipeline = agent.memory.pipeline()
        for n in range(12):
            for type in "tu":
                pipeline.repo(f"acme/{n}").store_pattern(type, {"a": 1})
        pipeline.execute()
        assert agent.cleanup_old_data(7)
        assert all(0 < server.redis.ttl(key) <= 7 * 86_400 for key in server.redis.scan_iter("pm:*"))
        assert agent.health_check()["patterns_count"] == 24
        agent.redis.close()


def test_a_server_that_goes_away_leaves_empty_answers_and_one_that_is_not_there_raises(caplog: Any) -> None:
    with running() as server:
        agent = create_pattern_memory(server.url)
        assert agent.health_check()["redis_connected"]
        server.stop_process()
        assert agent.store_pattern("acme/web", "t", {"a": 1}) is False
        assert agent.get_team_patterns("acme/web") == []
        # Never what is not anonymized.
        assert agent.anonymize_data({"password": SECRET}) == {}
        assert agent.anonymizer.anonymize_code_snippet(SECRET) == ""
        assert "error" in agent.get_comprehensive_insights("acme/web")
        health = agent.health_check()
        assert (health["redis_connected"], health["patterns_count"], health["redis_info"]) == (False, 0, {})
        assert health["error"]
        assert SECRET not in caplog.text
        agent.redis.close()
        with pytest.raises(pattern_memory.ServerUnreachable):
            create_pattern_memory(server.url)


def test_a_server_without_the_module_is_said_so_when_the_agent_is_created() -> None:
    with running(module=False) as server:
        with pytest.raises(pattern_memory.ModuleNotLoaded, match="loadmodule"):
            create_pattern_memory(server.url)


def test_a_module_that_is_unloaded_is_told_by_the_health() -> None:
    with running("--enable-module-command", "yes") as server:
        agent = create_pattern_memory(server.url)
        # Redis 8.2 crashes where a connection repeats a command whose module was unloaded meanwhile.
        agent.redis.connection_pool.disconnect()
        server.reply("MODULE", "UNLOAD", "patternmemory")
        health = agent.health_check()
        assert health["redis_connected"]
        assert "loadmodule" in health["error"]
        agent.redis.close()


def test_the_factory_takes_what_it_always_took(server: Server) -> None:
    agent = create_pattern_memory(server.url, True, db_path="x.db")
    assert isinstance(agent, RedisPatternMemory)
    agent.redis.close()
    with pytest.raises(pattern_memory.InvalidArgument):
        create_pattern_memory(server.url, redis_only=False)


@pytest.mark.parametrize(
    ("size", "shown"), [(5, "5.00B"), (1536, "1.50K"), (20070112, "19.14M"), (3 * 2**40, "3.00T"), (2**52, "4096.00T")]
)
def test_memory_is_shown_as_the_server_shows_it(size: int, shown: str, memory: pattern_memory.Memory) -> None:
    found = memory.health()
    found["used_memory"] = size
    assert health(found, 0)["redis_info"]["memory_used"] == shown
