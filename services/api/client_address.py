"""Where a request comes from, for limits per address."""

from fastapi import Request


def client_address(request: Request) -> str:
    """Return the client's address; behind a trusted proxy that is the one the proxy names."""
    return "unknown" if request.client is None else request.client.host
