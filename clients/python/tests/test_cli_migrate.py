"""`pattern-memory migrate`, on data as the replaced class left them."""

from __future__ import annotations

import json
from datetime import timezone
from typing import TYPE_CHECKING, Any

import pytest

from old_data import SECRET, OldClass
from pattern_memory import Memory, connect, connect_cluster
from pattern_memory.cli.app import run
from pattern_memory.migration import Migration, Source, Target
from servers import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import Server


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A server whose keys no other test writes."""
    with running("--databases", "4") as started:
        yield started


@pytest.fixture
def server(own_server: Server) -> Server:
    own_server.redis.flushall()
    return own_server


@pytest.fixture
def old(server: Server) -> OldClass:
    return OldClass(server.redis)


@pytest.fixture
def memory(server: Server) -> Iterator[Memory]:
    with connect(server.url) as connected:
        yield connected


def migrate(server: Server, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    code = run(["migrate", "--url", server.url, "--times", "utc", "--json", *options])
    return code, json.loads(capsys.readouterr().out)


def content(memory: Memory, repo: str) -> dict[str, Any]:
    """All that is known of a repo, without when it was asked for."""
    document = memory.repo(repo).export()
    del document["exported_at"], document["repo"]
    return document


def test_everything_moves_with_its_counts_times_and_scores(
    server: Server, old: OldClass, memory: Memory, capsys: pytest.CaptureFixture[str]
) -> None:
    old.lived("/home/dev/web")
    code, report = migrate(server, capsys)
    assert code == 0
    (moved,) = report["repos"]
    assert (moved["state"], moved["patterns"], moved["issues"], moved["fixes"], moved["sessions"]) == (
        "moved", 2, 2, 4, 2,
    )  # fmt: skip
    assert moved["redactions"] > 0
    assert moved["skipped"] == []
    repo = memory.repo("/home/dev/web")

    pattern = repo.get_pattern("naming")
    assert pattern is not None
    assert (pattern["confidence"], pattern["usage_count"], pattern["version"]) == (0.9, 7, 2)
    assert pattern["created_at"] == "2026-01-05T10:00:00.123Z"
    assert pattern["updated_at"] == "2026-03-01T12:30:00.000Z"
    evolution = repo.evolution("naming")
    assert evolution is not None
    told = [(change["before_data"], change["after_data"], change["reason"]) for change in evolution["changes"]]
    assert told == [
        ({"style": "camelCase"}, {"style": "snake_case"}, "why"),
        (None, {"style": "camelCase"}, "seen"),
    ]

    issue = repo.get_issue("style", "E501")
    assert issue is not None
    assert (issue["frequency"], issue["severity"]) == (40, "low")
    assert (issue["created_at"], issue["last_seen"]) == ("2026-02-28T08:00:00.000Z", "2026-03-09T08:00:00.000Z")
    # 0.1 x 40 when it was last seen, halved every 14 days since.
    exported = {one["issue_rule"]: one["record"] for one in repo.export()["issues"]}
    last = 1_773_043_200.0
    assert 0.1 * 2 ** ((exported["E501"]["trend"] - last) / (14 * 86_400)) == pytest.approx(4.0)
    history = repo.issue_history(days=3_650)
    by_severity: dict[str, int] = {}
    for day in history["days"]:
        for severity, n in day["by_severity"].items():
            by_severity[severity] = by_severity.get(severity, 0) + n
    assert by_severity == {"low": 40, "high": 1}

    rate = repo.fix_rates()["wrap"]
    assert (rate["total_attempts"], rate["successful_fixes"], rate["avg_feedback"]) == (4, 3, 0.5)
    assert rate["last_applied_at"] == "2026-03-04T00:00:00.000Z"
    assert [fix["applied_at"][:10] for fix in repo.list_fixes()] == [f"2026-03-0{day}" for day in (4, 3, 2, 1)]
    assert [advice["attempts"] for advice in repo.advise("style")] == [3]
    analytics = repo.session_analytics(days=3_650)
    assert (analytics["total_sessions"], analytics["total_patterns_learned"]) == (2, 5)
    assert [session["session_type"] for session in repo.list_sessions()] == ["scan", "review"]

    # What the class stored in clear is not in the memory.
    assert SECRET not in json.dumps(repo.export())
    assert len(old.left()) == 7


def test_times_without_a_zone_are_local_unless_told_otherwise(
    server: Server, old: OldClass, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setenv("TZ", "UTC-03:00")
    time.tzset()
    try:
        old.pattern("r", "naming")
        assert run(["migrate", "--url", server.url]) == 0
        pattern = memory.repo("r").get_pattern("naming")
        assert pattern is not None
        assert pattern["created_at"] == "2026-01-05T07:00:00.123Z"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("broken_at", ["imported", "marked", "finished"])
def test_a_run_that_was_broken_off_and_run_again_gives_what_one_run_gives(
    server: Server, old: OldClass, memory: Memory, capsys: pytest.CaptureFixture[str], broken_at: str
) -> None:
    old.lived("once")
    old.lived("twice")
    memory.repo("twice").track_issue("style", "E501", "high", 2)
    memory.repo("once").track_issue("style", "E501", "high", 2)
    assert migrate(server, capsys, "--only", "once")[0] == 0
    expected = content(memory, "once")

    class BrokenOff(Exception):
        pass

    def break_off(step: str) -> None:
        if step == broken_at:
            raise BrokenOff

    source = Source(_bytes(server))
    list(source.find())
    label = f"127.0.0.1:{server.port}/0/kirolinter"
    broken = Migration(
        source, Target(memory, label), name_of=lambda name: name, zone=timezone.utc, after_step=break_off
    )
    with pytest.raises(BrokenOff):
        broken.move("twice")
    assert content(memory, "twice")["fixes"], "the import came through"

    for _ in range(2):
        code, report = migrate(server, capsys)
        assert (code, {one["old_name"]: one["state"] for one in report["repos"]}) == (
            0, {"once": "already", "twice": "already"},
        )  # fmt: skip
        _same(content(memory, "twice"), expected)


def _same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """But for the moment at which the issue was tracked beside."""
    for document in (found, expected):
        for issue in document["issues"]:
            for field in ("last_seen", "trend"):
                issue["record"].pop(field, None)
    assert found == expected


def test_a_dry_run_writes_nothing(server: Server, old: OldClass, capsys: pytest.CaptureFixture[str]) -> None:
    old.lived("r")
    before = server.redis.dbsize()
    code, report = migrate(server, capsys, "--dry-run")
    assert (code, report["repos"][0]["state"], report["repos"][0]["fixes"]) == (0, "would move", 4)
    assert server.redis.dbsize() == before


def test_old_keys_go_only_when_told_and_only_of_repos_that_moved_whole(
    server: Server, old: OldClass, capsys: pytest.CaptureFixture[str]
) -> None:
    old.lived("whole")
    old.lived("torn")
    server.redis.lpush("kirolinter:fixes:torn", "{]")
    code, report = migrate(server, capsys, "--delete-old")
    assert code == 1
    deleted = {one["old_name"]: one["deleted_keys"] for one in report["repos"]}
    assert deleted == {"whole": 7, "torn": 0}
    assert len(old.left()) == 7
    assert all("torn" in key for key in old.left())
    # Once mended they are not what was moved any more.
    server.redis.lpop("kirolinter:fixes:torn")
    code, report = migrate(server, capsys, "--delete-old")
    assert report["repos"][0]["state"] == "changed"


def test_what_is_malformed_is_left_out_and_named_without_its_content(
    server: Server, old: OldClass, memory: Memory, capsys: pytest.CaptureFixture[str]
) -> None:
    old.lived("r")
    old.pattern("r", "bad-json", pattern_data="{")
    old.pattern("r", "bad-confidence", confidence="9")
    old.pattern("r", "bad-time", created_at="yesterday")
    old.issue("r", "style", "negative", frequency=-1)
    old.issue("r", "style", "nan", trend_score=float("nan"))
    old.fix("r", "style", "maybe", SECRET, "2026-03-01T00:00:00")
    server.redis.lpush("kirolinter:sessions:r", "not json", b"\xff\xfe", '{"session_type": "\\ud800"}')
    server.redis.set("kirolinter:pattern:r:text", "a string")
    server.redis.set("kirolinter:something:r", "else")
    code, report = migrate(server, capsys)
    assert code == 1
    (moved,) = report["repos"]
    assert (moved["state"], moved["patterns"], moved["issues"], moved["fixes"], moved["sessions"]) == (
        "moved", 2, 2, 4, 2,
    )  # fmt: skip
    reasons = {(one["key"].split(":", 1)[1], one["record"]): one["reason"] for one in moved["skipped"]}
    assert reasons == {
        ("pattern:r:bad-json", None): "pattern_data is no JSON",
        ("pattern:r:bad-confidence", None): "confidence is not within 0 and 1",
        ("pattern:r:bad-time", None): "created_at is no time in ISO 8601",
        ("pattern:r:text", None): "a string where the class kept a hash",
        ("issues:r", "style:negative"): "frequency is out of range",
        ("issues:r", "style:nan"): "the record is no JSON",
        ("fixes:r", "[0]"): "success is neither true nor false",
        ("sessions:r", "[0]"): "the record holds what is no JSON",
        ("sessions:r", "[1]"): "the record is no JSON",
        ("sessions:r", "[2]"): "the record is no JSON",
    }
    assert [one["key"] for one in report["skipped"]] == ["kirolinter:something:r"]
    assert SECRET not in json.dumps(report)
    assert memory.repo("r").get_pattern("naming") is not None


def test_a_record_that_the_server_refuses_does_not_keep_the_others_from_moving(
    server: Server, old: OldClass, memory: Memory, capsys: pytest.CaptureFixture[str]
) -> None:
    old.lived("r")
    token = "ghp_" + "EXAMPLE0" * 4 + "abcd"
    old.issue("r", "style", token)
    old.pattern("r", f"naming-{token}")
    old.fix("r", "style", token, True, "2026-03-01T00:00:00")
    code, report = migrate(server, capsys)
    (moved,) = report["repos"]
    assert (code, moved["state"]) == (1, "moved"), moved
    assert (moved["patterns"], moved["issues"], moved["fixes"], len(moved["skipped"])) == (2, 2, 4, 3)
    assert all("refuses" in one["reason"] for one in moved["skipped"])
    assert token not in json.dumps(report)
    assert memory.repo("r").fix_rates()["wrap"]["total_attempts"] == 4


def test_repos_and_types_with_colons_and_braces_are_told_apart(
    server: Server, old: OldClass, memory: Memory, capsys: pytest.CaptureFixture[str]
) -> None:
    for repo, pattern_type in (
        ("/a", "plain"),
        ("/a", "b:deep"),
        ("/a:b", "c"),
        ("C:\\work\\{web}", "naming"),
        ("https://host:8080/x", "k"),
    ):
        old.pattern(repo, pattern_type)
        old.change(repo, pattern_type, "{}", '{"n": 1}', "2026-03-01T00:00:00", f"of {repo} {pattern_type}")
    code, report = migrate(server, capsys)
    assert (code, report["skipped"]) == (0, [])
    assert {one["old_name"]: one["repo"] for one in report["repos"]} == {
        "/a": "/a",
        "/a:b": "/a:b",
        "C:\\work\\{web}": "C:\\work\\%7Bweb%7D",
        "https://host:8080/x": "https://host:8080/x",
    }
    for repo, pattern_type in (("/a", "b:deep"), ("/a:b", "c"), ("C:\\work\\%7Bweb%7D", "naming")):
        evolution = memory.repo(repo).evolution(pattern_type)
        assert evolution is not None
        assert str(evolution["changes"][0]["reason"]).endswith(pattern_type)
    assert memory.repo("/a").get_pattern("c") is None


def test_the_index_tells_the_repo_where_the_record_does_not(
    server: Server, old: OldClass, memory: Memory, capsys: pytest.CaptureFixture[str]
) -> None:
    old.pattern("/a:b", "c:d")
    server.redis.hdel("kirolinter:pattern:/a:b:c:d", "pattern_type")
    code, _ = migrate(server, capsys)
    assert code == 0
    assert memory.repo("/a:b").get_pattern("c:d") is not None


def test_the_record_tells_its_type_where_the_index_is_gone(
    server: Server, old: OldClass, memory: Memory, capsys: pytest.CaptureFixture[str]
) -> None:
    old.pattern("/a:b", "c:d")
    server.redis.delete("kirolinter:index:patterns:/a:b")
    assert migrate(server, capsys)[0] == 0
    assert memory.repo("/a:b").get_pattern("c:d") is not None


def test_another_database_or_server_is_a_source(
    server: Server, memory: Memory, capsys: pytest.CaptureFixture[str]
) -> None:
    import redis

    other = redis.Redis(port=server.port, db=2, decode_responses=True)
    OldClass(other).lived("r")
    code, report = migrate(server, capsys, "--from-url", f"{server.url}/2", "--map", "r=github.com/acme/web")
    assert (code, report["repos"][0]["repo"]) == (0, "github.com/acme/web")
    other.close()
    assert memory.repo("github.com/acme/web").fix_rates()["wrap"]["total_attempts"] == 4


def test_what_changed_after_it_was_moved_is_reported_and_not_added_twice(
    server: Server, old: OldClass, memory: Memory, capsys: pytest.CaptureFixture[str]
) -> None:
    old.lived("r")
    assert migrate(server, capsys)[0] == 0
    old.fix("r", "style", "wrap", True, "2026-03-09T00:00:00")
    code, report = migrate(server, capsys)
    assert (code, report["repos"][0]["state"]) == (1, "changed")
    assert memory.repo("r").fix_rates()["wrap"]["total_attempts"] == 4
    # Whoever means it starts the repo anew.
    code, report = migrate(server, capsys, "--replace")
    assert (code, report["repos"][0]["state"]) == (0, "moved")
    assert memory.repo("r").fix_rates()["wrap"]["total_attempts"] == 5
    assert migrate(server, capsys)[1]["repos"][0]["state"] == "already"


def test_what_agents_have_learned_meanwhile_is_added_to(
    server: Server, old: OldClass, memory: Memory, capsys: pytest.CaptureFixture[str]
) -> None:
    old.lived("r")
    memory.repo("r").track_issue("style", "E501", "high", 2)
    assert migrate(server, capsys)[0] == 0
    issue = memory.repo("r").get_issue("style", "E501")
    assert issue is not None
    assert (issue["frequency"], issue["severity"]) == (42, "high")


def test_several_old_repos_can_become_one(
    server: Server, old: OldClass, memory: Memory, capsys: pytest.CaptureFixture[str]
) -> None:
    old.lived("/srv/web")
    old.lived("/home/dev/web")
    names = ("--map", "/srv/web=acme/web", "--map", "/home/dev/web=acme/web")
    for state in ("moved", "already"):
        code, report = migrate(server, capsys, *names)
        assert (code, [one["state"] for one in report["repos"]]) == (0, [state, state])
        assert memory.repo("acme/web").fix_rates()["wrap"]["total_attempts"] == 8
    code, report = migrate(server, capsys, *names, "--replace")
    assert (code, [one["state"] for one in report["repos"]]) == (1, ["failed", "failed"])
    assert memory.repo("acme/web").fix_rates()["wrap"]["total_attempts"] == 8


def test_who_may_not_write_the_mark_is_told_before_anything_moves(
    server: Server, old: OldClass, memory: Memory, capsys: pytest.CaptureFixture[str]
) -> None:
    old.lived("r")
    rights = ["~r", "+pattern.import", "+pattern.get", "+pattern.del"]
    server.redis.execute_command("ACL", "SETUSER", "mover", "reset", "on", ">EXAMPLE", *rights)
    url = f"redis://mover:EXAMPLE@127.0.0.1:{server.port}"
    code = run(["migrate", "--url", url, "--from-url", server.url, "--json"])
    report = json.loads(capsys.readouterr().out)
    assert (code, report["repos"][0]["state"]) == (1, "failed")
    assert "+hget +hset +expire" in report["repos"][0]["reason"]
    assert memory.repo("r").fix_rates() == {}
    rights += ["~pattern-memory:migrated:*", "+hget", "+hset", "+expire"]
    server.redis.execute_command("ACL", "SETUSER", "mover", "reset", "on", ">EXAMPLE", *rights)
    assert run(["migrate", "--url", url, "--from-url", server.url]) == 0
    server.redis.execute_command("ACL", "DELUSER", "mover")


def test_a_cluster_is_a_target(
    cluster: list[Server], server: Server, old: OldClass, capsys: pytest.CaptureFixture[str]
) -> None:
    for n in range(8):
        old.lived(f"moved-{n}")
    options = ("--cluster", "--url", cluster[0].url, "--from-url", server.url, "--json")
    for state in ("moved", "already"):
        assert run(["migrate", *options]) == 0
        report = json.loads(capsys.readouterr().out)
        assert {one["state"] for one in report["repos"]} == {state}
    with connect_cluster(cluster[1].url) as memory:
        assert memory.repo("moved-3").fix_rates()["wrap"]["total_attempts"] == 4
        assert memory.repo("moved-3").list_patterns("pattern-memory-migration") == []


def test_nothing_to_move_is_no_fault(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert migrate(server, capsys) == (0, {"dry_run": False, "repos": [], "skipped": [], "not_found": []})
    assert run(["migrate", "--url", server.url]) == 0
    assert "No keys of the old class" in capsys.readouterr().out


def test_the_table_for_people_names_what_was_left_out(
    server: Server, old: OldClass, capsys: pytest.CaptureFixture[str]
) -> None:
    old.lived("r")
    server.redis.lpush("kirolinter:fixes:r", "{]")
    assert run(["migrate", "--url", server.url]) == 1
    told = capsys.readouterr().out
    assert "moved" in told
    assert "left out: kirolinter:fixes:r [0]: the record is no JSON" in told


def _bytes(server: Server) -> Any:
    import redis

    return redis.Redis(port=server.port)
