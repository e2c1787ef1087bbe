"""An agent written for the replaced class runs unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from old_agent import ReviewAgent
from servers import running

if TYPE_CHECKING:
    from pathlib import Path

FINDINGS = [("style", "E501", "low")] * 3 + [("style", "E302", "low"), ("security", "S105", "high")]


def test_an_old_agent_runs_with_its_import_line_replaced(tmp_path: Path) -> None:
    # A server of its own, as it counts what is in all repos.
    with running() as server:
        agent = ReviewAgent(server.url, "/home/someone/src/{cookiecutter.name}")
        learned = agent.learn()
        assert learned["stored"] == [True] * 8
        assert learned["clean"] == {"examples": ['password = "<REDACTED>"'], "style": "snake_case"}
        assert learned["code"] == 'mail = "<REDACTED_EMAIL>"'
        assert learned["validated"] is True
        assert learned["skipped"] == [".env"]
        assert agent.review(FINDINGS)
        assert agent.fix() == [True, True, True]

        report = agent.report()
        assert report["patterns"] == [("naming", 0.9), ("structure", 0.7), ("imports", 0.65)]
        assert report["naming"] == {"variables": "snake_case", "classes": "PascalCase"}
        assert report["uses"] == 1
        assert report["fresh"]
        assert report["worst_type"] == ("style", 4)
        assert report["severities"] == {"low": 4, "high": 1}
        assert report["top_issue"] == "style/E501 (low) x3"
        assert report["seen_today"]
        assert report["trend"] == 0.3
        assert report["kinds"] == 3
        assert report["reasons"] == [
            "seen in 12 new commits",
            "Updated pattern confidence from 0.4 to 0.65",
            "Created new pattern with confidence 0.4",
        ]
        assert report["newest"] == ({"order": ["stdlib", "local"]}, {"order": ["stdlib", "third-party", "local"]})
        assert report["confidence_changes"] == [0.0, 0.25, 0.4]
        assert report["changes"] == 3
        assert report["learned"] == 5
        assert report["sessions"] == 2
        # The fix that gave no feedback counts as 0 in the average, as it always did.
        assert report["rates"] == {"wrap_line": (0.5, 0.5), "use_secrets": (1.0, 0.5)}
        assert report["summary"] == 1
        assert report["insight_parts"] == [
            "fix_success_rates",
            "issue_trends",
            "learning_analytics",
            "pattern_confidence_summary",
            "recommendations",
            "team_patterns",
        ]
        assert report["advice"]

        assert agent.hand_over("/srv/other", tmp_path)
        assert sorted(record["pattern_type"] for record in agent.memory.get_team_patterns("/srv/other")) == [
            "imports",
            "naming",
            "structure",
        ]
        for key in server.redis.scan_iter("pm:*"):
            assert 0 < server.redis.ttl(key) <= 30 * 86_400

        health = agent.check()
        assert health["connected"]
        assert (health["backend"], health["patterns"], health["ttl_days"]) == ("redis", 6, 90)
        assert health["memory"][-1] in "KMG"
        assert health["clients"] >= 1
