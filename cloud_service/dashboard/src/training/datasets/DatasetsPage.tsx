import { useQuery } from "@tanstack/react-query";
import { PenLine, Upload } from "lucide-react";
import { useState } from "react";

import { Asked } from "../../admin/Asked.tsx";
import { Confirm } from "../../admin/Confirm.tsx";
import { may, useMe } from "../../session/me.ts";
import { datasetsQuery, importsQuery, removeDataset } from "./api.ts";
import { TrainingPage } from "../TrainingPage.tsx";
import type { DatasetView } from "../../api.gen.ts";
import { versionInWords } from "./words.ts";
import { FromSignedCases } from "./FromSignedCases.tsx";
import { ImportTable } from "./ImportTable.tsx";
import { SendArchive } from "./SendArchive.tsx";
import { VersionTable } from "./VersionTable.tsx";

type Deed = { what: "send" } | { what: "signed" } | { what: "remove"; dataset: DatasetView };

/** The data sets, each with its versions, and those on their way in. */
export function DatasetsPage() {
  const versions = useQuery(datasetsQuery);
  const imports = useQuery(importsQuery);
  const isManager = may(useMe(), "manage-training");
  const [deed, setDeed] = useState<Deed | null>(null);
  const close = () => {
    setDeed(null);
  };
  return (
    <TrainingPage
      title="Data sets"
      about="Labelled images to train on, and locked test sets to measure models on. A version never changes once it is kept."
      actions={isManager && <Ways onChoose={setDeed} />}
    >
      <Asked query={imports} what="imports">
        {(found) => <ImportTable imports={found} />}
      </Asked>
      <Asked query={versions} what="data sets">
        {(found) => (
          <VersionTable
            versions={found}
            onRemove={
              isManager
                ? (dataset) => {
                    setDeed({ what: "remove", dataset });
                  }
                : null
            }
          />
        )}
      </Asked>
      {deed?.what === "send" && <SendArchive onClose={close} />}
      {deed?.what === "signed" && <FromSignedCases onClose={close} />}
      {deed?.what === "remove" && <Remove dataset={deed.dataset} onClose={close} />}
    </TrainingPage>
  );
}

function Ways({ onChoose }: { onChoose: (deed: Deed) => void }) {
  return (
    <>
      <button
        type="button"
        onClick={() => {
          onChoose({ what: "signed" });
        }}
      >
        <PenLine aria-hidden="true" /> From signed cases…
      </button>
      <button
        type="button"
        className="primary"
        onClick={() => {
          onChoose({ what: "send" });
        }}
      >
        <Upload aria-hidden="true" /> Import an archive…
      </button>
    </>
  );
}

function Remove({ dataset, onClose }: { dataset: DatasetView; onClose: () => void }) {
  return (
    <Confirm
      title={`Remove ${versionInWords(dataset)}?`}
      action="Remove"
      doing="Removing…"
      isDestructive
      act={() => removeDataset(dataset.id)}
      onClose={onClose}
    >
      <p>
        Its {dataset.images.toLocaleString("en")} images go for good. It is refused while a job needs it. What it held stays known, so
        that no image that was tested on is trained on, and none the other way round.
      </p>
    </Confirm>
  );
}
