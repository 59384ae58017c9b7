"""`make faults-page-mutants`: the page is broken by one mutant at a time; the checker must see each.

Words after the module's name choose the mutants whose names contain one.
"""

from __future__ import annotations

from faults.mutants import Mutant, main, offence

BULK = "web/src/features/bulk"
SECONDS = 100
SEEDS = 3
MUTANTS = (
    Mutant(
        "a refused chunk is replaced by each tab",
        (
            (f"{BULK}/attempts.ts", 'if (now?.key !== key) return "settled";', 'if (!now) return "settled";'),
            (f"{BULK}/attempts.ts", "return attempts.every(isOver);", "return true;"),
        ),
        "",
        offence("doubled"),
        SECONDS,
        SEEDS,
    ),
    Mutant(
        "cancel does not wait",
        (
            (
                f"{BULK}/progress.ts",
                'return batch.intent === "cancel" && tried.length === 0;',
                'return batch.intent === "cancel";',
            ),
            (f"{BULK}/progress.ts", "tried.reduce((all, { strings }) => all + strings, 0)", "0"),
        ),
        "",
        offence("false words"),
        SECONDS,
        SEEDS,
    ),
    Mutant(
        "settled is taken for stored",
        (
            (
                f"{BULK}/fateWatch.ts",
                "return { stored, failed: failed.length,",
                "return { stored: stored + failed.length, failed: 0,",
            ),
        ),
        "",
        offence("false words"),
        SECONDS,
        SEEDS,
    ),
)

if __name__ == "__main__":
    main(MUTANTS, "faults_page")
