/** The way from the desk to the pages beside it; the session lives in the browser's tab, so they open in it. */
import { Icon } from "../components/icons";
import { language, t } from "../i18n/catalogue";
import "./pages-menu.css";

const PAGES = [
  ["office", "top.officePage"],
  ["facilities", "top.facilitiesPage"],
  ["driver", "top.driverPage"],
  ["residents", "top.residentsPage"],
] as const;

export function PagesMenu() {
  return (
    <details class="pages-menu">
      <summary title={t("top.pages")}>
        <Icon name="list" />
        <span>{t("top.pages")}</span>
      </summary>
      <ul>
        {PAGES.map(([name, key]) => (
          <li key={name}>
            <a href={`./${name}/${language.value === "en" ? "#lang=en" : ""}`}>{t(key)}</a>
          </li>
        ))}
      </ul>
    </details>
  );
}
