import { useState } from "react";

import { Dialog } from "../design/Dialog.tsx";
import type { Me } from "../api.gen.ts";
import { LogInForm } from "./LogInForm.tsx";
import { OtherLogIns } from "./OtherLogIns.tsx";
import { session } from "./session.ts";

function begin(me: Me): void {
  session.begin(me);
}

/** The log-in over the page, which stays as it is underneath: nothing that was typed is lost. */
export function SessionExpired({ user }: { user: string }) {
  const [other, setOther] = useState(false);
  return (
    <Dialog title="The session has ended" open mustAnswer>
      <p className="quiet">
        Log in again to go on where you are. The page underneath keeps what you have typed, and sends it then.
      </p>
      <LogInForm key={String(other)} notice={null} user={other ? "" : user} onLoggedIn={begin} />
      <OtherLogIns inAnotherTab />
      {!other && (
        <p className="quiet">
          Not {user}?{" "}
          <button
            type="button"
            className="link"
            onClick={() => {
              setOther(true);
            }}
          >
            Log in as somebody else
          </button>
          : the page then starts anew.
        </p>
      )}
    </Dialog>
  );
}
