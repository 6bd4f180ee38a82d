"""`smearflow model list | show | register | timeline | shadow | rollback | reject`: the registry from a terminal."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_service.printing import print_json
from cloud_service.registry.words import named
from shared.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloud_service.registry.schemas import ActivationView, ShadowSummary

commands = typer.Typer()

EVERYWHERE = "*"
Model = Annotated[str, typer.Argument(help="Digest of the model, or what it begins with.")]
Scope = Annotated[str, typer.Option(help="A site, or * for all that have no model of their own.")]
_LONGEST_REASON = 2000  # as the database keeps it


def of_fitting_length(reason: str | None) -> str | None:
    """A reason as it was given.

    Raises:
        typer.BadParameter: it is empty, or longer than what is kept.
    """
    if reason is not None and not 1 <= len(reason) <= _LONGEST_REASON:
        raise typer.BadParameter(f"It has {len(reason)} characters; 1 to {_LONGEST_REASON} are taken.")
    return reason


Reason = Annotated[
    str,
    typer.Option(help="Why, for people; it stands in the audit trail for good.", callback=of_fitting_length),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON alone.")]


@commands.command(name="list", epilog="Example: smearflow model list --json")
def list_(*, json_: Json = False) -> None:
    """List the registered models, the newest first: what each is to the service, and where it answers."""
    from cloud_service.database import snapshot
    from cloud_service.registry.queries import all_models

    with snapshot() as session:
        found = all_models(session)
    if json_:
        print_json(found)
        return
    for model in found:
        where = ", ".join(map(named, model.active_in))
        typer.echo(
            f"{model.digest[:12]}  {model.name + ' ' + model.version:28} {model.state:10} {model.answers:>9,} answers  "
            f"{where}{'' if model.is_kept else '(its package is not kept)'}".rstrip()
        )
    if not found:
        typer.echo("No model is registered yet: the first worker registers that of SMEARFLOW_MODEL_DIR.")


@commands.command(epilog="Example: smearflow model show trained/model --json")
def show(
    model: Annotated[str, typer.Argument(help="Folder of a package, or the digest of a registered model.")],
    *,
    json: Annotated[
        bool, typer.Option("--json", help="The whole card; of a registered model its history too.")
    ] = False,
) -> None:
    """Show a model's card: of a package, once its files are verified, or of a registered model with its history."""
    from cloud_service.ml.card_text import show_card
    from cloud_service.ml.package import load_package

    if Path(model).is_dir():
        package = load_package(Path(model))
        if json:
            typer.echo(package.card.model_dump_json(indent=2))
        else:
            show_card(package.card, package.digest)
    else:
        _show_registered(model, json_=json)


@commands.command(epilog="Example: smearflow model register trained/model")
def register(
    package: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of the package.")],
    *,
    json_: Json = False,
) -> None:
    """Keep a package in the blob store, as a candidate. One that is registered already stays as it is."""
    from cloud_service.audit.trail import Actor
    from cloud_service.blob_store import open_blob_store
    from cloud_service.config import settings
    from cloud_service.database import transaction
    from cloud_service.registry.queries import model_by_digest
    from cloud_service.registry.versions import keep_package, register_package
    from cloud_service.wakeup import wake_up

    kept = keep_package(open_blob_store(settings()), package)
    with transaction() as session:
        version = register_package(session, kept, by=Actor.at_command_line())
        found = model_by_digest(session, version.digest)
    wake_up(inference=True)
    if json_:
        print_json(found)
        return
    typer.echo(f"Model {found.digest[:12]}, {found.name} {found.version}, is registered; it is {found.state}.")


@commands.command(epilog="Example: smearflow model timeline --scope NORTH")
def timeline(
    *,
    scope: Annotated[str | None, typer.Option(help="Of one site, or of * alone.")] = None,
    json_: Json = False,
) -> None:
    """Tell which model was in service where and when, by whose wish and why; the newest first."""
    from cloud_service.database import snapshot
    from cloud_service.registry.queries import timeline as read

    with snapshot() as session:
        found = read(session, scope=scope)
    if json_:
        print_json(found)
        return
    _tell_timeline(found)
    if not found:
        typer.echo("No model was in service yet.")


