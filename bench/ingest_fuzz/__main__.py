"""`python -m bench.ingest_fuzz`: millions of made-up messages through the ingest's steps, none of which may stop it.

Each input is a topic and a body: one of the contract's own messages, damaged in one to four ways (bytes turned,
cut, repeated, spliced with another message, values put in that break decoders). It must come out as readings that
can be written as rows, or as refusals with a reason and a sentence. With `--guided` atheris chooses the damage
instead, by which lines of our code it reaches; it is a dependency of the bench only.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from types import ModuleType
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

MOST_EDITS = 6


def run_seeded(messages: ModuleType, inputs: int, seed: int, console: Console) -> tuple[Counter[str], list[str]]:
    """Try so many inputs; return what became of them, and those that failed, as they can be tried again."""
    random_ = random.Random(seed)  # noqa: S311 - repeats itself, keeps no secret
    reasons: Counter[str] = Counter()
    failures: list[str] = []
    for _ in track(range(inputs), "fuzzing", console=console):
        topic, body, retained = messages.next_input(random_)
        try:
            messages.check(topic, body, retained, reasons)
        except Exception as error:  # whatever it is: it is what we are looking for
            failures.append(f"{type(error).__name__}: {error}: topic {topic!r} body {body!r}")
    return reasons, failures


def run_guided(inputs: int, seed: int) -> None:
    """Let atheris look for inputs that reach new lines; it ends the process, with an error where one fails."""
    import atheris

    with atheris.instrument_imports(include=["services", "bench"]):
        from bench.ingest_fuzz import messages
    reasons: Counter[str] = Counter()

    def one(data: bytes) -> None:
        provider = atheris.FuzzedDataProvider(data)
        number = provider.ConsumeInt(1)
        topic = provider.ConsumeBytes(80) if provider.ConsumeProbability() < 0.1 else None
        edits = [
            (provider.ConsumeUInt(2), provider.ConsumeUInt(1), provider.ConsumeBytes(provider.ConsumeUInt(1)))
            for _ in range(provider.ConsumeIntInRange(0, MOST_EDITS))
        ]
        messages.check(*messages.edited(number, edits, topic), provider.ConsumeBool(), reasons)

    options = [f"-runs={inputs}", f"-seed={seed}", "-max_len=2048", "-len_control=0", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


def main() -> int:
    """Fuzz, and print how many inputs became what; exit with 1 when one failed."""
    parser = argparse.ArgumentParser(description="Fuzz the ingest's decoder and topic parser.")
    parser.add_argument("--inputs", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--guided", action="store_true", help="let atheris choose the inputs by coverage")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.guided:
        run_guided(arguments.inputs, arguments.seed)
    from bench.ingest_fuzz import messages

    console = Console(stderr=arguments.json)
    started_s = time.perf_counter()
    reasons, failures = run_seeded(messages, arguments.inputs, arguments.seed, console)
    took_s = time.perf_counter() - started_s
    result: dict[str, Any] = {
        "inputs": arguments.inputs,
        "seed": arguments.seed,
        "seconds": round(took_s, 1),
        "inputs_per_s": round(arguments.inputs / took_s),
        "failures": len(failures),
        "became": dict(reasons.most_common()),
    }
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        _print(console, result)
    for failure in failures[:20]:
        print(failure[:2_000], file=sys.stderr)
    return 1 if failures else 0


def _print(console: Console, result: dict[str, Any]) -> None:
    table = Table("became", "messages")
    for reason, count in result["became"].items():
        table.add_row(reason, f"{count:,}")
    console.print(table)
    console.print(
        f"{result['inputs']:,} inputs in {result['seconds']} s ({result['inputs_per_s']:,}/s), "
        f"seed {result['seed']}: {result['failures']} failed."
    )


if __name__ == "__main__":
    sys.exit(main())
