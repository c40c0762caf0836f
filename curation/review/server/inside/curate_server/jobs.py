"""The server's background jobs without a Redis server: the queue in this process, and a thread that works it off.

A job runs in the server's own event loop, so that it shares its database connections. Queued jobs die with the process;
the one kind that matters (completing records after a change of what completes them) is queued again at every start.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
import time
from typing import Any

_LOGGER = logging.getLogger("curate")


def use_memory() -> None:
    """Have the server find its queue in this process. Call it before the server is imported."""
    import fakeredis
    import redis

    server = fakeredis.FakeServer()
    redis.from_url = lambda url, **options: fakeredis.FakeStrictRedis(server=server)


def start(loop: asyncio.AbstractEventLoop) -> None:
    """Work off the queues in a thread until the process ends."""
    threading.Thread(target=_work, args=(loop,), name="jobs", daemon=True).start()


def _work(loop: asyncio.AbstractEventLoop) -> None:
    from argilla_server.jobs.queues import DEFAULT_QUEUE, HIGH_QUEUE, REDIS_CONNECTION
    from rq import SimpleWorker
    from rq.job import Job
    from rq.timeouts import TimerDeathPenalty

    class LoopJob(Job):
        def _execute(self) -> Any:
            result = self.func(*self.args, **self.kwargs)
            return asyncio.run_coroutine_threadsafe(result, loop).result() if inspect.iscoroutine(result) else result

    class ThreadWorker(SimpleWorker):
        death_penalty_class = TimerDeathPenalty
        job_class = LoopJob

        def _install_signal_handlers(self) -> None:
            """Signals belong to the main thread."""

    while not loop.is_closed():
        try:
            worker = ThreadWorker([HIGH_QUEUE, DEFAULT_QUEUE], connection=REDIS_CONNECTION, job_class=LoopJob)
            worker.work(with_scheduler=False, logging_level="WARNING")
        except Exception:
            _LOGGER.exception("the worker of jobs begins again")
            time.sleep(1)


async def requeue() -> int:
    """Queue the completion of records for every data set; returns for how many."""
    from argilla_server.database import AsyncSessionLocal
    from argilla_server.jobs.dataset_jobs import update_dataset_records_status_job
    from argilla_server.models import Dataset
    from sqlalchemy import select

    async with AsyncSessionLocal() as session:
        ids = list((await session.execute(select(Dataset.id))).scalars())
    for dataset_id in ids:
        update_dataset_records_status_job.delay(dataset_id)
    return len(ids)
