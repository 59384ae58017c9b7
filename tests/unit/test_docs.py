"""What the documents name exists: files, make targets, modules, variables, ports, keys; the Korean texts follow."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from api.settings import ApiSettings
from core.keys import KEYS
from local.run import PORTS
from local.system import ROOT
from worker.settings import WorkerSettings

Docs = dict[str, str]
"""The documents: path from the repository's root -> text."""

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```\n", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
LINK = re.compile(r"\]\(([^()\s]+)\)|(?:src|srcset|href)=\"([^\"\s]+)\"")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
FILE = re.compile(r"[\w.-]+\.(?:py|sh|yaml|sql|lua|md|hcl)")
VARIABLE = re.compile(r"([A-Z][A-Z0-9_]{2,})(=.*)?", re.DOTALL)
GENERATED = set((ROOT / ".gitignore").read_text(encoding="utf-8").split())

# where variables are read or passed on; one that is in none of them no longer exists
SOURCES = """
    compose.yaml .env.example Makefile docker-bake.hcl k8s web/nginx */Dockerfile database/provision.sh
    database/settings.py local/*.py benchmarks/*.py tests/faults/*.py tests/faults_page/*.py
    tests/cluster/*.py tests/provision/*.py tests/upgrade/*.py
"""
ELSEWHERE = {"KUBECONFIG", "URL", "NOAUTH", "LOADING", "PUBLIC", "WRONGPASS", "MISCONF", "FLUSHALL", "DEL", "XTRIM"}
"""Others' variables, what the runbooks' reader sets, and what servers say and take in capitals."""

# Others' ports: SSH, Kubernetes, kubelet, PostgreSQL, Redis, a SOCKS proxy, OTLP, metrics; two of a moved `make run`.
OTHER_PORTS = {22, 6443, 10250, 5432, 6379, 1080, 8081, 5001, 9000, 4318}


def read() -> Docs:
    names = ["README*.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "docs/**/*.md"]
    paths = [path for name in names for path in ROOT.glob(name)]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in sorted(paths)}


DOCS = read()


def prose(text: str) -> str:
    return FENCE.sub("", text)


def spans(text: str) -> list[str]:
    return [" ".join(span.split()) for span in SPAN.findall(prose(text))]


def blocks(text: str, *languages: str) -> list[str]:
    return [code for _, language, code in FENCE.findall(text) if not languages or language in languages]


def commands(text: str) -> Iterator[str]:
    """Yield what is to be typed: inline code, and the lines of shell."""
    yield from spans(text)
    for block in blocks(text, "sh", ""):
        yield from uncommented(block).splitlines()


def uncommented(code: str) -> str:
    return re.sub(r"(?:(?<=\s)|^)#.*", "", code, flags=re.MULTILINE)


def links(text: str) -> list[str]:
    return [a or b for a, b in LINK.findall(SPAN.sub("", prose(text))) if "://" not in (a or b)]


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings, as GitHub makes them (of headings that are not repeated)."""
    plain = (re.sub(r"\[(.*?)\]\(.*?\)|`", r"\1", heading) for heading in HEADING.findall(prose(text)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


@cache
def tree() -> frozenset[str]:
    """Return the names of all files, without what is installed or generated."""
    names: set[str] = set()
    for folder in [ROOT, *(path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("."))]:
        for _, inner, files in os.walk(folder):
            inner[:] = [] if folder == ROOT else [name for name in inner if name not in {"node_modules", "dist"}]
            names.update(files)
    return frozenset(names)


@cache
def known_variables() -> frozenset[str]:
    fields = {name.upper() for settings in (ApiSettings, WorkerSettings) for name in settings.model_fields}
    found = fields | {f"{name}_FILE" for name in fields} | ELSEWHERE
    for path in [path for source in SOURCES.split() for path in ROOT.glob(source)]:
        for file in path.rglob("*") if path.is_dir() else [path]:
            if file.is_file():
                name = r"[\"']([A-Z][A-Z0-9_]{2,})[\"']" if file.suffix == ".py" else r"\b([A-Z][A-Z0-9_]{2,})\b"
                found |= set(re.findall(name, file.read_text(encoding="utf-8")))
    return frozenset(found)


