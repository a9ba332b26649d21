"""The rooms of Riqing; each folder is one room and `docs/house.md` says who may know whom."""
