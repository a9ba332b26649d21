"""The topics of the telemetry contract."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.kinds import DeviceKind, MessageKind
from services.domain.topics import Topic, TopicError, check_device_id, parse_topic


def test_a_topic_survives_being_written_and_read() -> None:
    """What is written is read back the same."""
    topic = Topic("青石县", DeviceKind.VEHICLE, "苏C·12 3.4", MessageKind.POSITION)
    assert str(topic) == "riqing/v1/青石县/vehicle/苏C·12 3.4/position"
    assert parse_topic(str(topic)) == topic


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("riqing/v2/t/vehicle/1/position", "Expected riqing/v1"),
        ("riqing/v1/t/vehicle/1", "Expected riqing/v1"),
        ("riqing/v1/t/vehicle/1/position/x", "Expected riqing/v1"),
        ("riqing/v1/t/lorry/1/position", "vehicle, station, toilet, container"),
        ("riqing/v1/t/vehicle/1/usage", "A vehicle publishes position, service, status"),
        ("riqing/v1/t/vehicle/1/route", "A vehicle publishes"),  # a route goes to the vehicle
        ("riqing/v1//vehicle/1/position", "must not be empty"),
        ("riqing/v1/t/vehicle//position", "must not be empty"),
    ],
)
def test_a_foreign_topic_is_refused_with_what_was_expected(text: str, match: str) -> None:
    """The message says what the contract wants."""
    with pytest.raises(TopicError, match=match):
        parse_topic(text)


@given(st.text(max_size=300))
def test_any_text_is_a_topic_or_refused(text: str) -> None:
    """Nothing but a TopicError comes of foreign text."""
    try:
        topic = parse_topic(text)
    except TopicError:
        return
    assert str(topic) == text


@pytest.mark.parametrize("device_id", ["", "a/b", "+", "#", "a\x00", "%u", "a%c", "a\x93", "a\ufffe", "x" * 129])
def test_a_device_id_must_be_one_level_of_a_topic(device_id: str) -> None:
    """Wildcards, separators and control characters are refused."""
    with pytest.raises(TopicError):
        check_device_id(device_id)
