"""People who may sign in, and what they did."""

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import Field, StringConstraints

from services.api.shapes.values import Answer, Asked, Code, JsonObject
from services.domain.kinds import Role
from services.store.audit import AuditEntry
from services.store.users import UserRow

USER_NAME = r"^[\w.@-]{1,64}$"

UserName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=USER_NAME), Path(examples=["wang"])]
"""What a person signs in as: letters of any script, digits, and any of . @ _ -"""

NewPassword = Annotated[str, StringConstraints(min_length=10, max_length=1_000, pattern=r"^[^\x00]+$")]


class LimitsAsked(Asked):
    """What a person may do, and for a contractor's person or a driver whose part of the town they see."""

    role: Role
    contractor_id: Code | None = Field(default=None, description="For the role contractor: whose zones it may see.")
    vehicle_id: Code | None = Field(default=None, description="For the role driver: the vehicle that is driven.")


class NewUserAsked(LimitsAsked):
    """Somebody who is to sign in."""

    user_name: Annotated[str, StringConstraints(pattern=USER_NAME)] = Field(examples=["wang"])


class UserAsked(LimitsAsked):
    """What a user is to be from now on."""

    disabled: bool = Field(default=False, description="May no longer sign in; is out at once.")


class UserAnswer(Answer):
    """Somebody who may sign in."""

    user_name: str = Field(examples=["wang"])
    role: Role
    contractor_id: str | None
    vehicle_id: str | None
    created_at: datetime
    disabled_at: datetime | None = Field(description="May not sign in since then; null: may.")
    locked_until: datetime | None = Field(description="After too many wrong passwords; null: not locked.")
    open_sessions: int = Field(description="Sign-ins that have not ended.")
    last_seen_at: datetime | None = Field(description="When the person last signed in or refreshed a session.")

    @classmethod
    def of(cls, user: UserRow) -> "UserAnswer":
        """Return the answer made of a stored user."""
        return cls.model_validate(user)


class UserWithPasswordAnswer(Answer):
    """A user and the password that was made for it, which is shown this once."""

    user: UserAnswer
    password: str


class AuditEntryAnswer(Answer):
    """What somebody did."""

    id: int
    happened_at: datetime = Field(description="By the town's clock, which a simulation may run.")
    recorded_at: datetime = Field(description="By the machine's clock.")
    user_name: str = Field(description="`command line` and `resident` stand for those who do not sign in.")
    action: str = Field(examples=["publish"])
    subject: str = Field(examples=["plan 6f1c0c1e-8d1c-4b43-9b3e-0d3a2b1f5a77"])
    detail: JsonObject

    @classmethod
    def of(cls, entry: AuditEntry) -> "AuditEntryAnswer":
        """Return the answer made of a stored entry."""
        return cls.model_validate({"id": entry.audit_id, **{name: getattr(entry, name) for name in _ENTRY_FIELDS}})


_ENTRY_FIELDS = tuple(name for name in AuditEntryAnswer.model_fields if name != "id")


class PersonAnswer(Answer):
    """Who is signed in, and what they are limited to."""

    user_name: str = Field(examples=["admin"])
    role: Role
    contractor_id: str | None
    vehicle_id: str | None
