"""The accounts file of Mosquitto's dynamic-security plugin as it is before anybody has enrolled a device."""

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Any

SERVICES_ROLE = "riqing-services"
HASH_ITERATIONS = 101
"""What the plugin itself uses for every password it is told; our passwords are random, so few are enough."""

CONTROL_TOPICS = "$CONTROL/dynamic-security/#"

SERVICES_RULES: tuple[tuple[str, str], ...] = (
    ("subscribePattern", "riqing/v1/#"),
    ("subscribePattern", "$share/riqing-ingest/riqing/v1/#"),
    ("publishClientReceive", "riqing/v1/#"),
    ("publishClientSend", "riqing/v1/+/vehicle/+/route"),
    ("subscribePattern", CONTROL_TOPICS),
    ("publishClientReceive", CONTROL_TOPICS),
    ("publishClientSend", CONTROL_TOPICS),
    ("subscribePattern", "$SYS/#"),
    ("publishClientReceive", "$SYS/#"),
)
"""What the services' own account may do; everything else is refused."""

REFUSED_BY_DEFAULT = {
    "publishClientSend": False,
    "publishClientReceive": False,
    "subscribe": False,
    "unsubscribe": True,
}


def rules(allowed: tuple[tuple[str, str], ...]) -> list[dict[str, Any]]:
    """Return access rules as the plugin writes them, each an allowance of (kind, topic filter)."""
    return [{"acltype": kind, "topic": topic, "priority": 0, "allow": True} for kind, topic in allowed]


def hashed_password(password: str) -> dict[str, Any]:
    """Return a password's fields in an account: PBKDF2 with SHA-512, as Mosquitto expects them."""
    salt = os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, HASH_ITERATIONS)
    return {
        "password": base64.b64encode(digest).decode(),
        "salt": base64.b64encode(salt).decode(),
        "iterations": HASH_ITERATIONS,
    }


def password_matches(password: str, account: Mapping[str, Any]) -> bool:
    """Tell whether an account of the file has this password.

    Mosquitto 2.1 writes what it has read as one text, `$7$iterations$salt$hash`; a hash of
    another kind matches no password.
    """
    if "encoded_password" in account:
        parts = str(account["encoded_password"]).split("$")
        if len(parts) != 5 or parts[1] != "7":
            return False
        iterations_text, salt_text, digest_text = parts[2:]
    else:
        iterations_text, salt_text, digest_text = account["iterations"], account["salt"], account["password"]
    salt, iterations = base64.b64decode(salt_text), int(iterations_text)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)
    return hmac.compare_digest(digest, base64.b64decode(digest_text))


def initial_accounts(username: str, password: str, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the accounts file with the services' account in it and nobody else, or the `known` one with it renewed."""
    known = known or {}
    others = [account for account in known.get("clients", []) if account["username"] != username]
    own = next((account for account in known.get("clients", []) if account["username"] == username), None)
    if own is None or not password_matches(password, own):
        own = {"username": username, **hashed_password(password)}
    roles = [role for role in known.get("roles", []) if role["rolename"] != SERVICES_ROLE]
    return {
        **known,
        "defaultACLAccess": REFUSED_BY_DEFAULT,
        "clients": [{**own, "roles": [{"rolename": SERVICES_ROLE}]}, *others],
        "roles": [{"rolename": SERVICES_ROLE, "acls": rules(SERVICES_RULES)}, *roles],
    }
