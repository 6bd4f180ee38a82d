import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

/** Says in words that something is not as it should be, and what to do. */
export function Fault({ title, words, children }: { title: string; words: string; children?: ReactNode }) {
  return (
    <div role="alert" className="nothing">
      <TriangleAlert aria-hidden="true" className="nothing-icon" />
      <h2>{title}</h2>
      <p className="quiet">{words}</p>
      {children}
    </div>
  );
}
