import { CloudOff, CloudUpload, LoaderCircle, Save, TriangleAlert } from "lucide-react";

import type { SaveState } from "./saver.ts";
import { clock } from "./words.ts";

/** Whether what the reader decided and typed is safe. */
export function SaveSign({ saving }: { saving: SaveState }) {
  return (
    <p role="status" className={`save-sign ${saving.state}`}>
      <Words saving={saving} />
    </p>
  );
}

function Words({ saving }: { saving: SaveState }) {
  switch (saving.state) {
    case "saved":
      return (
        saving.at !== null && (
          <>
            <Save aria-hidden="true" /> saved {clock(saving.at)}
          </>
        )
      );
    case "unsaved":
      return (
        <>
          <CloudUpload aria-hidden="true" /> not saved yet
        </>
      );
    case "saving":
      return (
        <>
          <LoaderCircle aria-hidden="true" /> saving…
        </>
      );
    case "unreachable":
      return (
        <span title={saving.words}>
          <CloudOff aria-hidden="true" /> not saved: the server does not answer. Kept in this browser; trying again…
        </span>
      );
    case "conflict":
    case "refused":
      return (
        <>
          <TriangleAlert aria-hidden="true" /> not saved
        </>
      );
  }
}
