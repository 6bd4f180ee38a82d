import { Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import type { ReactNode } from "react";

import "./training.css";
import { AdminPage } from "../admin/AdminPage.tsx";
import { TrainingTabs } from "./TrainingTabs.tsx";

interface Props {
  title: string;
  about: string;
  actions?: ReactNode;
  /** The list that a page of one thing belongs to; absent on the lists themselves, which have tabs. */
  back?: { readonly to: string; readonly words: string };
  children: ReactNode;
}

/** A page of data sets and trainings: an administrator's page with the tabs, or with the way back to its list. */
export function TrainingPage({ title, about, actions, back, children }: Props) {
  return (
    <AdminPage title={title} about={about} {...(actions !== undefined && { actions })}>
      {back === undefined ? (
        <TrainingTabs />
      ) : (
        <Link to={back.to} className="to-list">
          <ArrowLeft aria-hidden="true" className="small" /> {back.words}
        </Link>
      )}
      {children}
    </AdminPage>
  );
}