@commands.command(epilog="Example: smearflow model shadow 3f2a90c4 --share 0.1 --scope NORTH")
def shadow(
    model: Model,
    *,
    share: Annotated[float | None, typer.Option(min=0.0001, max=1.0, help="Start: of the captures, 0 to 1.")] = None,
    end: Annotated[bool, typer.Option("--end", help="End its run.")] = False,
    scope: Scope = EVERYWHERE,
    json_: Json = False,
) -> None:
    """Show how a model does in the shadow of the one in service; with --share it starts to, with --end it stops."""
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction
    from cloud_service.registry.shadow import end_shadow, shadow_summary, start_shadow
    from cloud_service.registry.versions import version_by_digest
    from cloud_service.wakeup import wake_up

    if end and share is not None:
        raise typer.BadParameter("--share starts a run and --end ends it: name one of them.")
    with transaction() as session:
        digest = version_by_digest(session, model).digest
        if share is not None:
            start_shadow(session, Actor.at_command_line(), digest=digest, scope=scope, share=share)
        elif end:
            end_shadow(session, Actor.at_command_line(), digest=digest)
        found = shadow_summary(session, digest)
    if end or share is not None:
        wake_up(inference=True)
    if json_:
        print_json(found)
    else:
        _tell_shadow(found)


@commands.command(epilog='Example: smearflow model rollback --reason "Calls smudge cells suspicious"')
def rollback(*, reason: Reason, scope: Scope = EVERYWHERE, json_: Json = False) -> None:
    """Go back to the model that was in service before; workers switch within seconds. Nothing is analysed anew."""
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction
    from cloud_service.registry import service
    from cloud_service.wakeup import wake_up

    with transaction() as session:
        done = service.roll_back(session, Actor.at_command_line(), scope=scope, reason=reason)
    wake_up(inference=True)
    if json_:
        print_json(done)
        return
    now, former = done.activation, done.replaced
    typer.echo(
        f"{now.model_name} {now.model_version} ({now.model_digest[:12]}) answers again in {named(scope)}, in place of "
        f"{former.model_name} {former.model_version} ({former.model_digest[:12]})."
    )
    if done.offer.captures:
        typer.echo(
            f"{counted(done.offer.captures, 'capture')} of unsigned cases with answers of another model; the page of "
            "models offers to analyse them anew."
        )


@commands.command(epilog='Example: smearflow model reject 3f2a90c4 --reason "Misses small lymphoblasts"')
def reject(model: Model, *, reason: Reason, json_: Json = False) -> None:
    """Decide against a model: it comes into service no more, and its shadow run ends."""
    from cloud_service.audit.trail import Actor
    from cloud_service.database import transaction
    from cloud_service.registry import service
    from cloud_service.registry.versions import version_by_digest
    from cloud_service.wakeup import wake_up

    with transaction() as session:
        digest = version_by_digest(session, model).digest
        found = service.reject(session, Actor.at_command_line(), digest=digest, reason=reason)
    wake_up(inference=True)
    if json_:
        print_json(found)
        return
    typer.echo(f"Model {found.digest[:12]}, {found.name} {found.version}, is rejected.")


def _show_registered(model: str, *, json_: bool) -> None:
    from cloud_service.database import snapshot
    from cloud_service.ml.card_text import show_card
    from cloud_service.ml.model_card import ModelCard
    from cloud_service.registry.queries import model_by_digest
    from cloud_service.registry.versions import version_by_digest

    with snapshot() as session:
        found = model_by_digest(session, version_by_digest(session, model).digest)
    if json_:
        print_json(found)
        return
    show_card(ModelCard.model_validate(found.card), found.digest)
    typer.echo(f"State: {found.state}; {found.answers:,} answers; registered by {found.registered_by}")
    _tell_timeline(found.timeline)


def _tell_timeline(found: "Sequence[ActivationView]") -> None:
    for entry in found:
        until = f"{entry.until_at:%Y-%m-%d %H:%M}" if entry.until_at else "now"
        approved = f", approved by {entry.approved_by}" if entry.approved_by else ""
        typer.echo(
            f"{entry.from_at:%Y-%m-%d %H:%M} to {until:16}  {named(entry.scope)}: {entry.model_name} "
            f"{entry.model_version} ({entry.model_digest[:12]}), {entry.kind} by {entry.by}{approved}: {entry.reason}"
        )


def _tell_shadow(found: "ShadowSummary") -> None:
    for run in found.runs:
        until = f"{run.ended_at:%Y-%m-%d %H:%M}" if run.ended_at else "now"
        typer.echo(
            f"{run.started_at:%Y-%m-%d %H:%M} to {until:16}  {run.share:.0%} of the captures of {named(run.scope)}, "
            f"by {run.started_by}"
        )
    if found.agreement is None:
        typer.echo("No capture was answered in the shadow yet.")
        return
    typer.echo(
        f"{counted(found.captures, 'capture')} answered by both; the labels agree on {found.agreement:.1%}. It alone "
        f"calls {found.more_suspicious:,} suspicious, the model in service alone {found.less_suspicious:,}."
    )
    for differing in found.differing:
        typer.echo(
            f"  capture {differing.capture_id}: {differing.label} ({differing.probability:.3f}), given was "
            f"{differing.given_label} ({differing.given_probability:.3f})"
        )
