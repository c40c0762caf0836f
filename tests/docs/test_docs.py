import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_command_line_page_is_what_the_commands_say():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    written, made = (ROOT / "docs" / "cli.md").read_text("utf-8"), generate.page()
    assert made.splitlines() == written.splitlines(), "run: python docs/generate.py"
