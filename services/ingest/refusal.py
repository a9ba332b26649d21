"""What is refused, and why: a code to count by, and a sentence for a person."""

from datetime import datetime
from enum import StrEnum

import msgspec

from services.ingest.delivery import Delivery


class RefusalReason(StrEnum):
    """Why a message, or an element of an array, is a dead letter."""

    UNKNOWN_TOPIC = "unknown_topic"
    UNKNOWN_DEVICE = "unknown_device"
    REVOKED_DEVICE = "revoked_device"
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    WRONG_TYPE = "wrong_type"
    MISSING_FIELD = "missing_field"
    OUT_OF_RANGE = "out_of_range"
    BAD_TIMESTAMP = "bad_timestamp"
    FUTURE = "future"
    TOO_OLD = "too_old"
    REFUSED_BY_DATABASE = "refused_by_database"
    INTERNAL_ERROR = "internal_error"


class Refusal(msgspec.Struct, frozen=True):
    """A message body, or an array's element, that is not stored as a reading."""

    delivery: Delivery
    body: bytes
    """What was refused, as it came: the payload, or the array's element."""
    reason: RefusalReason
    detail: str
    received_at: datetime
    """By the town's clock."""
    device_key: int | None = None
