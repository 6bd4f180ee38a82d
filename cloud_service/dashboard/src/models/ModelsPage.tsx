import "./models.css";

import { useQuery } from "@tanstack/react-query";
import { Upload } from "lucide-react";
import { useState } from "react";

import { AdminPage } from "../admin/AdminPage.tsx";
import { Asked } from "../admin/Asked.tsx";
import { may, useMe } from "../session/me.ts";
import { modelsQuery, timelineQuery } from "./api.ts";
import { InService } from "./InService.tsx";
import { ModelTable } from "./ModelTable.tsx";
import { Proposals } from "./Proposals.tsx";
import { Timeline } from "./Timeline.tsx";
import { UploadModel } from "./UploadModel.tsx";

/** Every model version, which of them answers where, and what was in service when. */
export function ModelsPage() {
  const models = useQuery(modelsQuery);
  const timeline = useQuery(timelineQuery);
  const mayManage = may(useMe(), "manage-models");
  return (
    <AdminPage
      title="Models"
      about="Every version of every model, which one answers where, and how it came there."
      actions={mayManage && <UploadButton />}
    >
      <Asked query={timeline} what="what is in service">
        {(found) => <InService timeline={found} models={models.data} />}
      </Asked>
      <Proposals />
      <section className="part" aria-labelledby="versions-title">
        <h2 id="versions-title">Versions</h2>
        <Asked query={models} what="models">
          {(found) => <ModelTable models={found} />}
        </Asked>
      </section>
      <Asked query={timeline} what="the timeline">
        {(found) => <Timeline timeline={found} nothing="Nothing was in service yet." />}
      </Asked>
    </AdminPage>
  );
}

function UploadButton() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        onClick={() => {
          setOpen(true);
        }}
      >
        <Upload aria-hidden="true" /> Upload a model…
      </button>
      {open && (
        <UploadModel
          onClose={() => {
            setOpen(false);
          }}
        />
      )}
    </>
  );
}
