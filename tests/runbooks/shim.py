"""Stands in for kubectl and ssh: hands over its arguments and input, and prints what comes back."""

from __future__ import annotations

import os
import sys
from multiprocessing.connection import Client

READS = {"-i", "--stdin", "-s", "sudo"}
"""Words of commands that read their input."""

program, *words = sys.argv[1:]
reads = READS & {part for word in words for part in word.split()}
given = sys.stdin.buffer.read() if reads else b""
with Client(os.environ["CLUSTER"], "AF_UNIX") as cluster:
    cluster.send((program, words, given))
    status, output, errors = cluster.recv()
sys.stdout.buffer.write(output)
sys.stderr.buffer.write(errors)
sys.stdout.flush()
sys.exit(status)
