/** A choice of one among a few, as a row of buttons. */
interface ChipsProps<Name extends string> {
  label: string;
  names: readonly Name[];
  chosen: Name;
  onChoose: (name: Name) => void;
  textOf: (name: Name) => string;
}

export function Chips<Name extends string>({ label, names, chosen, onChoose, textOf }: ChipsProps<Name>) {
  return (
    <div class="chips" role="group" aria-label={label}>
      {names.map((name) => (
        <button key={name} type="button" class="chip" aria-pressed={chosen === name} onClick={() => onChoose(name)}>
          {textOf(name)}
        </button>
      ))}
    </div>
  );
}
