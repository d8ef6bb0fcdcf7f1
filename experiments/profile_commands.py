"""What `recsys profile` does: all members in tables or on a page, one member, another programme, a first programme."""

from pathlib import Path

from experiments.profile_columns import column_frame, write_columns
from experiments.profile_instead import instead_facts, instead_notes, instead_of, instead_tables
from experiments.profile_member import know_member, member_facts, member_notes, member_tables
from experiments.profile_reading import Asked, ask, check_columns_target, check_target, recorded_tiers, template_of
from experiments.profile_report.page import missing_of, write_profile_report
from experiments.profile_report.report import profile_report
from experiments.profile_report.sections import Absent
from experiments.profile_report.short import Verdict, headlines
from experiments.profile_tables import overview_tables
from features.dataset import LeftOut
from features.profile.known import know_members
from features.programme import load_programme_for
from features.workspace import Workspace
from recsys.errors import InputError
from recsys.loyalty.programme import parse_programme
from recsys.report import SILENT, Progress, Report
from recsys.types import EpochSeconds
from training.config import read_config


def profile(
    workspace: Path,
    *,
    config: Path | None = None,
    as_of: EpochSeconds | None = None,
    report: Path | None = None,
    out: Path | None = None,
    progress: Progress = SILENT,
    left_out: LeftOut | None = None,
) -> Report:
    """
    Everything that is known of all members, counted; facts are those of `ProfileReport.as_facts`, and whence they are.

    Args:
        workspace: Whose members.
        config: The training configuration, so that figures agree with those of the bundle.
        as_of: Facts before it are used; absent means all there are.
        report: Where the page is written, one HTML file; its folder is made.
        out: Where every column of every member is written, one Parquet file in a folder that is there.
        progress: Told of every step.
        left_out: As `training.commands.train` takes it: who withdrew or was erased since the ingest.

    Raises:
        InputError: There is no workspace, its programme or the configuration is broken, the instant is later than the
            facts reach, or a file cannot be written there.
    """
    settings = read_config(config)
    check_target(report, "members.html")
    check_columns_target(out)
    asked = ask(workspace, as_of=as_of, left_out=left_out, progress=progress)
    recorded = recorded_tiers(asked.dataset)
    known = know_members(asked.dataset, settings.profile, progress=progress)
    progress.step("count and sum")
    found = profile_report(
        known.facts,
        known.profile,
        known.norms,
        known.rules,
        recorded_tier=recorded,
        source=asked.workspace.source,
        currency=asked.dataset.currency,
    )
    facts = found.as_facts() | _origin(asked) | {"report_path": None, "out_path": None}
    short = (one for one in headlines(found) if one.verdict is not Verdict.UNKNOWN)
    notes = [f"{one.name.capitalize()}: {one.verdict}. {one.sentence}" for one in short]
    in_place = () if isinstance(found.points, Absent) else found.points.recorded.sentences()
    notes += in_place
    notes += [f"Missing: {sentence}" for sentence in missing_of(found) if sentence not in in_place]
    if report is not None:
        progress.step("write the page")
        write_profile_report(found, report)
        facts["report_path"] = str(report)
        notes.append(f"The page: {report}")
    if out is not None:
        progress.step("write the columns")
        write_columns(out, column_frame(asked.dataset.member_ids, known.profile), known.profile)
        facts["out_path"] = str(out)
        notes.append(f"Every column of every member: {out}")
    return Report(facts, overview_tables(found), (_who(asked), *notes, *_left_out(asked), asked.programme_note()))


def profile_member(
    workspace: Path,
    *,
    member_id: str,
    config: Path | None = None,
    as_of: EpochSeconds | None = None,
    progress: Progress = SILENT,
    left_out: LeftOut | None = None,
) -> Report:
    """
    Everything that is known of one member; other arguments and errors as those of `profile`.

    Raises:
        InputError: Nothing may be shown of such a member; the message does not say whether there is one.
    """
    settings = read_config(config)
    asked = ask(workspace, as_of=as_of, left_out=left_out, progress=progress)
    one = know_member(asked, member_id, settings.profile, progress=progress)
    facts = member_facts(one) | _origin(asked)
    return Report(facts, member_tables(one), (*member_notes(one), asked.programme_note()))


def profile_instead(
    workspace: Path,
    *,
    instead: Path,
    config: Path | None = None,
    as_of: EpochSeconds | None = None,
    progress: Progress = SILENT,
    left_out: LeftOut | None = None,
) -> Report:
    """
    Who would be in which tier if another programme had always held; nothing is written.

    Args:
        instead: The other programme file; other arguments and errors as those of `profile`.
    """
    settings, opened = read_config(config), Workspace.open(workspace)
    other = load_programme_for(instead, opened.tiers, currency=opened.currency)
    asked = ask(workspace, as_of=as_of, left_out=left_out, progress=progress)
    found = instead_of(asked, other, settings.profile, progress=progress)
    facts = instead_facts(found) | {"instead": str(instead)} | _origin(asked)
    notes = (
        *instead_notes(found),
        f"Nothing was changed. To put these rules in force, add them to {asked.workspace.programme_path} as a later "
        "ladder with its own `from`, and train again.",
        asked.programme_note(),
    )
    return Report(facts, instead_tables(found), notes)


def write_programme(workspace: Path) -> Report:
    """
    Write the commented default programme for the workspace's tiers and currency, where there is none.

    Raises:
        InputError: There is no workspace, or it has a programme; or the default cannot be written for its tiers or
            currency.
    """
    opened = Workspace.open(workspace)
    path = opened.programme_path
    text = template_of(opened)
    programme = parse_programme(text, source="the default programme", currency=opened.currency)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{path} exists and is not overwritten; edit it, or move it away and run this again") from None
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); make the workspace writable") from error
    facts = {"path": str(path), "programme_id": programme.programme_id, "tiers": list(programme.tiers)}
    notes = (
        f"Written: {path}, for the tiers {', '.join(programme.tiers)} and amounts in {opened.currency}.",
        "It is a template, not your programme: its thresholds, points and time zone are made up. Write your real rules "
        f"into it, look at who is where with `recsys profile --workspace {workspace}`, then train again.",
    )
    return Report(facts, (), notes)


def _origin(asked: Asked) -> dict[str, object]:
    return {
        "workspace": str(asked.workspace.path),
        "programme": asked.programme_facts(),
        "n_left_out": asked.dataset.n_left_out,
    }


def _who(asked: Asked) -> str:
    n = len(asked.dataset.member_ids)
    return f"{n:,} members who agreed to personalisation, as of {asked.moment(asked.as_of)} ({asked.timezone})."


def _left_out(asked: Asked) -> tuple[str, ...]:
    n = asked.dataset.n_left_out
    return (f"{n:,} members withdrew or were erased since the ingest and are left out.",) if n else ()
