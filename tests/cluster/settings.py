"""The settings of the cluster tests, from the environment. Which cluster it is, kubectl's context says.

CLUSTER_IMAGES
    A shell command that makes the images known to the cluster; it finds their names in $IMAGES. Default: nothing is
    run, because the cluster finds them itself. If it is given and docker is installed, they are built first::

        CLUSTER_IMAGES='kind load docker-image $IMAGES'
        CLUSTER_IMAGES='for each in $IMAGES; do docker push $each; done' CLUSTER_REGISTRY=registry.example/team

CLUSTER_REGISTRY
    The prefix of the images' names. Default: none.

CLUSTER_STORAGE_CLASS
    The storage class of the volumes of Redis and PostgreSQL. Default: the cluster's own default. "none" gives them
    folders of their pods instead; these pods are then not deleted: killed containers start on their data, but that a
    volume follows its pod is not tested.

CLUSTER_NODE_ADDRESS
    Where the ports of the nodes are reached, as a host name or an address. Default: the InternalIP of a ready
    node. With several nodes, give that of the one that runs a pod of `web`: the others do not answer.

CLUSTER_KEEP
    1 leaves everything as it is in the end, and says how to remove it. Default: the namespace is deleted.

KUBECTL
    The command, with options where it needs them, as in "minikube kubectl --". Default: kubectl.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Settings:
    """The settings."""

    kubectl: tuple[str, ...] = ("kubectl",)
    images: str = ""
    registry: str = ""
    storage_class: str = ""
    node_address: str = ""
    keep: bool = False

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read them; empty is the same as not given."""
        return cls(
            kubectl=tuple(shlex.split(environ.get("KUBECTL") or "kubectl")),
            images=environ.get("CLUSTER_IMAGES", ""),
            registry=environ.get("CLUSTER_REGISTRY", "").rstrip("/"),
            storage_class=environ.get("CLUSTER_STORAGE_CLASS", ""),
            node_address=environ.get("CLUSTER_NODE_ADDRESS", ""),
            keep=environ.get("CLUSTER_KEEP", "") == "1",
        )

    @property
    def volumes(self) -> bool:
        """Whether Redis and PostgreSQL have volumes that outlive their pods."""
        return self.storage_class != "none"
