"""The asynchronous twin."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any, Callable

import pytest

import pattern_memory
import pattern_memory.aio
from servers import running

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from servers import Server


def awaited(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that is a coroutine."""

    @functools.wraps(test)
    def run(*arguments: Any, **options: Any) -> None:
        asyncio.run(test(*arguments, **options))

    return run


@awaited
async def test_methods_answer_what_their_twins_do(server: Server, name: str, redis_options: dict[str, Any]) -> None:
    async with pattern_memory.aio.connect(server.url, **redis_options) as memory:
        repo = memory.repo(name)
        stored = await repo.store_pattern("naming", {"fn": "snake_case"}, confidence=0.9)
        assert stored["version"] == 1
        with pytest.raises(pattern_memory.VersionConflict):
            await repo.store_pattern("naming", {"fn": "snake_case"}, if_version=0)
        assert await repo.track_issues([("style", "E501", "low", 2)]) == [2]
        assert await repo.get_issue("style", "E999") is None
        assert (await repo.insights())["issue_trends"]["total_patterns"] == 1
        assert [found async for found in memory.repos(name)] == [name]
        assert (await memory.anonymize("a@example.com"))["text"] == "<REDACTED_EMAIL>"
        with pytest.raises(pattern_memory.InvalidArgument, match="DAYS"):
            await repo.insights(days=0)
        # And so say both.
        with pattern_memory.connect(server.url) as twin:
            assert twin.repo(name).export()["patterns"] == (await repo.export())["patterns"]
        assert repr(repo) == f"<Repo {name!r}>"


@awaited
async def test_sixteen_agents_at_once_are_all_counted(server: Server, name: str) -> None:
    async with pattern_memory.aio.connect(server.url) as memory:
        repo = memory.repo(name)

        async def agent() -> None:
            for _ in range(20):
                await repo.track_issue("style", "E501", "low")

        await asyncio.gather(*(agent() for _ in range(16)))
        assert await repo.track_issue("style", "E501", "low") == 16 * 20 + 1


@awaited
async def test_a_pool_that_is_used_up_is_waited_for(server: Server, name: str) -> None:
    """Else what is gathered fails as soon as there is more of it than connections."""
    patient = pattern_memory.Retries(limit=2000, first=0.01, longest=0.02)
    async with pattern_memory.aio.connect(server.url, retries=patient, max_connections=2) as memory:
        repo = memory.repo(name)
        await asyncio.gather(*(repo.track_issue("style", "E501", "low") for _ in range(12)))
        assert await repo.track_issue("style", "E501", "low") == 13


@awaited
async def test_a_pipeline_is_queued_without_waiting(server: Server, name: str) -> None:
    async with pattern_memory.aio.connect(server.url) as memory, memory.pipeline(transaction=True) as pipeline:
        first = pipeline.repo(name).track_issue("style", "E501", "low")
        second = pipeline.repo(name).get_issue("style", "E501")
        assert len(pipeline) == 2
        assert len(await pipeline.execute()) == 2
        assert first.result == 1
        assert second.result is not None
        assert second.result["frequency"] == 1


@awaited
async def test_the_drop_in_has_a_twin(server: Server, name: str, tmp_path: Path) -> None:
    agent = await pattern_memory.aio.create_pattern_memory(server.url)
    assert await agent.store_pattern(name, "naming", {"fn": "snake_case"}, 0.8)
    assert not await agent.store_pattern(name, "naming", {}, 0.8)
    assert (await agent.get_team_patterns(name))[0]["pattern_data"] == {"fn": "snake_case"}
    assert await agent.anonymizer.validate_anonymization({"a": 1})
    assert await agent.export_patterns(name, str(tmp_path / "file"))
    assert (tmp_path / "file").exists()
    assert (await agent.health_check())["redis_connected"]
    with pytest.raises(pattern_memory.InvalidArgument):
        await pattern_memory.aio.create_pattern_memory(server.url, redis_only=False)
    await agent.memory.close()


@awaited
async def test_the_drop_in_says_when_the_module_is_missing() -> None:
    with running(module=False) as server, pytest.raises(pattern_memory.ModuleNotLoaded, match="loadmodule"):
        await pattern_memory.aio.create_pattern_memory(server.url)


@awaited
async def test_a_cluster_is_searched_on_all_masters(cluster: list[Server], redis_options: dict[str, Any]) -> None:
    async with pattern_memory.aio.connect_cluster(cluster[0].url, **redis_options) as memory:
        names = sorted(f"async/{n}" for n in range(20))
        pipeline = memory.pipeline()
        for name in names:
            pipeline.repo(name).track_issue("style", "E501", "low")
        pipeline.anonymize("x")
        assert len(await pipeline.execute()) == 21
        assert sorted([name async for name in memory.repos("async/*")]) == names
        assert (await memory.rules(reload=True))["count"] > 100
        assert (await memory.health())["mode"] == "cluster"
        for name in names:
            assert await memory.repo(name).forget() > 0
