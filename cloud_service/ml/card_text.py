"""A model card as a person reads it in a terminal."""

from collections.abc import Iterator

import typer

from cloud_service.ml.evaluation.held_out import HeldOutFigures
from cloud_service.ml.evaluation.measures import Measure
from cloud_service.ml.model_card import ModelCard


def show_card(card: ModelCard, digest: str) -> None:
    """Print what a person wants to know of a model; what limits it comes before its figures."""
    typer.echo(f"{card.name} {card.version}   model digest {digest}")
    typer.echo(f"Clinical meaning: {card.clinical_meaning}")
    typer.echo(f"Use: {card.intended_use} {card.research_use}")
    for limit in card.limits:
        typer.echo(f"Limit: {limit}")
    for shortcut in card.shortcuts:
        typer.echo(f"Warning: {shortcut}")
    split = "not saved" if card.training.split_digest is None else f"digest {card.training.split_digest[:12]}"
    typer.echo(f"Trained on: {card.training.data} (digest {card.training.data_digest[:12]}; split {split})")
    for line in (*_choices(card), *(_figures(part) for part in card.held_out), *_checks(card)):
        typer.echo(line)


def _choices(card: ModelCard) -> Iterator[str]:
    chosen = card.threshold_choice
    how = "set by hand" if chosen is None else f"for a sensitivity of {chosen.asked_sensitivity:.0%} on other images"
    yield f"Threshold: {card.threshold:.4f}, {how}; temperature {card.temperature:.3f}"
    if card.abstain_band is not None:
        low, high = card.abstain_band.bounds
        yield (
            f"Abstains between probabilities of {low:.4f} and {high:.4f} "
            f"(conformal, {1 - card.abstain_band.alpha:.0%} promised for each label)"
        )


def _figures(part: HeldOutFigures) -> str:
    shown = {
        "accuracy": Measure.ACCURACY,
        "sensitivity": Measure.RECALL_ALL,
        "specificity": Measure.RECALL_NOT_ALL,
        "area under ROC": Measure.ROC_AUC,
    }
    estimates = {name: part.measures.get(measure) for name, measure in shown.items()}
    figures = (f"{name} {'-' if found is None else found.as_percent()}" for name, found in estimates.items())
    loss = part.value(Measure.LOSS)
    return f"Held out, {part.title}: {', '.join(figures)}, loss {'-' if loss is None else f'{loss:.3f}'}"


def _checks(card: ModelCard) -> Iterator[str]:
    if card.colours is not None and card.colours.balanced_accuracy is not None:
        yield f"Colours alone: balanced accuracy {card.colours.balanced_accuracy.as_percent()}"
    if card.coverage is not None:
        yield (
            f"Abstaining, held out: answers {card.coverage.answered.as_percent()} of images; "
            f"covers {card.coverage.coverage.as_percent()}"
        )
    if (small := card.quantised) is not None:
        lost = 100 * (small.accuracy_in_float32 - small.accuracy)
        yield (
            f"In eight bits, held out: accuracy {small.accuracy:.1%}, {lost:.1f} points less than in float32; "
            f"{small.changed_labels} of {small.images} labels change, probabilities by {small.mean_difference:.4f} on "
            f"average and {small.largest_difference:.3f} at most; {'serves' if small.is_fit else 'not used'} by default"
        )
    if card.flag_rates is not None:
        probes = ", ".join(f"{name} {rate.as_percent()}" for name, rate in card.flag_rates.probes.items())
        held_out = card.flag_rates.in_distribution.as_percent()
        yield f"Flagged as unlike its training: held-out images {held_out}; {probes}"
