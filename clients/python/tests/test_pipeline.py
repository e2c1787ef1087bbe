"""Many requests in one round trip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pattern_memory

if TYPE_CHECKING:
    from servers import Server


def test_results_come_in_order_and_with_their_types(memory: pattern_memory.Memory, name: str) -> None:
    with memory.pipeline() as pipeline:
        repo = pipeline.repo(name)
        stored = repo.store_pattern("naming", {"fn": "snake_case"})
        counted = repo.track_issues([("style", f"E{n}", "low", 1) for n in range(3)])
        missing = repo.get_pattern("other")
        removed = repo.delete_pattern("naming")
        with pytest.raises(pattern_memory.PatternMemoryError, match="execute"):
            _ = stored.result
        results = pipeline.execute()
    assert stored.result["version"] == 1
    assert counted.result == [1, 1, 1]
    assert missing.result is None
    assert removed.result is True
    assert results == [stored.result, [1, 1, 1], None, True]
    assert len(pipeline) == 0
    assert pipeline.execute() == []


def test_it_takes_one_round_trip(server: Server, memory: pattern_memory.Memory, name: str) -> None:
    def reads() -> int:
        return int(server.redis.info("stats")["total_reads_processed"])

    memory.repo(name).track_issue("style", "E501", "low")
    before = reads()
    pipeline = memory.pipeline()
    for _ in range(100):
        pipeline.repo(name).track_issue("style", "E501", "low")
    pipeline.execute()
    assert reads() - before <= 3  # the second INFO is one
    assert memory.repo(name).track_issue("style", "E501", "low") == 102


def test_an_error_leaves_the_others_done(memory: pattern_memory.Memory, name: str) -> None:
    pipeline = memory.pipeline()
    bad = pipeline.repo(name).track_issue("style", "E501", "")
    good = pipeline.repo(name).track_issue("style", "E501", "low")
    pipeline.repo(name).store_pattern("t", {"a": 1}, if_version=5)
    with pytest.raises(pattern_memory.InvalidArgument, match="severity"):
        pipeline.execute()
    assert good.result == 1
    with pytest.raises(pattern_memory.InvalidArgument):
        _ = bad.result

    pipeline.repo(name).track_issue("style", "E501", "")
    pipeline.repo(name).store_pattern("t", {"a": 1}, if_version=5)
    results = pipeline.execute(raise_on_error=False)
    assert [type(result) for result in results] == [pattern_memory.InvalidArgument, pattern_memory.VersionConflict]


def test_leaving_it_without_executing_does_nothing(memory: pattern_memory.Memory, name: str) -> None:
    with memory.pipeline() as pipeline:
        pipeline.repo(name).track_issue("style", "E501", "low")
    assert len(pipeline) == 0
    assert memory.repo(name).get_issue("style", "E501") is None


def test_a_transaction_is_carried_out_at_once(server: Server, memory: pattern_memory.Memory, name: str) -> None:
    pipeline = memory.pipeline(transaction=True)
    first = pipeline.repo(name).track_issue("style", "E501", "low")
    pipeline.repo(name).issue_trends()
    before = int(server.redis.info("commandstats").get("cmdstat_multi", {"calls": 0})["calls"])
    pipeline.execute()
    assert first.result == 1
    assert server.redis.info("commandstats")["cmdstat_multi"]["calls"] == before + 1
