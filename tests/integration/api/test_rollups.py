"""Rollups over HTTP: what vehicles did and how full containers were, by hour and by service day."""

import httpx
import pytest

from services.api.routers import utilisation
from services.keeping.rounds import roll_up
from services.store.connection import connect
from tests.integration.api.conftest import Api


@pytest.fixture(scope="module", autouse=True)
def _rolled_up(api: Api) -> None:
    """Roll up yesterday evening: V1 drove two kilometres in ten minutes and tipped 1.5 t, B1 filled up."""
    with connect(api.database_url, autocommit=True) as connection:
        connection.execute(
            """
            WITH container AS (
                INSERT INTO devices (kind, device_id, asset_id, enrolled_at)
                VALUES ('container', 'B1', 'P1', now()) RETURNING device_key
            ), noted AS (
                INSERT INTO batches_to_roll_up (message, device_keys, observed_from, observed_to)
                SELECT message, ARRAY[device_key], ARRAY['2026-11-20 10:00Z'::timestamptz],
                    ARRAY['2026-11-20 10:50Z'::timestamptz]
                FROM (
                    SELECT 'level' AS message, device_key FROM container
                    UNION ALL SELECT 'position', device_key FROM devices WHERE device_id = 'V1'
                    UNION ALL SELECT 'weighing', device_key FROM devices WHERE device_id = 'S1'
                ) AS spoken
            ), driven AS (
                INSERT INTO positions (observed_at, received_at, device_key, lon, lat, speed_kmh)
                SELECT '2026-11-20 10:00Z'::timestamptz + n * INTERVAL '1 minute', now(), device_key, 116,
                    40 + n * 200 / 111320.0, 12
                FROM devices, generate_series(0, 10) AS n WHERE device_id = 'V1'
            ), weighed AS (
                INSERT INTO weighings (observed_at, received_at, device_key, net_kg, vehicle_id, direction)
                SELECT '2026-11-20 10:30Z', now(), device_key, 1500, 'V1', 'in' FROM devices WHERE device_id = 'S1'
            )
            INSERT INTO levels (observed_at, received_at, device_key, fill_ratio)
            SELECT '2026-11-20 10:00Z'::timestamptz + n * INTERVAL '25 minutes', now(), device_key, 0.2 + 0.3 * n
            FROM container, generate_series(0, 2) AS n
            """
        )
        roll_up(connection, lambda: None)


SPAN = {"start": "2026-11-20T08:00:00Z", "end": "2026-11-20T14:00:00Z"}


def test_a_vehicle_s_hour_and_day(admin: httpx.Client) -> None:
    """Metres, moving and standing time, what it tipped, and for how much of it the device was heard."""
    expected = {"vehicle_id": "V1", "fixes": 11, "distance_m": 2000.0, "moving_s": 600.0, "standing_s": 0.0}
    expected |= {"tippings": 1, "tipped_kg": 1500.0}
    [hour] = admin.get("/api/v1/utilisation/vehicles", params=SPAN | {"bucket": "hour"}).json()
    span = {"start": "2026-11-20T10:00:00Z", "end": "2026-11-20T11:00:00Z", "observed_ratio": 0.1667}
    assert hour == expected | span
    [day] = admin.get("/api/v1/utilisation/vehicles", params=SPAN).json()
    span = {"start": "2026-11-19T20:00:00Z", "end": "2026-11-20T20:00:00Z", "observed_ratio": 0.0069}
    assert day == expected | span


def test_a_container_s_hour_and_day(admin: httpx.Client) -> None:
    """Least, mean, most and last fill ratio."""
    ratios = {"fill_ratio_min": 0.2, "fill_ratio_mean": 0.5, "fill_ratio_max": 0.8, "fill_ratio_last": 0.8}
    for bucket, observed_ratio in (("hour", 0.8333), ("day", 0.0347)):
        [row] = admin.get("/api/v1/utilisation/containers", params=SPAN | {"bucket": bucket}).json()
        assert {name: row[name] for name in ratios} == ratios
        assert (row["point_id"], row["device_id"], row["readings"]) == ("P1", "B1", 3)
        assert row["observed_ratio"] == observed_ratio


def test_a_span_without_rollups_is_empty(admin: httpx.Client) -> None:
    """What was never heard has no row; what is asked wrongly is refused."""
    assert admin.get("/api/v1/utilisation/vehicles", params={"end": "2026-01-01T00:00:00Z"}).json() == []
    assert admin.get("/api/v1/utilisation/containers", params={"bucket": "month"}).status_code == 422
    assert admin.get("/api/v1/utilisation/vehicles", params={"start": "2001-01-01T00:00:00Z"}).status_code == 422


@pytest.mark.parametrize("path", ["vehicles", "containers"])
@pytest.mark.parametrize("bucket", ["hour", "day"])
def test_more_rows_than_an_answer_holds_are_refused(
    admin: httpx.Client, monkeypatch: pytest.MonkeyPatch, path: str, bucket: str
) -> None:
    """Of a span with more rows than are put together at once the end is told to be wrong; as many are given."""
    for most, status in ((1, 200), (0, 422)):
        monkeypatch.setattr(utilisation, "MOST_ROWS", most)
        answer = admin.get(f"/api/v1/utilisation/{path}", params=SPAN | {"bucket": bucket})
        assert answer.status_code == status, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == ["query.end"]
