/** Starts the driver's page. */
import { startPage } from "../frame/start";
import { t } from "../i18n/driver";
import { Driver } from "./driver";
import { stayOffline } from "./offline";
import { keepSignedIn } from "./signed-in";
import "./driver.css";

keepSignedIn();
stayOffline();
startPage(Driver, () => t("title"));
