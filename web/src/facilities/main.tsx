/** Starts the facilities page. */
import { startPage } from "../frame/start";
import { t } from "../i18n/facilities";
import { town } from "../state/clock";
import { Facilities } from "./facilities";
import "./facilities.css";

startPage(Facilities, () => (town.value === null ? t("title") : `${t("title")} · ${town.value.name}`));
