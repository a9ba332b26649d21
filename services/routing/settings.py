"""Settings of the planner: how large a day one search plans by itself."""

from pydantic import Field
from pydantic_settings import BaseSettings


class PlannerSettings(BaseSettings):
    """`district_visits`: a day of more visits is divided among all planners, where there are several."""

    district_visits: int = Field(default=4000, ge=2, validation_alias="RIQING_PLANNER_DISTRICT_VISITS")
