/** A ratio as a bar, with an optional tick at its target. */
interface MeterProps {
  /** 0 to 1; beyond 1 the bar is full and marked as over. */
  ratio: number | null;
  /** What the bar says, for those who do not see it. */
  label: string;
  /** Where the tick is; none with null. */
  target?: number | null;
  /** Whether beyond 1 is an overload. */
  overIsBad?: boolean;
}

export function Meter({ ratio, label, target, overIsBad = false }: MeterProps) {
  const share = Math.min(Math.max(ratio ?? 0, 0), 1);
  const over = overIsBad && (ratio ?? 0) > 1;
  return (
    <span class={`meter${over ? " over" : ""}`} role="img" aria-label={label}>
      <span class="meter-bar" style={{ width: `${share * 100}%` }} />
      {target !== undefined && target !== null && <span class="meter-target" style={{ left: `${target * 100}%` }} />}
    </span>
  );
}
