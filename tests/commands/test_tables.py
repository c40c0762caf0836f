import polars as pl
import pytest

import curation
from curation.core.errors import ProjectError
from tests.laws.projects import make_project


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    made = make_project(tmp_path_factory.mktemp("tables") / "project", chats=3, questions=2, pairs=2)
    made.run("pull")
    return curation.open(made.root)


@pytest.mark.parametrize("lacking", ["id", "messages"])
def test_a_frame_that_is_none_of_records_is_answered_clearly(opened, lacking):
    frame = opened.read("raw", "chats").drop(lacking)
    with pytest.raises(ProjectError, match=f"no column '{lacking}'") as caught:
        opened.run_stage("normalise", frame)
    assert caught.value.fix


def test_a_column_of_another_type_is_named_without_its_values(opened):
    frame = opened.read("raw", "chats").with_columns(messages=pl.lit("Jane Canary"))
    with pytest.raises(ProjectError, match="'messages' of the frame is not of the type") as caught:
        opened.run_stage("normalise", frame)
    assert "Canary" not in str(caught.value) and len(str(caught.value).splitlines()) <= 6
