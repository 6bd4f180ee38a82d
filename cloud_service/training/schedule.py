"""Recipes that are trained anew every so many days with the newest signed cases."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_service.audit.actions import Action
from cloud_service.audit.trail import Actor, record
from cloud_service.errors import NotFoundError
from cloud_service.models import TrainingJob, TrainingSchedule, now
from cloud_service.training.again import train_again
from cloud_service.training.keeping import recipe_named
from cloud_service.training.recipe_schemas import ScheduleView
from cloud_service.training.service import add_job, end
from cloud_service.vocabulary import TrainingJobKind, TrainingJobState
from shared.errors import PermanentError


def set_schedule(
    session: Session, actor: Actor, *, recipe_name: str, every_days: int, first_at: datetime | None = None
) -> TrainingSchedule:
    """Have a recipe trained anew every so many days; what was set before is replaced.

    Args:
        session: the transaction.
        actor: who wants it.
        recipe_name: whose newest version is taken each time.
        every_days: 1 or more.
        first_at: when to begin; None: `every_days` from now.

    Raises:
        NotFoundError: there is no such recipe.
    """
    recipe_named(session, recipe_name)
    schedule = session.get(TrainingSchedule, recipe_name, with_for_update=True)
    if schedule is None:
        schedule = TrainingSchedule(recipe_name=recipe_name)
        session.add(schedule)
    schedule.every_days, schedule.set_by, schedule.set_at = every_days, actor.name, now()
    schedule.next_at = first_at or now() + timedelta(days=every_days)
    session.flush()
    told = {"every_days": every_days, "next_at": schedule.next_at.isoformat()}
    record(session, actor, Action.SCHEDULE_SET, recipe_name, **told)
    return schedule


def end_schedule(session: Session, actor: Actor, recipe_name: str) -> None:
    """Train by a recipe by itself no more.

    Raises:
        NotFoundError: it is not scheduled.
    """
    session.delete(schedule_of(session, recipe_name))
    session.flush()
    record(session, actor, Action.SCHEDULE_SET, recipe_name, ended=True)


def schedule_of(session: Session, recipe_name: str) -> TrainingSchedule:
    """When a recipe is trained by again.

    Raises:
        NotFoundError: it is not scheduled.
    """
    found = session.get(TrainingSchedule, recipe_name)
    if found is None:
        raise NotFoundError(f"The recipe {recipe_name!r} has no schedule.")
    return found


def all_schedules(session: Session) -> Sequence[TrainingSchedule]:
    """Every schedule, the next due one first."""
    return session.scalars(select(TrainingSchedule).order_by(TrainingSchedule.next_at)).all()


def start_due(session: Session, at: datetime | None = None) -> list[TrainingJob]:
    """Queue a training for each schedule whose time has come, once, and set its next time; a transaction by itself.

    Two workers that do this at the same time share the schedules out: each row is locked until the commit that also
    holds its next time. Times that were missed while no worker ran are not made up for one by one. Where a training
    cannot be started, a failed job says why.

    Args:
        session: the transaction.
        at: now, where not given.
    """
    moment = at or now()
    due = select(TrainingSchedule).where(TrainingSchedule.next_at <= moment).order_by(TrainingSchedule.recipe_name)
    jobs = []
    for schedule in session.scalars(due.with_for_update(skip_locked=True)).all():
        missed = (moment - schedule.next_at) // timedelta(days=schedule.every_days)
        schedule.next_at += timedelta(days=schedule.every_days) * (missed + 1)
        jobs.append(_start(session, schedule))
    return jobs


def schedule_view(schedule: TrainingSchedule) -> ScheduleView:
    """A schedule as the API tells it."""
    return ScheduleView.model_validate(schedule)


def _start(session: Session, schedule: TrainingSchedule) -> TrainingJob:
    actor = Actor(f"schedule of {schedule.set_by}"[:100])
    try:
        with session.begin_nested():
            return train_again(session, actor, schedule.recipe_name)
    except PermanentError as error:
        recipe = recipe_named(session, schedule.recipe_name)
        job = add_job(session, actor, TrainingJobKind.TRAIN, str(recipe.id), {})
        end(session, job, TrainingJobState.FAILED, f"Not started: {error}")
        return job
