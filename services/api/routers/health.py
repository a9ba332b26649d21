"""Whether the API is alive and ready, and its metrics."""

from typing import Literal

from fastapi import APIRouter, Response, status
from prometheus_client import CONTENT_TYPE_LATEST

from services.api.parts import AppParts
from services.api.readiness import State
from services.api.shapes.values import Answer

router = APIRouter(tags=["operation"])


class AliveAnswer(Answer):
    """The process answers."""

    status: Literal["alive"] = "alive"


class DependencyAnswer(Answer):
    """What the API depends on; `no_dataset` and `not_set` do not make it unready."""

    name: str
    state: State
    detail: str | None


class ReadyAnswer(Answer):
    """Whether all that the API depends on answers."""

    status: Literal["ready", "not_ready"]
    dependencies: list[DependencyAnswer]


@router.get("/healthz")
async def read_alive() -> AliveAnswer:
    """Tell that the process answers."""
    return AliveAnswer()


@router.get("/readyz", responses={503: {"model": ReadyAnswer}})
def read_ready(response: Response, parts: AppParts) -> ReadyAnswer:
    """Tell whether database, broker and road engine answer; 503 when one of them does not."""
    dependencies = parts.readiness.ask()
    unavailable = any(dependency.state is State.UNAVAILABLE for dependency in dependencies)
    if unavailable:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return ReadyAnswer(
        status="not_ready" if unavailable else "ready",
        dependencies=[DependencyAnswer.model_validate(dependency) for dependency in dependencies],
    )


@router.get("/metrics", response_class=Response)
def read_metrics(parts: AppParts) -> Response:
    """Return the metrics in Prometheus' text format."""
    return Response(parts.metrics.render(), media_type=CONTENT_TYPE_LATEST)
