import { CircleAlert, CircleCheck, CircleHelp, type LucideIcon } from "lucide-react";

import { plural } from "../admin/figures.ts";
import type { GateCheck } from "../api.gen.ts";
import { failedFirst } from "./gate.ts";

/** What the gate asked of a model: the verdict, then each check with a sign, what was found and what to do; what failed first. */
export function Checks({ checks }: { checks: readonly GateCheck[] }) {
  const failed = checks.filter(({ passed }) => passed !== true).length;
  return (
    <section className="card model-part" aria-labelledby="checks-title">
      <h2 id="checks-title">The gate</h2>
      <Verdict failed={failed} all={checks.length} />
      <ul className="checks">
        {failedFirst(checks).map((check) => (
          <Check key={check.name} check={check} />
        ))}
      </ul>
    </section>
  );
}

function Check({ check: { title, passed, text, advice } }: { check: GateCheck }) {
  const { icon: Icon, word, kind } = outcome(passed);
  return (
    <li className={kind}>
      <Icon aria-hidden="true" />
      <div>
        <strong>
          {title}: {word}
        </strong>
        <p>{text}</p>
        {advice !== null && (
          <p className="advice">
            <strong>What to do:</strong> {advice}
          </p>
        )}
      </div>
    </li>
  );
}

function outcome(passed: boolean | null): { icon: LucideIcon; word: string; kind: string } {
  if (passed === null) {
    return { icon: CircleHelp, word: "could not be looked at", kind: "failed" };
  }
  return passed ? { icon: CircleCheck, word: "passed", kind: "passed" } : { icon: CircleAlert, word: "failed", kind: "failed" };
}

function Verdict({ failed, all }: { failed: number; all: number }) {
  return failed === 0 ? (
    <p className="verdict whole">
      <CircleCheck aria-hidden="true" /> <span>Passed all of {plural(all, "check")}. Two administrators decide whether it comes into service.</span>
    </p>
  ) : (
    <p className="verdict broken">
      <CircleAlert aria-hidden="true" />{" "}
      <span>
        Not passed: {String(failed)} of {plural(all, "check")}. It comes into service only against the gate, with a reason that
        stands in the audit trail for ever.
      </span>
    </p>
  );
}
