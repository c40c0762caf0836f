"""The command inside the environment: `serve` runs the server, `accounts` makes its accounts those of the file."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

from . import erase, guard, jobs, log, page, patches
from .environment import REDIS_URL, Home, prepare


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser("curate_server")
    parser.add_argument("command", choices=("serve", "accounts"))
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=6900)
    parser.add_argument("--name", action="append", default=[], help="a name that the server goes by")
    asked = parser.parse_args(arguments)
    home = Home(asked.home)
    prepare(home)
    log.install()
    redis_url = os.environ.get(REDIS_URL)
    guard.close(redis_url)
    if not redis_url:
        jobs.use_memory()
    patches.leave_out_what_is_not_used()
    _migrate(home)
    log.install()  # the migration has set up its own, and has silenced every other one
    from . import accounts

    accounts.reconcile(home)
    if asked.command == "serve":
        asyncio.run(_serve(asked.host, asked.port, set(asked.name), home))


def _migrate(home: Home) -> None:
    database = home.path / "argilla.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")  # who reads need not wait for who writes
    database.chmod(0o600)
    import alembic.config
    from alembic.script import ScriptDirectory
    from argilla_server.database import ALEMBIC_CONFIG_FILE

    head = ScriptDirectory.from_config(alembic.config.Config(ALEMBIC_CONFIG_FILE)).get_current_head()
    with closing(sqlite3.connect(database)) as connection:
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE name='alembic_version'").fetchone()
        now = connection.execute("SELECT version_num FROM alembic_version").fetchone() if known else None
    if now != (head,):
        alembic.config.main(argv=["-c", ALEMBIC_CONFIG_FILE, "upgrade", "head"])


async def _serve(host: str, port: int, names: set[str], home: Home) -> None:
    import uvicorn
    from argilla_server import app

    log.install()
    from . import engine, reconcile  # noqa: F401 - importing the engine registers it

    erase.overwrite_in_the_database()
    patches.read_settings_quickly()
    patches.build_events_only_for_web_hooks()
    policy = page.clean(_folder(app))
    await reconcile.reconcile()
    jobs.start(asyncio.get_running_loop())
    await jobs.requeue()
    fenced: Any = page.Fenced(app, policy, {"127.0.0.1", "localhost", "[::1]", host, *names})
    config = uvicorn.Config(
        fenced,
        host=host,
        port=port,
        # asyncio's own loop connects through Python, where the guard stands.
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    _stop_without_parent(server)
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    if server.started:
        os.write(1, b"ready\n")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads on, and a full pipe would stop us
    await serving
    # The thread of jobs waits for work and would not let the interpreter go.
    logging.shutdown()
    os._exit(0 if server.started else 1)


def _folder(app: Any) -> Path:
    """Where the server has put the files of its page."""
    return Path(next(route for route in app.routes if getattr(route, "name", "") == "static").app.directory)


def _stop_without_parent(server: Any) -> None:
    """Stop when the command that started us has gone, however it went: its end of our standard input closes then."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        server.should_exit = True

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    main()
