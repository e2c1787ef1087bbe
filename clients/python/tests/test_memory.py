"""Every method of the modern surface, whatever the Redis client was told about replies."""

from __future__ import annotations

import enum
import inspect
from typing import TYPE_CHECKING, Any

import pytest

import pattern_memory
from pattern_memory import AUTO
from pattern_memory import aio as asynchronous
from pattern_memory.pipeline import Queue, QueuedRepo

if TYPE_CHECKING:
    from servers import Server


def test_every_method_answers_what_the_module_says(server: Server, name: str, redis_options: dict[str, Any]) -> None:
    with pattern_memory.connect(server.url, **redis_options) as memory:
        repo = memory.repo(name)
        # Patterns.
        stored = repo.store_pattern(
            "naming", {"fn": "snake_case", "mail": "a@example.com"}, confidence=0.5, reason="új"
        )
        assert stored == {"id": "default", "version": 1, "created": True, "redactions": 1}
        pattern = repo.get_pattern("naming")
        assert pattern is not None
        assert pattern["pattern_data"] == {"fn": "snake_case", "mail": "<REDACTED_EMAIL>"}
        assert repo.get_pattern("naming", id="other") is None
        snippet = repo.store_pattern("snippet", {"code": "x = 1"}, id=AUTO, ttl=1000)
        assert 900 < server.redis.ttl(f"pm:{{{name}}}:pattern:snippet:{snippet['id']}") <= 1000
        assert repo.store_pattern("snippet", {"code": "x = 1"}, id=AUTO)["id"] == snippet["id"]
        assert [record["pattern_type"] for record in repo.list_patterns()] == ["naming", "snippet"]
        assert [record["pattern_type"] for record in repo.list_patterns(min_confidence=0.4)] == ["naming"]
        assert [record["pattern_type"] for record in repo.list_patterns(offset=1)] == ["snippet"]
        assert [record["pattern_type"] for record in repo.list_patterns(count=1)] == ["naming"]
        assert [record["usage_count"] for record in repo.list_patterns("snippet")] == [1]
        assert repo.set_confidence("naming", 0.9, reason="seen in review") == 2
        assert repo.set_confidence("naming", 0.9, id="other") is None
        history = repo.evolution("naming", days=1, limit=5)
        assert history is not None
        assert [change["reason"] for change in history["changes"]] == ["seen in review", "új"]
        assert history["total_changes"] == 2
        assert repo.evolution("other") is None
        assert repo.delete_pattern("snippet", id=snippet["id"]) is True
        assert repo.delete_pattern("snippet", id=snippet["id"]) is False
        # Issues.
        assert repo.track_issue("style", "E501", "low") == 1
        assert repo.track_issue("style", "E501", "low", 2) == 3
        assert repo.track_issues([("style", "E501", "low", 1), ("security", "S105", "high", 2)]) == [4, 2]
        assert repo.track_issues([]) == []
        issue = repo.get_issue("style", "E501")
        assert issue is not None
        assert issue["frequency"] == 4
        assert repo.get_issue("style", "E999") is None
        assert repo.issue_trends(days=7, top=1)["trending_issues"][0]["issue_rule"] == "E501"
        assert repo.issue_trends(type="security", severity="high")["severity_distribution"] == {"high": 2}
        assert repo.issue_history(days=2)["total"] == 6
        assert len(repo.issue_history(days=2, type="style", severity="low")["days"]) == 2
        # Fixes.
        assert repo.record_fix("style", "wrap", True, feedback=0.5, metadata={"file": "a.py"}, id="run-1") == 1
        assert repo.record_fix("style", "wrap", True, feedback=0.5, id="run-1") == 1
        assert repo.record_fix("style", "wrap", False) == 2
        assert repo.fix_rates()["wrap"]["successful_fixes"] == 1
        assert repo.advise("style", auto=0.8, stop=0.3, limit=1)[0]["action"] == "explore"
        assert [fix["success"] for fix in repo.list_fixes()] == [False, True]
        assert [fix["metadata"] for fix in repo.list_fixes(offset=1, count=1)] == [{"file": "a.py"}]
        # Sessions.
        assert repo.record_session("review", 4, 2, data={"who": "agent"}) == 1
        assert repo.session_analytics(days=1)["session_breakdown"]["review"]["patterns_learned"] == 4
        assert repo.list_sessions()[0]["session_data"] == {"who": "agent"}
        # All of it.
        insights = repo.insights(days=7, top=5)
        assert insights["recommendations"]
        assert insights["learning_analytics"]["total_sessions"] == 1
        document = repo.export()
        text = repo.export_json()
        copy = memory.repo(f"{name}-copy")
        assert copy.import_(document) == {"patterns": 1, "issues": 2, "fixes": 2, "sessions": 1, "redactions": 0}
        assert copy.import_(text, mode="replace")["issues"] == 2
        assert copy.import_(text.encode(), mode="replace")["issues"] == 2
        assert {**copy.export(), "repo": name, "exported_at": ""} == {**document, "exported_at": ""}
        assert copy.health()["patterns_count"] == 1
        assert copy.retain(3600) > 0
        assert copy.health()["shortest_ttl"] in range(3500, 3601)
        assert sorted(memory.repos(f"{name}*")) == [name, f"{name}-copy"]
        assert copy.forget() > 0
        assert list(memory.repos(f"{name}*")) == [name]
        # The server.
        assert memory.anonymize("mail a@example.com")["text"] == "mail <REDACTED_EMAIL>"
        assert memory.anonymize('{"b":1,"a":2}', json=True)["text"] == '{"a":2,"b":1}'
        assert memory.rules()["count"] > 100
        assert memory.rules(reload=True)["rules"][0]["origin"] == "built-in"
        assert memory.health()["patterns_count"] is None
        assert memory.health(name)["issues_count"] == 2


