/** A field that takes a photo with the phone's camera, or a file, and shows it as it will be sent. */
import { useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { Problem } from "../components/notice";
import { shrink } from "./photo";

interface PhotoFieldProps {
  photo: Blob | null;
  onPhoto: (photo: Blob | null) => void;
  texts: { take: string; again: string; of: string; bad: string };
}

export function PhotoField({ photo, onPhoto, texts }: PhotoFieldProps) {
  const problem = useSignal<string | null>(null);
  const shown = useAddressOf(photo);
  const take = async (input: HTMLInputElement) => {
    const file = input.files?.[0];
    if (file === undefined) return;
    problem.value = null;
    try {
      onPhoto(await shrink(file));
    } catch {
      // Whatever the browser calls it: what was chosen is no picture that it can draw.
      problem.value = texts.bad;
    }
    input.value = "";
  };
  return (
    <div class="photo-field">
      {shown !== null && <img src={shown} alt={texts.of} />}
      <label class="file-button">
        {photo === null ? texts.take : texts.again}
        <input
          class="visually-hidden"
          type="file"
          accept="image/*"
          capture="environment"
          onChange={(event) => void take(event.currentTarget)}
        />
      </label>
      <Problem sentence={problem.value} />
    </div>
  );
}

function useAddressOf(photo: Blob | null): string | null {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    if (photo === null) return setAddress(null);
    const made = URL.createObjectURL(photo);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [photo]);
  return address;
}
