"""The `curate` command. Help needs no heavy module: a command is imported when it is called."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curation.version import __version__

if TYPE_CHECKING:
    from curation.core.app import App
    from curation.core.project import Project
    from curation.core.sources import MadeSource
    from curation.core.store import View
    from curation.core.ui import Ui

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("curation.commands.init:init", "Start a project in a folder."),
    "demo": ("curation.commands.demo:demo", "The whole way, from sources to adapter, on material of our own."),
    "sources": ("curation.pull.cli:sources", "List the sources, add one, or find out how one is read."),
    "pull": ("curation.pull.cli:pull", "Fetch sources at their pinned commits and make records of them."),
    "generate": ("curation.generate.cli:generate", "Make records from scenarios, texts of knowledge, and recordings."),
    "clean": ("curation.clean.cli:clean", "Tidy, scrub personal data, fold duplicates."),
    "scrub": ("curation.clean.scrub_cli:scrub", "Teach the search for personal data, score it, see what is left."),
    "tag": ("curation.tag.cli:tag", "Tag emotions and risk."),
    "risk": ("curation.commands.risk:risk", "Measure the screen for risk."),
    "review": ("curation.review.cli:review", "Have people annotate; keep what they decided."),
    "export": ("curation.export.cli:export", "Write SFT and DPO mixes that may leave."),
    "diff": ("curation.export.cli:diff", "Tell what differs between two exports, row by row, and why."),
    "benchmark": ("curation.export.cli:benchmark", "Make a hash file of test questions that mixes must not hold."),
    "train": ("curation.train.cli:train", "Train the LoRA adapter from a mix."),
    "run": ("curation.commands.run:run", "Everything from pull to export and report."),
    "report": ("curation.commands.report:report", "Write the report, one HTML page."),
    "status": ("curation.commands.status:status", "What is up to date, and what a run would cost."),
    "doctor": ("curation.commands.doctor:doctor", "Check the installation and the project."),
    "config": ("curation.commands.config:config", "Show the settings and where each comes from."),
    "show": ("curation.commands.show:show", "Print a record at every stage."),
    "why": ("curation.commands.why:why", "Tell what happened to a record, and why."),
    "try": ("curation.commands.try_stage:try_stage", "Run one stage on a file or a text."),
    "verify": ("curation.commands.verify:verify", "Check every stored byte."),
    "gc": ("curation.commands.gc:gc", "Delete what no table needs any more."),
    "forget": ("curation.commands.forget:forget", "Remove a record or a source everywhere, for good."),
}


class LazyGroup(click.Group):
    """A group whose subcommands are imported when they are called; the list above is enough for help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of a project's life."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        for each in _all(command):
            _let_flags_follow(each)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """As click does, with the nearest known command named when there is no such one."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            import difflib

            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            ctx.fail(f"No such command '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _all(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        with click.Context(command) as context:
            for name in command.list_commands(context):
                if (each := command.get_command(context, name)) is not None:
                    yield from _all(each)


_SPOKEN = {"quiet": ("-q", "--quiet"), "verbose": ("-v", "--verbose"), "json": ("--json",)}
"""How a command speaks: attributes of Ui and the flags that set them, before the command or after it."""


def _let_flags_follow(command: click.Command) -> None:
    """Let a command take the flags on how it speaks, too; its help does not repeat them."""
    for name, flags in _SPOKEN.items():
        if not any(isinstance(p, click.Option) and p.name == f"ui_{name}" for p in command.params):
            option = click.Option(
                (f"ui_{name}", *flags), is_flag=True, hidden=True, expose_value=False, callback=_speak(name)
            )
            command.params.append(option)


def _speak(name: str) -> Any:
    def heard(context: click.Context, option: click.Parameter, given: bool) -> None:
        if given:
            setattr(context.find_root().obj.ui, name, True)

    return heard


@click.group(cls=LazyGroup, context_settings={"max_content_width": 80})
@click.version_option(__version__, prog_name="curate")
@click.option("--project", "start", metavar="DIR", type=click.Path(path_type=Path), help="Project folder [here].")
@click.option("--workers", type=click.IntRange(0), help="Processes for stages; 0: one per core.")
@click.option("--offline", is_flag=True, default=None, help="Never use the network.")
@click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, help="Any setting; see: curate config show.")
@click.option("--no-build", is_flag=True, help="Fail instead of bringing earlier tables up to date.")
@click.option("-q", "--quiet", is_flag=True, help="Only data and errors.")
@click.option("-v", "--verbose", is_flag=True, help="A stack below errors; never values.")
@click.option("--json", "as_json", is_flag=True, help="Data as JSON. This, -q and -v may follow the command.")
@click.pass_context
def cli(
    ctx: click.Context,
    start: Path | None,
    workers: int | None,
    offline: bool | None,
    settings: tuple[str, ...],
    no_build: bool,
    quiet: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Turn scattered conversations into training data whose every row can be
    followed back to its source.

    A project's life: init, edit sources.yaml, run, review, export, train.
    """  # noqa: D205 - the first sentence is what help shows
    from curation.core.app import App
    from curation.core.project import parse_setting
    from curation.core.ui import Ui

    ui = Ui(quiet=quiet, json=as_json, verbose=verbose)
    if isinstance(ctx.obj, list):
        ctx.obj.append(ui)  # so that `main` knows how to tell an error
    flags: dict[str, Any] = {"workers": workers, "offline": offline}
    flags.update(dict(parse_setting(s) for s in settings))
    ctx.obj = App(
        ui,
        start,
        flags,
        build=not no_build,
        bring_tables=_bring,
        bring_export=_bring_mix,
        foresee=_foresee,
        make=_make,
    )


def _make(project: Project, name: str, source: MadeSource, say: Callable[[str], None]) -> None:
    from curation.generate.make import make

    make(project, name, source, say)


def _foresee(app: App, upto: str, sources: tuple[str, ...]) -> dict[str, list[dict[str, str]]]:
    from curation.commands.pipeline import foresee

    return foresee(app, upto, sources)


def _bring(app: App, upto: str, sources: tuple[str, ...]) -> Mapping[str, View]:
    from curation.commands.pipeline import bring

    return bring(app, upto, sources)


def _bring_mix(app: App, mix: str) -> Path:
    from curation.commands.mixes import bring_mix

    return bring_mix(app, mix)


def main(args: list[str] | None = None) -> int:
    """Run the command line and return its exit code; every failure passes here."""
    if args is None:
        from curation.core import redact

        redact.install()
    speaking: list[Ui] = []
    try:
        # Not `cli.main`, which makes an exit of its own of a reader that has left.
        with cli.make_context("curate", list(sys.argv[1:] if args is None else args), obj=speaking) as context:
            cli.invoke(context)
        return 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        _ui(speaking).say(shown.getvalue().rstrip("\n"))
        return error.exit_code
    except (click.Abort, EOFError):
        return _ui(speaking).error(KeyboardInterrupt())
    except BrokenPipeError:
        # The reader of our output has left; Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except BaseException as error:
        return _ui(speaking).error(error)


def _ui(speaking: list[Ui]) -> Ui:
    from curation.core.ui import Ui

    # One that speaks whatever -q says: what comes here is an error.
    return Ui(verbose=speaking[0].verbose if speaking else False)
