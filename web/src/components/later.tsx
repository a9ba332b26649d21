/** Parts of the page that are loaded when they are first shown. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

import { sentenceOf } from "../api/problem";
import { t } from "../i18n/catalogue";
import { Problem } from "./notice";

/** A component whose script `load` brings; until then it says that it is loading. */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let loaded: ComponentType<Props> | null = null;
  return function Later(props: Props) {
    const [Shown, setShown] = useState<ComponentType<Props> | null>(() => loaded);
    const [problem, setProblem] = useState<string | null>(null);
    useEffect(() => {
      if (Shown !== null) return;
      load()
        .then((component) => {
          loaded = component;
          setShown(() => component);
        })
        .catch((error: unknown) => setProblem(sentenceOf(error)));
    }, [Shown]);
    if (problem !== null) return <Problem sentence={problem} />;
    return Shown === null ? <p class="notice loading">{t("app.loading")}</p> : <Shown {...props} />;
  };
}
