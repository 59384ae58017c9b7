"""The table in README: this system beside its peers with 64 clients, in English and Korean."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.figures import ratios, summarise
from benchmarks.report import OURS, number, table
from benchmarks.results import Results


class Language(NamedTuple):
    """The words of a README; ``taken`` and ``rest`` are formats."""

    taken: str
    header: tuple[str, str, str, str]
    contenders: dict[str, str]
    rest: str


ENGLISH = Language(
    taken="Measured {taken}, revision {revision}; the load before the run was {load}.",
    header=("contender", "stored/s", "speedup of ix-dummies", "acknowledged, p50"),
    contenders={
        "ours": "ix-dummies",
        "fronted": "ix-dummies, through nginx",
        "push": "[a list, and a loop that pops and inserts up to 1,000](benchmarks/peers/push_and_pop/app.py)",
        "insert": "[an insert in the request](benchmarks/peers/insert_in_request/app.py) (SQLAlchemy)",
        "task": "[a Celery task per string](benchmarks/peers/task_per_string/app.py)",
        "job": "[a procrastinate job per string](benchmarks/peers/job_per_string/app.py)",
    },
    rest="Bulk requests store {bulk} strings per second, from request to row; a backlog of single strings drains"
    " at {one} rows per second with one process and {two} with two.",
)
KOREAN = Language(
    taken="측정: {taken}, 리비전 {revision}, 측정 전 부하 {load}.",
    header=("방식", "저장/초", "ix-dummies가 빠른 정도(배)", "접수 응답 시간, p50"),
    contenders={
        "ours": "ix-dummies",
        "fronted": "ix-dummies, nginx를 거쳐",
        "push": "[리스트, 그리고 1,000개까지 꺼내 한 번에 넣는 루프](benchmarks/peers/push_and_pop/app.py)",
        "insert": "[요청 안에서 INSERT](benchmarks/peers/insert_in_request/app.py)(SQLAlchemy)",
        "task": "[문자열마다 Celery 태스크 하나](benchmarks/peers/task_per_string/app.py)",
        "job": "[문자열마다 procrastinate 작업 하나](benchmarks/peers/job_per_string/app.py)",
    },
    rest="대량 전송은 요청부터 행까지 초당 {bulk}개이고,"
    " 하나씩 보낸 문자열이 쌓인 저널은 프로세스 하나로 초당 {one}행, 둘로 {two}행씩 비워집니다.",
)


def render(results: Results, language: Language) -> str:
    """Return the paragraphs and the table between the markers of a README."""
    rounds, machine = results["figures"], results["machine"]
    lines = []
    for contender, name in language.contenders.items():
        if f"{contender}.64.stored" not in rounds:
            continue
        stored, [p50_ms, *_] = f"{contender}.64.stored", summarise(rounds[f"{contender}.64.p50_ms"])
        times = "" if contender in OURS else f"{number(summarise(ratios(rounds, 'ours.64.stored', stored)).median)}x"
        lines.append((name, number(summarise(rounds[stored]).median), times, f"{number(p50_ms)} ms"))
    keys = {"bulk": "bulk.stored", "one": "drain.singles.one", "two": "drain.singles.two"}
    parts = [
        language.taken.format(taken=results["taken"], revision=machine["revision"], load=machine["load_before"]),
        table(language.header, lines, "lrrr"),
    ]
    if all(key in rounds for key in keys.values()):
        rest = {name: number(summarise(rounds[key]).median) for name, key in keys.items()}
        parts.append(language.rest.format(**rest))
    return "\n\n".join(parts)
