"""Secrets are in Secrets only."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from k8s.objects import Documents, called, each_container, of_kind, title, workloads
from k8s.policies import policy
from k8s.rules_references import environment, keys

SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY$|_AUTH$")
SECRET_IN_ADDRESS = re.compile(r"://[^\s/@:]*:(?!\$\()[^\s/@]+@")


@policy()
def secrets_are_nowhere_else(documents: Documents) -> Iterator[str]:
    encoded = {value for secret in of_kind(documents, "Secret") for value in secret.get("data", {}).values() if value}
    plain = {base64.b64decode(value).decode() for value in encoded}
    for document in documents:
        if document["kind"] != "Secret":
            text = json.dumps(document)
            if any(value in text for value in encoded | plain):
                yield f"{title(document)}: holds the value of a secret"


@policy()
def no_secret_is_written_out(documents: Documents) -> Iterator[str]:
    for name, container in each_container(documents):
        for variable in container.get("env", []):
            value = variable.get("value", "")
            literal = SECRET_NAME.search(variable["name"]) and value and "$(" not in value
            if literal or SECRET_IN_ADDRESS.search(value):
                yield f"{name}: {variable['name']} is written out"
    for document in of_kind(documents, "ConfigMap"):
        for key, value in (document.get("data") or {}).items():
            if SECRET_NAME.search(key) or SECRET_IN_ADDRESS.search(value):
                yield f"{title(document)}: {key} looks like a secret"


@policy()
def operators_tokens_are_replaced_while_the_api_runs(documents: Documents) -> Iterator[str]:
    """The kubelet refreshes a Secret that keeps its name, in a mounted folder."""
    api = next(each for each in workloads(documents, "Deployment") if each.name == "api")
    [container] = api.containers
    folders = {mount["mountPath"] for mount in container["volumeMounts"] if "subPath" not in mount}
    file = PurePosixPath(environment(documents, container).get("OPERATORS_FILE", ""))
    volumes = {each["name"]: each.get("secret", {}).get("secretName") for each in api.pod["volumes"]}
    mounted = {volumes[mount["name"]] for mount in container["volumeMounts"] if mount["mountPath"] == str(file.parent)}
    secret = called(documents, "Secret", "operators")
    if secret is None or file.name not in keys(secret):
        yield f"Secret/operators: does not exist under this very name, with the key {file.name}"
    if str(file.parent) not in folders or mounted != {"operators"}:
        yield f"{api}: OPERATORS_FILE is not in a folder that is the Secret operators"


@policy()
def redis_gets_new_passwords_while_it_runs(documents: Documents) -> Iterator[str]:
    """Under a name that changes with its content the Secret would restart Redis; passwords.sh brings in what is new."""
    redis = next(each for each in workloads(documents, "StatefulSet") if each.name == "redis")
    for variable in redis.containers[0]["env"]:
        secret = variable.get("valueFrom", {}).get("secretKeyRef", {}).get("name")
        if (secret and not called(documents, "Secret", "redis-passwords")) or secret not in {None, "redis-passwords"}:
            yield f"{redis}: {variable['name']} is not of the Secret redis-passwords, which keeps its name"


def leaks(text: str) -> list[str]:
    """Return the lines of a manifest that make a Secret of a literal, or hold an address with a password."""
    found = [line for line in text.splitlines() if SECRET_IN_ADDRESS.search(line)]
    if re.search(r"(?m)^kind: *Secret\b", text):
        found.append("kind: Secret")
    # Items of a secretGenerator: a literal may only be empty.
    for block in re.findall(r"(?ms)^secretGenerator:\n(.*?)(?=^\S|\Z)", text):
        found += re.findall(r"literals: *\[[^\]]*=[^\],\s][^\]]*\]|^ +- *\w[\w.]*=\S.*$", block, re.MULTILINE)
    return found
