"""The contract between the tiers: what a submission is, how it travels, and the keys in Redis."""

import sys

METRICS_OF_REDIS = ("opentelemetry.metrics", "opentelemetry.sdk.metrics")
"""What redis-py would import for metrics of its own, which are not used: 2.5 MB in every process."""
for _name in METRICS_OF_REDIS:
    sys.modules.setdefault(_name, None)  # type: ignore[arg-type]
