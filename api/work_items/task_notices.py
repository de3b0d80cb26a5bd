"""How officers are told of work items: own settings and webhooks, notices, and what an administrator resets."""

from typing import Annotated

from fastapi import APIRouter, Path

from activities.work_items import notice_settings
from api.officers.auth import may
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, After, Limit
from api.problems import IN_THE_DESCRIPTION, NOT_FOUND, NOT_NOW, says
from api.roles import Action
from api.services import TheServices
from db.work_items import task_notices
from schemas.notifications import NoticeSetting
from schemas.officers.officers import OfficerId
from schemas.work_items.task_owners import NewWebhook, NoticesSeen, OfficerNotices, TaskNoticePage, WebhookSecret

task_notices_router = APIRouter(prefix="/api/v1/desk", tags=["desk"], responses=IN_THE_DESCRIPTION)
admin_router = APIRouter(prefix="/api/v1/officers", tags=["officers"], responses=IN_THE_DESCRIPTION)

Reader = Annotated[Officer, may(Action.READ_TASKS)]
Owner = Annotated[Officer, may(Action.OWN_TASK)]
Of = Annotated[OfficerId, Path(description="Id of an officer.")]


@task_notices_router.get("/notice-settings", name="read_notice_settings")
async def read(services: TheServices, officer: Reader) -> OfficerNotices:
    """Return how the caller is told of work items, and how the messages over each medium stand."""
    return await notice_settings.read(services.ctx, officer.subject)


@task_notices_router.put("/notice-settings", name="save_notice_settings", responses=says(NOT_NOW))
async def save(services: TheServices, officer: Owner, setting: NoticeSetting) -> OfficerNotices:
    """Choose of what, from what sum, at which hours and over which media the caller is told."""
    return await notice_settings.write(services.ctx, officer.subject, setting, officer.actor)


@task_notices_router.delete("/notice-settings", name="reset_notice_settings")
async def reset(services: TheServices, officer: Owner) -> OfficerNotices:
    """Let the caller be told as the policy says for the caller's roles. A webhook is deleted."""
    return await notice_settings.reset(services.ctx, officer.subject, officer.actor)


@task_notices_router.put("/notice-webhook", name="save_notice_webhook", responses=says(NOT_NOW))
async def save_webhook(services: TheServices, officer: Owner, new: NewWebhook) -> WebhookSecret:
    """Write the caller's webhook with a new secret, which is shown once. Each post is signed with it."""
    return await notice_settings.write_webhook(services.ctx, officer.subject, new, officer.actor)


@task_notices_router.delete("/notice-webhook", name="delete_notice_webhook", status_code=204)
async def delete_webhook(services: TheServices, officer: Owner) -> None:
    """Delete the caller's webhook."""
    await notice_settings.delete_webhook(services.ctx, officer.subject, officer.actor)


@task_notices_router.get("/notices", name="list_task_notices")
async def list_notices(
    services: TheServices, officer: Reader, after: After = None, limit: Limit = LIMIT_DEFAULT
) -> TaskNoticePage:
    """List of which work items the caller is told, the newest first.

    A notice of an item that was claimed or closed since holds no more.
    """
    async with services.ctx.pool.acquire() as connection:
        return await task_notices.page(connection, officer.subject, after, limit)


@task_notices_router.put("/notices/seen", name="see_task_notices", status_code=204)
async def see_notices(services: TheServices, officer: Owner, seen: NoticesSeen) -> None:
    """Say until when the caller has seen the notices, so that only later ones count as unseen."""
    async with services.ctx.pool.acquire() as connection:
        await task_notices.see(connection, officer.subject, seen.until, services.ctx.now())


@admin_router.get("/{officer_id}/notice-settings", name="read_notice_settings_of", responses=says(NOT_FOUND))
async def read_of(
    services: TheServices, _: Annotated[Officer, may(Action.READ_NOTICE_SETTINGS)], officer_id: Of
) -> OfficerNotices:
    """Return how an officer is told of work items, and how the messages over each medium stand."""
    await notice_settings.check_known(services.ctx, officer_id)
    return await notice_settings.read(services.ctx, officer_id)


@admin_router.delete("/{officer_id}/notice-settings", name="reset_notice_settings_of", responses=says(NOT_FOUND))
async def reset_of(
    services: TheServices, officer: Annotated[Officer, may(Action.RESET_NOTICE_SETTINGS)], officer_id: Of
) -> OfficerNotices:
    """Let an officer be told as the policy says for the officer's roles. A webhook is deleted."""
    await notice_settings.check_known(services.ctx, officer_id)
    return await notice_settings.reset(services.ctx, officer_id, officer.actor)
