import { useEffect, useState } from "react";

import { answer, api } from "../api/client.ts";
import type { LogInProvider, Me } from "../api.gen.ts";
import { whoAmI } from "./accounts.ts";

interface Props {
  /** Given where this page must stay as it is: the log-in then takes place in another tab, and is noticed on return. */
  onReturned?: (me: Me) => void;
}

/** Ways to log in through the hospital's own provider; nothing where there is none. */
export function OtherLogIns({ onReturned }: Props) {
  const [providers, setProviders] = useState<readonly LogInProvider[]>([]);

  useEffect(() => {
    answer(api.GET("/api/v1/session/providers")).then(
      (told) => {
        setProviders(told.providers);
      },
      () => {
        // A server that is away says so when the form beside this is sent.
      },
    );
  }, []);

  useEffect(() => {
    if (onReturned === undefined || providers.length === 0) {
      return;
    }
    const look = () => {
      whoAmI().then(onReturned, () => {
        // Not logged in yet.
      });
    };
    window.addEventListener("focus", look);
    return () => {
      window.removeEventListener("focus", look);
    };
  }, [onReturned, providers]);

  return providers.map(({ name, address }) => (
    <a key={address} className="button" href={address} target={onReturned && "_blank"}>
      Log in with {name}
    </a>
  ));
}
