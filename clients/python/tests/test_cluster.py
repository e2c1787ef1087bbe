"""A cluster of three masters."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import pattern_memory
from servers import owns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import Server


@pytest.fixture
def memory(cluster: list[Server]) -> Iterator[pattern_memory.Memory]:
    with pattern_memory.connect_cluster(cluster[0].url) as connected:
        yield connected


def test_repos_are_routed_and_found_on_all_masters(cluster: list[Server], redis_options: dict[str, Any]) -> None:
    with pattern_memory.connect_cluster(cluster[1].url, **redis_options) as memory:
        names = sorted(f"acme/{n}" for n in range(20))
        for name in names:
            memory.repo(name).track_issue("style", "E501", "low")
            memory.repo(name).store_pattern("naming", {"fn": "snake_case"})
        assert all(node.redis.dbsize() > 0 for node in cluster)
        assert sorted(memory.repos("acme/*", count=1)) == names
        pipeline = memory.pipeline()
        for name in names:
            pipeline.repo(name).track_issue("style", "E501", "low")
        pipeline.anonymize("a@example.com")
        results = pipeline.execute()
        assert results[:-1] == [2] * len(names)
        assert results[-1]["text"] == "<REDACTED_EMAIL>"
        assert memory.anonymize("x")["redactions"] == []
        assert memory.health()["mode"] == "cluster"
        assert memory.health(names[0])["issues_count"] == 1
        for name in names:
            assert memory.repo(name).forget() > 0


def test_rules_are_read_again_on_every_node(cluster: list[Server], memory: pattern_memory.Memory) -> None:
    def loaded() -> list[str]:
        return [pattern_memory.Memory(node.redis).rules()["loaded_at"] for node in cluster]

    before = loaded()
    time.sleep(0.01)
    memory.rules(reload=True)
    assert all(new > old for new, old in zip(loaded(), before))


def test_a_transaction_of_one_repo_is_carried_out(memory: pattern_memory.Memory) -> None:
    if not hasattr(memory.redis.pipeline(), "watch"):
        pytest.skip("this redis-py has no transactions in clusters")
    pipeline = memory.pipeline(transaction=True)
    counted = pipeline.repo("acme/t").track_issue("style", "E501", "low")
    try:
        pipeline.execute()
    except pattern_memory.PatternMemoryError as error:
        pytest.skip(str(error))
    assert counted.result == 1
    memory.repo("acme/t").forget()


@pytest.mark.parametrize("client", ["of the cluster", "of its node"])
def test_a_slot_that_is_being_migrated_is_waited_for(cluster: list[Server], client: str) -> None:
    slot = cluster[0].reply("CLUSTER", "KEYSLOT", "acme/moving")
    owner = next(node for node in cluster if owns(node, slot))
    other = next(node for node in cluster if node is not owner)

    def connected(**of: Any) -> pattern_memory.Memory:
        with_retries = pattern_memory.Retries(**of)
        if client == "of its node":
            return pattern_memory.connect(owner.url, retries=with_retries)
        return pattern_memory.connect_cluster(owner.url, retries=with_retries)

    def settle() -> None:
        owner.reply("CLUSTER", "SETSLOT", slot, "STABLE")
        other.reply("CLUSTER", "SETSLOT", slot, "STABLE")

    with connected(limit=500, first=0.02, longest=0.02) as patient, connected(limit=1, first=0.001) as hasty:
        other.reply("CLUSTER", "SETSLOT", slot, "IMPORTING", owner.reply("CLUSTER", "MYID"))
        owner.reply("CLUSTER", "SETSLOT", slot, "MIGRATING", other.reply("CLUSTER", "MYID"))
        later = threading.Timer(0.3, settle)
        try:
            with pytest.raises(pattern_memory.TryAgain):
                hasty.repo("acme/moving").track_issue("style", "E501", "low")
            pipeline = hasty.pipeline()
            pipeline.repo("acme/moving").track_issue("style", "E501", "low")
            with pytest.raises(pattern_memory.TryAgain):
                pipeline.execute()
            later.start()
            pipeline = patient.pipeline()
            pipeline.repo("acme/moving").track_issue("style", "E501", "low")
            assert pipeline.execute() == [1]
            assert patient.repo("acme/moving").track_issue("style", "E501", "low") == 2
        finally:
            if later.ident is not None:
                later.join()
            settle()
        assert patient.repo("acme/moving").forget() > 0


def test_a_client_of_one_node_is_told_to_use_that_of_a_cluster(cluster: list[Server]) -> None:
    slot = cluster[0].reply("CLUSTER", "KEYSLOT", "acme/web")
    other = next(node for node in cluster if not owns(node, slot))
    with pytest.raises(pattern_memory.WrongNode, match="connect_cluster"):
        pattern_memory.Memory(other.redis).repo("acme/web").fix_rates()


def test_the_drop_in_works_on_a_cluster(cluster: list[Server], memory: pattern_memory.Memory) -> None:
    agent = pattern_memory.create_pattern_memory(redis_client=memory.redis, strict=True)
    for n in range(6):
        assert agent.store_pattern(f"/srv/{n}", "naming", {"fn": "snake_case"}, 0.5)
    assert agent.health_check()["patterns_count"] == 6
    assert agent.cleanup_old_data(1)
    for node in cluster:
        for key in node.redis.scan_iter("pm:*"):
            assert 0 < node.redis.ttl(key) <= 86_400
    for n in range(6):
        memory.repo(f"/srv/{n}").forget()
