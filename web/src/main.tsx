/** Starts the page. */
import { render } from "preact";

import { App } from "./app";
import { followAddress } from "./state/address";
import { followTheme } from "./state/theme";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/sign-in.css";
import "./styles/desk.css";
import "./styles/lists.css";
import "./styles/card.css";
import "./styles/revise.css";
import "./styles/alarms.css";
import "./styles/panels.css";
import "./styles/timeline.css";
import "./styles/map.css";
import "./styles/phone.css";

const root = document.getElementById("app");
if (root === null) throw new Error("index.html has no element with the id app.");
followAddress();
followTheme();
render(<App />, root);
