import pytest

from tests.review.server.site import Site


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """A running server that tests share; each makes data sets of its own."""
    running = Site(tmp_path_factory.mktemp("home") / "review").start()
    yield running
    running.stop()
