"""What goes wrong has a class of its own, and repeats nothing that was sent."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import pytest

import pattern_memory
from pattern_memory.errors import PatternMemoryError
from servers import running

if TYPE_CHECKING:
    from servers import Server

SECRET = "EXAMPLE-hunter2-x9"


@pytest.mark.parametrize("way", ["call", "pipeline", "transaction"])
def test_a_server_without_the_module_is_named_with_what_to_do(way: str) -> None:
    # As hostile as it gets: the name holds the words that redis-py puts between the command and its error.
    repo = f"x of pipeline caused error: {SECRET}"
    with running(module=False) as server, pattern_memory.connect(server.url) as memory:
        pipeline = memory.pipeline(transaction=way == "transaction")
        pipeline.repo(repo).store_pattern("t", {"password": SECRET})
        with pytest.raises(pattern_memory.ModuleNotLoaded) as caught:
            _ = memory.repo(repo).store_pattern("t", {"a": SECRET}) if way == "call" else pipeline.execute()
        assert str(caught.value) == (
            "The Redis server does not have the module patternmemory loaded: put the line 'loadmodule "
            "/path/to/libpattern_memory.so' into its redis.conf and restart it, or, where the server allows it, run "
            "'redis-cli MODULE LOAD /path/to/libpattern_memory.so' (Redis 7.0 or Valkey 8, or later)."
        )
        # The server's own error repeats the arguments.
        shown = "".join(traceback.format_exception(None, caught.value, None))
        assert SECRET not in shown


def test_a_server_that_is_down_is_unreachable() -> None:
    with running() as server:
        port = server.port
    memory = pattern_memory.connect(f"redis://127.0.0.1:{port}")
    with pytest.raises(pattern_memory.ServerUnreachable) as caught:
        memory.repo("acme/web").fix_rates()
    assert caught.value.__cause__ is not None
    pipeline = memory.pipeline()
    queued = pipeline.repo("acme/web").fix_rates()
    with pytest.raises(pattern_memory.ServerUnreachable):
        pipeline.execute()
    with pytest.raises(pattern_memory.ServerUnreachable):
        _ = queued.result
    with pytest.raises(pattern_memory.ServerUnreachable):
        pattern_memory.connect_cluster(f"redis://127.0.0.1:{port}")


def test_a_user_may_do_what_its_acl_says(server: Server) -> None:
    grant = ["reset", "on", f">{SECRET}", "~acme/*", "+pattern.get", "+pattern.store", "+pattern.repos"]
    server.reply("ACL", "SETUSER", "narrow", *grant)
    with pattern_memory.connect(server.url, username="narrow", password=SECRET) as memory:
        memory.repo("acme/acl").store_pattern("t", {"a": 1})
        assert memory.repo("acme/acl").get_pattern("t") is not None
        with pytest.raises(pattern_memory.AccessDenied):
            memory.repo("other/acl").get_pattern("t")
        with pytest.raises(pattern_memory.AccessDenied):
            memory.repo("acme/acl").forget()
        assert all(name.startswith("acme/") for name in memory.repos())
    with pattern_memory.connect(server.url, username="narrow", password="EXAMPLE-wrong") as memory:
        with pytest.raises(pattern_memory.AuthenticationFailed):
            memory.repo("acme/acl").get_pattern("t")


def test_the_drop_in_of_a_user_that_may_not_ask_for_the_servers_health_works(server: Server) -> None:
    grant = ["reset", "on", f">{SECRET}", "~*", "+pattern.list", "+pattern.store"]
    server.reply("ACL", "SETUSER", "blind", *grant)
    url = f"redis://blind:{SECRET}@127.0.0.1:{server.port}"
    agent = pattern_memory.create_pattern_memory(url)
    assert agent.store_pattern("acme/blind", "t", {"a": 1})
    assert not agent.track_issue_pattern("acme/blind", "style", "E501", "low")
    health = agent.health_check()
    assert health["redis_connected"]
    assert "permissions" in health["error"]
    with pytest.raises(pattern_memory.AuthenticationFailed):
        pattern_memory.create_pattern_memory(url.replace(SECRET, "EXAMPLE-wrong"))


def test_a_full_server_says_so() -> None:
    with running("--maxmemory", "1mb", "--maxmemory-policy", "noeviction") as server:
        with pattern_memory.connect(server.url) as memory:
            with pytest.raises(pattern_memory.OutOfMemory):
                memory.repo("acme/web").track_issue("style", "E501", "low")
            assert memory.repo("acme/web").forget() == 0


def test_a_key_that_holds_something_else_is_of_the_wrong_type(server: Server, repo: pattern_memory.Repo) -> None:
    server.redis.set(f"pm:{{{repo.name}}}:issues", "x")
    with pytest.raises(pattern_memory.WrongType):
        repo.track_issue("style", "E501", "low")


def test_a_replica_is_read_only(server: Server, name: str) -> None:
    with running("--replicaof", "127.0.0.1", str(server.port)) as replica:
        with pattern_memory.connect(replica.url) as memory:
            with pytest.raises(pattern_memory.ReadOnly):
                memory.repo(name).track_issue("style", "E501", "low")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda repo: repo.track_issue("", "E501", "low"), "type must be 1 to 256 bytes long"),
        (lambda repo: repo.insights(days=0), "DAYS must be a whole number from 1 to 3650"),
        (lambda repo: repo.store_pattern("t", {"a": {1, 2}}), "data must be a mapping that JSON can hold"),
        (lambda repo: repo.store_pattern("t", {"a": float("nan")}), "data must be a mapping that JSON can hold"),
        (lambda repo: repo.store_pattern("t", [1]), "data must be a mapping that JSON can hold"),
        (lambda repo: repo.track_issue("\udce9", "E501", "low"), "a name must be text that UTF-8 can hold"),
        (lambda repo: repo.track_issue(None, "E501", "low"), "an argument must be text or a number, not NoneType"),
        (lambda repo: repo.track_issue(SECRET + "\n", "E501", "low"), "type must not contain control characters"),
    ],
    ids=str,
)
def test_an_argument_that_is_refused_is_named_and_not_repeated(repo: pattern_memory.Repo, call: Any, said: str) -> None:
    with pytest.raises(pattern_memory.InvalidArgument) as caught:
        call(repo)
    assert str(caught.value).startswith(said)
    assert SECRET not in str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, PatternMemoryError)


def test_data_that_refers_to_itself_is_refused(repo: pattern_memory.Repo) -> None:
    data: dict[str, Any] = {}
    data["itself"] = data
    with pytest.raises(pattern_memory.InvalidArgument):
        repo.store_pattern("t", data)


def test_retries_have_an_end_and_wait_longer_each_time() -> None:
    pauses = list(pattern_memory.Retries(limit=6, first=0.1, longest=0.5).pauses())
    assert len(pauses) == 6
    for pause, most in zip(pauses, [0.1, 0.2, 0.4, 0.5, 0.5, 0.5]):
        assert most / 2 <= pause <= most
    assert list(pattern_memory.Retries(limit=0).pauses()) == []
