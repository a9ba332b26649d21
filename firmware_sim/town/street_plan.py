"""A street plan as cuts through convex blocks: every cut is a street, every piece left over a block."""

from dataclasses import dataclass, field

from firmware_sim.ground import Spot, between, distance_m


@dataclass(slots=True)
class Street:
    """A straight street; `junctions` gives each node on it its fraction of the way from start to end."""

    start: Spot
    end: Spot
    highway: str
    name: str
    junctions: dict[int, float] = field(default_factory=dict)

    @property
    def length_m(self) -> float:
        """Length in metres."""
        return distance_m(self.start, self.end)

    def at(self, fraction: float) -> Spot:
        """Return the spot at `fraction` of the way."""
        return between(self.start, self.end, fraction)

    def fraction_of(self, spot: Spot) -> float:
        """Return how far along the street the foot of `spot` lies."""
        along = (self.end[0] - self.start[0], self.end[1] - self.start[1])
        to_spot = (spot[0] - self.start[0], spot[1] - self.start[1])
        return (along[0] * to_spot[0] + along[1] * to_spot[1]) / (along[0] ** 2 + along[1] ** 2)

    def in_order(self) -> list[int]:
        """Return the junctions from start to end."""
        return sorted(self.junctions, key=lambda node: (self.junctions[node], node))


SLIVER_M = 4.0
"""A piece narrower than this on average is not worth cutting off."""

Corner = tuple[int, int]
"""A corner of a block: its node, and the street that leads from it to the next corner."""


@dataclass(slots=True)
class Block:
    """A convex piece of land, its corners counter-clockwise; `corridor` names what runs through it, if anything."""

    corners: list[Corner]
    corridor: str = ""


@dataclass(slots=True)
class StreetPlan:
    """Nodes, streets and blocks of a plan that is still straight."""

    nodes: list[Spot] = field(default_factory=list)
    streets: list[Street] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def enclose(self, outline: list[Spot], highway: str, name: str) -> Block:
        """Start with one block whose edge is a ring of streets; `outline` is convex and counter-clockwise."""
        first = len(self.nodes)
        self.nodes.extend(outline)
        corners = []
        for index, spot in enumerate(outline):
            following = (index + 1) % len(outline)
            street = self._add_street(first + index, first + following, spot, outline[following], highway, name)
            corners.append((first + index, street))
        block = Block(corners)
        self.blocks.append(block)
        return block

    def shape(self, block: Block) -> list[Spot]:
        """Return the corners' spots."""
        return [self.nodes[node] for node, _ in block.corners]

    def cut(
        self, block: Block, through: Spot, direction: Spot, highway: str, name: str, snap_m: float
    ) -> tuple[Block, Block] | None:
        """Cut `block` by the line through a spot, and return the piece to the left of it and the one to the right.

        An end of the cut closer than `snap_m` to a junction on the block's edge is moved there, so that
        streets meet in crossings. Returns None, and changes nothing, where the line misses the block or would
        cut off next to nothing.
        """
        crossings = self._crossings(block, through, direction)
        if len(crossings) != 2:
            return None
        nodes_before = len(self.nodes)
        ends = [self._end_of_cut(block, edge, spot, snap_m) for edge, spot in crossings]
        ring = _with_corners(block.corners, [(end.edge, end.node) for end in ends])
        pieces = _pieces(ring, ends[0].node, ends[1].node, len(self.streets), block.corridor)
        length_m = distance_m(self.nodes[ends[0].node], self.nodes[ends[1].node])
        if length_m < 20.0 or any(area_m2(self.shape(piece)) < SLIVER_M * length_m for piece in pieces):
            del self.nodes[nodes_before:]
            return None
        self._commit(block, pieces, ends, highway, name)
        first_is_left = _side(self.shape(pieces[0]), through, direction) > 0
        return (pieces[0], pieces[1]) if first_is_left else (pieces[1], pieces[0])

    def _commit(
        self, block: Block, pieces: tuple[Block, Block], ends: "list[_CutEnd]", highway: str, name: str
    ) -> None:
        for end in ends:
            street = self.streets[end.street]
            street.junctions.setdefault(end.node, street.fraction_of(self.nodes[end.node]))
        a, b = (end.node for end in ends)
        self._add_street(a, b, self.nodes[a], self.nodes[b], highway, name)
        self.blocks.remove(block)
        self.blocks.extend(pieces)

    def _add_street(self, a: int, b: int, start: Spot, end: Spot, highway: str, name: str) -> int:
        self.streets.append(Street(start, end, highway, name, {a: 0.0, b: 1.0}))
        return len(self.streets) - 1

    def _crossings(self, block: Block, through: Spot, direction: Spot) -> list[tuple[int, Spot]]:
        """Return the edges that the line crosses, each with where."""
        shape = self.shape(block)
        sides = [_cross(direction, (spot[0] - through[0], spot[1] - through[1])) for spot in shape]
        found = []
        for edge, here in enumerate(sides):
            there = sides[(edge + 1) % len(sides)]
            if (here > 0) != (there > 0):
                found.append((edge, between(shape[edge], shape[(edge + 1) % len(shape)], here / (here - there))))
        return found

    def _end_of_cut(self, block: Block, edge: int, spot: Spot, snap_m: float) -> "_CutEnd":
        """Return where a cut that meets `edge` at `spot` ends: at a junction nearby or at a new node."""
        street_index = block.corners[edge][1]
        street = self.streets[street_index]
        here, there = (
            street.fraction_of(self.nodes[block.corners[index % len(block.corners)][0]]) for index in (edge, edge + 1)
        )
        low, high = min(here, there) - 1e-9, max(here, there) + 1e-9
        near = [
            (distance_m(self.nodes[node], spot), node)
            for node, fraction in street.junctions.items()
            if low <= fraction <= high
        ]
        near_m, node = min(near)
        if near_m > snap_m:
            self.nodes.append(spot)
            node = len(self.nodes) - 1
        return _CutEnd(edge, street_index, node)