@cache
def defined_ports() -> dict[str, set[int]]:
    """Return what listens where, by what it is called in the documents."""
    nodes = {
        each["metadata"]["name"]: each["spec"]["ports"][0]["nodePort"]
        for each in yaml.safe_load_all((ROOT / "k8s/components/nodeports/services.yaml").read_text(encoding="utf-8"))
    }
    published = re.findall(r"127\.0\.0\.1:\$\{(\w+):-(\d+)\}", (ROOT / "compose.yaml").read_text(encoding="utf-8"))
    compose = {name: int(port) for name, port in published}
    monitoring = {"Prometheus": {compose.pop("PROMETHEUS_PORT")}, "Grafana": {compose.pop("GRAFANA_PORT")}}
    assert compose.items() <= PORTS.items()
    service = yaml.safe_load((ROOT / "k8s/base/api/service.yaml").read_text(encoding="utf-8").split("---")[0])
    assert service["spec"]["ports"][0]["port"] == PORTS["API_PORT"]
    return {
        "page": {PORTS["WEB_PORT"], nodes["web"]},
        "API": {PORTS["API_PORT"], nodes["api"]},
        "Flower": {PORTS["FLOWER_HTTP_PORT"]},
        "PostgreSQL": {PORTS["POSTGRES_PORT"]},
        "Redis": {PORTS["REDIS_PORT"]},
    } | monitoring


# ---- The guards: each yields what is wrong


def broken_links(docs: Docs) -> Iterator[str]:
    for name, text in docs.items():
        for link in links(text):
            file, _, anchor = link.partition("#")
            path = (ROOT / name).parent / file if file else ROOT / name
            target = os.path.relpath(path, ROOT)
            if target.startswith("..") or not path.exists():
                yield f"{name}: {link} is not there"
            elif anchor and target in docs and anchor not in anchors(docs[target]):
                yield f"{name}: {link} has no such heading"


def unknown_targets(docs: Docs) -> Iterator[str]:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for name, text in docs.items():
        for command in commands(text):
            for target in re.findall(r"(?<![\w-])make(?: [A-Z0-9_]+=\S+)* ([a-z][a-z-]*)", command):
                if target not in targets:
                    yield f"{name}: make {target} is no target"


def missing_paths(docs: Docs) -> Iterator[str]:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    for name, text in docs.items():
        for word in {word for command in commands(text) for word in re.split(r"[\s=<>()'\",;]+", command)}:
            path = word.rstrip(".:").removeprefix("./")
            if Path(path).name in GENERATED or not re.fullmatch(r"[\w.-][\w./-]*", path):
                continue
            if path.partition("/")[0] in folders and "/" in path:
                there = (ROOT / path).exists() or path.startswith(tuple(GENERATED))
            elif "/" in path and (ROOT / "k8s" / path.partition("/")[0]).is_dir():
                there = (ROOT / "k8s" / path).exists()
            else:
                there = not FILE.fullmatch(path) or path in tree()
            if not there:
                yield f"{name}: {path} is not there"


def missing_modules(docs: Docs) -> Iterator[str]:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    for name, text in docs.items():
        for command in commands(text):
            for module in re.findall(r"python3? -m ([\w.]+)", command):
                path, package = ROOT / module.replace(".", "/"), module.partition(".")[0]
                if package not in folders and find_spec(package):
                    continue
                if not ((path / "__main__.py").exists() or path.with_suffix(".py").exists()):
                    yield f"{name}: python -m {module} is no module"


def unknown_variables(docs: Docs) -> Iterator[str]:
    for name, text in docs.items():
        shell = "\n".join(map(uncommented, blocks(text, "sh")))
        used = set(re.findall(r"\$\{?([A-Z][A-Z0-9_]+)", shell))
        assigned = set(re.findall(r"(?:^|[\s(])([A-Z][A-Z0-9_]+)=", shell, re.MULTILINE))
        own = assigned | set(re.findall(r"\bread -rs? ([A-Z_]+)", shell))
        wanted = (used - own) | (assigned - used)
        for span in spans(text):
            for word in span.split():
                match = VARIABLE.fullmatch(word)
                if match and (word == span or match[2] or "_" in word):
                    wanted.add(match[1])
        for variable in sorted(wanted - known_variables()):
            yield f"{name}: {variable} is known nowhere"


