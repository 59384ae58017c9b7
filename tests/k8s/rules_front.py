"""The front door: clients meet nginx and never the API itself, and whatever they leave half-sent fits into its pod."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k8s.objects import Documents, called, of_kind, quantity, selects, title
from k8s.policies import policy
from k8s.rules_references import environment
from k8s.rules_rollouts import image_environment, tier

from local.system import ROOT

FILES = ("nginx.conf", "default.conf.template")
SMALL, MEDIUM, LARGE = 20_000, 300_000, 1_200_000  # bytes of the largest body of a kind, told apart by its digits
HEAD = 22 * 2**10  # bytes that a half-sent head takes: two buffers of 8 KiB, the first one, and what nginx notes
ANSWER = 338 * 2**10  # bytes that an unread answer takes while it is compressed, and the request's head
FILE = 128 * 2**10  # bytes that the kernel keeps of an unread file of the page
OWN = 20 * 2**20  # bytes of nginx itself


def bodies(huge: float) -> float:
    """Return the bytes in files that unfinished requests may take, given those of the largest."""
    sizes = {"medium": MEDIUM, "large": LARGE, "huge": huge}
    return sum(_number(f"limit_conn {kind}") * size for kind, size in sizes.items())


def unfinished(huge: float) -> float:
    """Return the bytes that all together may take: bodies in memory and in files, heads, and unread answers.

    An answer comes over a second connection, which holds no head: that is enough for one that is not compressed.
    """
    compressed = _number("limit_conn list") + _number("limit_conn medium")
    answers = compressed * (ANSWER - 2 * HEAD) + _number("limit_conn file") * FILE
    return OWN + bodies(huge) + _number("limit_conn small") * SMALL + _number("worker_connections") * HEAD + answers


@policy()
def clients_meet_nginx(documents: Documents) -> Iterator[str]:
    api, web = tier(documents, "api"), tier(documents, "web")
    (container,) = web.containers
    given = environment(documents, container)
    own = {given[name].partition(":")[0] for name in ("API_UPSTREAM", "API_FALLBACK")}
    for service in of_kind(documents, "Service"):
        name, selector = service["metadata"]["name"], service["spec"].get("selector")
        if selector and selects({"matchLabels": selector}, api.labels) and name not in own:
            yield f"{title(service)}: leads to the API past nginx"
    programs = called(documents, "Service", "api") or {"spec": {"ports": [{}]}}
    target = programs["spec"]["ports"][0].get("targetPort")
    if str(web.ports.get(target)) != image_environment("web")["API_PORT"]:
        yield f"Service/api: leads to the port {target} of the page's pods, where nginx does not listen for programs"


@policy()
def clients_keep_their_addresses(documents: Documents) -> Iterator[str]:
    for service in of_kind(documents, "Service"):
        spec = service["spec"]
        if spec.get("type") == "NodePort" and spec.get("externalTrafficPolicy") != "Local":
            yield f"{title(service)}: hides its clients' addresses, so that nginx limits all clients together"
    (container,) = tier(documents, "web").containers
    trusted = environment(documents, container)["TRUSTED_PROXIES"]
    if of_kind(documents, "Ingress") and not trusted:
        yield "ConfigMap/web: trusts no proxy, so that nginx limits all clients of the ingress together"
    if trusted and not of_kind(documents, "Ingress"):
        yield f"ConfigMap/web: there is no proxy, so a client in {trusted} could name any address as its own"


@policy()
def the_api_is_asked_for_in_the_family_that_there_is(documents: Documents) -> Iterator[str]:
    for name in ("api-pods", "api-ready"):
        service = called(documents, "Service", name)
        if not service or service["spec"].get("ipFamilyPolicy") != "PreferDualStack":
            yield f"Service/{name}: has one family, which may be the one that nginx does not ask for"


@policy()
def a_lost_pod_is_not_asked_for_as_long_as_its_name_is_cached(documents: Documents) -> Iterator[str]:
    (container,) = tier(documents, "web").containers
    name = environment(documents, container)["API_FALLBACK"].partition(":")[0]
    service = called(documents, "Service", name)
    if not service or service["spec"].get("clusterIP") == "None":
        yield "ConfigMap/web: its API_FALLBACK has no address that outlives a pod"
    elif not selects({"matchLabels": service["spec"]["selector"]}, tier(documents, "api").labels):
        yield f"Service/{name}: leads to no pod of the API"


@policy()
def what_is_half_sent_fits_the_page(documents: Documents) -> Iterator[str]:
    web = tier(documents, "web")
    (container,) = web.containers
    huge = quantity(environment(documents, container)["MAX_BODY_SIZE"].replace("k", "Ki").replace("m", "Mi"))
    limit = quantity(container["resources"]["limits"]["memory"])
    if unfinished(huge) > limit:
        yield f"{web}: {unfinished(huge) / 2**20:.0f} MiB may be unfinished, the limit is {limit / 2**20:.0f}"
    (tmp,) = (each for each in web.pod["volumes"] if each["name"] == "tmp")
    if bodies(huge) > quantity(tmp["emptyDir"]["sizeLimit"]):
        yield f"{web}: {bodies(huge) / 2**20:.0f} MiB of bodies do not fit /tmp"


def _number(directive: str) -> int:
    """Return the number that nginx is configured with."""
    text = "".join((ROOT / "web/nginx" / name).read_text(encoding="utf-8") for name in FILES)
    return int(re.search(rf"(?m)^ *{directive} +(\d+);", text)[1])
