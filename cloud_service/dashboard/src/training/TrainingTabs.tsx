import { Link } from "@tanstack/react-router";
import { Database, GraduationCap, type LucideIcon, PenLine, SlidersHorizontal } from "lucide-react";

const TABS: readonly { to: string; words: string; icon: LucideIcon; isExact?: boolean }[] = [
  { to: "/training", words: "Trainings", icon: GraduationCap, isExact: true },
  { to: "/training/recipes", words: "Recipes", icon: SlidersHorizontal },
  { to: "/training/datasets", words: "Data sets", icon: Database },
  { to: "/training/candidates", words: "Signed cases", icon: PenLine },
];

/** The parts of what has to do with training. */
export function TrainingTabs() {
  return (
    <nav className="tabs" aria-label="Parts of training">
      <ul>
        {TABS.map(({ to, words, icon: Icon, isExact = false }) => (
          <li key={to}>
            <Link to={to} className="tab" activeOptions={{ exact: isExact, includeSearch: false }}>
              <Icon aria-hidden="true" className="small" /> {words}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
