import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";

import { wordsOf } from "../api/problem.ts";
import { Fault } from "./Fault.tsx";

/** Stands in the place of a page that could not be drawn; the rest of the shell goes on. */
export function PageFault({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <Fault title="This page could not be shown" words={wordsOf(error)}>
      <p className="buttons">
        <button
          type="button"
          className="primary"
          onClick={() => {
            reset();
            void router.invalidate();
          }}
        >
          Try again
        </button>
        <button
          type="button"
          onClick={() => {
            window.location.reload();
          }}
        >
          Reload the page
        </button>
      </p>
    </Fault>
  );
}

/** Stands where no page is. */
export function NoSuchPage() {
  return (
    <Fault
      title="There is no such page"
      words="The address is wrong, or the page has moved. Choose another one at the side."
    />
  );
}

/** Stands in the place of a page that the one who is logged in may not see. */
export function NotAllowed({ role }: { role: string }) {
  return (
    <Fault
      title="Not for your role"
      words={`You are logged in as ${role}, who may not see this page. Ask your administrator if you should.`}
    />
  );
}
