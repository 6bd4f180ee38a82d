import { useEffect, useState } from "react";

import { answer, api } from "../api/client.ts";
import type { LogInProvider } from "../api.gen.ts";

interface Props {
  /** Where this page must stay as it is; it notices a log-in in another tab once the person comes back to it. */
  inAnotherTab?: boolean;
}

/** Ways to log in through the hospital's own provider; nothing where there is none. */
export function OtherLogIns({ inAnotherTab = false }: Props) {
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

  return providers.map(({ name, address }) => (
    <a key={address} className="button" href={address} target={inAnotherTab ? "_blank" : undefined}>
      Log in with {name}
    </a>
  ));
}
