"""Flower's settings: it shows how many rows each drain stored, and is read-only."""

from logging import getLogger

from core import logs
from core.settings import CoreSettings, load

tasks_columns = "name,uuid,state,result,received,runtime,worker"
read_only = True
purge_offline_workers = 120
"""Seconds that a worker stays listed after its end: each new pod has another name."""
logging = "none"
"""Not Tornado's format, but ours."""
logs.configure(json=load(CoreSettings).log_json)
# it warns four times that no worker answered a question, such as when it starts first; its list of workers shows that
getLogger("flower.inspector").setLevel("ERROR")
