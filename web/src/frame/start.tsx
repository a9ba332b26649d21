/** Starts a page beside the desk: its address, theme, language, title and what it shows. */
import { effect } from "@preact/signals";
import { render, type ComponentType } from "preact";

import { languageTag } from "../i18n/catalogue";
import { followTheme } from "../state/theme";
import "../styles/tokens.css";
import "../styles/base.css";
import "../styles/sign-in.css";
import "./frame.css";
import { followHash } from "./hash";

export function startPage(Page: ComponentType, title: () => string): void {
  const root = document.getElementById("app");
  if (root === null) throw new Error("The page has no element with the id app.");
  followHash();
  followTheme();
  effect(() => {
    document.documentElement.lang = languageTag();
    document.title = title();
  });
  render(<Page />, root);
}
