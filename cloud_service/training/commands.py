"""`smearflow training recipes | start | again | jobs | show | cancel | schedule`."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from cloud_service.printing import print_json
from cloud_service.vocabulary import TrainingJobKind, TrainingJobState
from shared.wording import counted

if TYPE_CHECKING:
    from cloud_service.training.schemas import TrainingJobView

app = typer.Typer(help="Train models in the cloud: recipes, jobs, and schedules.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON alone.")]
Watch = Annotated[bool, typer.Option("--watch", help="Show the progress until it is over; Ctrl-C leaves it running.")]
JobId = Annotated[UUID, typer.Argument(help="Of the job, as `smearflow training jobs` lists it.")]
RecipeArgument = Annotated[str, typer.Argument(help="Its name, as `smearflow training recipes` lists it.")]


@app.command(epilog="Example: smearflow training recipes --json")
def recipes(
    name: Annotated[str | None, typer.Argument(help="Of one recipe: its newest version, in full.")] = None,
    *,
    json_: Json = False,
) -> None:
    """List every version of every recipe, the newest of each name first; or show one."""
    from cloud_service.database import snapshot
    from cloud_service.training import keeping

    with snapshot() as session:
        if name is not None:
            view = keeping.recipe_view(keeping.recipe_named(session, name))
            typer.echo(view.model_dump_json(indent=2))
            return
        rows = [keeping.recipe_view(recipe) for recipe in keeping.all_recipes(session)]
    if json_:
        print_json(rows)
        return
    for row in rows:
        data = ", ".join(f"{dataset.name} {dataset.number}" for dataset in row.document.datasets)
        network, epochs = row.document.network.backbone, row.document.training.epochs
        typer.echo(
            f"{row.id} {row.name} {row.number}: {network}, {counted(epochs, 'epoch')}, on {data}; by {row.created_by}"
        )
    if not rows:
        typer.echo("There is no recipe. Begin with `smearflow training start NAME --dataset DATA-SET`.")


@app.command(epilog="Example: smearflow training start cells --dataset all-idb2 --recipe modern --epochs 10 --watch")
def start(  # noqa: PLR0913 - the options of a command
    name: Annotated[str, typer.Argument(help="Of the recipe; what the options change becomes its next version.")],
    *,
    dataset: Annotated[list[str] | None, typer.Option(help="NAME, or NAME:VERSION; as often as needed.")] = None,
    recipe: Annotated[str | None, typer.Option(help="modern, paper, or a file of settings (TOML or JSON).")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the training part at most.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**32 - 1, help="Of split, first weights, order and augmentation.")
    ] = None,
    allow_leaks: Annotated[
        bool | None, typer.Option("--allow-leaks/--refuse-leaks", help="Train although parts of the split share images")
    ] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    watch: Watch = False,
    json_: Json = False,
) -> None:
    """Train by the newest version of a recipe, as soon as a training worker is free; or by a new version of it."""
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction
    from cloud_service.training import drafting, keeping, starting

    changes = drafting.Changes(
        datasets=dataset or None,
        recipe=recipe,
        training={"epochs": epochs, "seed": seed},
        others={"allow_leaks": allow_leaks, "description": description},
    )
    actor = Actor.at_command_line()
    with transaction() as session:
        wanted = drafting.wanted_recipe(session, name, changes)
        saved = keeping.save_recipe(session, actor, name=wanted.name, draft=wanted.document)
        job_id = starting.start_training(session, actor, saved.id).id
    _begun(job_id, watch=watch, json_=json_)


@app.command(epilog="Example: smearflow training again cells --watch")
def again(name: RecipeArgument, *, watch: Watch = False, json_: Json = False) -> None:
    """Train by a recipe again, with the images of all cases that are signed by now, as its next version."""
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction
    from cloud_service.training.again import train_again

    with transaction() as session:
        job_id = train_again(session, Actor.at_command_line(), name).id
    _begun(job_id, watch=watch, json_=json_)


@app.command(epilog="Example: smearflow training jobs --kind train")
def jobs(
    *,
    kind: Annotated[TrainingJobKind | None, typer.Option(help="Of this kind alone.")] = None,
    state: Annotated[TrainingJobState | None, typer.Option(help="In this state alone.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    json_: Json = False,
) -> None:
    """List the jobs of the training queue, newest first: imports of data sets and assessments are among them."""
    from cloud_service.database import snapshot
    from cloud_service.training import queries
    from cloud_service.training.watching import standing

    with snapshot() as session:
        found = queries.newest_jobs(session, limit, kind=kind, state=state)
        rows = [queries.job_summary(session, job) for job in found]
    if json_:
        print_json(rows)
        return
    for row in rows:
        typer.echo(f"{row.id} {row.kind:12} {row.subject_name or row.subject}: {standing(row)}")
    if not rows:
        typer.echo(
            "There is no such job."
            if kind or state
            else "There is no job. Begin with `smearflow dataset import` or `smearflow training start`."
        )


@app.command(epilog="Example: smearflow training show 0f8fad5b-d9cb-469f-a165-70867728950e --watch")
def show(job_id: JobId, *, watch: Watch = False, json_: Json = False) -> None:
    """Show a job: where it stands, its epochs, the end of its log, and what came of it."""
    from cloud_service.training import watching

    _tell(watching.watch(job_id, typer.echo) if watch else watching.view(job_id), json_=json_)


@app.command(epilog="Example: smearflow training cancel 0f8fad5b-d9cb-469f-a165-70867728950e")
def cancel(job_id: JobId, *, json_: Json = False) -> None:
    """End a job: at once where it waits, within seconds where a worker is at it."""
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction
    from cloud_service.training import queries, service
    from cloud_service.wakeup import wake_up

    with transaction() as session:
        row = queries.job_summary(session, service.cancel_job(session, Actor.at_command_line(), job_id))
    wake_up(training=True)
    typer.echo(row.model_dump_json() if json_ else f"Job {row.id} is {'being ' if row.is_cancelling else ''}cancelled.")


@app.command(epilog="Example: smearflow training schedule cells --every 7")
def schedule(
    name: Annotated[str | None, typer.Argument(help="Of the recipe; left out: every schedule is listed.")] = None,
    *,
    every: Annotated[int | None, typer.Option(min=1, max=366, help="Days from one training to the next.")] = None,
    first: Annotated[
        datetime | None, typer.Option(help="When to begin (UTC); by default --every days from now.")
    ] = None,
    end: Annotated[bool, typer.Option("--end", help="Train by itself no more.")] = False,
    json_: Json = False,
) -> None:
    """Have a recipe trained anew every so many days, each time with the newest signed cases; or list the schedules."""
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction
    from cloud_service.training import schedule as schedules

    changes = every is not None or end
    if (every is not None and end) or (first is not None and every is None) or (changes and name is None):
        raise typer.BadParameter("name a recipe, and say either --every (and --first), or --end")
    actor = Actor.at_command_line()
    with transaction() as session:
        if name is not None and end:
            schedules.end_schedule(session, actor, name)
        elif name is not None and every is not None:
            first_at = first.replace(tzinfo=UTC) if first is not None else None
            schedules.set_schedule(session, actor, recipe_name=name, every_days=every, first_at=first_at)
        rows = [
            schedules.schedule_view(row) for row in schedules.all_schedules(session) if name in (None, row.recipe_name)
        ]
    if json_:
        print_json(rows)
        return
    for row in rows:
        typer.echo(
            f"{row.recipe_name}: every {counted(row.every_days, 'day')}, next {row.next_at:%Y-%m-%d %H:%M} UTC; "
            f"{row.set_by}"
        )
    if not rows:
        typer.echo(f"{name or 'No recipe'} is{' not' if name else ''} trained by itself.")


def _begun(job_id: UUID, *, watch: bool, json_: bool) -> None:
    from cloud_service.training import watching
    from cloud_service.wakeup import wake_up

    wake_up(training=True)
    if not json_:
        typer.echo(f"Training job {job_id} is queued. Watch it with `smearflow training show {job_id} --watch`.")
    if watch:
        _tell(watching.watch(job_id, lambda line: typer.echo(line, err=json_)), json_=json_)
    elif json_:
        _tell(watching.view(job_id), json_=True)


def _tell(found: "TrainingJobView", *, json_: bool) -> None:
    """Say where a job stands; one that failed or was cancelled ends the command with 1."""
    from cloud_service.training.watching import standing

    if json_:
        typer.echo(found.model_dump_json(indent=2))
    else:
        typer.echo(found.log_tail or "It has written nothing yet.")
        typer.echo(f"Job {found.id}, {found.subject_name or found.subject}: {standing(found)}")
        for name, value in (found.result or {}).items():
            typer.echo(f"  {name.replace('_', ' ')}: {value}")
    if found.state in (TrainingJobState.FAILED, TrainingJobState.CANCELLED):
        raise typer.Exit(1)
