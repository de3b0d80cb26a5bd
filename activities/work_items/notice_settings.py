"""How officers are told of work items: read, written and reset, by the officer or an administrator."""

import base64
import os
from typing import Final

from activities.context import Context
from activities.work_items.task_messages import OfficerWebhook, use_of_webhook
from adapters.calling import checked_address
from db.clock import present_moment
from db.officers import officers
from db.pool import Connection
from db.privacy import retention
from db.work_items import notice_settings
from db.work_items.notice_settings import NoticeReader, StoredSetting
from domain.errors.officers import OfficerNotFound, WebhookAddressRefused
from domain.work_items.task_owners import DAY, NOT_TOLD, OWNERS, check_contacts, default_setting
from schemas.notifications import NoticeSetting
from schemas.webhooks import WEBHOOK_PREFIX
from schemas.work_items.task_owners import NewWebhook, OfficerNotices, WebhookSecret

SECRET_BYTES: Final = 32
RULE: Final = "webhook"
"""why the key of a webhook is destroyed, as the table of keys has it"""


async def read(ctx: Context, officer_id: str) -> OfficerNotices:
    """Return how an officer is told, and how the messages stand. A script is told of nothing."""
    async with ctx.pool.acquire() as connection:
        return await _shown(ctx, connection, officer_id)


async def check_known(ctx: Context, officer_id: str) -> None:
    """Check that there is such an officer. Raises `OfficerNotFound`."""
    async with ctx.pool.acquire() as connection:
        if not await officers.known(connection, [officer_id]):
            raise OfficerNotFound(officer_id)


async def write(ctx: Context, officer_id: str, setting: NoticeSetting, actor: str) -> OfficerNotices:
    """Write how an officer is told. Raises `NoticeWithoutContact`."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        row = await _reader(connection, officer_id)
        check_contacts(
            setting,
            has_mobile=bool(row and row.mobile),
            has_email=bool(row and row.email),
            has_webhook=bool(row and row.has_webhook),
            officer_id=officer_id,
        )
        await notice_settings.write(connection, officer_id, setting, await present_moment(connection), actor)
        return await _shown(ctx, connection, officer_id)


async def reset(ctx: Context, officer_id: str, actor: str) -> OfficerNotices:
    """Let an officer be told by the setting of the policy, and delete the webhook."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        stored = await notice_settings.stored(connection, officer_id, lock=True)
        if stored is not None:
            await notice_settings.write(connection, officer_id, None, await present_moment(connection), actor)
            await _forget_webhook(connection, officer_id, stored, actor)
        return await _shown(ctx, connection, officer_id)


async def write_webhook(ctx: Context, officer_id: str, new: NewWebhook, actor: str) -> WebhookSecret:
    """Write the webhook of an officer with a new secret, which is returned once. Raises `WebhookAddressRefused`."""
    try:
        url = checked_address(new.url)
    except ValueError as error:
        raise WebhookAddressRefused(str(error)) from None
    secret = WEBHOOK_PREFIX + base64.b64encode(os.urandom(SECRET_BYTES)).decode()
    key = ctx.persons.new_key()
    plain = OfficerWebhook(url=url, secret=secret).model_dump_json()
    async with ctx.pool.acquire() as connection, connection.transaction():
        stored = await notice_settings.stored(connection, officer_id, lock=True)
        if stored is not None:
            await _forget_webhook(connection, officer_id, stored, actor)
        sealed = ctx.persons.seal_text(key, plain, use_of_webhook(officer_id))
        now = await present_moment(connection)
        await notice_settings.write_webhook(connection, officer_id, key, sealed, now, actor)
    return WebhookSecret(secret=secret)


async def delete_webhook(ctx: Context, officer_id: str, actor: str) -> None:
    """Delete the webhook of an officer, if there is one."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        stored = await notice_settings.stored(connection, officer_id, lock=True)
        if stored is not None:
            await _forget_webhook(connection, officer_id, stored, actor)


async def _forget_webhook(connection: Connection, officer_id: str, stored: StoredSetting, actor: str) -> None:
    if stored.key is None:
        return
    now = await present_moment(connection)
    await notice_settings.delete_webhook(connection, officer_id, now, actor)
    await retention.destroy_key(connection, stored.key.person_id, RULE, now)


async def _reader(connection: Connection, officer_id: str) -> NoticeReader | None:
    """Return an officer who can act on work items; None for another one."""
    readers = await notice_settings.readers(connection, await present_moment(connection), OWNERS, officer_id)
    return readers[0] if readers else None


async def _shown(ctx: Context, connection: Connection, officer_id: str) -> OfficerNotices:
    row, stored = await _reader(connection, officer_id), await notice_settings.stored(connection, officer_id)
    default = default_setting(row.roles, ctx.policy.notices) if row else NOT_TOLD
    own = stored.setting if stored else None
    return OfficerNotices(
        officer_id=officer_id,
        setting=own or default,
        is_default=own is None,
        webhook=bool(stored and stored.sealed_webhook),
        changed_at=stored.changed_at if stored else None,
        changed_by=stored.changed_by if stored else None,
        media=await notice_settings.standings(connection, officer_id, ctx.now() - DAY),
    )
