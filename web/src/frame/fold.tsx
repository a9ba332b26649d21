/** What is folded away on a narrow screen, where it would push what it is about out of sight; else it stands there. */
import { signal, type Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";

const narrow = matchMedia("(max-width: 900px)");
const isNarrow = signal(narrow.matches);
narrow.addEventListener("change", () => (isNarrow.value = narrow.matches));

interface FoldProps {
  /** What it says while folded: what is in it, and what of that is not as usual. */
  summary: string;
  /** Whether it is unfolded; kept by whoever owns it, so that a switch of the view or language does not fold it. */
  isOpen: Signal<boolean>;
  children: ComponentChildren;
}

export function Fold({ summary, isOpen, children }: FoldProps) {
  if (!isNarrow.value) return <>{children}</>;
  return (
    <details class="fold" open={isOpen.value} onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
      <summary>{summary}</summary>
      {children}
    </details>
  );
}
