import pytest

from tests.review.server.site import Site


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A running server for the tests of a file."""
    running = Site(tmp_path_factory.mktemp("home") / "review").start()
    yield running
    running.stop()
