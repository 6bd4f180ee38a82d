import { Link, useLocation } from "@tanstack/react-router";

import { useMe } from "../session/me.ts";
import { pagesOf } from "./pages.ts";

/** The pages that the one who is logged in may see. */
export function Navigation() {
  const me = useMe();
  const path = useLocation({ select: ({ pathname }) => pathname });
  return (
    <nav className="navigation" aria-label="Pages">
      <ul>
        {pagesOf(me).map(({ to, name, icon: Icon, within }) => (
          <li key={to}>
            <Link to={to} className={within !== undefined && path.startsWith(within.to) ? "navigation-link within" : "navigation-link"}>
              <Icon aria-hidden="true" />
              <span>{name}</span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
