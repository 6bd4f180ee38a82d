import { Brand } from "../design/Brand.tsx";
import { ResearchNotice } from "../design/ResearchNotice.tsx";
import { LogInForm } from "./LogInForm.tsx";
import { OtherLogIns } from "./OtherLogIns.tsx";
import { session } from "./session.ts";

/** The page of those who are not logged in; `notice` says why it is shown. */
export function LogIn({ notice }: { notice: string | null }) {
  return (
    <main className="log-in">
      <div className="card">
        <h1>
          <Brand />
        </h1>
        <p className="quiet">Blood-smear screening, from the microscope to the clinician.</p>
        <LogInForm
          notice={notice}
          onLoggedIn={(me) => {
            session.begin(me);
          }}
        />
        <OtherLogIns />
        <details className="quiet log-in-help">
          <summary>No password yet, or forgotten?</summary>
          <p>
            <code>smearflow up</code> prints the first user&apos;s password when it starts for the first time;{" "}
            <code>smearflow user reset</code> gives a new one.
          </p>
        </details>
      </div>
      <ResearchNotice />
    </main>
  );
}
