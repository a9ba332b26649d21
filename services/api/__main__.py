"""Running the API: `python -m services.api`."""

import gc
import logging
import sys

import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from services.api.app import create_app, load_settings
from services.api.base_map import BaseMapError
from services.api.settings import ServerSettings

STREAMS_END_WITHIN_S = 3
OBJECTS_BETWEEN_COLLECTIONS = 20_000
"""An answer of thousands of rows makes so many; Python's own measure is 700."""


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
    except BaseMapError as error:
        print(f"The API's settings are wrong: {error}", file=sys.stderr)
        return 2
    leave_out_of_collections()
    uvicorn.Server(server_config(app, settings.server)).run()
    return 0


def leave_out_of_collections() -> None:
    """Have the garbage collector look no more at what there is by now, and seldomer at what will be.

    The app is a quarter of a million objects that live as long as the process: to go through them took 130 ms, in the
    middle of whatever answer had just made enough objects.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 10, 10)


if __name__ == "__main__":
    sys.exit(main())
