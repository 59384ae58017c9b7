"""``python -m api.write_openapi > api/openapi.json`` writes the copy that is checked in."""

from __future__ import annotations

import json
import sys

from api.app import create_app
from api.http.openapi import build
from api.settings import ApiSettings

if __name__ == "__main__":
    document = build(create_app(ApiSettings(redis_url="redis://127.0.0.1")))
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
