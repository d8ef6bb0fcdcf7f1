"""What an API key may be allowed."""

from enum import StrEnum


class Scope(StrEnum):
    """One permission; `ADMIN` includes all others."""

    RECOMMEND_READ = "recommend:read"
    OFFERS_READ = "offers:read"
    EVENTS_WRITE = "events:write"
    DECISIONS_READ = "decisions:read"
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    ADMIN = "admin"
