import type { ReactNode } from "react";

import "./admin.css";

interface Props {
  title: string;
  /** One sentence on what is seen here. */
  about: string;
  actions?: ReactNode;
  children: ReactNode;
}

/** A page of the administrator's: its name, what it is for, what can be done, and the matter itself. */
export function AdminPage({ title, about, actions, children }: Props) {
  return (
    <section className="admin-page" aria-labelledby="page-title">
      <header className="page-top">
        <div>
          <h1 id="page-title">{title}</h1>
          <p className="quiet">{about}</p>
        </div>
        {actions !== undefined && <div className="buttons">{actions}</div>}
      </header>
      {children}
    </section>
  );
}
