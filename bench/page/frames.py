"""The page's frames and memory as the browser itself tells of them."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import CDPSession, Page

_WATCH = """() => {
  const watch = { frames: [], tasks: [], on: true };
  let last = performance.now();
  const frame = (now) => { watch.frames.push(now - last); last = now; if (watch.on) requestAnimationFrame(frame); };
  requestAnimationFrame((now) => { last = now; requestAnimationFrame(frame); });
  watch.observer = new PerformanceObserver((list) => watch.tasks.push(...list.getEntries().map((e) => e.duration)));
  watch.observer.observe({ type: 'longtask' });
  window.benchWatch = watch;
}"""
_TELL = """() => {
  const { frames, tasks, observer } = window.benchWatch;
  window.benchWatch.on = false;
  observer.disconnect();
  return [frames, tasks];
}"""


@dataclass(frozen=True, slots=True)
class Frames:
    """Milliseconds between frames, and the main thread's tasks of more than 50 ms, over some seconds."""

    frames: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    longest_ms: float
    long_tasks: int
    longest_task_ms: float
    busy_ratio: float
    """The main thread's share of the time."""


def watch_frames(page: Page, metrics: CDPSession, seconds: float, meanwhile: Callable[[], None]) -> Frames:
    """Watch the frames for `seconds`, doing something again and again meanwhile."""
    busy_before_s = _metric(metrics, "TaskDuration")
    page.evaluate(_WATCH)
    began_s = time.monotonic()
    while time.monotonic() - began_s < seconds:
        meanwhile()
    passed_s = time.monotonic() - began_s
    frames, tasks = page.evaluate(_TELL)
    busy_s = _metric(metrics, "TaskDuration") - busy_before_s
    frames.sort()
    return Frames(
        frames=len(frames),
        p50_ms=_share(frames, 0.5),
        p95_ms=_share(frames, 0.95),
        p99_ms=_share(frames, 0.99),
        longest_ms=_share(frames, 1.0),
        long_tasks=len(tasks),
        longest_task_ms=round(max(tasks, default=0.0), 1),
        busy_ratio=round(busy_s / passed_s, 2),
    )


def _share(ordered: list[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1) if ordered else 0.0


def heap_mb(metrics: CDPSession) -> float:
    """What the page's script holds after a collection, in MB."""
    metrics.send("HeapProfiler.collectGarbage")
    return round(_metric(metrics, "JSHeapUsedSize") / 1e6, 1)


def _metric(metrics: CDPSession, name: str) -> float:
    found = metrics.send("Performance.getMetrics")["metrics"]
    return float(next(metric["value"] for metric in found if metric["name"] == name))
