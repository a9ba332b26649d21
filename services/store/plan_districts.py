"""The districts of a plan that is being made: offered to all planners, held by who works on one, answered with routes.

Every moment is by the database's clock, which all planners share.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg.rows import class_row

from services.store.connection import Connection

HELD_S = 5.0
"""A district whose planner has not been heard of for so long is anybody's again."""

MOST_ATTEMPTS = 3
"""A district that was begun so often and never answered is left out."""

PLANNER_SILENT_S = 12.0
"""A planner that has not been heard of for so long is gone."""

_WORKERS_A_PLANNER = 2
"""A planner's process works on two queues, and the queue counts each as a worker."""


@dataclass(frozen=True, slots=True)
class HeldDistrict:
    """A district that was taken to work on: what it is, how long until its plan goes on without it.

    `unbegun` counts the plan's districts that nobody works on, with this one.
    """

    district_id: int
    plan_id: UUID
    problem: bytes
    left_s: float
    unbegun: int


@dataclass(frozen=True, slots=True)
class DistrictRow:
    """How far a district is. `is_awaited`: an answer may come yet; `taken_by` is who worked on it last."""

    district_id: int
    visits: int
    cost: int | None
    unserved: int | None
    result: bytes | None
    is_awaited: bool
    taken_by: str | None


def offer_districts(
    connection: Connection, plan_id: UUID, problems: Sequence[tuple[int, bytes]], lasts_s: float
) -> list[int]:
    """Store districts (visits and problem of each) to be worked on for so many seconds; return their numbers.

    What was offered of the plan before is withdrawn.
    """
    withdraw_districts(connection, plan_id)
    district_ids = []
    for visits, problem in problems:
        row = connection.execute(
            "INSERT INTO plan_districts (plan_id, visits, problem, ends_at) "
            "VALUES (%s, %s, %s, now() + make_interval(secs => %s)) RETURNING district_id",
            (plan_id, visits, problem, lasts_s),
        ).fetchone()
        assert row is not None
        district_ids.append(row[0])
    return district_ids


def withdraw_districts(connection: Connection, plan_id: UUID) -> None:
    """Take back all districts of a plan; who works on one hears of it when it next asks."""
    connection.execute("DELETE FROM plan_districts WHERE plan_id = %s", (plan_id,))


def take_district(connection: Connection, taken_by: str, plan_id: UUID) -> HeldDistrict | None:
    """Take a district of a plan that nobody works on; None where there is none."""
    with connection.cursor(row_factory=class_row(HeldDistrict)) as cursor:
        return cursor.execute(
            """
            WITH open AS (
                SELECT district_id FROM plan_districts
                WHERE plan_id = %(plan)s AND result IS NULL AND (held_until IS NULL OR held_until < now())
                    AND attempts < %(most)s AND ends_at > now() + interval '1 second'
            ), chosen AS (
                SELECT district_id FROM plan_districts JOIN open USING (district_id)
                ORDER BY district_id LIMIT 1 FOR UPDATE OF plan_districts SKIP LOCKED
            )
            UPDATE plan_districts AS district SET
                held_until = now() + make_interval(secs => %(held_s)s), attempts = attempts + 1,
                taken_by = %(taken_by)s, cost = NULL, unserved = NULL
            FROM chosen WHERE district.district_id = chosen.district_id
            RETURNING district.district_id, plan_id, problem,
                extract(epoch FROM ends_at - now())::float8 AS left_s, (SELECT count(*) FROM open)::int AS unbegun
            """,
            {
                "plan": plan_id,
                "most": MOST_ATTEMPTS,
                "held_s": HELD_S,
                "taken_by": taken_by,
            },
        ).fetchone()


def hold_district(connection: Connection, district_id: int) -> bool:
    """Go on holding a district; false when nobody wants it any more."""
    held = connection.execute(
        "UPDATE plan_districts SET held_until = now() + make_interval(secs => %s) FROM plans "
        "WHERE district_id = %s AND plans.plan_id = plan_districts.plan_id AND NOT cancel_requested",
        (HELD_S, district_id),
    )
    return held.rowcount > 0


def let_go_of_district(connection: Connection, district_id: int) -> None:
    """Leave a district to others."""
    connection.execute("UPDATE plan_districts SET held_until = NULL WHERE district_id = %s", (district_id,))


def tell_of_district(connection: Connection, district_id: int, cost: int, unserved: int) -> None:
    """Note how good a district's best plan is by now; `cost` in the problem's coins."""
    connection.execute(
        "UPDATE plan_districts SET cost = %s, unserved = %s WHERE district_id = %s", (cost, unserved, district_id)
    )


def answer_district(connection: Connection, district_id: int, cost: int, unserved: int, result: bytes) -> None:
    """Store a district's routes, if nobody has and they are still wanted."""
    connection.execute(
        "UPDATE plan_districts SET cost = %s, unserved = %s, result = %s, held_until = NULL "
        "WHERE district_id = %s AND result IS NULL",
        (cost, unserved, result, district_id),
    )


def load_districts(connection: Connection, plan_id: UUID, grace_s: float) -> list[DistrictRow]:
    """Return how far a plan's districts are, in their order; who is at one is waited for so long after its end."""
    with connection.cursor(row_factory=class_row(DistrictRow)) as cursor:
        return cursor.execute(
            """
            SELECT district_id, visits, cost, unserved, result, taken_by,
                result IS NULL AND coalesce(held_until >= now(), false)
                    AND now() < ends_at + make_interval(secs => %s) AS is_awaited
            FROM plan_districts WHERE plan_id = %s ORDER BY district_id
            """,
            (grace_s, plan_id),
        ).fetchall()


def count_planners(connection: Connection) -> int:
    """Return how many planners are at work on this database, here and on other machines."""
    row = connection.execute(
        "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => %s)",
        (PLANNER_SILENT_S,),
    ).fetchone()
    return 0 if row is None else -(-int(row[0]) // _WORKERS_A_PLANNER)
