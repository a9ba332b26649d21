"""The classes of public toilets (一/二/三类), however a register spells them."""

CLASS_OF = {
    spelling: name
    for name, spellings in {"1": ("1", "一类", "一"), "2": ("2", "二类", "二"), "3": ("3", "三类", "三")}.items()
    for spelling in spellings
}
"""The class that each spelling is of."""


def class_of(registered: str | None) -> str | None:
    """Return the class that a register's text is of: 1, 2 or 3, else the town's own; none where it has none."""
    return None if not registered else CLASS_OF.get(registered, registered)
