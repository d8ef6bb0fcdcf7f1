"""Is everything well: `doctor`, `version`."""

from recsys.cli import options as given
from recsys.cli.output import versions_report
from recsys.cli.root import UPKEEP, answer_of, app


@app.command(rich_help_panel=UPKEEP)
def doctor(workspace: given.Workspace, now: given.Now = None, as_json: given.Json = False) -> None:
    """Say for each part whether the workspace has enough for it, and why not."""
    with answer_of(as_json) as answer:
        from training.doctor import doctor as command

        answer.show(command(workspace, now=given.now_or_clock(now)))


@app.command(rich_help_panel=UPKEEP)
def version(as_json: given.Json = False) -> None:
    """Say which version this is, and of which libraries."""
    with answer_of(as_json) as answer:
        answer.show(versions_report())