def wrong_ports(docs: Docs) -> Iterator[str]:
    ports = defined_ports()
    known = set().union(OTHER_PORTS, *ports.values())
    korean = {"페이지": "page"}
    for name, text in docs.items():
        code = "\n".join(commands(text))
        named = re.findall(r"(?:127\.0\.0\.1|localhost|\$NODE|@[\w.-]+):(\d{2,5})\b", code)
        named += re.findall(r"(?:NodePort|TCP|[Pp]ort:?) (\d{2,5})\b", text)
        for port in sorted({int(port) for port in named} - known):
            yield f"{name}: nothing listens on {port}"
        roles = "|".join([*ports, *korean])
        place = r"(?: on|는| at)(?: NodePort| port)? (?:127\.0\.0\.1:)?"
        for who, port in re.findall(rf"({roles}){place}(\d{{4,5}})\b", text):
            if int(port) not in ports[korean.get(who, who)]:
                yield f"{name}: {who} is not on {port}"
        for port, who in re.findall(r"(\d{4,5}) \((page|API)\)", text):
            if int(port) not in ports[who]:
                yield f"{name}: {who} is not on {port}"


PARTS: dict[str, Callable[[str], object]] = {
    "headings": lambda text: [len(marks) for marks in re.findall(r"^(#+) ", prose(text), re.MULTILINE)],
    "code": lambda text: [" ".join(uncommented(code).split()) for code in blocks(text, "sh", "yaml")],
    "links": lambda text: {re.sub(r"#.*|\.ko(?=\.md)", "", link) for link in links(text)},
    "inline code": lambda text: set(spans(text)),
    "table rows": lambda text: len(re.findall(r"^\|", prose(text), re.MULTILINE)),
}
"""What a document and its twin in Korean have in common, comments and anchors aside."""


def strayed_twins(docs: Docs) -> Iterator[str]:
    for name in docs:
        twin = name.replace(".md", ".ko.md")
        for part, of in PARTS.items() if twin in docs else ():
            if of(docs[name]) != of(docs[twin]):
                yield f"{twin}: its {part} are not those of {name}"


def constant_keys(docs: Docs) -> Iterator[str]:
    """Everyone who copies an example would send the same request as all others."""
    for name, text in docs.items():
        for key in re.findall(r"""(?:Idempotency-Key['"]?: *['"]?(?=[\w-]+['"])|\bKEY=['"]?)([\w-]+)""", text):
            yield f"{name}: the key {key} is a constant"


def unshown_claims(docs: Docs) -> Iterator[str]:
    """Each attack in the table of SECURITY.md names the tests that play it."""
    for row in re.findall(r"^\| .*\|$", docs["SECURITY.md"], re.MULTILINE)[1:]:
        shown = re.findall(r"\[`(test_\w+)`\]\((tests/\S+)\)", row)
        if not shown:
            yield f"SECURITY.md: no test shows {row}"
        for test, path in shown:
            if f"def {test}(" not in (ROOT / path).read_text(encoding="utf-8"):
                yield f"SECURITY.md: {path} has no {test}"


GUARDS = [
    constant_keys,
    unshown_claims,
    broken_links,
    unknown_targets,
    missing_paths,
    missing_modules,
    unknown_variables,
    wrong_ports,
    strayed_twins,
]


@pytest.mark.parametrize("guard", GUARDS)
def test_the_documents_name_what_is_there(guard: Callable[[Docs], Iterator[str]]) -> None:
    assert list(guard(DOCS)) == []


def test_the_architecture_lists_every_key() -> None:
    listed = re.findall(r"^\| `(dummies:\w+:?)(?:<\w+>)?` \|", DOCS["ARCHITECTURE.md"], re.MULTILINE)
    assert sorted(listed) == sorted(vars(KEYS).values())


