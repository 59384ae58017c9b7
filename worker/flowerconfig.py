"""What Flower shows and allows: how many rows each drain stored, and nothing that changes a worker."""

tasks_columns = "name,uuid,state,result,received,runtime,worker"
read_only = True
purge_offline_workers = 120
"""How long (s) a worker that has ended stays listed: each pod has a name of its own."""
