"""A model card as a person reads it in a terminal."""

import typer

from cloud_service.ml.model_card import ModelCard


def show_card(card: ModelCard, digest: str) -> None:
    """Print what a person wants to know of a model."""
    typer.echo(f"{card.name} {card.version}   model digest {digest}")
    typer.echo(f"Clinical meaning: {card.clinical_meaning}")
    typer.echo(f"Use: {card.intended_use} {card.research_use}")
    for limit in card.limits:
        typer.echo(f"Limit: {limit}")
    typer.echo(f"Trained on: {card.training.data} (digest {card.training.data_digest[:12]})")
    typer.echo(f"Threshold: {card.threshold}")
    for part in card.held_out:
        auc = "-" if part.roc_auc is None else f"{part.roc_auc:.3f}"
        typer.echo(
            f"Held out, {part.part}: {part.images} images, accuracy {part.accuracy:.1%}, area under ROC {auc}, "
            f"loss {part.loss:.3f}"
        )
