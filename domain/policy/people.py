"""Policy of people who complain: drafts, their own page, and marked cases."""

from typing import Annotated

from pydantic import Field

from schemas.base import FrozenModel


class DraftRules(FrozenModel):
    """How long drafts are kept, and how many there are."""

    kept_seconds: Annotated[float, Field(ge=60, le=30 * 86_400)]
    """time after the last saving at which a draft is forgotten, with the key of its content"""
    open_max: Annotated[int, Field(ge=1, le=200)]
    """drafts of one officer that are not sent"""
    sent_max: Annotated[int, Field(ge=1, le=1_000)]
    """drafts of one officer that are sent, and not ended yet"""
    contact_seconds: Annotated[float, Field(ge=60, le=86_400)]
    """time after the complaint is taken in which one officer fills in the victim's name and contact

    The database refuses it after a day (trigger `victim_corrected`).
    """
    waiting_max: Annotated[int, Field(ge=1, le=100_000)]
    """missed calls that wait for an officer"""
    statements_max: Annotated[int, Field(ge=100, le=5_000)]
    """transfers that one complaint states, with those that it states again"""
    source: Annotated[str, Field(min_length=1, max_length=600)]


class PublicFormRules(FrozenModel):
    """Complaints on the public page: what banks are asked before a mobile is confirmed, and how long a visit lasts."""

    unconfirmed_max_paise: Annotated[int, Field(ge=0, le=10_000_000_000)]
    """sum of a complaint up to which banks are asked before a one-time code has confirmed the mobile"""
    confirm_within_seconds: Annotated[float, Field(ge=3_600, le=30 * 86_400)]
    """time after the complaint at which the holds of a case end that only unconfirmed complaints tell"""
    tell_desk_after_seconds: Annotated[float, Field(ge=60, le=86_400)]
    """time after the complaint at which the desk gets a work item, if it is not confirmed"""
    open_max: Annotated[int, Field(ge=1, le=1_000_000)]
    """drafts of the page that are open and not sent"""
    transfers_max: Annotated[int, Field(ge=1, le=100)]
    """transfers of one complaint; who lost more of them calls"""
    visit_seconds: Annotated[float, Field(ge=60, le=86_400)]
    """time without a request after which a visit is over"""
    visit_max_seconds: Annotated[float, Field(ge=60, le=86_400)]
    code_valid_seconds: Annotated[float, Field(ge=60, le=86_400)]
    code_tries: Annotated[int, Field(ge=1, le=20)]
    source: Annotated[str, Field(min_length=3, max_length=800)]


class MyCaseRules(FrozenModel):
    """Times and tries of codes to victims, and of the visits that they begin; in real time except the last."""

    code_valid_seconds: Annotated[float, Field(ge=60, le=86_400)]
    code_tries: Annotated[int, Field(ge=1, le=20)]
    """tries of one code from one address"""
    code_tries_in_all: Annotated[int, Field(ge=1, le=1_000)]
    """tries of one code from all addresses together"""
    visit_seconds: Annotated[float, Field(ge=60, le=86_400)]
    """time without a request after which a visit is over"""
    visit_max_seconds: Annotated[float, Field(ge=60, le=86_400)]
    """longest visit, whatever the number of requests"""
    mobile_settles_seconds: Annotated[float, Field(ge=0, le=30 * 86_400)]
    """time after officers corrected a mobile, until a code sent there may sign; divided by the clock factor"""
    source: Annotated[str, Field(min_length=1, max_length=600)]


Term = Annotated[str, Field(min_length=3, max_length=40)]


class MarkedRules(FrozenModel):
    """Which complaints are marked, what banks are told instead, and how long intake reads them."""

    terms: Annotated[tuple[Term, ...], Field(max_length=100)]
    """a category of which a part begins with one of these is a protected matter"""
    category_to_banks: Annotated[str, Field(min_length=1, max_length=100)]
    """what a request to a bank says in place of the category"""
    intake_reads_seconds: Annotated[float, Field(gt=0, le=366 * 86_400)]
    """time after a complaint in which the officer who took it reads its case"""
    source: Annotated[str, Field(min_length=3, max_length=600)]
