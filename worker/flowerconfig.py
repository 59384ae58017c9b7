"""Flower's settings: read-only, under /flower/, for who has its login. It shows what each drain did, and no string."""

import re
import sys
from logging import getLogger

from flower.views.monitor import Metrics
from tornado.options import options
from tornado.web import authenticated

from core import logs
from core.settings import CoreSettings, load

url_prefix = "flower"
tasks_columns = "name,uuid,state,result,received,runtime,worker"
read_only = True
max_tasks = 10_000
purge_offline_workers = 120
"""Seconds that a worker stays listed after its end: each new pod has another name."""
logging = "none"
"""Not Tornado's format, but ours."""
logs.configure(json=load(CoreSettings).log_json)
# it warns four times that no worker answered a question, such as when it starts first; its list of workers shows that
getLogger("flower.inspector").setLevel("ERROR")
Metrics.get = authenticated(Metrics.get)  # Flower 2.2 shows its metrics to everyone
if not all(re.fullmatch("[^:]+:.+", login) for login in options.basic_auth or [""]):
    sys.exit("FLOWER_BASIC_AUTH: Flower has no login; set one, user:password")
