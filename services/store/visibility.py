"""Whose rows a person may see: everyone's, one contractor's, or one vehicle's."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Visibility:
    """A limit on what a query returns; without both, no limit.

    `contractor_id` leaves its zones, their points, and its vehicles; `vehicle_id` leaves that vehicle.
    """

    contractor_id: str | None = None
    vehicle_id: str | None = None

    @property
    def is_limited(self) -> bool:
        """Tell whether anything is hidden."""
        return self.contractor_id is not None or self.vehicle_id is not None

    def shows(self, contractor_id: str | None, vehicle_id: str | None) -> bool:
        """Tell whether what belongs to this contractor and this vehicle may be seen."""
        if self.vehicle_id is not None:
            return vehicle_id == self.vehicle_id
        return self.contractor_id is None or contractor_id == self.contractor_id


EVERYTHING = Visibility()

NOBODYS = ""
"""Stands for a contractor or vehicle that there is not: nothing is empty-named, so nothing is shown."""
