/** Starts the residents' page. */
import { startPage } from "../frame/start";
import { t } from "../i18n/residents";
import { town } from "../state/clock";
import { Residents } from "./residents";
import "./residents.css";

startPage(Residents, () => (town.value === null ? t("title") : `${t("title")} · ${town.value.name}`));
