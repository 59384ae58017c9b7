"""What the manifests and the code promise each other: settings, addresses, the users of Redis."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from k8s.objects import NAMESPACE, Documents, each_container, titled, workloads
from k8s.policies import policy
from k8s.rules_references import environment
from k8s.rules_rollouts import image_environment, tier
from pydantic import ValidationError

from api.settings import ApiSettings
from core.settings import CoreSettings
from local.system import ROOT
from worker.settings import WorkerSettings

SETTINGS: dict[str, type[CoreSettings]] = {"api": ApiSettings, "worker": WorkerSettings}
REDIS_USERS = {"default", "api", "worker", "waker", "celery", "flower", "keda", "probe"}
FORBIDDEN = re.compile(
    r"\+@(all|dangerous|admin)|~\*|&\*|allcommands|allkeys|allchannels|nopass"
    r"|\+(flushall|flushdb|config|keys|shutdown|acl|debug|module|replicaof|slaveof|monitor)(\|.*)?"
)
NEW_PASSWORDS = ("probe", "+acl|load")
"""What passwords.sh needs: it reads a file again that only the pod itself can change."""
WITHOUT_KEYS = {
    "+wait",
    "+waitaof",
    *("+ping", "+select", "+hello", "+client|setname", "+client|setinfo", "+info", "+time"),
    *("+script|load", "+script|exists", "+multi", "+exec", "+unwatch", "+publish", "+psubscribe", "+punsubscribe"),
}
ADDRESS = re.compile(r"^(?:[\w+]+://[^@]*@)?((?:[a-z0-9.-]+:\d+,?)+)(?:[/?].*)?$")
ADDRESSES = re.compile(r"^(REDIS_URL|CELERY_BROKER_URL|DATABASE_\w*URL|DATABASE_ADDRESS|API_UPSTREAM|API_FALLBACK)$")
# each workload's users for the journal and for the broker; the doctor connects as the tiers that it checks
REDIS_AS = {
    "api": {"REDIS_URL": "api", "CELERY_BROKER_URL": "waker"},
    "worker": {"REDIS_URL": "worker", "CELERY_BROKER_URL": "celery"},
    "doctor": {"REDIS_URL": "api", "CELERY_BROKER_URL": "celery"},
    "erase": {"REDIS_URL": "api"},  # it discards dead letters, as the API does
}
SET_AT_START = {"RESOLVER", "RATE_QUOTA", "API_RATE_QUOTA"}  # by web/nginx/start.sh
DATABASE_ROLES = {
    "DATABASE_READ_URL": ("dummy_reader", "DATABASE_READER_PASSWORD"),
    "DATABASE_URL": ("dummy_writer", "DATABASE_WRITER_PASSWORD"),
    "DATABASE_OWNER_URL": ("dummy_owner", "DATABASE_OWNER_PASSWORD"),
}


@policy()
def tiers_read_what_they_are_given(documents: Documents) -> Iterator[str]:
    for name, settings in SETTINGS.items():
        known = {field.upper() + suffix for field in settings.model_fields for suffix in ("", "_FILE")}
        yield from _unread(documents, name, known)
    yield from _unread(documents, "web", _web_variables())


@policy()
def tiers_are_given_what_they_accept(documents: Documents) -> Iterator[str]:
    for name, settings in SETTINGS.items():
        (container,) = tier(documents, name).containers
        given = image_environment(name) | environment(documents, container)
        values = {field: given[field.upper()] for field in settings.model_fields if given.get(field.upper())}
        try:
            settings(**values)
        except ValidationError as error:
            for problem in error.errors(include_url=False, include_input=False):
                yield f"Deployment/{name}: {str(problem['loc'][0]).upper()}: {problem['msg']}"
    (container,) = tier(documents, "web").containers
    given = image_environment("web") | environment(documents, container)
    for absent in sorted(_web_variables() - SET_AT_START - given.keys()):
        yield f"Deployment/web: nothing sets {absent}"


@policy()
def addresses_lead_to_services(documents: Documents) -> Iterator[str]:
    for name, container in each_container(documents):
        for variable, value in environment(documents, container).items():
            found = ADDRESS.match(value) if ADDRESSES.match(variable) else None
            for place in found[1].split(",") if found else ():
                host, _, port = place.partition(":")
                if not serves(documents, host, int(port)):
                    yield f"{name}: {variable} leads to {place}, which no Service is"
            if ADDRESSES.match(variable) and not found:
                yield f"{name}: {variable} is no address"


@policy()
def each_uses_its_own_passwords(documents: Documents) -> Iterator[str]:
    passwords = titled(documents, "Secret/passwords")["data"]
    for workload in workloads(documents):
        redis_as = REDIS_AS.get(workload.name, {"REDIS_URL": workload.name})
        redis = {variable: (user, f"REDIS_{user.upper()}_PASSWORD") for variable, user in redis_as.items()}
        for container in workload.all_containers:
            given = environment(documents, container)
            if "REDIS_URL" in given and redis.keys() - given.keys():
                yield f"{workload}: is the journal's user to the broker, too"
            for variable, (user, key) in (redis | DATABASE_ROLES).items():
                address = urlsplit(given.get(variable, ""))
                password = base64.b64decode(passwords.get(key, "")).decode()
                if variable in given and (address.username, address.password) != (user, password):
                    yield f"{workload}: {variable} is not that of {user} with {key}"


@policy()
def nothing_is_deleted_unasked(documents: Documents) -> Iterator[str]:
    for name in ("erase", "retention"):
        found = titled(documents, f"CronJob/{name}")
        if not found or found["spec"].get("suspend") is not True:
            yield f"CronJob/{name}: runs unless an operator suspends it"


@policy()
def redis_has_only_its_users(documents: Documents) -> Iterator[str]:
    names = set(redis_users(documents))
    if names != REDIS_USERS:
        yield f"ConfigMap/redis: its users are {sorted(names)}"


@policy()
def redis_users_may_only_what_they_need(documents: Documents) -> Iterator[str]:
    for name, rules in redis_users(documents).items():
        if name == "default":
            continue
        if not {"on", "resetchannels", "-@all"} <= set(rules):
            yield f"ConfigMap/redis: user {name} does not begin with nothing"
        for rule in rules:
            if FORBIDDEN.fullmatch(rule.strip("()")) and (name, rule) != NEW_PASSWORDS:
                yield f"ConfigMap/redis: user {name} has {rule}"


@policy()
def all_keys_at_once_are_for_scripts_alone(documents: Documents) -> Iterator[str]:
    # What a script calls is checked by itself; any other command would work on every key.
    for name, rules in redis_users(documents).items():
        everywhere = re.sub(r"\([^)]*\)", "", " ".join(rules)).split()
        if name != "default" and any(rule.startswith("~") and rule.endswith("*") for rule in everywhere):
            for rule in sorted({rule for rule in everywhere if rule.startswith("+")} - WITHOUT_KEYS - {"+evalsha"}):
                yield f"ConfigMap/redis: user {name} has {rule} on all keys"


@policy()
def redis_reads_its_file_as_a_user_who_may_and_cannot_come_in(documents: Documents) -> Iterator[str]:
    # The append-only file is replayed as "default"; what that user may not do is dropped without a word.
    rules = redis_users(documents).get("default", [])
    if set(rules) != {"off", "sanitize-payload", "~*", "&*", "+@all"}:
        yield f"ConfigMap/redis: user default has {rules}"


@policy()
def redis_passwords_are_filled_in(documents: Documents) -> Iterator[str]:
    script = titled(documents, "ConfigMap/redis")["data"]["start.sh"]
    names = {each["name"] for _, container in each_container(documents, "StatefulSet") for each in container["env"]}
    for name, rules in redis_users(documents).items():
        mark = [rule for rule in rules if rule.startswith(("#", ">"))]
        expected = [] if name == "default" else [f"#{name.upper()}"]
        variable = "probe" if name == "probe" else f"REDIS_{name.upper()}_PASSWORD"
        made = variable in names or f"\n{variable}=$(head -c 32 /dev/urandom | " in script
        filled = f's/#{name.upper()}/#$(hash "${variable}")/' in script and made
        if mark != expected or (expected and not filled):
            yield f"ConfigMap/redis: user {name} has the password {mark}, which is not made of {variable}"


def serves(documents: Documents, host: str, port: int) -> bool:
    """Tell whether a Service goes by this name, in short, with its namespace, or with a pod's, and has this port."""
    name, *domain = host.split(".")
    if len(domain) == 1:
        name, domain = domain[0], []
    service = titled(documents, f"Service/{name}")
    known = not domain or domain[:2] == [NAMESPACE, "svc"]
    return bool(service) and known and any(each["port"] == port for each in service["spec"]["ports"])


def redis_users(documents: Documents) -> dict[str, list[str]]:
    """Return the rules of each user that the Redis which is rolled out has, as start.sh reads them."""
    text = titled(documents, "ConfigMap/redis")["data"]["users.acl"]
    lines = "\n".join(line for line in text.splitlines() if line and not line.startswith("# "))
    users = [line.split() for line in re.sub(r"\n  *", " ", lines).splitlines()]
    return {name: rules for _, name, *rules in users}


def _unread(documents: Documents, name: str, known: set[str]) -> Iterator[str]:
    (container,) = tier(documents, name).containers
    expanded = set(re.findall(r"\$\((\w+)\)", " ".join(each.get("value", "") for each in container.get("env", []))))
    for variable in sorted(environment(documents, container).keys() - known - expanded):
        yield f"Deployment/{name}: nothing reads {variable}"


def _web_variables() -> set[str]:
    text = (ROOT / "web/nginx/default.conf.template").read_text(encoding="utf-8")
    header = text[: text.index("\n\n")]
    return set(re.findall(r"(?m)^#   ([A-Z_]+) ", header)) | {"RESOLVER"}