def test_the_architecture_says_what_may_import_what() -> None:
    text = " ".join(DOCS["ARCHITECTURE.md"].split())
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    layers = [" → ".join(rule["layers"]) for rule in rules if rule["type"] == "layers"]
    assert layers
    assert [each for each in layers if each not in text] == []


def test_the_settings_page_lists_every_setting_with_its_default() -> None:
    listed = dict(re.findall(r"^\| `(\w+)` \|[^|]*\| `?(.*?)`? \|", DOCS["docs/settings.md"], re.MULTILINE))
    for name, field in (ApiSettings.model_fields | WorkerSettings.model_fields).items():
        said = listed[name.upper()]
        assert not isinstance(field.default, bool | int | float) or json.loads(said) == field.default, name


IXCLOUD, KOREAN = "docs/deploy/ixcloud.md", "docs/deploy/ixcloud.ko.md"


@pytest.mark.parametrize(
    ("guard", "name", "old", "new", "seen"),
    [
        (broken_links, "README.md", "(docs/scaling.md)", "(docs/scales.md)", "docs/scales.md is not there"),
        (broken_links, "README.md", 'src="docs/images/', 'src="docs/pictures/', "is not there"),
        (broken_links, IXCLOUD, "(../deploy.md#every-day)", "(../deploy.md#each-day)", "has no such heading"),
        (broken_links, KOREAN, "(#여섯-가지-문제)", "(#일곱-가지-문제)", "has no such heading"),
        (broken_links, IXCLOUD, "(../deploy.md)", "(../../../deploy.md)", "is not there"),
        (unknown_targets, "README.md", "make test ", "make tests ", "make tests is no target"),
        (unknown_targets, IXCLOUD, "`make doctor K8S=1`", "`make physician K8S=1`", "make physician is no target"),
        (
            missing_paths,
            IXCLOUD,
            "`database/provision.sh`",
            "`database/provide.sh`",
            "database/provide.sh is not there",
        ),
        (missing_paths, IXCLOUD, "-f k8s/base/namespace.yaml", "-f k8s/base/space.yaml", "k8s/base/space.yaml"),
        (missing_paths, "docs/deploy.md", "`components/keda`", "`components/kedo`", "components/kedo is not there"),
        (missing_paths, IXCLOUD, "`postgresql.yaml`", "`postgres.yaml`", "postgres.yaml is not there"),
        (missing_modules, "ARCHITECTURE.md", "-m database.migrate", "-m database.migrations", "migrations is no"),
        (unknown_variables, IXCLOUD, "`CORS_ORIGINS`", "`CORS_SOURCES`", "CORS_SOURCES is known nowhere"),
        (unknown_variables, IXCLOUD, " REGISTRY=", " REPOSITORY=", "REPOSITORY is known nowhere"),
        (unknown_variables, IXCLOUD, "http://$NODE:", "http://$NODES:", "NODES is known nowhere"),
        (unknown_variables, "docs/settings.md", "`LOG_JSON`", "`LOG_AS_JSON`", "LOG_AS_JSON is known nowhere"),
        (wrong_ports, IXCLOUD, "TCP 30001", "TCP 30002", "nothing listens on 30002"),
        (wrong_ports, IXCLOUD, "http://$NODE:30001", "http://$NODE:30003", "nothing listens on 30003"),
        (wrong_ports, "docs/deploy.md", "30001 (page), 30000 (API)", "30000 (page), 30001 (API)", "page is not on"),
        (wrong_ports, "docs/deploy.md", "PostgreSQL on 15432", "PostgreSQL on 16379", "PostgreSQL is not on 16379"),
        (wrong_ports, "README.ko.md", "페이지는 8080", "페이지는 5000", "페이지 is not on 5000"),
        (constant_keys, "README.md", "$(python3 -c 'import uuid; print(uuid.uuid4())')", "7f3b", "7f3b is a constant"),
        (constant_keys, "docs/api.md", "$(cat /proc/sys/kernel/random/uuid)", "7f3b", "7f3b is a constant"),
        (constant_keys, "docs/api.md", "str(uuid.uuid4())", '"of-today"', "of-today is a constant"),
        (unshown_claims, "SECURITY.md", "`test_no_text_is_in_the_log`", "`test_nothing`", "has no test_nothing"),
        (unshown_claims, "SECURITY.md", "[`test_another_user_reaches_nothing`]", "[it]", "no test shows"),
        (strayed_twins, KOREAN, "## 8. 확인\n", "", "headings"),
        (strayed_twins, KOREAN, "kubectl get pods\n", "", "code"),
        (strayed_twins, IXCLOUD, "--cidr 192.168.10.0/24 --name", "--cidr 10.0.0.0/8 --name", "code"),
        (strayed_twins, KOREAN, "(../database.md)", "(../decisions.md)", "links"),
        (strayed_twins, "README.ko.md", "`make bench`", "`make benchmarks`", "inline code"),
        (strayed_twins, "README.md", "| [CHANGELOG.md]", "| |\n| [CHANGELOG.md]", "table rows"),
    ],
)
def test_a_guard_sees_what_is_wrong(
    guard: Callable[[Docs], Iterator[str]], name: str, old: str, new: str, seen: str
) -> None:
    assert old in DOCS[name]
    found = list(guard(DOCS | {name: DOCS[name].replace(old, new)}))
    assert any(seen in each for each in found), found


