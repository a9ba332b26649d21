/** A service day to look at: a field, and a step back and forth. */
import { Icon } from "../components/icons";
import { addDays } from "../format/service-day";

interface DayChoiceProps {
  date: string;
  onDate: (date: string) => void;
  texts: { day: string; before: string; after: string };
}

export function DayChoice({ date, onDate, texts }: DayChoiceProps) {
  return (
    <div class="day-choice">
      <button
        type="button"
        class="icon-button"
        aria-label={texts.before}
        title={texts.before}
        onClick={() => onDate(addDays(date, -1))}
      >
        <Icon name="left" />
      </button>
      <input
        type="date"
        aria-label={texts.day}
        value={date}
        onChange={(event) => event.currentTarget.value !== "" && onDate(event.currentTarget.value)}
      />
      <button
        type="button"
        class="icon-button"
        aria-label={texts.after}
        title={texts.after}
        onClick={() => onDate(addDays(date, 1))}
      >
        <Icon name="right" />
      </button>
    </div>
  );
}
