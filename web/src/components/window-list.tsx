/** A long list of rows of one height that draws only those in view; the arrow keys move between rows. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

interface WindowListProps<Item> {
  items: readonly Item[];
  /** Height of a row in CSS pixels. */
  rowHeight: number;
  label: string;
  keyOf: (item: Item) => string;
  row: (item: Item) => ComponentChildren;
  /** What stands beside the row, as a button of its own. */
  action?: (item: Item) => ComponentChildren;
  isSelected: (item: Item) => boolean;
  onSelect: (item: Item) => void;
}

/** Rows drawn beyond each edge of the view. */
const MARGIN_ROWS = 6;

export function WindowList<Item>(props: WindowListProps<Item>) {
  const { items, rowHeight } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const notePlace = useKeptPlace(box, props);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = () => {
      notePlace(element.scrollTop);
      setView({ top: element.scrollTop, height: element.clientHeight });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, []);
  useScrollToSelected(box, props);
  const first = Math.max(0, Math.floor(view.top / rowHeight) - MARGIN_ROWS);
  const last = Math.min(items.length, Math.ceil((view.top + view.height) / rowHeight) + MARGIN_ROWS);
  return (
    <div class="window-list" ref={box} onKeyDown={moveFocus} tabIndex={-1}>
      <ul style={{ height: `${items.length * rowHeight}px` }} aria-label={props.label}>
        {items.slice(first, last).map((item, index) => (
          <li
            key={props.keyOf(item)}
            data-key={props.keyOf(item)}
            style={{ top: `${(first + index) * rowHeight}px`, height: `${rowHeight}px` }}
            aria-setsize={items.length}
            aria-posinset={first + index + 1}
          >
            <button
              type="button"
              class={`row${props.isSelected(item) ? " selected" : ""}`}
              aria-current={props.isSelected(item) ? "true" : undefined}
              onClick={() => props.onSelect(item)}
            >
              {props.row(item)}
            </button>
            {props.action?.(item)}
          </li>
        ))}
      </ul>
    </div>
  );
}

/**
 * Leave the rows in view where they are when others come or go above them; returns what notes a scroll to `top`.
 *
 * At the list's beginning nothing is held: there new rows are to be seen.
 */
function useKeptPlace<Item>(
  box: { current: HTMLDivElement | null },
  props: WindowListProps<Item>,
): (top: number) => void {
  const place = useRef<{ key: string; offset: number } | null>(null);
  const latest = useRef(props);
  latest.current = props;
  useLayoutEffect(() => {
    const element = box.current;
    const kept = place.current;
    if (element === null || kept === null) return;
    const index = props.items.findIndex((item) => props.keyOf(item) === kept.key);
    if (index >= 0) element.scrollTop = index * props.rowHeight + kept.offset;
  }, [props.items]);
  return (top) => {
    const { items, rowHeight, keyOf } = latest.current;
    const first = items[Math.floor(top / rowHeight)];
    place.current = top <= 0 || first === undefined ? null : { key: keyOf(first), offset: top % rowHeight };
  };
}

/** Bring a row that was selected elsewhere, as on the map, into view. */
function useScrollToSelected<Item>(box: { current: HTMLDivElement | null }, props: WindowListProps<Item>): void {
  const index = props.items.findIndex(props.isSelected);
  const selected = props.items[index];
  const key = selected === undefined ? null : props.keyOf(selected);
  useEffect(() => {
    const element = box.current;
    if (element === null || key === null) return;
    const top = index * props.rowHeight;
    const isInView = top >= element.scrollTop && top + props.rowHeight <= element.scrollTop + element.clientHeight;
    if (!isInView) element.scrollTop = top - element.clientHeight / 2;
  }, [key]);
}

function moveFocus(event: KeyboardEvent): void {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const row = document.activeElement?.closest("li");
  const next = event.key === "ArrowDown" ? row?.nextElementSibling : row?.previousElementSibling;
  const button = next?.querySelector("button");
  if (button === null || button === undefined) return;
  event.preventDefault();
  button.focus();
}
