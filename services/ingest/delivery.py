"""One message as the broker delivered it."""

from datetime import datetime

import msgspec


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """A message that is ours to store and then to acknowledge."""

    topic: bytes
    payload: bytes
    packet_id: int
    """What the acknowledgement names; 0 for a QoS 0 message, which has none."""
    generation: int
    """Which of our connections it came over: packet ids mean nothing on another one."""
    received_at: datetime
    """By the machine's clock."""
    retained: bool = False
    """A copy that the broker keeps and gives to each new subscription."""
    redelivered: bool = False
    """The broker has sent it before and has not been told that it is stored."""
