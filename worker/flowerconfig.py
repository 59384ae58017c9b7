"""What Flower shows, allows and logs: how many rows each drain stored, and nothing that changes a worker."""

from core import logs
from core.settings import CoreSettings, load

tasks_columns = "name,uuid,state,result,received,runtime,worker"
read_only = True
purge_offline_workers = 120
"""How long (s) a worker that has ended stays listed: each pod has a name of its own."""
logging = "none"
"""Tornado's own format; ours is set here instead."""
logs.configure(json=load(CoreSettings).log_json)
