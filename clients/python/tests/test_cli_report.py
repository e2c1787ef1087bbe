"""`pattern-memory report`: the page as a file, and as a browser shows it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from browser import Browser, chromium
from lived_repo import HOSTILE, HOSTILE_NAMES, live
from pattern_memory import Memory, Repo, connect
from pattern_memory.cli.app import run
from pattern_memory.report.periods import periods, span_of
from pattern_memory.report.svg import fit, ticks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pattern_memory.documents import Day
    from servers import Server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def lived(server: Server) -> Iterator[Repo]:
    with connect(server.url) as memory:
        repo = memory.repo("acme/lived")
        live(repo)
        yield repo


@pytest.fixture(scope="module")
def page(server: Server, lived: Repo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    assert run(["report", lived.name, "-o", str(path), "--url", server.url]) == 0
    return path


@pytest.fixture(scope="module")
def empty_page(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "empty.html"
    assert run(["report", "acme/never-seen", "-o", str(path), "--url", server.url]) == 0
    return path


_ACTIVE = {"script", "link", "img", "iframe", "object", "embed", "form", "base", "foreignobject"}


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


# The file


def test_the_page_asks_for_nothing_and_runs_nothing(page: Path) -> None:
    text = page.read_text("utf-8")
    found = _Tags()
    found.feed(text)
    assert not found.tags & _ACTIVE
    names = {name for name, _ in found.attributes}
    assert not {name for name in names if name.startswith("on")} | names & {
        "src",
        "href",
        "srcset",
        "style",
        "xlink:href",
    }
    assert "url(" not in text
    assert "@import" not in text
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_what_is_stored_is_text_in_the_page(page: Path) -> None:
    text = page.read_text("utf-8")
    assert HOSTILE not in text
    assert "&lt;script&gt;window.owned=1&lt;/script&gt;" in text
    assert "{{ 7 * 7 }}{% raw %}" in text


def test_a_page_of_nothing_says_what_to_do(empty_page: Path) -> None:
    text = empty_page.read_text("utf-8")
    assert "Nothing is known of this repo yet" in text
    assert "pattern-memory ingest" in text
    assert "<svg" not in text


def test_where_the_page_goes(
    server: Server, lived: Repo, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATTERN_MEMORY_URL", server.url)
    monkeypatch.chdir(tmp_path)
    assert run(["report", lived.name]) == 0
    assert (tmp_path / "report.html").stat().st_mode & 0o777 == 0o644
    assert run(["report", lived.name, "-o", "-"]) == 0
    assert "<!doctype html>" in capsys.readouterr().out
    assert run(["report", lived.name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "repo": lived.name,
        "report": str(tmp_path / "report.html"),
        "empty": False,
    }
    assert run(["report", lived.name, "-o", str(tmp_path / "no" / "where.html")]) == 1
    assert "cannot write" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize("part", ["issues", "patterns", "fixes", "sessions"])
def test_a_page_of_which_only_one_part_is_known(
    server: Server, memory: Memory, tmp_path: Path, name: str, part: str
) -> None:
    repo = memory.repo(name)
    known: dict[str, Callable[[], object]] = {
        "issues": lambda: repo.track_issue("style", "E501", "low"),
        "patterns": lambda: repo.store_pattern("naming", {"n": 1}, confidence=1),
        "fixes": lambda: repo.record_fix("style", "wrap", False),
        "sessions": lambda: repo.record_session("review", 0, 0),
    }
    known[part]()
    assert run(["report", name, "-o", str(tmp_path / "r.html"), "--days", "1", "--url", server.url]) == 0
    text = (tmp_path / "r.html").read_text("utf-8")
    assert text.count('class="chart wide"') == 1
    assert text.count('<p class="none">') == 3


def test_a_long_window_is_drawn_in_few_bars(server: Server, memory: Memory, tmp_path: Path, name: str) -> None:
    repo = memory.repo(name)
    live(repo, 1_200)
    path = tmp_path / "r.html"
    assert run(["report", name, "-o", str(path), "--days", "3650", "--url", server.url]) == 0
    assert "Findings per 90 days" in path.read_text("utf-8")
    assert path.stat().st_size < 500_000


# Pieces


def test_periods_hold_every_day_once() -> None:
    days: list[Day] = [
        {"date": f"2026-03-{day:02}", "total": 3, "by_type": {"t": 3}, "by_severity": {"low": 1, "high": 2}}
        for day in range(1, 18)
    ]
    made = periods(days, [], 7)
    assert [period.date for period in made] == ["2026-03-01", "2026-03-04", "2026-03-11"]
    assert [period.total for period in made] == [9, 21, 21]
    assert [span_of(n)[1] for n in (1, 92, 93, 644, 645, 3_650)] == ["day", "day", "week", "week", "30 days", "90 days"]


@pytest.mark.parametrize("most", [0, 1, 2, 3, 7, 10, 99, 1_001, 123_456_789])
def test_an_axis_reaches_over_what_it_shows(most: int) -> None:
    marks = ticks(most)
    assert marks[0] == 0
    assert marks[-1] >= max(most, 1)
    assert 2 <= len(marks) <= 6
    assert all(mark == int(mark) for mark in marks)


def test_text_is_cut_to_its_room() -> None:
    assert fit("short", 100) == "short"
    assert fit("x" * 99, 66) == "xxxxxxx…"
    assert fit("\u5b57" * 99, 66) == "\u5b57" * 4 + "…"


# In a browser


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 601, 1_000, 1_600])
def test_the_page_fits_its_window(browser: Browser, page: Path, width: int, dark: bool) -> None:
    browser.show(page, width, dark=dark)
    assert browser.complaints() == []
    browser.ask("document.querySelectorAll('details').forEach(found => found.open = true)")
    assert browser.ask("return document.documentElement.scrollWidth") <= width
    # Tables and charts too, each within what holds it.
    wider = browser.ask(
        "return [...document.querySelectorAll('.card, .tiles li, figure, table.cards')]"
        ".filter(found => found.scrollWidth > found.clientWidth + 1).map(found => found.outerHTML.slice(0, 200))"
    )
    assert wider == [] or width > 600, wider


@pytest.mark.parametrize(("width", "shown"), [(360, "narrow"), (1_000, "wide")])
def test_charts_have_a_size_and_can_be_read(browser: Browser, page: Path, width: int, shown: str) -> None:
    browser.show(page, width)
    charts: list[dict[str, Any]] = browser.ask(
        """return [...document.querySelectorAll('svg.chart')].filter(svg => svg.getClientRects().length).map(svg => {
            const box = svg.getBoundingClientRect();
            const scale = box.width / svg.viewBox.baseVal.width;
            return {
                shown: svg.classList.contains('narrow') ? 'narrow' : 'wide',
                width: box.width,
                height: box.height,
                letters: scale * Math.min(
                    ...[...svg.querySelectorAll('text')].map(t => parseFloat(getComputedStyle(t).fontSize))
                ),
                shapes: svg.querySelectorAll('rect, circle').length,
                outside: [...svg.querySelectorAll('text')].filter(t => {
                    const r = t.getBoundingClientRect();
                    return r.left < box.left - 2 || r.right > box.right + 2;
                }).map(t => t.textContent),
                title: document.getElementById(svg.getAttribute('aria-labelledby').split(' ')[0]).textContent,
                said: document.getElementById(svg.getAttribute('aria-labelledby').split(' ')[1]).textContent,
            };
        })"""
    )
    assert [chart["title"] for chart in charts] == [
        "Findings per day, by severity",
        "Confidence of patterns",
        "Success of fixes, with bounds",
        "What sessions brought per day",
    ]
    for chart in charts:
        assert chart["shown"] == shown
        assert chart["width"] >= min(width - 80, 250), chart
        assert chart["height"] >= 100
        assert chart["letters"] >= 10
        assert chart["shapes"] >= 7
        assert chart["outside"] == []
        assert len(chart["said"]) > 30


def test_no_name_has_become_markup(browser: Browser, page: Path) -> None:
    browser.show(page)
    assert browser.ask("return window.owned") is None
    assert browser.ask("return document.querySelectorAll('script, img, main b:not(.tiles b)').length") == 0
    told = browser.ask("return document.querySelector('main').textContent")
    for name in HOSTILE_NAMES:
        assert name in told
    assert browser.ask("return performance.getEntriesByType('resource').length") == 0
    # Even a script that got in would not run.
    browser.ask(
        "const s = document.createElement('script'); s.textContent = 'window.owned = 2'; document.body.append(s)"
    )
    assert browser.ask("return window.owned") is None
    assert any("Content Security Policy" in complaint for complaint in browser.complaints())


def test_the_page_follows_light_and_dark_and_has_contrast(browser: Browser, page: Path) -> None:
    for dark in (False, True):
        browser.show(page, dark=dark)
        browser.ask("document.querySelectorAll('details').forEach(found => found.open = true)")
        ground = browser.ask("return getComputedStyle(document.body).backgroundColor")
        assert (_luminance(ground) < 0.1) == dark
        colours: list[list[str]] = browser.ask(
            """const seen = new Map();
            const below = node => {
                for (let e = node; e; e = e.parentElement) {
                    const c = getComputedStyle(e).backgroundColor;
                    if (c !== 'rgba(0, 0, 0, 0)') return c;
                }
            };
            for (const e of document.querySelectorAll('body *')) {
                const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
                if (!own || !e.getClientRects().length) continue;
                const style = getComputedStyle(e);
                const ink = e.closest('svg') ? style.fill : style.color;
                seen.set(ink + below(e), [ink, below(e), e.className.baseVal ?? e.className, e.tagName]);
            }
            return [...seen.values()]"""
        )
        assert len(colours) > 8
        for ink, under, name, tag in colours:
            if tag in {"title", "desc"}:
                continue
            contrast = _contrast(ink, under)
            assert contrast >= 4.5, (ink, under, name, tag)


def test_the_page_can_be_heard(browser: Browser, page: Path) -> None:
    browser.show(page, 360)
    assert browser.ask("return document.documentElement.lang") == "en"
    twice = browser.ask(
        "const ids = [...document.querySelectorAll('[id]')].map(e => e.id);"
        "return ids.filter((id, i) => ids.indexOf(id) !== i)"
    )
    assert twice == []
    unnamed = browser.ask(
        "return [...document.querySelectorAll('svg')]"
        ".filter(svg => !svg.closest('[aria-hidden]') && !svg.querySelector('title')).length"
    )
    assert unnamed == 0
    # On a phone tables are laid out as lists; they are tables all the same.
    plain = browser.ask("return document.querySelectorAll('table:not([role]), tr:not([role]), th:not([role])').length")
    assert plain == 0
    levels = browser.ask("return [...document.querySelectorAll('h1, h2, h3')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:]))
    headings = browser.ask("return [...document.querySelectorAll('section')].map(s => !!s.querySelector('h2'))")
    assert all(headings)


def test_the_page_of_nothing_fits_too(browser: Browser, empty_page: Path) -> None:
    browser.show(empty_page, 320)
    assert browser.complaints() == []
    assert browser.ask("return document.documentElement.scrollWidth") <= 320


def _luminance(colour: str) -> float:
    channels = [float(part) / 255 for part in re.findall(r"[\d.]+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)
