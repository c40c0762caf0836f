"""The endpoints that a project allows text to be sent to: declared in curate.toml, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

from curation.core.declare import doc


@dataclass(frozen=True)
class EndpointSpec:
    """One endpoint that this project may send text to, `[endpoints.NAME]` in curate.toml."""

    url: str = doc("its base address, which ends in /v1 as a rule")
    model: str = doc("the model to ask for")
    key_env: str | None = doc("environment variable that holds its key; the key itself stands nowhere", default=None)
    max_tokens: int = doc("tokens a reply may have", default=1024)
    temperature: float = doc("0 for the likeliest reply", default=0.7)
    timeout_s: float = doc("seconds for one request", default=120.0)
    retries: int = doc("how often a request is tried again when the server is busy or fails", default=5)
    concurrency: int = doc("requests at the same time", default=4)
    requests_per_minute: float | None = doc("no more than so many", default=None)
    price_in: float = doc("price of a million tokens sent, in the currency of max_cost", default=0.0)
    price_out: float = doc("price of a million tokens of replies", default=0.0)
    max_cost: float | None = doc("a command stops before it has spent more than this", default=None)

    def __post_init__(self) -> None:
        """Refuse what no request can have."""
        for name, low in (("max_tokens", 1), ("retries", 0), ("concurrency", 1), ("timeout_s", 0.1), ("price_in", 0)):
            if getattr(self, name) < low:
                raise ValueError(f"'{name}' must be at least {low}")
