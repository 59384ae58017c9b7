"""What clients leave half-sent fits the page's container in compose, too."""

from __future__ import annotations

import yaml
from k8s.objects import quantity
from k8s.rules_front import unfinished

from local.system import ROOT


def test_what_is_half_sent_fits_the_container_whose_tmp_is_memory() -> None:
    web = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["web"]
    assert "/tmp" in web["tmpfs"]
    assert unfinished(8200 * 2**10) <= quantity(web["mem_limit"].replace("m", "Mi"))
