"""`riqing dead-letters`: what was refused, why, and trying it again."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from services.cli.options import DEFAULT_DATA_DIR, DataDir
from services.domain.errors import InvalidRequestError
from services.ingest.refusal import RefusalReason
from services.ingest.retry import retry_dead_letters
from services.ingest.settings import AdmissionSettings
from services.store import dead_letters as store
from services.store.connection import connect
from services.store.dead_letters import DeadLetter

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reason = Annotated[RefusalReason | None, typer.Option(help="Only those refused for this reason.")]

RETRIED_AT_ONCE = 1_000
SHOWN_BYTES = 60


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    letters = typer.Typer(help="Messages that were refused, kept as they came.", no_args_is_help=True)
    letters.command("list")(list_command)
    letters.command("show")(show_command)
    letters.command("retry")(retry_command)
    app.add_typer(letters, name="dead-letters")


def list_command(
    reason: Reason = None,
    topic: Annotated[str | None, typer.Option(help="Only those whose topic contains this.")] = None,
    before: Annotated[int | None, typer.Option(help="Only those older than this number.")] = None,
    with_retried: Annotated[bool, typer.Option("--all", help="Also those that a retry has stored.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: AsJson = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """List refused messages, the newest first, below how many there are by reason."""
    del data_dir  # its settings are in the environment by now
    with connect() as connection:
        counts = store.count_dead_letters(connection)
        letters = store.list_dead_letters(
            connection,
            reason=reason.value if reason else None,
            topic_part=topic,
            before_id=before,
            with_retried=with_retried,
            limit=limit,
        )
    if as_json:
        print(json.dumps([_as_json(letter) for letter in letters], ensure_ascii=False))
        return
    print(f"{sum(counts.values())} wait{''.join(f'; {count} {name}' for name, count in counts.items())}")
    table = Table("number", "received", "topic", "reason", "begins with")
    for letter in letters:
        beginning = letter.payload[:SHOWN_BYTES].decode(errors="backslashreplace")
        received = f"{letter.received_at:%Y-%m-%d %H:%M:%S}Z"
        table.add_row(str(letter.dead_letter_id), received, letter.topic, letter.reason, beginning)
    if letters:
        Console(markup=False).print(table)


def _as_json(letter: DeadLetter) -> dict[str, Any]:
    fields = asdict(letter)
    payload = fields.pop("payload")
    return {
        **{name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in fields.items()},
        "payload_text": payload.decode(errors="backslashreplace"),
        "payload_hex": payload.hex(),
    }


def show_command(
    number: Annotated[int, typer.Argument(help="The letter's number in the list.")],
    as_json: AsJson = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Show one refused message: why, and all of its bytes."""
    del data_dir  # its settings are in the environment by now
    with connect() as connection:
        letter = store.load_dead_letter(connection, number)
    if as_json:
        print(json.dumps(_as_json(letter), ensure_ascii=False))
        return
    print(f"topic     {letter.topic}\nreceived  {letter.received_at.isoformat()}\nreason    {letter.reason}")
    print(f"why       {letter.detail}")
    if letter.retried_at:
        print(f"retried   {letter.retried_at.isoformat()}")
    print(f"\n{letter.payload.decode(errors='backslashreplace')}")


def retry_command(
    numbers: Annotated[list[int] | None, typer.Argument(help="The letters' numbers in the list.")] = None,
    reason: Reason = None,
    all_: Annotated[bool, typer.Option("--all", help="All that wait.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Send refused messages through the ingest's checks again, after what was wrong has been put right."""
    del data_dir  # its settings are in the environment by now
    if not numbers and reason is None and not all_:
        raise InvalidRequestError("Say which: numbers from `riqing dead-letters list`, --reason REASON, or --all.")
    settings = AdmissionSettings()
    stored = refused = 0
    with connect(autocommit=True) as connection:
        before_id: int | None = None
        while True:
            if numbers:
                letters = [store.load_dead_letter(connection, number) for number in numbers]
            else:
                letters = store.list_dead_letters(
                    connection, reason=reason.value if reason else None, before_id=before_id, limit=RETRIED_AT_ONCE
                )
            retries = retry_dead_letters(
                connection, letters, retention=settings.retention, payload_bytes=settings.payload_bytes
            )
            for retry in retries:
                if retry.refusal is not None:
                    print(f"{retry.dead_letter_id}: {retry.refusal}")
            refused += sum(retry.refusal is not None for retry in retries)
            stored += sum(retry.refusal is None for retry in retries)
            if numbers or len(letters) < RETRIED_AT_ONCE:
                break
            before_id = letters[-1].dead_letter_id
    print(f"{stored} stored, {refused} refused again.")
