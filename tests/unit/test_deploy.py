"""What k8s/deploy.sh checks before it touches a cluster, and the order in which it does so."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from local.system import ROOT

KUBECTL = """#!/bin/sh
echo "$@" >>"$RECORD"
"""


class Deployment:
    """A copy of the script and the overlays, and a kubectl that only writes down what it is asked."""

    def __init__(self, folder: Path) -> None:
        self.overlays = folder / "k8s" / "overlays"
        self.script = folder / "k8s" / "deploy.sh"
        self._record = folder / "record"
        shutil.copytree(ROOT / "k8s", folder / "k8s", ignore=shutil.ignore_patterns(".env", "ca.crt", "operators"))
        (folder / "bin").mkdir()
        self.kubectl = folder / "bin" / "kubectl"
        self.kubectl.write_text(KUBECTL)
        self.kubectl.chmod(0o755)
        self._env = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "RECORD": str(self._record)}

    @property
    def asked(self) -> list[str]:
        """What kubectl was asked."""
        return self._record.read_text().splitlines() if self._record.exists() else []

    def secrets(self, overlay: str, value: str, **others: str) -> None:
        """Write an overlay's .env: one value for all but the named ones; a certificate; an operator's token."""
        names = [
            line.split("=")[0]
            for line in (self.overlays / overlay / ".env.example").read_text().splitlines()
            if "=" in line and not line.startswith("#")
        ]
        lines = [f"{name}={others.get(name, value)}\n" for name in names]
        (self.overlays / overlay / ".env").write_text("".join(lines))
        (self.overlays / overlay / "ca.crt").write_text("a certificate\n")
        (self.overlays / overlay / "operators").write_text("  # who may\n\nkim a-token-of-16-and-more\n")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Deploy."""
        return subprocess.run(
            [self.script, *arguments], env=self._env, capture_output=True, text=True, check=False, timeout=30
        )

    def refuses(self, overlay: str, reason: str) -> None:
        """Check that it stops with the reason, before the cluster is asked for anything."""
        done = self.run(overlay)
        assert done.returncode == 1
        assert reason in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert self.asked == []


def test_the_version_is_the_same_wherever_it_is_named() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f'default = "{version}"' in (ROOT / "docker-bake.hcl").read_text()
    release = (ROOT / "k8s" / "components" / "release" / "kustomization.yaml").read_text()
    assert release.count(f"newTag: {version}\n") == release.count("newTag") == 3