@dataclass(frozen=True, slots=True)
class _CutEnd:
    edge: int
    street: int
    node: int


def _cross(a: Spot, b: Spot) -> float:
    return a[0] * b[1] - a[1] * b[0]


def _side(shape: list[Spot], through: Spot, direction: Spot) -> float:
    """Return on which side of the line the middle of `shape` lies: positive is left."""
    x, y = middle(shape)
    return _cross(direction, (x - through[0], y - through[1]))


def _with_corners(corners: list[Corner], cuts: list[tuple[int, int]]) -> list[Corner]:
    """Return the ring with the cuts' nodes as corners; a node that is one already stays."""
    ring = list(corners)
    present = {node for node, _ in ring}
    for edge, node in sorted(cuts, reverse=True):
        if node not in present:
            ring.insert(edge + 1, (node, corners[edge][1]))
    return ring


def _pieces(ring: list[Corner], a: int, b: int, street: int, corridor: str) -> tuple[Block, Block]:
    nodes = [node for node, _ in ring]
    first, second = nodes.index(a), nodes.index(b)
    if first > second:
        first, second = second, first
    one = [*ring[first:second], (nodes[second], street)]
    other = [*ring[second:], *ring[:first], (nodes[first], street)]
    return Block(one, corridor), Block(other, corridor)


def area_m2(shape: list[Spot]) -> float:
    """Return the area of a polygon."""
    following = shape[1:] + shape[:1]
    return abs(sum(_cross(a, b) for a, b in zip(shape, following, strict=True))) / 2


def middle(shape: list[Spot]) -> Spot:
    """Return the mean of the corners."""
    return sum(x for x, _ in shape) / len(shape), sum(y for _, y in shape) / len(shape)


def long_axis(shape: list[Spot]) -> tuple[Spot, float]:
    """Return the direction in which a block is long, along or square to its longest edge, and how long it is."""
    a, b = max(zip(shape, shape[1:] + shape[:1], strict=True), key=lambda edge: distance_m(*edge))
    length = distance_m(a, b)
    along = (b[0] - a[0]) / length, (b[1] - a[1]) / length
    return max(((axis, _reach(shape, axis)) for axis in (along, (-along[1], along[0]))), key=lambda found: found[1])


def _reach(shape: list[Spot], axis: Spot) -> float:
    """Return how far the corners spread along `axis`."""
    along = [x * axis[0] + y * axis[1] for x, y in shape]
    return max(along) - min(along)
