"""The jobs of planning and publishing, and the loop that takes them from the queue."""

import asyncio
import logging
from uuid import UUID

import psycopg
from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException, JobAborted

from services.broker.errors import BrokerError
from services.domain.errors import RiqingError
from services.roads.errors import RoadEngineError
from services.roads.network import RoadNetwork
from services.routing.planning import PlannerStoppingError, plan_day
from services.routing.publisher import publish_plan
from services.routing.sharing import help_with
from services.routing.solver_process import SolverProcess
from services.store import plans
from services.store.connection import StoreUnavailableError, connect
from services.store.jobs import PLAN_DAY, PLAN_DISTRICT, PLANNING_QUEUE, PUBLISH_PLAN, PUBLISHING_QUEUE
from services.store.town import load_clock

log = logging.getLogger(__name__)

WORKER_BEAT_S = 3.0
STALLED_AFTER_S = 12.0
"""A worker that has not beaten for so long is gone: its jobs are given to another."""

MOST_ATTEMPTS = 3
"""A plan whose worker was lost this often is more likely the cause than the victim."""

CONNECT_AGAIN_S = 2.0
WAIT_FOR_CONNECTION_S = 5.0
"""Each of the few questions that a worker has as it stops waits so long for a database that is gone."""

_DATABASE_ERRORS = (psycopg.OperationalError, StoreUnavailableError)


class Planner:
    """The tasks, and what they share: the solver's process and the road network's connections."""

    def __init__(self, database_url: str, mqtt_url: str) -> None:
        """Begin to load the solver."""
        self._database_url = database_url
        self._mqtt_url = mqtt_url
        self._solver = SolverProcess()
        self._network = RoadNetwork.for_profile()

    def close(self) -> None:
        """End the solver's process."""
        self._solver.close()

    def plan_day(self, context: JobContext, plan_id: str) -> None:
        """Plan the day that was asked for."""
        with connect(self._database_url, autocommit=True) as connection:
            if (context.job.attempts or 0) >= MOST_ATTEMPTS:
                sentence = f"The planner was lost {MOST_ATTEMPTS} times while solving; the machine may lack memory."
                plans.finish_failed(connection, UUID(plan_id), sentence, load_clock(connection).now())
                return
            try:
                plan_day(connection, UUID(plan_id), self._network, self._solver, context.should_abort)
            except PlannerStoppingError as stopping:
                raise JobAborted from stopping

    def plan_district(self, context: JobContext, plan_id: str) -> None:
        """Plan a district of a large day, if there is one that nobody plans."""
        with connect(self._database_url, autocommit=True) as connection:
            help_with(connection, UUID(plan_id), self._network, self._solver, context.should_abort)
        if context.should_abort():
            raise JobAborted

    def publish_plan(self, context: JobContext, plan_id: str) -> None:
        """Send a plan to the trucks; tell the dispatcher in the plan's notes when it does not work."""
        del context
        with connect(self._database_url, autocommit=True) as connection:
            try:
                publish_plan(connection, UUID(plan_id), self._network, self._mqtt_url)
            except RiqingError as error:
                plans.add_note(connection, UUID(plan_id), f"It could not be sent to the trucks: {error}")
                raise

    def register(self, app: App) -> None:
        """Give the queue its tasks, under the names that services.store.jobs asks for."""
        again = RetryStrategy(max_attempts=MOST_ATTEMPTS, wait=1, retry_exceptions=(JobAborted, *_DATABASE_ERRORS))
        for name, plan in ((PLAN_DAY, self.plan_day), (PLAN_DISTRICT, self.plan_district)):
            app.task(name=name, queue=PLANNING_QUEUE, pass_context=True, retry=again)(plan)
        app.task(
            name=PUBLISH_PLAN,
            queue=PUBLISHING_QUEUE,
            pass_context=True,
            # 1, 2, 4 ... seconds: a broker that restarts is back within the first few.
            retry=RetryStrategy(
                max_attempts=8,
                exponential_wait=2,
                retry_exceptions=(JobAborted, BrokerError, RoadEngineError, *_DATABASE_ERRORS),
            ),
        )(self.publish_plan)


async def _work(app: App, queue: str) -> None:
    await app.run_worker_async(
        queues=[queue],
        name=f"riqing-{queue}",
        concurrency=1,
        install_signal_handlers=False,
        shutdown_graceful_timeout=0.1,
        # A job that waits for its time is not announced when it comes.
        fetch_job_polling_interval=1.0,
        update_heartbeat_interval=WORKER_BEAT_S,
        stalled_worker_timeout=STALLED_AFTER_S,
        delete_jobs="successful",
    )


async def _give_back_stalled_jobs(app: App) -> None:
    """Queue the jobs of workers that are gone again."""
    while True:
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S):
            log.warning("job %s of a lost worker is queued again", job.call_string)
            await app.job_manager.retry_job(job)
        await asyncio.sleep(WORKER_BEAT_S)


async def work_until_cancelled(planner: Planner, database_url: str) -> None:
    """Work until cancelled; a database that goes away is waited for."""
    while True:
        app = App(
            connector=PsycopgConnector(conninfo=database_url, min_size=1, max_size=4, timeout=WAIT_FOR_CONNECTION_S)
        )
        planner.register(app)
        try:
            async with app.open_async(), asyncio.TaskGroup() as group:
                group.create_task(_work(app, PLANNING_QUEUE))
                group.create_task(_work(app, PUBLISHING_QUEUE))
                group.create_task(_give_back_stalled_jobs(app))
        except* (ConnectorException, psycopg.Error) as errors:
            if (working := asyncio.current_task()) and working.cancelling():  # it went away while we stopped
                raise asyncio.CancelledError from errors
            log.warning("the job queue is out of reach (%s); again in %g s", errors.exceptions[0], CONNECT_AGAIN_S)
        await asyncio.sleep(CONNECT_AGAIN_S)
