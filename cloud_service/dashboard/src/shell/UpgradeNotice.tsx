import { RefreshCw } from "lucide-react";

import { useStore } from "../store.ts";
import { upgraded } from "./upgrade.ts";

/** Says that the page is older than the server, and lets the person choose when to reload it. */
export function UpgradeNotice() {
  if (!useStore(upgraded)) {
    return null;
  }
  return (
    <div role="status" className="upgrade">
      <RefreshCw aria-hidden="true" />
      <span>Smearflow has been upgraded. Finish what you are typing, then reload the page.</span>
      <button
        type="button"
        onClick={() => {
          window.location.reload();
        }}
      >
        Reload
      </button>
    </div>
  );
}