@pytest.mark.parametrize(("name", "text"), DOCS.items(), ids=DOCS)
def test_the_shell_can_read_each_block(name: str, text: str) -> None:
    for block in blocks(text, "sh"):
        checked = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False, timeout=10)
        assert (checked.returncode, checked.stderr) == (0, ""), f"{name}:\n{block}"


def test_the_guide_gives_every_password_a_value_and_the_overlay_it_changes_can_be_rendered(tmp_path: Path) -> None:
    if shutil.which("kubectl") is None or shutil.which("openssl") is None:
        pytest.skip("NO KUBECTL OR OPENSSL: what the guide does to the overlay is not tried")
    shutil.copytree(ROOT / "k8s", tmp_path / "k8s", ignore=shutil.ignore_patterns(".env", "ca.crt", "operators"))
    overlay = tmp_path / "k8s" / "overlays" / "ixcloud"
    fill, *_ = (block for block in blocks(DOCS[IXCLOUD], "sh") if ".env.example" in block)
    fill = fill[: fill.index("kubectl")]
    subprocess.run(["bash", "-euc", fill], cwd=tmp_path, check=True, timeout=30)
    env = (overlay / ".env").read_text(encoding="utf-8")
    values = re.findall(r"^[A-Z_]+=([0-9a-f]{48})$", env, re.MULTILINE)
    assert len(values) == len(set(values)) == len(re.findall(r"^[A-Z_]+=", env, re.MULTILINE))
    assert re.fullmatch(r"\S+ [0-9a-f]{48}\n", (overlay / "operators").read_text(encoding="utf-8"))
    assert {(overlay / name).stat().st_mode & 0o777 for name in (".env", "operators")} == {0o600}

    (overlay / "ca.crt").write_text("a certificate\n", encoding="utf-8")
    images, pull = blocks(DOCS[IXCLOUD], "yaml")
    kustomization = (overlay / "kustomization.yaml").read_text(encoding="utf-8")
    changed = kustomization.replace("patches:\n", f"patches:\n{pull}", 1) + images
    (overlay / "kustomization.yaml").write_text(changed, encoding="utf-8")
    rendered = subprocess.run(["kubectl", "kustomize", str(overlay)], capture_output=True, check=True, timeout=60)
    objects = list(yaml.safe_load_all(rendered.stdout))
    named = set(re.findall(r"image: (\S*ix-\w+)", rendered.stdout.decode()))
    assert named == {f"registry.example/team/ix-{tier}" for tier in ("api", "worker", "web")}
    assert all(
        each["imagePullSecrets"] == [{"name": "registry"}] for each in objects if each["kind"] == "ServiceAccount"
    )
