import { Outlet, useMatches } from "@tanstack/react-router";
import { Keyboard } from "lucide-react";
import { useEffect, useState } from "react";

import { Brand } from "../design/Brand.tsx";
import { ResearchNotice } from "../design/ResearchNotice.tsx";
import { Tooltip } from "../design/Tooltip.tsx";
import { ConnectionSign } from "../live/ConnectionSign.tsx";
import { useStream } from "../live/useStream.ts";
import { checkSession } from "../session/accounts.ts";
import { may, useMe } from "../session/me.ts";
import { useSessionCheck } from "../session/useSessionCheck.ts";
import { ShortcutHelp } from "../shortcuts/ShortcutHelp.tsx";
import { onKey } from "../shortcuts/shortcuts.ts";
import { useShortcut } from "../shortcuts/useShortcut.ts";
import { AccountMenu } from "./AccountMenu.tsx";
import { Navigation } from "./Navigation.tsx";
import { NotAllowed } from "./PageFault.tsx";
import { UpgradeNotice } from "./UpgradeNotice.tsx";
import { usePageChange } from "./usePageChange.ts";

/** What stands around every page: name, notice, connection, account, navigation. */
export function Shell() {
  const [helping, setHelping] = useState(false);
  usePageChange();
  useSessionCheck();
  useStream(() => {
    void checkSession();
  });
  useEffect(() => {
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("keydown", onKey);
    };
  }, []);
  useShortcut({ id: "shell.help", words: "Show the shortcuts", group: "Everywhere", key: "?" }, () => {
    setHelping(true);
  });

  return (
    <div className="shell">
      <a className="skip-link" href="#content">
        Skip to the content
      </a>
      <header className="top">
        <Brand />
        <ResearchNotice />
        <ConnectionSign />
        <Tooltip words="Keyboard shortcuts (?)">
          <button
            type="button"
            className="icon-button"
            aria-label="Keyboard shortcuts"
            onClick={() => {
              setHelping(true);
            }}
          >
            <Keyboard aria-hidden="true" />
          </button>
        </Tooltip>
        <AccountMenu />
      </header>
      <Navigation />
      <main id="content" tabIndex={-1} className="content">
        <UpgradeNotice />
        <Page />
      </main>
      <ShortcutHelp
        open={helping}
        onClose={() => {
          setHelping(false);
        }}
      />
    </div>
  );
}

/** The page that the address names, for those who may see it. */
function Page() {
  const me = useMe();
  const needed = useMatches({ select: (matches) => matches.map(({ staticData }) => staticData.permission) });
  const allowed = needed.every((permission) => permission === undefined || may(me, permission));
  return allowed ? <Outlet /> : <NotAllowed role={me.role} />;
}
