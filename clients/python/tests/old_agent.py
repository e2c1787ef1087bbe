"""An agent written for the class that the module replaces. Only its import line was replaced.

It uses every method the way such agents do: positional arguments, results read by the old names, times parsed and
compared without zones, distributions counted with `most_common`, histories read as JSON text.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path

from pattern_memory import create_pattern_memory


class ReviewAgent:
    def __init__(self, redis_url, repo_path):
        self.memory = create_pattern_memory(redis_url=redis_url)
        self.repo = repo_path

    def check(self):
        health = self.memory.health_check()
        if not (self.memory.use_redis and self.memory.redis.ping()):
            return "no redis"
        if health["error"]:
            return health["error"]
        info = health["redis_info"]
        return {
            "connected": health["redis_connected"] and health["redis_available"],
            "backend": health["active_backend"],
            "patterns": health["patterns_count"],
            "version": info["version"].split(".")[0],
            "memory": info["memory_used"],
            "clients": int(info["connected_clients"]),
            "ttl_days": self.memory.default_ttl // 86400,
        }

    def learn(self):
        clean = self.memory.anonymize_data({"examples": ['password = "EXAMPLE-hunter2-x9"'], "style": "snake_case"})
        code = self.memory.anonymizer.anonymize_code_snippet('mail = "someone@example.com"')
        stored = [
            self.memory.store_pattern(self.repo, "naming", {"variables": "snake_case"}),
            self.memory.store_pattern(self.repo, "naming", {"variables": "snake_case", "classes": "PascalCase"}, 0.9),
            self.memory.store_pattern(self.repo, "imports", {"order": ["stdlib", "local"]}, confidence=0.4),
            self.memory.store_team_pattern(self.repo, "structure", "max_function_length", {"lines": 50}, 0.7),
            self.memory.update_confidence(self.repo, "imports", 0.65),
            self.memory.record_learning_change(
                self.repo,
                "imports",
                json.dumps({"order": ["stdlib", "local"]}),
                json.dumps({"order": ["stdlib", "third-party", "local"]}),
                "seen in 12 new commits",
            ),
            self.memory.record_learning_session(self.repo, "commit_analysis", 3, 1, {"commits": 12}),
            self.memory.record_learning_session(self.repo, "commit_analysis", 2, 0),
        ]
        return {
            "stored": stored,
            "clean": clean,
            "code": code,
            "validated": self.memory.anonymizer.validate_anonymization(clean),
            "skipped": [name for name in (".env", "app.py") if self.memory.anonymizer.is_sensitive_file(name)],
        }

    def review(self, findings):
        return all(self.memory.track_issue_pattern(self.repo, kind, rule, level) for kind, rule, level in findings)

    def fix(self):
        return [
            self.memory.record_fix_outcome(self.repo, "style", "wrap_line", True, 1.0, {"file": "app.py"}),
            self.memory.record_fix_outcome(self.repo, "style", "wrap_line", success=False),
            self.memory.record_fix_outcome(self.repo, "security", "use_secrets", True, feedback_score=0.5),
        ]

    def report(self):
        trends = self.memory.get_issue_trends(self.repo, days_back=7)
        top = trends["trending_issues"][0]
        patterns = self.memory.get_team_patterns(self.repo, min_confidence=0.6)
        evolution = self.memory.get_pattern_evolution(self.repo, "imports")
        newest = evolution["changes"][0]
        analytics = self.memory.get_learning_analytics(self.repo, 30)
        rates = self.memory.get_fix_success_rates(self.repo)
        insights = self.memory.get_comprehensive_insights(self.repo)
        recent = datetime.now() - timedelta(hours=1)
        return {
            "patterns": [(pattern["pattern_type"], pattern["confidence"]) for pattern in patterns],
            "naming": self.memory.retrieve_patterns(self.repo, "naming")[0]["pattern_data"],
            "uses": self.memory.get_team_patterns(self.repo, "naming")[0]["usage_count"],
            "fresh": all(
                recent < datetime.fromisoformat(pattern[field]) <= datetime.now()
                for pattern in patterns
                for field in ("created_at", "updated_at")
            ),
            "worst_type": trends["issue_distribution"].most_common(1)[0],
            "severities": dict(trends["severity_distribution"]),
            "top_issue": f"{top['issue_type']}/{top['issue_rule']} ({top['severity']}) x{top['frequency']}",
            "seen_today": datetime.fromisoformat(top["last_seen"]).date() >= recent.date(),
            "trend": round(top["trend_score"], 1),
            "kinds": trends["total_patterns"],
            "reasons": [change["reason"] for change in evolution["changes"]],
            "newest": (json.loads(newest["before_data"]), json.loads(newest["after_data"])),
            "confidence_changes": [round(point["confidence_change"], 2) for point in evolution["confidence_trend"]],
            "changes": evolution["total_changes"],
            "learned": analytics["total_patterns_learned"],
            "sessions": analytics["session_breakdown"]["commit_analysis"]["session_count"],
            "rates": {fix: (rate["success_rate"], rate["avg_feedback"]) for fix, rate in rates.items()},
            "summary": insights["pattern_confidence_summary"]["naming"]["high_confidence_count"],
            "insight_parts": sorted(insights),
            "advice": len(insights["recommendations"]) > 0,
        }

    def hand_over(self, other_repo, directory):
        file = str(Path(directory) / "patterns.json")
        return (
            self.memory.export_patterns(self.repo, file)
            and self.memory.import_patterns(other_repo, file)
            and self.memory.cleanup_old_data(days_to_keep=30)
        )
