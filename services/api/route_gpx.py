"""A route as GPX 1.1, for the driver's navigator."""

from collections.abc import Iterable
from xml.etree import ElementTree

from services.api.route_geometry import RouteOnRoads
from services.api.shapes.plans import StopAnswer

NAMESPACE = "http://www.topografix.com/GPX/1/1"


def route_gpx(route: RouteOnRoads, name: str) -> bytes:
    """Return the stops as a route (`rte`) and the way along the roads as a track (`trk`)."""
    gpx = ElementTree.Element("gpx", {"version": "1.1", "creator": "Riqing", "xmlns": NAMESPACE})
    stops = ElementTree.SubElement(gpx, "rte")
    ElementTree.SubElement(stops, "name").text = name
    for stop in _placed(route.answer.stops):
        _add_stop(stops, stop)
    track = ElementTree.SubElement(gpx, "trk")
    ElementTree.SubElement(track, "name").text = name
    segment = ElementTree.SubElement(track, "trkseg")
    for lon, lat in route.line:
        ElementTree.SubElement(segment, "trkpt", {"lat": f"{lat:.6f}", "lon": f"{lon:.6f}"})
    return bytes(ElementTree.tostring(gpx, encoding="utf-8", xml_declaration=True))


def _placed(stops: Iterable[StopAnswer]) -> Iterable[StopAnswer]:
    return (stop for stop in stops if stop.lon is not None and stop.lat is not None)


def _add_stop(parent: ElementTree.Element, stop: StopAnswer) -> None:
    place = ElementTree.SubElement(parent, "rtept", {"lat": f"{stop.lat:.6f}", "lon": f"{stop.lon:.6f}"})
    ElementTree.SubElement(place, "time").text = stop.arrive_at.isoformat().replace("+00:00", "Z")
    label = " ".join(part for part in (stop.id, stop.name) if part)
    ElementTree.SubElement(place, "name").text = _printable(label or str(stop.kind))
    ElementTree.SubElement(place, "type").text = str(stop.kind)


def _printable(text: str) -> str:
    """Leave out the control characters that XML cannot carry."""
    return "".join(letter for letter in text if letter.isprintable())
