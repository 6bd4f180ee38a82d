"""Recipes, trainings and their schedules over HTTP."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from cloud_service.accounts.dependencies import requires
from cloud_service.accounts.identity import Identity
from cloud_service.accounts.permissions import Permission
from cloud_service.database import transaction
from cloud_service.training import again, estimate, keeping, queries, schedule, service, starting
from cloud_service.training.recipe_schemas import (
    AgainRequest,
    EstimateRequest,
    NewJob,
    NewRecipe,
    RecipeView,
    ScheduleRequest,
    ScheduleView,
    TrainingEstimate,
)
from cloud_service.training.recipes import PRESETS, RecipeName, RecipePreset
from cloud_service.training.schemas import TrainingJobSummary, TrainingJobView
from cloud_service.vocabulary import TrainingJobKind, TrainingJobState
from cloud_service.web.services import Reading, Services, Writing, services

router = APIRouter(prefix="/api/v1/training", tags=["training"])

Viewer = Annotated[Identity, requires(Permission.SEE_TRAINING)]
Manager = Annotated[Identity, requires(Permission.MANAGE_TRAINING)]
NamedRecipe = Annotated[RecipeName, Path(description="the recipe's name")]


@router.get("/recipes")
def list_recipes(_who: Viewer, session: Reading) -> list[RecipeView]:
    """Every version of every recipe: by name, in it the newest version first."""
    return [keeping.recipe_view(recipe) for recipe in keeping.all_recipes(session)]


@router.get("/recipes/defaults")
def list_presets(_who: Viewer) -> list[RecipePreset]:
    """What a new recipe may begin from; the first one is the default."""
    return list(PRESETS)


@router.post("/recipes", status_code=HTTPStatus.CREATED)
def save_recipe(who: Manager, session: Writing, wanted: NewRecipe) -> RecipeView:
    """Keep a recipe as the next version of its name; where it says nothing new, the newest version is returned."""
    return keeping.recipe_view(
        keeping.save_recipe(session, who.actor, name=wanted.name, draft=wanted.document),
    )


@router.get("/recipes/{recipe_id}")
def get_recipe(_who: Viewer, session: Reading, recipe_id: UUID) -> RecipeView:
    """One version of a recipe."""
    return keeping.recipe_view(keeping.known_recipe(session, recipe_id))


@router.post("/estimate")
def estimate_training(_who: Viewer, session: Reading, wanted: EstimateRequest) -> TrainingEstimate:
    """How many images a training would take, and how long, by what former ones measured."""
    return estimate.estimate(session, wanted.document)


@router.get("/jobs")
def list_jobs(
    _who: Viewer,
    session: Reading,
    kind: TrainingJobKind | None = None,
    state: TrainingJobState | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[TrainingJobSummary]:
    """Jobs of the training queue, newest first; imports and assessments of models are among them."""
    jobs = queries.newest_jobs(session, limit, kind=kind, state=state)
    return [queries.job_summary(session, job) for job in jobs]


@router.post("/jobs", status_code=HTTPStatus.CREATED)
def start_training(who: Manager, request: Request, wanted: NewJob) -> TrainingJobSummary:
    """Train by a version of a recipe, as soon as a training worker is free."""
    held = services(request)
    with transaction(held.engine) as session:
        job = starting.start_training(session, who.actor, wanted.recipe_id)
        view = queries.job_summary(session, job)
    _wake(held)
    return view


@router.post("/jobs/again", status_code=HTTPStatus.CREATED)
def train_again(who: Manager, request: Request, wanted: AgainRequest) -> TrainingJobSummary:
    """Train by a recipe's newest version again, with the images of all cases that are signed by now.

    The job waits until their data set is there, and then has a new version of the recipe as its subject.
    """
    held = services(request)
    with transaction(held.engine) as session:
        job = again.train_again(session, who.actor, wanted.recipe_name)
        view = queries.job_summary(session, job)
    _wake(held)
    return view


@router.get("/jobs/{job_id}")
def get_job(_who: Viewer, session: Reading, job_id: UUID) -> TrainingJobView:
    """A job with its epochs, the end of its log, and what came of it."""
    return queries.job_view(session, queries.known_job(session, job_id))


@router.post("/jobs/{job_id}/cancel")
def cancel_job(who: Manager, request: Request, job_id: UUID) -> TrainingJobSummary:
    """End a job: at once where it waits, within seconds where a worker is at it."""
    held = services(request)
    with transaction(held.engine) as session:
        job = service.cancel_job(session, who.actor, job_id)
        view = queries.job_summary(session, job)
    _wake(held)
    return view


@router.get("/schedules")
def list_schedules(_who: Viewer, session: Reading) -> list[ScheduleView]:
    """Which recipes are trained anew by themselves, the next due one first."""
    return [schedule.schedule_view(row) for row in schedule.all_schedules(session)]


@router.get("/schedules/{recipe_name}")
def get_schedule(_who: Viewer, session: Reading, recipe_name: NamedRecipe) -> ScheduleView:
    """When a recipe is trained anew by itself."""
    return schedule.schedule_view(schedule.schedule_of(session, recipe_name))


@router.put("/schedules/{recipe_name}")
def set_schedule(who: Manager, session: Writing, recipe_name: NamedRecipe, wanted: ScheduleRequest) -> ScheduleView:
    """Have a recipe trained anew every so many days, each time with the newest signed cases."""
    set_ = schedule.set_schedule(
        session, who.actor, recipe_name=recipe_name, every_days=wanted.every_days, first_at=wanted.first_at
    )
    return schedule.schedule_view(set_)


@router.delete("/schedules/{recipe_name}", status_code=HTTPStatus.NO_CONTENT)
def end_schedule(who: Manager, session: Writing, recipe_name: NamedRecipe) -> None:
    """Train by a recipe by itself no more."""
    schedule.end_schedule(session, who.actor, recipe_name)


def _wake(held: Services) -> None:
    """Wake the training workers and the pages, after the commit."""
    held.notifier.training()
    held.notifier.changes()