def test_every_variable_of_compose_is_explained_in_its_example() -> None:
    used = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text(encoding="utf-8")))
    explained = set(re.findall(r"^#(\w+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    passed_on = {"FLOWER_BASIC_AUTH"}  # by its name alone, so that it is unset where no one sets it
    assert explained == used | passed_on


def test_changed_code_is_rebuilt_because_nothing_can_be_copied_into_a_read_only_container() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    for tier in ("api", "worker", "web"):
        assert services[tier]["read_only"]
        watched = services[tier]["develop"]["watch"]
        assert {step["action"] for step in watched} == {"rebuild"}
        dockerfile = (ROOT / tier / "Dockerfile").read_text(encoding="utf-8")
        copied = re.findall(r"^COPY (?:--chmod=\d+ )?(\w+)[ /]", dockerfile, re.MULTILINE)
        assert {*copied} == {step["path"] for step in watched} - {"uv.lock"}


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    """A copy without secrets."""
    return Deployment(tmp_path)


@pytest.mark.parametrize("overlay", ["dev", "ixcloud", "production"])
def test_it_replaces_redis_migrates_and_replaces_one_tier_after_the_other(deployment: Deployment, overlay: str) -> None:
    deployment.secrets(overlay, "Sound-pass_word1")
    assert deployment.run(overlay).returncode == 0
    first, redis, added, second, third, fourth, *tiers, only = deployment.asked
    for step, how in ((added, "add"), (only, "only")):
        assert step == f"--namespace ix-dummies exec --stdin statefulset/redis -- sh /etc/redis/passwords.sh {how}"
    assert first.startswith(f"apply --kustomize {overlay} --selector app.kubernetes.io/name notin ")
    assert "rollout status statefulset/redis" in redis
    assert second.startswith("--namespace ix-dummies delete job/migrate")
    assert third == f"apply --kustomize {overlay} --selector app.kubernetes.io/name notin (web, api)"
    assert "wait job/migrate" in fourth
    assert [step.split(" --timeout")[0] for step in tiers] == [
        "--namespace ix-dummies rollout status deployment/worker",
        f"apply --kustomize {overlay} --selector app.kubernetes.io/name=web",
        "--namespace ix-dummies rollout status deployment/web",
        f"apply --kustomize {overlay} --selector app.kubernetes.io/name=api",
        "--namespace ix-dummies rollout status deployment/api",
        "--namespace ix-dummies rollout status deployment/flower",
    ]


FAILED_MIGRATION = """#!/bin/sh
echo "$@" >>"$RECORD"
case "$*" in
*" wait job/migrate"*) exit 1 ;;
*" get job/migrate"*) echo True ;;
*" logs job/migrate"*) echo "migrate: password authentication failed" ;;
esac
"""


def test_a_migration_that_failed_ends_it_with_the_log_and_replaces_no_tier(deployment: Deployment) -> None:
    deployment.secrets("dev", "sound")
    deployment.kubectl.write_text(FAILED_MIGRATION)
    done = deployment.run("dev")
    assert done.returncode == 1
    log, reason = done.stderr.splitlines()
    assert log == "migrate: password authentication failed"
    assert reason.startswith("the migration failed, see its log above")
    assert "rollout" not in deployment.asked[-1]
    assert not any("=web" in step or "=api" in step for step in deployment.asked)


def test_all_that_runs_an_image_of_ours_comes_after_redis(deployment: Deployment) -> None:
    deployment.secrets("dev", "sound")
    deployment.run("dev")
    later = set(deployment.asked[0].partition("(")[2].rstrip(")").split(", "))
    manifests = [path.read_text(encoding="utf-8") for path in (ROOT / "k8s" / "base").rglob("*.yaml")]
    ours = [text for text in manifests if re.search(r"image: ix-", text)]
    assert later == {name for text in ours for name in re.findall(r"app.kubernetes.io/name: (\S+)", text)}


def test_an_unknown_overlay_is_answered_with_those_there_are(deployment: Deployment) -> None:
    deployment.refuses("prod", "usage: k8s/deploy.sh dev|ha|ixcloud|production")


def test_secrets_that_are_not_there_are_asked_for(deployment: Deployment) -> None:
    deployment.refuses("ixcloud", "k8s/overlays/ixcloud/.env is missing: copy .env.example")


def test_a_certificate_that_is_not_there_is_asked_for(deployment: Deployment) -> None:
    deployment.secrets("production", "sound")
    (deployment.overlays / "production" / "ca.crt").unlink()
    deployment.refuses("production", "k8s/overlays/production/ca.crt is missing")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "REDIS_KEDA_PASSWORD has no value"),
        ("with@sign", "REDIS_KEDA_PASSWORD in k8s/overlays/ixcloud/.env may have letters"),
        ("development", "REDIS_KEDA_PASSWORD in k8s/overlays/ixcloud/.env is the development password"),
    ],
)
def test_a_secret_that_would_not_do_is_named_and_not_shown(deployment: Deployment, value: str, reason: str) -> None:
    deployment.secrets("ixcloud", "sound", REDIS_KEDA_PASSWORD=value)
    deployment.refuses("ixcloud", reason)
    assert "with@sign" not in deployment.run("ixcloud").stderr


def test_a_token_of_readers_may_have_a_successor(deployment: Deployment) -> None:
    deployment.secrets("ixcloud", "sound")
    secrets = deployment.overlays / "ixcloud" / ".env"
    with secrets.open("a") as file:
        file.write("READ_TOKEN=the-token-of-readers the-one-after-it\n")
    assert deployment.run("ixcloud").returncode == 0
    secrets.write_text(secrets.read_text().replace("after-it", "after it"))
    done = deployment.run("ixcloud")
    assert (done.returncode, "READ_TOKEN in " in done.stderr) == (1, True)


def test_a_secret_that_the_example_does_not_have_is_checked_too(deployment: Deployment) -> None:
    deployment.secrets("ixcloud", "sound")
    with (deployment.overlays / "ixcloud" / ".env").open("a") as secrets:
        secrets.write("OPERATOR_TOKEN=development-operators\n")
    deployment.refuses("ixcloud", "OPERATOR_TOKEN in k8s/overlays/ixcloud/.env is the development password")


def test_operators_that_are_not_there_are_asked_for(deployment: Deployment) -> None:
    deployment.secrets("ixcloud", "sound")
    (deployment.overlays / "ixcloud" / "operators").unlink()
    deployment.refuses("ixcloud", "k8s/overlays/ixcloud/operators is missing")


@pytest.mark.parametrize(
    "line",
    [
        "hidden-hidden-hidden",
        "kim hidden",
        "kim hidden-hidden hidden",
        "kim hidden-비밀비밀비밀비밀비밀",
        "lee a-token-of-16-and-more",
        "operator hidden-hidden-hidden",
    ],
)
def test_operators_that_the_api_would_refuse_are_not_deployed_and_not_shown(deployment: Deployment, line: str) -> None:
    deployment.secrets("ixcloud", "sound")
    with (deployment.overlays / "ixcloud" / "operators").open("a") as operators:
        operators.write(f"{line}\n")
    deployment.refuses("ixcloud", "line 4 of k8s/overlays/ixcloud/operators must be a name")
    assert "hidden" not in deployment.run("ixcloud").stderr


def test_the_development_passwords_do_for_development(deployment: Deployment) -> None:
    shutil.copy(deployment.overlays / "dev" / ".env.example", deployment.overlays / "dev" / ".env")
    assert deployment.run("dev").returncode == 0
