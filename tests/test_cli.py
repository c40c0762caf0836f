import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from curation.cli import COMMANDS, cli, main

HEAVY = (
    "pyarrow",
    "polars",
    "numpy",
    "torch",
    "transformers",
    "presidio_analyzer",
    "spacy",
    "datasets",
    "huggingface_hub",
    "rich",
    "yaml",
)


def test_help_loads_no_heavy_module():
    code = (
        "import sys, json\nfrom curation.cli import main\nmain(['--help'])\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Commands:" in done.stdout
    assert set(json.loads(done.stderr)) & set(HEAVY) == set()


def test_every_command_has_help_that_begins_as_the_list_says():
    with click.Context(cli) as context:
        for name, (_, short) in COMMANDS.items():
            command = cli.get_command(context, name)
            assert command is not None, name
            assert command.name == name
            assert command.help and short.endswith(".")


def test_an_unknown_command_is_answered_with_the_nearest(capsys):
    assert main(["pul"]) == 2
    assert "Did you mean 'pull'?" in capsys.readouterr().err


def test_outside_a_project_commands_say_how_to_start(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for command in (["status"], ["pull"], ["verify"], ["show", "a:1"], ["export"]):
        assert main(command) == 3, command
        said = capsys.readouterr().err
        assert "curate init" in said
        assert len(said.splitlines()) <= 6


def test_a_wrong_setting_on_the_command_line_is_a_clear_error(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    assert main(["--set", "workers", "status"]) == 3
    assert main(["--set", "stages.scrubb.x=1", "status"]) in (0, 3)
    assert main(["--set", "wrkers=1", "status"]) == 3
    assert "did you mean 'workers'" in capsys.readouterr().err


def test_init_makes_a_project_and_never_touches_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["init", "p"]) == 0
    key = (tmp_path / "p" / "keys" / "project.key").read_text()
    assert main(["init", "p"]) == 3
    assert (tmp_path / "p" / "keys" / "project.key").read_text() == key
    assert main(["--project", "p", "status"]) == 0
    assert main(["--project", "p", "run"]) == 3
    assert "no enabled source" in capsys.readouterr().err
    assert main(["init", "q", "--example", "nothing"]) == 3


def test_the_pixel_example_opens(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["init", "p", "--example", "pixel"]) == 0
    assert main(["--project", "p", "sources", "list"]) == 0


def test_config_show_tells_value_and_origin(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main(["init"])
    capsys.readouterr()
    monkeypatch.setenv("CURATE_BATCH_ROWS", "7")
    assert main(["--workers", "2", "--json", "config", "show"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["workers"] == {"value": 2, "origin": "flag --workers"}
    assert shown["batch_rows"] == {"value": 7, "origin": "env CURATE_BATCH_ROWS"}
    assert shown["part_rows"]["origin"] == "default"


def test_a_bug_is_exit_1_in_six_lines_without_values(tmp_path, monkeypatch, capsys):
    from curation.core import project

    def broken(start=None, flags=None):
        raise KeyError("secret text of a row")

    monkeypatch.setattr(project.Project, "open", broken)
    assert main(["status"]) == 1
    said = capsys.readouterr().err
    assert "secret text" not in said and "KeyError" in said
    assert len(said.splitlines()) <= 6


def test_an_interrupt_is_130(monkeypatch, capsys):
    from curation.core import project

    def interrupted(start=None, flags=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(project.Project, "open", interrupted)
    assert main(["status"]) == 130
    assert "run the same command again" in capsys.readouterr().err


@pytest.mark.parametrize("width", [80])
def test_help_fits_the_terminal(width):
    for name in (None, *COMMANDS):
        result = CliRunner().invoke(cli, [*([name] if name else []), "--help"], terminal_width=width)
        assert result.exit_code == 0, name
        assert max(map(len, result.output.splitlines())) <= width, name
