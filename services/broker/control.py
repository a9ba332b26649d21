"""Commands to Mosquitto's dynamic-security plugin over its $CONTROL topics."""

import json
import time
from collections.abc import Sequence
from typing import Any

from services.broker.errors import BrokerError
from services.broker.session import Session

COMMAND_TOPIC = "$CONTROL/dynamic-security/v1"
RESPONSE_TOPIC = "$CONTROL/dynamic-security/v1/response"
COMMANDS_PER_MESSAGE = 100
ANSWERED_WITHIN_S = 30.0

Command = dict[str, Any]


def subscribe_to_responses(session: Session) -> None:
    """Let the session hear what becomes of its commands; call once before `send_commands`."""
    session.subscribe(RESPONSE_TOPIC)


def send_commands(session: Session, commands: Sequence[Command]) -> list[str | None]:
    """Have the broker carry out commands; return for each what went wrong, None where nothing did.

    Raises:
        BrokerError: the broker did not answer all of them.

    """
    # Every administrator hears every response: ours are told from others' by their correlation data.
    tag = f"{time.monotonic_ns()}"
    for start in range(0, len(commands), COMMANDS_PER_MESSAGE):
        chunk = commands[start : start + COMMANDS_PER_MESSAGE]
        tagged = [{**command, "correlationData": f"{tag}:{start + offset}"} for offset, command in enumerate(chunk)]
        session.publish(COMMAND_TOPIC, json.dumps({"commands": tagged}, ensure_ascii=False).encode())
    outcomes: dict[int, str | None] = {}
    while len(outcomes) < len(commands):
        answer = json.loads(session.receive(ANSWERED_WITHIN_S).payload)
        for response in answer.get("responses", []):
            owner, _, number = str(response.get("correlationData", "")).partition(":")
            if owner == tag:
                outcomes[int(number)] = response.get("error")
    return [outcomes[number] for number in range(len(commands))]


def require_success(commands: Sequence[Command], outcomes: Sequence[str | None]) -> None:
    """Check that every command succeeded.

    Raises:
        BrokerError: one did not; the text names the first.

    """
    for command, error in zip(commands, outcomes, strict=True):
        if error is not None:
            subject = command.get("username") or command.get("rolename") or ""
            raise BrokerError(f"The broker refused {command['command']} for {subject!r}: {error}.")
