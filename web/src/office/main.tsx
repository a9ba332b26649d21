/** Starts the office's page. */
import { startPage } from "../frame/start";
import { t } from "../i18n/office";
import { town } from "../state/clock";
import { Office } from "./office";
import "./office.css";

startPage(Office, () => (town.value === null ? t("title") : `${t("title")} · ${town.value.name}`));
