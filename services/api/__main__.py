"""Running the API: `python -m services.api`."""

import logging
import sys

import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from services.api.app import create_app, load_settings
from services.api.settings import ServerSettings

STREAMS_END_WITHIN_S = 3


def server_config(app: FastAPI, settings: ServerSettings) -> uvicorn.Config:
    """Return how the app is served."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=STREAMS_END_WITHIN_S,
    )


def main() -> int:
    """Serve until told to stop; return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # The client used for the road engine tells of each request.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        settings = load_settings()
        app = create_app(settings)
    except ValidationError as error:
        wrong = "; ".join(f"{entry['loc'][0]}: {entry['msg']}" for entry in error.errors())
        print(f"The API's settings are wrong: {wrong}", file=sys.stderr)
        return 2
    uvicorn.Server(server_config(app, settings.server)).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
