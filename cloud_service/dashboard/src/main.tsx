// The design comes first, so that each page's own rules count more.
import "./design/tokens.css";
import "./design/base.css";
import "./design/controls.css";
import "./shell/shell.css";
import "./captures/captures.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { applyTheme } from "./design/theme.ts";
import { App } from "./shell/App.tsx";
import { watchForUpgrades } from "./shell/upgrade.ts";

applyTheme();
watchForUpgrades();

const root = document.getElementById("root");
if (root === null) {
  throw new Error("index.html holds no element with the id 'root'");
}

createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
