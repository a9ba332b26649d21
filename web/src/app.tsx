/** The page: the sign-in form, or the desk with its bar, lists, map, card and drawer. */
import { useEffect } from "preact/hooks";

import { Icon, type IconName } from "./components/icons";
import { Problem } from "./components/notice";
import { SignIn } from "./components/sign-in";
import { TopBar } from "./components/top-bar";
import { afterDrawing } from "./frame/after-drawing";
import { languageTag, t } from "./i18n/catalogue";
import { MapView } from "./map/map-view";
import { Card } from "./panels/card";
import { DraftBar } from "./panels/draft-bar";
import { Drawer } from "./panels/drawer";
import { Lists } from "./panels/lists";
import { listOpen, panel, selection, type Panel } from "./state/address";
import { town } from "./state/clock";
import { connection, openDesk, startProblem } from "./state/desk";
import { session } from "./state/session";

export function App() {
  const tag = languageTag();
  const name = town.value?.name;
  useEffect(() => {
    document.documentElement.lang = tag;
    document.title = name === undefined ? t("app.name") : t("app.title", { town: name });
  }, [tag, name]);
  const role = session.value?.role;
  useEffect(() => {
    // A driver's work is on a page of its own, which takes the sign-in over.
    if (role === "driver") location.replace(`./driver/${location.hash.includes("lang=en") ? "#lang=en" : ""}`);
  }, [role]);
  if (role === "driver") return null;
  return session.value === null ? <Entrance /> : <Desk />;
}

/** The sign-in form; while somebody types, the map's script is fetched, which is most of the desk's. */
function Entrance() {
  // Where it cannot be had, the desk says so when it asks again.
  useEffect(() => afterDrawing(() => void import("./map/town-map").catch(() => undefined)), []);
  return <SignIn />;
}

function Desk() {
  useEffect(() => openDesk(), []);
  useEffect(() => {
    addEventListener("keydown", closeOnEscape);
    return () => removeEventListener("keydown", closeOnEscape);
  }, []);
  return (
    <div class={`desk${selection.value === null ? "" : " with-card"}${panel.value === null ? "" : " with-drawer"}`}>
      <a class="skip" href="#map" onClick={skipToMap}>
        {t("app.skipToMap")}
      </a>
      <TopBar />
      <Lists />
      <main class="middle">
        {connection.value === "lost" && (
          <p class="connection-lost" role="status">
            {t("connection.lost")}
          </p>
        )}
        <Problem sentence={startProblem.value} />
        <MapView />
        <DraftBar />
        <Drawer />
      </main>
      <Card />
      <PhoneBar />
    </div>
  );
}

/** What is open closes by Escape, the nearest first: the card, then the drawer. */
function closeOnEscape(event: KeyboardEvent): void {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  if (selection.value !== null) selection.value = null;
  else panel.value = null;
}

/** The fragment of the address holds the page's state, so the link moves the focus itself. */
function skipToMap(event: MouseEvent): void {
  event.preventDefault();
  document.querySelector<HTMLElement>("#map canvas")?.focus();
}

/** On a phone one thing is shown at a time; this bar chooses which. */
function PhoneBar() {
  const show = (what: "map" | "list" | Panel) => {
    listOpen.value = what === "list";
    panel.value = what === "map" || what === "list" ? null : what;
    selection.value = null;
  };
  const current = listOpen.value ? "list" : (panel.value ?? "map");
  const items: readonly ["map" | "list" | Panel, IconName, string][] = [
    ["map", "map", t("tab.map")],
    ["list", "list", t("tab.list")],
    ["plan", "plan", t("tab.plan")],
    ["timeline", "timeline", t("tab.timeline")],
    ["figures", "figures", t("tab.figures")],
  ];
  return (
    <nav class="phone-bar" aria-label={t("top.views")}>
      {items.map(([name, icon, label]) => (
        <button key={name} type="button" aria-pressed={current === name} onClick={() => show(name)}>
          <Icon name={icon} />
          {label}
        </button>
      ))}
    </nav>
  );
}
