"""The few places where the server is made lighter and faster; what it does stays as it is."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


def leave_out_what_is_not_used() -> None:
    """Keep the server from loading libraries that it cannot use here: a third of its memory, and of its start.

    They are the clients of two search engines that it does not have, and the hub's `datasets`, which needs a network
    that it may not use. Call it before the server is imported.
    """
    for module, names in (
        ("elasticsearch8", ("AsyncElasticsearch", "helpers")),
        ("opensearchpy", ("AsyncOpenSearch", "helpers")),
        ("argilla_server.contexts.hub", ("HubDataset", "HubDatasetExporter")),
    ):
        empty = ModuleType(module, "Left out of this server.")
        for name in names:
            setattr(empty, name, type(name, (_LeftOut,), {}))
        sys.modules[module] = empty


class _LeftOut:
    def __init__(self, *args: Any, **options: Any) -> None:
        raise NotImplementedError(f"this server works without {type(self).__name__}: it uses no other machine")


def read_settings_quickly() -> None:
    """Build the validators of questions and metadata once; the server builds one for each value that it checks."""
    from argilla_server.models import database
    from pydantic import TypeAdapter

    for model, settings in (
        (database.Question, database.QuestionSettings),
        (database.MetadataProperty, database.MetadataPropertySettings),
    ):
        adapter: Any = TypeAdapter(settings)

        def parsed(self: Any, adapter: Any = adapter) -> Any:
            return adapter.validate_python(self.settings)

        model.parsed_settings = property(parsed)


def build_events_only_for_web_hooks() -> None:
    """Describe a change of a record only where a web hook waits for it.

    The server loads the whole data set anew for every record that is pushed, describes the record, and only then looks
    whether anybody wants to know: more than half of its work. A web hook counts from one second after it was made.
    """
    import time

    from argilla_server.contexts import webhooks
    from argilla_server.webhooks.v1 import records

    build = records.build_record_event
    looked: dict[str, Any] = {"at": -1.0, "any": False}

    async def build_if_wanted(db: Any, event: Any, record: Any) -> Any:
        now = time.monotonic()
        if now - looked["at"] > 1:
            looked.update(at=now, any=bool(await webhooks.list_enabled_webhooks(db)))
        return await build(db, event, record) if looked["any"] else _Unheard()

    records.build_record_event = build_if_wanted


class _Unheard:
    async def notify(self, db: Any) -> list[Any]:
        return []
