import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

/** Words with a sign before them. */
export function WithIcon({ icon: Icon, children }: { icon: LucideIcon; children: ReactNode }) {
  return (
    <span className="with-icon">
      <Icon aria-hidden="true" className="small" /> {children}
    </span>
  );
}
