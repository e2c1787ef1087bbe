"""Names of any text, there and back."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from pattern_memory import identifier, original, repo_name, repo_path

if TYPE_CHECKING:
    import pattern_memory

PATHS = [
    "acme/web",
    "/home/someone/src/{{cookiecutter.name}}/x",
    "C:\\src\\x y",
    "git@github.com:acme/web.git",
    "a\nb\tc\0d\x7fe\x85f",
    "100%",
    "100%25",
    "%7B",
    "%7b",
    "%{",
    "%4{1}",
    "50%~off",
    "ünïcode 🦀",
    "caf\udce9",  # a path whose bytes are not UTF-8, as os.listdir gives it
    "{" * 170,
]


@pytest.mark.parametrize("path", PATHS, ids=ascii)
def test_a_path_comes_back_from_its_name_and_the_module_takes_it(memory: pattern_memory.Memory, path: str) -> None:
    name = repo_name(path)
    assert repo_path(name) == path
    assert memory.repo(name).track_issue("style", "E501", "low") == 1
    assert name in memory.repos()
    memory.repo(name).forget()


@pytest.mark.parametrize("text", [*PATHS[:-1], "E501: line\r\ntoo long"], ids=ascii)
def test_an_identifier_comes_back_from_its_name_and_the_module_takes_it(repo: pattern_memory.Repo, text: str) -> None:
    name = identifier(text)
    assert original(name) == text
    assert repo.track_issue(name, name, name) == 1


def test_ordinary_names_stay_as_they_are() -> None:
    for path in ("acme/web", "/srv/a b", "git@github.com:acme/web.git", "100%", "ünïcode 🦀", "https://host/x"):
        assert repo_name(path) == path
    assert identifier("a{b}") == "a{b}"


def test_names_are_written_as_the_documents_say() -> None:
    assert repo_name("/src/{x}\n") == "/src/%7Bx%7D%0A"
    assert repo_name("100%25") == "100%2525"
    assert repo_name("caf\udce9") == "caf%E9"


def test_long_names_keep_their_beginning_and_differ(memory: pattern_memory.Memory) -> None:
    names = {repo_name("/srv/" + "é" * 400 + end) for end in ("a", "b", "{", "%7B")}
    assert len(names) == 4
    for name in names:
        assert len(name.encode()) <= 512
        assert name.startswith("/srv/ééé")
        assert repo_path(name) is None
        assert memory.repo(name).track_issue("style", "E501", "low") == 1
        memory.repo(name).forget()
        # The name of a long path, taken for a path, is another one's name.
        assert repo_name(name) != name
    assert len(repo_name("x" * 512)) == 512
    assert len(identifier("x" * 257).encode()) == 256
    assert original(identifier("x" * 257)) == identifier("x" * 257)


def test_a_long_name_is_not_cut_within_an_escape() -> None:
    for length in range(430, 450):
        name = repo_name("a" * length + "{" * 200)
        beginning = name.rsplit("%~", 1)[0]
        assert set(beginning.removeprefix("a" * min(length, 446)).replace("%7B", "")) <= set("a")


def test_credentials_in_a_url_are_left_out(memory: pattern_memory.Memory) -> None:
    assert repo_name("https://user:EXAMPLE-token-x9@git.acme.dev/x") == "https://git.acme.dev/x"
    assert repo_name("https://:EXAMPLE-token-x9@git.acme.dev/x") == "https://git.acme.dev/x"
    assert repo_name("ssh://git@github.com/acme/web") == "ssh://git@github.com/acme/web"
    assert memory.repo(repo_name("https://user:EXAMPLE-p@ss@git.acme.dev/x")).forget() == 0


def test_no_two_paths_share_a_name() -> None:
    chance = random.Random(7)
    names: dict[str, str] = {}
    for _ in range(20_000):
        path = "".join(chance.choice("ab%{}~7Bb\n2é\udce9") for _ in range(chance.randrange(1, 9)))
        name = repo_name(path)
        assert names.setdefault(name, path) == path
        assert repo_path(name) == path
