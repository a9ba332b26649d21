"""Entity tags: what a client has is not sent again, and never kept past a change."""

from collections.abc import Callable

import httpx
import pytest

from services.domain.kinds import Role
from services.store.connection import connect
from tests.integration.api.conftest import Api

TAGGED = [
    "/api/v1/zones",
    "/api/v1/zones/Z1",
    "/api/v1/contractors",
    "/api/v1/points",
    "/api/v1/points/P1",
    "/api/v1/facilities",
    "/api/v1/plans/{plan_id}",
    "/api/v1/plans/{plan_id}/routes/V1",
]


def _again(client: httpx.Client, path: str, tag: str, **headers: str) -> httpx.Response:
    return client.get(path, headers={"If-None-Match": tag, **headers})


@pytest.mark.parametrize("path", TAGGED)
def test_what_a_client_has_is_not_sent_again(api: Api, admin: httpx.Client, path: str) -> None:
    """304 without content for its tag, compressed or not; another tag gets the whole."""
    path = path.format(plan_id=api.plan_id)
    first = admin.get(path)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in first.headers["vary"]
    for named in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = _again(admin, path, named)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["cache-control"] == "private, no-cache"
    assert _again(admin, path, tag, **{"Accept-Encoding": "identity"}).status_code == 304
    assert _again(admin, path, '"other"').json() == first.json()


@pytest.mark.parametrize("path", ["/api/v1/zones", "/api/v1/plans/{plan_id}", "/api/v1/plans/{plan_id}/routes/V1"])
def test_a_tag_is_of_one_format_and_one_view(
    api: Api, admin: httpx.Client, sign_in: Callable[[Role], httpx.Client], path: str
) -> None:
    """Neither another format nor another person's part of the town is taken for what one has."""
    path = path.format(plan_id=api.plan_id)
    tag = admin.get(path).headers["etag"]
    if not path.endswith(str(api.plan_id)):
        assert _again(admin, path, tag, Accept="application/geo+json").status_code == 200
    if "/routes/" not in path:  # whoever may see a route sees the same
        assert _again(sign_in(Role.CONTRACTOR), path, tag).status_code == 200


def test_no_tag_outlives_a_change(api: Api, admin: httpx.Client) -> None:
    """A zone that is renamed, a point that moves to another name: all that shows it is sent anew."""
    paths = ["/api/v1/zones", "/api/v1/points", f"/api/v1/plans/{api.plan_id}/routes/V1"]
    tags = [admin.get(path).headers["etag"] for path in paths]
    with connect(api.database_url) as connection:
        connection.execute("UPDATE zones SET name = '新' WHERE zone_id = 'Z1'")
        connection.execute("UPDATE collection_points SET name = '新点' WHERE point_id = 'P1'")
    answers = [_again(admin, path, tag) for path, tag in zip(paths, tags, strict=True)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert "新" in answers[0].text
    assert "新点" in answers[1].text


def test_what_is_live_is_not_kept(admin: httpx.Client) -> None:
    """Positions and figures bear no tag, and nothing keeps them."""
    for path in ("/api/v1/vehicles", "/api/v1/clearance", "/api/v1/clock"):
        answer = admin.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers


def test_an_error_bears_no_tag(admin: httpx.Client) -> None:
    """A refusal is a refusal, whatever the client has."""
    answer = _again(admin, "/api/v1/zones/none", "*")
    assert answer.status_code == 404
    assert "etag" not in answer.headers