def test_a_pattern_that_changed_meanwhile_is_a_conflict(repo: pattern_memory.Repo) -> None:
    repo.store_pattern("naming", {"fn": "snake_case"}, if_version=0)
    with pytest.raises(pattern_memory.VersionConflict):
        repo.store_pattern("naming", {"fn": "camelCase"}, if_version=0)
    assert repo.store_pattern("naming", {"fn": "camelCase"}, if_version=1)["version"] == 2


def test_a_run_of_more_issues_than_a_command_takes_goes_in_several(repo: pattern_memory.Repo) -> None:
    found = [("style", f"R{n % 500}", "low", 1) for n in range(70_000)]
    frequencies = repo.track_issues(iter(found))
    assert len(frequencies) == 70_000
    assert frequencies[:2] == [1, 1]
    assert repo.issue_trends()["issue_distribution"] == {"style": 70_000}
    issue = repo.get_issue("style", "R0")
    assert issue is not None
    assert issue["frequency"] == 140


def test_a_run_of_more_bytes_than_a_command_takes_goes_in_several(repo: pattern_memory.Repo) -> None:
    # 3 MB, where the server takes 1 MiB.
    assert len(repo.track_issues(("style", f"{n:0>200}", "low", 1) for n in range(15_000))) == 15_000
    assert repo.health()["issues_count"] == 10_000  # the server's cap


def test_text_that_utf_8_cannot_hold_is_kept_but_for_what_is_no_character(repo: pattern_memory.Repo) -> None:
    repo.store_pattern("code", {"text": "caf\udce9 \ud83d\ude00"}, reason="\udcff")
    pattern = repo.get_pattern("code")
    assert pattern is not None
    assert pattern["pattern_data"] == {"text": "caf\ufffd 😀"}
    assert repo._memory.anonymize("\udcff")["text"] == "\ufffd"


def test_text_is_sent_as_utf_8_whatever_the_client_was_told(server: Server, name: str) -> None:
    with pattern_memory.connect(server.url, encoding="latin-1") as memory:
        memory.repo(name).store_pattern("n", {"text": "naïve €"}, reason="€")
        pattern = memory.repo(name).get_pattern("n")
        assert pattern is not None
        assert pattern["pattern_data"] == {"text": "naïve €"}


def test_enumerated_strings_go_by_their_value(repo: pattern_memory.Repo) -> None:
    class Severity(str, enum.Enum):
        HIGH = "high"

    repo.track_issue("style", "E501", Severity.HIGH)
    assert repo.issue_trends()["severity_distribution"] == {"high": 1}


def test_a_client_of_ones_own_is_used(server: Server, repo: pattern_memory.Repo) -> None:
    own = pattern_memory.Memory(server.redis)
    assert own.redis is server.redis
    assert own.repo(repo.name).track_issue("style", "E501", "low") == 1
    assert repr(own.repo("a")) == "<Repo 'a'>"


def _methods(of: type) -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(method)
        for name, method in vars(of).items()
        if inspect.isfunction(method) and not name.startswith("_")
    }


def test_what_waits_and_what_is_awaited_and_what_is_queued_have_the_same_methods() -> None:
    assert len(_methods(pattern_memory.Repo)) == 25
    assert _methods(pattern_memory.Repo) == _methods(asynchronous.Repo) == _methods(QueuedRepo)
    for name in ("anonymize", "rules", "health", "repo"):
        parameters = [
            list(inspect.signature(getattr(of, name)).parameters)
            for of in (pattern_memory.Memory, asynchronous.Memory, Queue)
        ]
        assert parameters[0] == parameters[1] == parameters[2]
    assert sorted(asynchronous.__all__) == sorted(
        name for name in pattern_memory.__all__ if hasattr(asynchronous, name)
    )


def test_every_command_of_the_module_has_a_method(server: Server, memory: pattern_memory.Memory) -> None:
    """By what the server counts: this file and the others call each method, but not all in one test."""
    repo = memory.repo("acme/all")
    pipeline = memory.pipeline()
    of = pipeline.repo("acme/all")
    of.store_pattern("t", {"a": 1})
    of.get_pattern("t")
    of.list_patterns()
    of.set_confidence("t", 0.5)
    of.evolution("t")
    of.insights()
    of.export()
    of.delete_pattern("t")
    of.import_(repo.export_json())
    of.retain(100)
    of.health()
    of.track_issue("a", "b", "c")
    of.track_issues([("a", "b", "c", 1)])
    of.get_issue("a", "b")
    of.issue_trends()
    of.issue_history()
    of.record_fix("a", "b", True)
    of.fix_rates()
    of.advise("a")
    of.list_fixes()
    of.record_session("a", 1, 1)
    of.session_analytics()
    of.list_sessions()
    of.forget()
    pipeline.anonymize("a")
    pipeline.rules()
    called = {call.name for queued in pipeline._queued for call in queued.request.calls} | {"PATTERN.REPOS"}
    assert all(not isinstance(result, Exception) for result in pipeline.execute(raise_on_error=False))
    commands = server.reply("COMMAND", "LIST", "FILTERBY", "MODULE", "patternmemory")
    assert called == {command.upper() for command in commands}
